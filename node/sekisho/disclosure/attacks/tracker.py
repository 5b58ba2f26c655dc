"""The tracker: a total minus the published parts of it, which leaves one person's part."""

from collections.abc import Mapping

from sekisho.disclosure.attacks.attack import Aim, Brief, By, Reading, Strategy
from sekisho.disclosure.attacks.knowledge import Asked, Cut, Group, Target, Value
from sekisho.disclosure.attacks.writing import ask_parts, ask_whole, conditions, guess

QUERIES_PER_TARGET = 2
"""And a third for the second way, where there is one."""
SIBLINGS = 2
"""With two large siblings, each is far enough from the total; what is left is the target."""


def tracker(brief: Brief) -> Strategy:
    """Ask for the parts of a set in which the target is a part alone, and for the whole.

    A second way needs no total: of two parts, the large one is withheld when the rest is somebody,
    and published when it is nobody.
    """
    splits = _weakest(brief)
    guesses: dict[Aim, float] = {}
    gaps: dict[Aim, float] = {}
    for target, cut in splits:
        mine, *others = cut.values
        parts = yield from ask_parts(brief, cut, by=cut.column)
        where, rows = conditions(brief.known, cut), brief.known.count(cut)
        whole = yield from ask_whole(brief, where, rows=rows)
        found = [parts[value] for value in others]
        there = [item for item in found if item is not None]
        if whole is not None and len(there) == SIBLINGS:
            guesses[target] = guess(brief, whole - sum(there), rows=target.rows)
        if isinstance(brief.secret, Asked) and found[0] is not None:
            two = Cut(fixed=cut.fixed, column=cut.column, values=(mine, others[0]))
            beside = yield from ask_parts(brief, two, by=cut.column)
            gaps[target] = float(beside[others[0]] is None)
    tried = tuple(target for target, _ in splits)
    return (
        Reading(by=By.FIGURES, guesses=guesses, tried=tried),
        Reading(by=By.GAPS, guesses=gaps, tried=tried),
    )


def _weakest(brief: Brief) -> list[tuple[Target, Cut]]:
    """Choose the targets that are left over from the largest sets."""
    found = [(target, _split(brief, target)) for target in brief.targets]
    splits = [(target, cut) for target, cut in found if cut is not None]
    splits.sort(key=lambda item: -brief.known.count(item[1]))
    each = QUERIES_PER_TARGET + isinstance(brief.secret, Asked)
    return splits[: brief.queries // each]


def _split(brief: Brief, target: Target) -> Cut | None:
    """Choose a set with the target's value first, and the largest two others beside it."""
    known = brief.known
    best: tuple[int, Cut] | None = None
    for chosen in known.isolating(target):
        for column, value in chosen:
            fixed = tuple(item for item in chosen if item[0] != column)
            spread = known.spread(fixed, column)
            others = _largest(spread, value)
            least = min((len(spread[item].people) for item in others), default=0)
            is_split = len(others) == SIBLINGS and least >= brief.rules.minimum_units
            if column in known.grouped and is_split and (best is None or least > best[0]):
                best = least, Cut(fixed=fixed, column=column, values=(value, *others))
    return best[1] if best is not None else None


def _largest(spread: Mapping[Value, Group], value: Value) -> list[Value]:
    others = [item for item in spread if item != value]
    return sorted(others, key=lambda item: -len(spread[item].people))[:SIBLINGS]
