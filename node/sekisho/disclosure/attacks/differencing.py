"""Differencing: the same question of rows with a person, and of the same rows without."""

from collections.abc import Iterable

from sekisho.disclosure.attacks.attack import FIGURES, GAPS, Aim, Ask, Brief, Reading, Strategy
from sekisho.disclosure.attacks.knowledge import Asked, Cut, Knowledge, Target, Value, isolating
from sekisho.disclosure.attacks.writing import conditions, select, single, value_of

QUERIES_PER_TARGET = 2


def differencing(brief: Brief) -> Strategy:
    """Ask of many rows with each target and of the same rows without, and subtract.

    Where nothing is published that could be subtracted, that it is withheld may tell as much: two
    sets without the person's secret row are one set, and such figures are published.
    """
    pairs = _weakest(brief)
    tried = tuple(target for target, _, _ in pairs)
    guesses: dict[Aim, float] = {}
    gaps: dict[Aim, float] = {}
    for target, *cuts in pairs:
        found = []
        for cut in cuts:
            reply = yield Ask(sql=select(brief, list(conditions(brief.known, cut))))
            found.append(single(brief, reply, rows=brief.known.count(cut)))
        whole, rest = found
        if whole is not None and rest is not None:
            guesses[target] = value_of(brief, whole - rest, rows=target.rows)
        if whole is not None and isinstance(brief.secret, Asked):
            gaps[target] = 1.0 if rest is None else 0.0
    return (
        Reading(by=FIGURES, guesses=guesses, tried=tried),
        Reading(by=GAPS, guesses=gaps, tried=tried),
    )


def _weakest(brief: Brief) -> list[tuple[Target, Cut, Cut]]:
    """Choose the targets around whom the most rows can be named with and without them."""
    found = [(target, _pair(brief.known, target)) for target in brief.targets]
    pairs = [(target, *pair) for target, pair in found if pair is not None]
    pairs.sort(key=lambda item: -brief.known.count(item[2]))
    return pairs[: brief.queries // QUERIES_PER_TARGET]


def _pair(known: Knowledge, target: Target) -> tuple[Cut, Cut] | None:
    """Choose the largest set that one query names with the target and another without."""
    best: tuple[int, Cut, Cut] | None = None
    for chosen in isolating(known, target):
        for column, value in chosen:
            fixed = tuple(item for item in chosen if item[0] != column)
            spread = known.spread(fixed, column)
            values = tuple(_with(spread, value))
            rest = tuple(item for item in values if item != value)
            size = sum(spread[item].rows for item in rest)
            if rest and (best is None or size > best[0]):
                cuts = (
                    Cut(fixed=fixed, column=column, values=values),
                    Cut(fixed=fixed, column=column, values=rest),
                )
                best = (size, *cuts)
    return best[1:] if best is not None else None


def _with(spread: Iterable[Value], value: Value) -> Iterable[Value]:
    """Give all values, or those up to one of several that have an order: nested ranges."""
    there = list(spread)
    if any(isinstance(item, str | bool) for item in there):
        return there
    nested = [item for item in there if item <= value]
    return sorted(nested if len(nested) > len(there) // 2 else there)
