"""Presence: what a cell that is published, withheld or empty tells of the few people in it."""

from collections.abc import Iterator
from itertools import combinations

from sekisho.disclosure.attacks.attack import FIGURES, GAPS, Aim, Ask, Brief, Reading, Strategy
from sekisho.disclosure.attacks.knowledge import Asked, Cut, Knowledge, Value
from sekisho.disclosure.attacks.writing import conditions, select, single

CHAIN_VALUES = 4
"""Steps of a chain of growing sets, at least."""


def presence(brief: Brief) -> Strategy:
    """Ask for small cells by themselves, and walk along growing sets to where they show up.

    A withheld cell looks like an empty one. But a set that is published while the set one step
    smaller is not has its secret from that step, and the step may be one person.
    """
    half = brief.queries // 2
    guesses: dict[Aim, float] = {}
    for cell in brief.cells[:half]:
        reply = yield Ask(sql=select(brief, list(conditions(brief.known, cell))))
        found = single(brief, reply, rows=brief.known.count(cell))
        if found is not None:
            guesses[cell] = float(found > 0.5)  # noqa: PLR2004  nearer to one than to none
    direct = Reading(by=FIGURES, guesses=guesses, tried=brief.cells[:half])
    if brief.rules.is_exact or not isinstance(brief.secret, Asked):
        return (direct,)
    gaps, tried = yield from _walks(brief, half)
    return direct, Reading(by=GAPS, guesses=gaps, tried=tried)


def _walks(brief: Brief, queries: int) -> Strategy:
    """Find, by halving, the step at which each chain shows up."""
    gaps: dict[Aim, float] = {}
    tried: list[Aim] = []
    for fixed, column, values in _chains(brief.known):
        needed = len(values).bit_length() + 1
        if needed > queries:
            break
        queries -= needed
        low, high = 0, len(values)
        while low < high:
            middle = (low + high) // 2
            cut = Cut(fixed=fixed, column=column, values=values[: middle + 1])
            reply = yield Ask(sql=select(brief, list(conditions(brief.known, cut))))
            is_there = single(brief, reply, rows=1) is not None
            low, high = (low, middle) if is_there else (middle + 1, high)
        step = Cut(fixed=fixed, column=column, values=values[low : low + 1])
        spread = brief.known.spread(fixed, column)
        ones = [value for value in values if len(spread[value].people) == 1]
        tried += [Cut(fixed=fixed, column=column, values=(value,)) for value in ones]
        if step in tried:
            gaps[step] = 1.0
    return gaps, tuple(tried)


def _chains(known: Knowledge) -> Iterator[tuple[tuple[tuple[int, Value], ...], int, tuple[Value, ...]]]:
    """List the sets that grow along a column with an order, those with the smallest steps first."""
    found = []
    for column in known.filtered:
        others = [at for at in known.filtered if at != column]
        for size in (1, 2):
            for chosen in combinations(others, size):
                for values in known.groups(chosen):
                    if None in values:
                        continue
                    fixed = tuple(zip(chosen, values, strict=True))
                    spread = known.spread(fixed, column)
                    if len(spread) < CHAIN_VALUES or any(isinstance(i, str | bool) for i in spread):
                        continue
                    ones = sum(len(group.people) == 1 for group in spread.values())
                    people = sum(len(group.people) for group in spread.values())
                    if ones:
                        found.append((-ones, -people, fixed, column, tuple(sorted(spread))))
    found.sort(key=lambda item: (item[0] / -item[1], item[1], repr(item[2:])))
    return ((fixed, column, values) for _, _, fixed, column, values in found)
