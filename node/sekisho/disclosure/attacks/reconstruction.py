"""Reconstruction: everybody's secret at once, from many published cells that overlap.

Each cell is an equation: the secrets of the people in it add up to its figure. `solving` finds the
values that fit all of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, zip_longest
from typing import TypeAlias

from sekisho.disclosure.attacks.attack import Aim, Brief, By, Game, Reading, Strategy
from sekisho.disclosure.attacks.knowledge import Asked, Cut, Group, Knowledge, Measured, Value
from sekisho.disclosure.attacks.solving import Equation, solve
from sekisho.disclosure.attacks.writing import conditions, guess, has_order, select, total

MAX_COLUMNS = 4
"""Columns that one question groups by, at most; and all of them once."""
MAX_RANGES = 12
"""Ranges of one column with an order that are grouped by the others."""
_UNBOUNDED = (float("-inf"), float("inf"))


Groups: TypeAlias = Sequence[tuple[tuple[Value, ...], Group]]
"""The smallest groups that there are, with their values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Cells to ask for: of all rows or of some, by some columns."""

    cut: Cut | None
    by: tuple[int, ...]


@dataclass(slots=True, kw_only=True)
class Found:
    """What the cells that were heard of say about the smallest groups that there are."""

    equations: list[Equation]
    alike: set[int]
    """Groups in a cell that has a count and no mean: its values are all the same."""


def reconstruction(brief: Brief) -> Strategy:
    """Ask for groupings by a few columns, and for parts of them, and solve for everybody.

    A mean that is withheld where its count is not says that all of the cell's values are alike.
    """
    known = brief.known
    groups = tuple(known.groups(known.grouped).items())
    found = yield from _heard(brief, groups)
    sizes = [group.rows for _, group in groups]
    is_open = isinstance(brief.secret, Measured) and not brief.secret.is_flag
    solved = solve(found.equations, sizes, bounds=_UNBOUNDED if is_open else (0.0, 1.0))
    numbers = {values: number for number, (values, _) in enumerate(groups)}
    touched = {number for item in found.equations for number in item.groups}
    guesses: dict[Aim, float] = {}
    told: dict[Aim, float] = {}
    for target in brief.targets:
        number = numbers[tuple(target.values[at] for at in known.grouped)]
        if number in touched:
            guesses[target] = guess(brief, solved[number], rows=sizes[number])
        if number in found.alike and isinstance(brief.secret, Measured):
            told[target] = brief.secret.usual
    return (
        Reading(by=By.FIGURES, guesses=guesses, tried=brief.targets),
        Reading(by=By.WITHHELD, guesses=told, tried=brief.targets),
    )


def _heard(brief: Brief, groups: Groups) -> Game[Found]:
    """Ask every question there is a query for, and write down what the answers say."""
    found = Found(equations=[], alike=set())
    for question in list(_questions(brief.known))[: brief.queries]:
        where = conditions(brief.known, question.cut) if question.cut else []
        reply = yield select(brief, where, by=question.by)
        there = {tuple(row[: len(question.by)]): row for row in reply.rows}
        for values, members in _cells(brief.known, question, groups).items():
            rows = sum(groups[number][1].rows for number in members)
            _note(brief, there.get(values), members, rows, found)
    return found


def _note(  # noqa: PLR0917  an attacker, and what it heard of which cell
    brief: Brief,
    row: tuple[Value, ...] | None,
    members: tuple[int, ...],
    rows: int,
    found: Found,
) -> None:
    """Turn an answer's row into what it says of the groups of its cell."""
    if row is None:
        # Nothing is shown of the cell; where all is shown, nobody in it has the secret.
        if brief.rules.is_exact and isinstance(brief.secret, Asked):
            found.equations.append(Equation(groups=members, figure=0.0))
        return
    figure = total(brief, row, rows=rows)
    if figure is not None:
        found.equations.append(Equation(groups=members, figure=figure))
    elif isinstance(brief.secret, Measured) and row[-2] is not None:
        found.alike.update(members)


def _cells(
    known: Knowledge, question: Question, groups: Groups
) -> dict[tuple[Value, ...], tuple[int, ...]]:
    """List the groups that each cell of a question is made of."""
    places = [known.grouped.index(at) for at in question.by]
    cut = question.cut
    found: dict[tuple[Value, ...], list[int]] = {}
    for number, (values, _) in enumerate(groups):
        if cut is None or values[known.grouped.index(cut.column)] in cut.values:
            found.setdefault(tuple(values[place] for place in places), []).append(number)
    return {values: tuple(numbers) for values, numbers in found.items()}


def _questions(known: Knowledge) -> Iterator[Question]:
    """List what to ask: everything at once, then groupings and ranges in turn."""
    if not known.grouped:
        return
    yield Question(cut=None, by=known.grouped)
    for pair in zip_longest(_groupings(known.grouped), _ranges(known)):
        yield from (item for item in pair if item is not None)


def _groupings(columns: Sequence[int]) -> Iterator[Question]:
    for size in range(1, min(MAX_COLUMNS, len(columns) - 1) + 1):
        for by in combinations(columns, size):
            yield Question(cut=None, by=by)


def _ranges(known: Knowledge) -> Iterator[Question]:
    """List growing ranges of each column with an order, by each of the others."""
    for column in sorted(set(known.filtered) & set(known.grouped)):
        there = tuple(known.spread((), column))
        values = sorted(there) if has_order(there) else []
        for end in range(1, len(values), max(1, len(values) // MAX_RANGES)):
            cut = Cut(fixed=(), column=column, values=tuple(values[:end]))
            for other in known.grouped:
                if other != column:
                    yield Question(cut=cut, by=(other,))
