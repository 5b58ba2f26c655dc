"""Presence: what a cell that is published, withheld or empty tells of the few people in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from sekisho.disclosure.attacks.attack import Aim, Brief, By, Game, Reading, Strategy
from sekisho.disclosure.attacks.knowledge import Cut, Fixed, Knowledge, Value
from sekisho.disclosure.attacks.writing import ask_whole, conditions, has_order

MIN_STEPS = 4
"""Of a set that grows step by step."""
_HALF = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A set that grows along a column, value by value."""

    fixed: Fixed
    column: int
    values: tuple[Value, ...]
    """In their order."""
    ones: tuple[Cut, ...]
    """The steps that bring in one person alone."""


def presence(brief: Brief) -> Strategy:
    """Ask for small cells by themselves, and walk along growing sets to where they show up.

    A withheld cell looks like an empty one. But a set that is published while the set one step
    smaller is not has got the secret by that step, and the step may be one person.
    """
    guesses: dict[Aim, float] = {}
    cells = brief.cells[: brief.queries // 2]
    for cell in cells:
        where, rows = conditions(brief.known, cell), brief.known.count(cell)
        found = yield from ask_whole(brief, where, rows=rows)
        if found is not None:
            guesses[cell] = float(found > _HALF)
    direct = Reading(by=By.FIGURES, guesses=guesses, tried=cells)
    if brief.rules.is_exact:
        return (direct,)
    return direct, (yield from _walks(brief, brief.queries - len(cells)))


def _walks(brief: Brief, queries: int) -> Game[Reading]:
    """Find, by halving, the step at which each set shows up."""
    told: dict[Aim, float] = {}
    tried: list[Aim] = []
    for chain in _chains(brief.known):
        needed = len(chain.values).bit_length()
        if needed > queries:
            break
        queries -= needed
        tried += chain.ones
        step = yield from _walked(brief, chain)
        if step in chain.ones:
            told[step] = 1.0
    return Reading(by=By.WITHHELD, guesses=told, tried=tuple(tried))


def _walked(brief: Brief, chain: Chain) -> Game[Cut]:
    """Give the step with which a set shows up; no value, where it never does."""
    low, high = 0, len(chain.values)
    while low < high:
        middle = (low + high) // 2
        cut = Cut(fixed=chain.fixed, column=chain.column, values=chain.values[: middle + 1])
        found = yield from ask_whole(brief, conditions(brief.known, cut), rows=1)
        low, high = (middle + 1, high) if found is None else (low, middle)
    return Cut(fixed=chain.fixed, column=chain.column, values=chain.values[low : low + 1])


def _chains(known: Knowledge) -> list[Chain]:
    """List the sets that grow along a column, those with the most steps of one person first."""
    found = [chain for column in known.filtered for chain in _along(known, column)]
    return sorted(found, key=lambda chain: (-len(chain.ones), repr(chain)))


def _along(known: Knowledge, column: int) -> Iterator[Chain]:
    if not has_order(tuple(known.spread((), column))):
        return
    others = [at for at in known.filtered if at != column]
    for size in (1, 2):
        for chosen in combinations(others, size):
            for values in known.groups(chosen):
                fixed = tuple(zip(chosen, values, strict=True))
                spread = known.spread(fixed, column)
                steps = tuple(sorted(spread))
                ones = tuple(
                    Cut(fixed=fixed, column=column, values=(value,))
                    for value in steps
                    if len(spread[value].people) == 1
                )
                if ones and len(steps) >= MIN_STEPS and None not in values:
                    yield Chain(fixed=fixed, column=column, values=steps, ones=ones)
