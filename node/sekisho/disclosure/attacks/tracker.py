"""The tracker: a total minus the published parts of it, which leaves one person's part."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sekisho.disclosure.attacks.attack import Aim, Brief, By, Game, Reading, Strategy
from sekisho.disclosure.attacks.knowledge import Asked, Cut, Group, Target, Value
from sekisho.disclosure.attacks.writing import ask_parts, ask_whole, conditions, guess

QUERIES_PER_TARGET = 3
"""And for the second way, where there is one, two more."""
PARTS = 2
"""Two are enough: each differs from the whole, and from the other, in many people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A set that falls into a target and two large parts."""

    target: Target
    whole: Cut
    parts: tuple[Cut, ...]
    least: int
    """People in the smaller part."""


def tracker(brief: Brief) -> Strategy:
    """Ask for a set and for the two parts that all but the target are in, and subtract.

    A second way needs no total: of two groups, the large one is withheld when the other is
    somebody, and published when it is nobody.
    """
    splits = _weakest(brief)
    guesses: dict[Aim, float] = {}
    told: dict[Aim, float] = {}
    for split in splits:
        target = split.target
        found = []
        for cut in (split.whole, *split.parts):
            where, rows = conditions(brief.known, cut), brief.known.count(cut)
            heard = yield from ask_whole(brief, where, rows=rows)
            found.append(heard)
        there = [item for item in found if item is not None]
        if len(there) == 1 + PARTS:
            left = there[0] - sum(there[1:])
            guesses[target] = guess(brief, left, rows=target.rows)
        if isinstance(brief.secret, Asked) and split.whole.column in brief.known.grouped:
            is_alone = yield from _is_alone(brief, split)
            if is_alone is not None:
                told[target] = float(not is_alone)
    tried = tuple(split.target for split in splits)
    return (
        Reading(by=By.FIGURES, guesses=guesses, tried=tried),
        Reading(by=By.WITHHELD, guesses=told, tried=tried),
    )


def _is_alone(brief: Brief, split: Split) -> Game[bool | None]:
    """Tell whether a large group is shown beside the target's own; None where it cannot be."""
    mine = split.target.values[split.whole.column]
    spread = brief.known.spread(split.whole.fixed, split.whole.column)
    largest = max((item for item in spread if item != mine), key=lambda item: spread[item].rows)
    if len(spread[largest].people) < brief.rules.minimum_units:
        return None
    one = Cut(fixed=split.whole.fixed, column=split.whole.column, values=(largest,))
    where, rows = conditions(brief.known, one), brief.known.count(one)
    if (yield from ask_whole(brief, where, rows=rows)) is None:
        return None
    parts = yield from ask_parts(brief, replace(one, values=(mine, largest)), by=one.column)
    return parts[largest] is not None


def _weakest(brief: Brief) -> list[Split]:
    """Choose the targets that are left over from the largest sets."""
    found = [_split(brief, target) for target in brief.targets]
    splits = sorted((item for item in found if item is not None), key=lambda item: -item.least)
    each = QUERIES_PER_TARGET + 2 * isinstance(brief.secret, Asked)
    return splits[: brief.queries // each]


def _split(brief: Brief, target: Target) -> Split | None:
    """Choose the set around a target whose smaller part has the most people."""
    known = brief.known
    best: Split | None = None
    for chosen in known.isolating(target):
        for column, value in chosen:
            fixed = tuple(item for item in chosen if item[0] != column)
            spread = known.spread(fixed, column)
            halves = _halves(spread, value)
            least = min(sum(len(spread[item].people) for item in half) for half in halves)
            is_enough = least >= brief.rules.minimum_units
            if is_enough and (best is None or least > best.least):
                cuts = [Cut(fixed=fixed, column=column, values=half) for half in halves]
                whole = Cut(fixed=fixed, column=column, values=(value, *halves[0], *halves[1]))
                best = Split(target=target, whole=whole, parts=tuple(cuts), least=least)
    return best


def _halves(spread: Mapping[Value, Group], value: Value) -> tuple[tuple[Value, ...], ...]:
    """Deal all other values out, so that the two parts are about as large."""
    parts: tuple[list[Value], list[Value]] = ([], [])
    sizes = [0, 0]
    for item in sorted(spread, key=lambda item: (-len(spread[item].people), str(item))):
        if item != value:
            smaller = sizes.index(min(sizes))
            parts[smaller].append(item)
            sizes[smaller] += len(spread[item].people)
    return tuple(parts[0]), tuple(parts[1])
