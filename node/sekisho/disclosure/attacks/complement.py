"""Complement: a total minus the published parts of it, which leaves one person's part."""

from collections.abc import Mapping

from sekisho.disclosure.attacks.attack import FIGURES, GAPS, Aim, Ask, Brief, Reading, Strategy
from sekisho.disclosure.attacks.knowledge import Asked, Cut, Target, Value, isolating
from sekisho.disclosure.attacks.writing import conditions, select, single, total, value_of

QUERIES_PER_TARGET = 3
SIBLINGS = 2
"""With two large siblings, each is far enough from the total; what is left is the target."""


def complement(brief: Brief) -> Strategy:
    """Ask for the parts of a set in which the target is a part alone, and for the whole.

    A second way needs no total: of two parts, the large one is withheld when the rest is somebody,
    and published when it is nobody.
    """
    splits = _weakest(brief)
    tried = tuple(target for target, _ in splits)
    guesses: dict[Aim, float] = {}
    gaps: dict[Aim, float] = {}
    for target, cut in splits:
        mine, *others = cut.values
        parts = yield from _parts(brief, cut)
        text = select(brief, list(conditions(brief.known, cut)))
        whole = single(brief, (yield Ask(sql=text)), rows=brief.known.count(cut))
        found = [parts.get(value) for value in others]
        if whole is not None and None not in found:
            left = whole - sum(item or 0.0 for item in found)
            guesses[target] = value_of(brief, left, rows=target.rows)
        if isinstance(brief.secret, Asked) and found[0] is not None:
            two = Cut(fixed=cut.fixed, column=cut.column, values=(mine, others[0]))
            beside = yield from _parts(brief, two)
            gaps[target] = 1.0 if beside.get(others[0]) is None else 0.0
    return (
        Reading(by=FIGURES, guesses=guesses, tried=tried),
        Reading(by=GAPS, guesses=gaps, tried=tried),
    )


def _parts(brief: Brief, cut: Cut) -> Strategy:
    """Ask for the parts of a set, each by its value."""
    where = list(conditions(brief.known, cut))
    reply = yield Ask(sql=select(brief, where, by=(cut.column,)))
    spread = brief.known.spread(cut.fixed, cut.column)
    return {
        row[0]: total(brief, row, rows=spread[row[0]].rows)
        for row in reply.rows
        if row[0] in spread
    }


def _weakest(brief: Brief) -> list[tuple[Target, Cut]]:
    """Choose the targets that are left over from the largest sets."""
    found = [(target, _split(brief, target)) for target in brief.targets]
    splits = [(target, cut) for target, cut in found if cut is not None]
    splits.sort(key=lambda item: -brief.known.count(item[1]))
    return splits[: brief.queries // QUERIES_PER_TARGET]


def _split(brief: Brief, target: Target) -> Cut | None:
    """Choose a set with the target's value first, and the largest two others beside it."""
    known = brief.known
    best: tuple[int, Cut] | None = None
    for chosen in isolating(known, target):
        for column, value in chosen:
            fixed = tuple(item for item in chosen if item[0] != column)
            spread = known.spread(fixed, column)
            others = _largest(spread, value)
            least = min((len(spread[item].people) for item in others), default=0)
            enough = len(others) == SIBLINGS and least >= brief.rules.minimum_units
            if column in known.grouped and enough and (best is None or least > best[0]):
                best = least, Cut(fixed=fixed, column=column, values=(value, *others))
    return best[1] if best is not None else None


def _largest(spread: Mapping[Value, object], value: Value) -> list[Value]:
    others = [item for item in spread if item != value]
    return sorted(others, key=lambda item: -len(spread[item].people))[:SIBLINGS]
