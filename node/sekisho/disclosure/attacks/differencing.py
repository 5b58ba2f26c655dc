"""Differencing: the same question of rows with a person, and of the same rows without."""

from collections.abc import Mapping

from sekisho.disclosure.attacks.attack import Aim, Brief, By, Game, Reading, Strategy
from sekisho.disclosure.attacks.knowledge import Asked, Cut, Knowledge, Target, Value
from sekisho.disclosure.attacks.writing import ask_whole, conditions, guess, has_order

QUERIES_PER_TARGET = 2


def differencing(brief: Brief) -> Strategy:
    """Ask of many rows with each target and of the same rows without, and subtract.

    That one of the two is withheld may tell as much as a figure: where the target does not have the
    secret, the two sets of rows with the secret are one, which may be published twice.
    """
    pairs = _weakest(brief)
    guesses: dict[Aim, float] = {}
    told: dict[Aim, float] = {}
    for target, whole, rest in pairs:
        with_them = yield from _total(brief, whole)
        without = yield from _total(brief, rest)
        if with_them is not None and without is not None:
            guesses[target] = guess(brief, with_them - without, rows=target.rows)
        if with_them is not None and isinstance(brief.secret, Asked):
            told[target] = float(without is None)
    tried = tuple(target for target, _, _ in pairs)
    return (
        Reading(by=By.FIGURES, guesses=guesses, tried=tried),
        Reading(by=By.WITHHELD, guesses=told, tried=tried),
    )


def _total(brief: Brief, cut: Cut) -> Game[float | None]:
    where, rows = conditions(brief.known, cut), brief.known.count(cut)
    return (yield from ask_whole(brief, where, rows=rows))


def _weakest(brief: Brief) -> list[tuple[Target, Cut, Cut]]:
    """Choose the targets around whom the most rows can be named, with and without them."""
    found = [(target, _pair(brief.known, target)) for target in brief.targets]
    pairs = [(target, *pair) for target, pair in found if pair is not None]
    pairs.sort(key=lambda item: -brief.known.count(item[2]))
    return pairs[: brief.queries // QUERIES_PER_TARGET]


def _pair(known: Knowledge, target: Target) -> tuple[Cut, Cut] | None:
    """Choose the largest set that one query names with the target and another without."""
    best: tuple[int, Cut, Cut] | None = None
    for chosen in known.isolating(target):
        for column, value in chosen:
            fixed = tuple(item for item in chosen if item[0] != column)
            spread = known.spread(fixed, column)
            values = _around(value, spread)
            rest = tuple(item for item in values if item != value)
            size = sum(spread[item].rows for item in rest)
            if rest and (best is None or size > best[0]):
                whole = Cut(fixed=fixed, column=column, values=values)
                best = size, whole, Cut(fixed=fixed, column=column, values=rest)
    return best[1:] if best is not None else None


def _around(value: Value, spread: Mapping[Value, object]) -> tuple[Value, ...]:
    """Give the values to ask about: all, or those up to one of the later of an order."""
    values = tuple(spread)
    if not has_order(values):
        return values
    nested = tuple(sorted(item for item in values if item <= value))
    return nested if len(nested) * 2 > len(values) else tuple(sorted(values))
