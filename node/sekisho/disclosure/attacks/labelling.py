"""Lookup labelling: categories of the attacker's own making, by a table that it brings.

Who chooses the groups chooses what can be compared: with enough labellings of the same people,
every value can be computed. A contract takes one table, so there is one labelling.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from sekisho.disclosure.attacks.attack import Aim, Brief, Bring, Reading, Strategy
from sekisho.disclosure.attacks.knowledge import KnownColumn, KnownLookup, Target, Value
from sekisho.disclosure.attacks.tracker import tracker
from sekisho.disclosure.attacks.writing import quoted
from sekisho.model.contract import LookupType

PEOPLE_TIMES = 2
"""A category stands for so many times the least that it must: filters leave fewer."""


def labelling(brief: Brief) -> Strategy:
    """Deal the keys out at random to categories, bring the table, and track people in them."""
    known = brief.lookup
    categories = _dealt(brief, known) if known is not None else {}
    if known is None or not categories:
        return ()
    reply = yield Bring(lookup=known.lookup, rows=_rows(known, categories))
    if reply.is_refused:
        return ()
    labelled, targets = _labelled(brief, known, categories)
    readings = yield from tracker(labelled)
    return tuple(
        Reading(
            by=reading.by,
            guesses={targets[aim]: value for aim, value in reading.guesses.items()},
            tried=tuple(targets[aim] for aim in reading.tried),
        )
        for reading in readings
    )


def _dealt(brief: Brief, known: KnownLookup) -> Mapping[Value, int]:
    """Number the categories of the keys, so that each stands for enough people."""
    people: dict[Value, set[int]] = defaultdict(set)
    for key, person in zip(known.keys, brief.known.people, strict=True):
        people[key].add(person)
    drawn = sorted(people, key=lambda key: hashlib.sha256(repr(key).encode()).digest())
    found: dict[Value, int] = {}
    category, under = 0, set[int]()
    for key in drawn:
        found[key] = category
        under |= people[key]
        if len(under) >= PEOPLE_TIMES * brief.rules.minimum_units:
            category, under = category + 1, set()
    # The last category stands for too few: its keys go to the one before.
    return {key: min(number, max(0, category - 1)) for key, number in found.items()}


def _rows(known: KnownLookup, categories: Mapping[Value, int]) -> tuple[tuple[Value, ...], ...]:
    """Write the table: one column tells the categories, the others say nothing."""
    first, *others = known.lookup.columns.values()
    blank = [_value(kind, 0) for kind in others]
    rows = sorted(categories.items(), key=lambda item: str(item[0]))
    return tuple((key, _value(first, number), *blank) for key, number in rows)


def _value(kind: LookupType, number: int) -> Value:
    match kind:
        case LookupType.TEXT:
            return f"category {number}"
        case LookupType.INTEGER:
            return number
        case LookupType.BOOLEAN:
            return number % 2 == 1
        case LookupType.DATE:
            return f"{2000 + number}-01-01"


def _labelled(
    brief: Brief, known: KnownLookup, categories: Mapping[Value, int]
) -> tuple[Brief, dict[Aim, Target]]:
    """Add the category to what is known of everybody; tells whose target each new one is."""
    lookup, before = known.lookup, brief.known
    column, kind = next(iter(lookup.columns.items()))
    on = f"{before.relation}.{quoted(lookup.key)} = {quoted(lookup.name)}.{quoted(lookup.key)}"
    values = [_value(kind, categories[key]) for key in known.keys]
    after = replace(
        before,
        relation=f"{before.relation} JOIN {quoted(lookup.name)} ON {on}",
        columns=(*before.columns, KnownColumn(name=column, is_grouped=True, is_filtered=True)),
        rows=tuple((*row, value) for row, value in zip(before.rows, values, strict=True)),
        lookups=(lookup.name,),
        _groups={},
        _spreads={},
    )
    targets: dict[Aim, Target] = {}
    names: list[Target] = []
    for target in brief.targets:
        under = {values[at] for at in before.places_of(target)}
        if len(under) == 1:
            new = replace(target, values=(*target.values, *under))
            targets[new] = target
            names.append(new)
    return replace(brief, known=after, targets=tuple(names)), targets
