"""Reconstruction: everybody's secret at once, from many published cells that overlap.

Each cell is an equation: the secrets of the people in it add up to its figure. The attacker solves
for the values that fit all of them best, by going from equation to equation and moving the values
that stand in it towards its figure, each within its bounds (Kaczmarz's method).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from sekisho.disclosure.attacks.attack import FIGURES, GAPS, Aim, Ask, Brief, Reading, Strategy
from sekisho.disclosure.attacks.knowledge import Asked, Measured, Value
from sekisho.disclosure.attacks.writing import select, total, value_of

MAX_COLUMNS = 4
"""Columns that one question groups by, at most; and all of them once."""
MAX_STEPS = 4_000_000
"""Values moved, in all: some seconds."""
MAX_SWEEPS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Equation:
    """The values of some groups add up to a figure."""

    groups: tuple[int, ...]
    figure: float


def reconstruction(brief: Brief) -> Strategy:
    """Ask for every grouping by a few columns, and solve for the smallest groups that there are."""
    known = brief.known
    finest = list(known.groups(known.grouped).items())
    equations: list[Equation] = []
    alike: set[int] = set()
    for by in _groupings(known.grouped, brief.queries):
        places = [known.grouped.index(at) for at in by]
        members: dict[tuple[Value, ...], list[int]] = {}
        for number, (values, _) in enumerate(finest):
            members.setdefault(tuple(values[place] for place in places), []).append(number)
        reply = yield Ask(sql=select(brief, (), by=by))
        if brief.rules.is_exact and isinstance(brief.secret, Asked):
            there = {tuple(row[: len(by)]) for row in reply.rows}
            equations += [
                Equation(groups=tuple(groups), figure=0.0)
                for values, groups in members.items()
                if values not in there
            ]
        for row in reply.rows:
            groups = members.get(tuple(row[: len(by)]), ())
            rows = sum(finest[number][1].rows for number in groups)
            figure = total(brief, row, rows=rows)
            if groups and figure is not None:
                equations.append(Equation(groups=tuple(groups), figure=figure))
            elif groups and row[len(by)] is not None and isinstance(brief.secret, Measured):
                alike.update(groups)
    sizes = [group.rows for _, group in finest]
    solved = solve(equations, sizes, bounds=_bounds(brief))
    numbers = {values: number for number, (values, _) in enumerate(finest)}
    guesses: dict[Aim, float] = {}
    gaps: dict[Aim, float] = {}
    touched = {number for item in equations for number in item.groups}
    for target in brief.targets:
        number = numbers[tuple(target.values[at] for at in known.grouped)]
        if number in touched:
            guesses[target] = value_of(brief, solved[number], rows=sizes[number])
        if number in alike and isinstance(brief.secret, Measured):
            gaps[target] = brief.secret.usual
    return (
        Reading(by=FIGURES, guesses=guesses, tried=brief.targets),
        Reading(by=GAPS, guesses=gaps, tried=brief.targets),
    )


def _groupings(columns: Sequence[int], queries: int) -> Iterator[tuple[int, ...]]:
    """List what to group by: everything, then the smallest choices of columns."""
    found = [tuple(columns)]
    for size in range(1, min(MAX_COLUMNS, len(columns) - 1) + 1):
        found += combinations(columns, size)
    return iter(found[:queries])


def _bounds(brief: Brief) -> tuple[float, float]:
    secret = brief.secret
    if isinstance(secret, Measured) and not secret.is_flag:
        return float("-inf"), float("inf")
    return 0.0, 1.0


def solve(
    equations: Sequence[Equation], sizes: Sequence[int], *, bounds: tuple[float, float]
) -> list[float]:
    """Find values that fit equations, starting from the mean of them all.

    Args:
        equations: Over the values.
        sizes: Rows of each group; a value is the sum over so many.
        bounds: Of one row.

    Returns:
        One sum a group.
    """
    low, high = bounds
    if not equations:
        return [0.0] * len(sizes)
    widest = max(equations, key=lambda item: sum(sizes[at] for at in item.groups))
    mean = widest.figure / max(1, sum(sizes[at] for at in widest.groups))
    values = [min(max(mean, low), high) * size for size in sizes]
    each_sweep = sum(len(item.groups) for item in equations)
    order = sorted(equations, key=lambda item: -len(item.groups))
    for _ in range(min(MAX_SWEEPS, MAX_STEPS // max(1, each_sweep))):
        for item in order:
            _move(values, item, sizes, low=low, high=high)
    return values


def _move(
    values: list[float], item: Equation, sizes: Sequence[int], *, low: float, high: float
) -> None:
    """Share what an equation lacks among its groups, by their sizes and within their bounds."""
    lacking = item.figure - sum(values[at] for at in item.groups)
    weight = sum(sizes[at] ** 2 for at in item.groups)
    for at in item.groups:
        size = sizes[at]
        moved = values[at] + lacking * size * size / weight
        values[at] = min(max(moved, low * size), high * size)
