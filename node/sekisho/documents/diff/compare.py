"""Compares two contracts field by field, led by the models' own fields and their directions.

Parties, purposes, grants, columns and lookups are matched by name; a grant that bears another name
over the same datasets is matched too. Nothing is left out: what differs in writing alone is told as
keeping what is allowed.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from pydantic import BaseModel

from sekisho.model.contract import Contract
from sekisho.model.directions import ASIDE, Compared, Direction, Named, Parts
from sekisho.model.effective import effective
from sekisho.model.grants import Access, Grant
from sekisho.model.terms import Clause, FieldWords, Label, fields_of, named_parts, path_text


class Change(StrEnum):
    """What happened to a term."""

    VALUE = "value"
    ADDED = "added"
    REMOVED = "removed"
    ORDER = "order"
    OVERLAP = "overlap"
    """Grants over one dataset differ: which of them applies to a query may differ too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One term in which the second contract differs from the first."""

    direction: Direction
    change: Change
    owners: tuple[BaseModel, BaseModel]
    """The parts of both contracts that hold the field."""
    field: FieldWords
    steps: tuple[str, ...]
    """The way to the term, by names."""
    trail: tuple[Clause | str, ...]
    """The same way as clauses, and as names that authors gave."""
    member: str = ""
    """The name of what was added or removed, in a field of several."""

    @property
    def path(self) -> str:
        """Write where the term stands: `grants.delays.columns.origin.mask`."""
        return path_text(*self.steps)

    @property
    def label(self) -> Label:
        """Tell how far a node stands behind the term."""
        return self.field.clause.label

    def value(self, side: int) -> object:
        """Give what the first (0) or the second (1) contract says here; None for nothing."""
        found = effective(self.owners[side], self.field.attribute)
        if not self.member:
            return found
        return named_parts(self.field.clause, found).get(self.member)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """Two matching parts, and where they stand."""

    before: BaseModel
    after: BaseModel
    steps: tuple[str, ...] = ()
    trail: tuple[Clause | str, ...] = ()

    def differs(self, field: FieldWords, direction: Direction, change: Change) -> Difference:
        return Difference(
            direction=direction,
            change=change,
            owners=(self.before, self.after),
            field=field,
            steps=(*self.steps, field.name),
            trail=(*self.trail, field.clause),
        )

    def values(self, field: FieldWords) -> tuple[object, object]:
        return effective(self.before, field.attribute), effective(self.after, field.attribute)

    def is_written_alike(self, field: FieldWords) -> bool:
        return bool(getattr(self.before, field.attribute) == getattr(self.after, field.attribute))


def diff(before: Contract, after: Contract) -> tuple[Difference, ...]:
    """List every term in which a contract differs from another one, in the contract's order.

    Turning the two around turns each direction around. Where all differences narrow, no query is
    allowed under `after` whose columns and uses are not allowed under `before`.

    Args:
        before: Compared with; in an amendment, the contract that it replaces.
        after: What the directions are about.
    """
    found = tuple(_model(_Pair(before=before, after=after)))
    return (*found, *_overlaps(before, after, found))


def _model(pair: _Pair) -> Iterator[Difference]:
    for field in fields_of(type(pair.before)):
        match field.clause.compared:
            case Named() as named:
                yield from _named(pair, field, named)
            case Parts() as parts:
                yield from _parts(pair, field, parts)
            case Compared() as compared:
                yield from _compared(pair, field, compared)
            case None:
                message = f"`{type(pair.before).__name__}.{field.attribute}` has no direction"
                raise ValueError(message)


def _compared(pair: _Pair, field: FieldWords, compared: Compared) -> Iterator[Difference]:
    is_alike = pair.is_written_alike(field)
    before, after = pair.values(field)
    if is_alike and (compared is ASIDE or before == after):
        return
    direction = compared.direction(before, after) if before != after else Direction.ALIKE
    if field.attribute == "datasets" and direction is not Direction.ALIKE and _is_pooled(pair):
        # A total over other companies: the difference of two totals is a single company's figure.
        direction = Direction.OTHER
    yield pair.differs(field, direction, Change.VALUE)


def _is_pooled(pair: _Pair) -> bool:
    return any(
        isinstance(item, Grant) and item.access is Access.POOLED
        for item in (pair.before, pair.after)
    )


def _parts(pair: _Pair, field: FieldWords, parts: Parts) -> Iterator[Difference]:
    before, after = pair.values(field)
    if isinstance(before, BaseModel) and isinstance(after, BaseModel):
        found = tuple(
            _model(
                _Pair(
                    before=before,
                    after=after,
                    steps=(*pair.steps, field.name),
                    trail=(*pair.trail, field.clause),
                )
            )
        )
        yield from found
        if not found and not pair.is_written_alike(field):
            yield pair.differs(field, Direction.ALIKE, Change.VALUE)
    elif after is not None:
        yield pair.differs(field, parts.added, Change.ADDED)
    elif before is not None:
        yield pair.differs(field, parts.added.turned, Change.REMOVED)


def _named(pair: _Pair, field: FieldWords, named: Named) -> Iterator[Difference]:
    before, after = (named_parts(field.clause, value) for value in pair.values(field))
    partners = {name: name for name in before if name in after} | _renamed(before, after)
    for name, item in before.items():
        if name in partners:
            other = partners[name]
            steps, trail = (*pair.steps, field.name, other), (*pair.trail, field.clause, other)
            yield from _model(_Pair(before=item, after=after[other], steps=steps, trail=trail))
        else:
            yield _member(pair.differs(field, named.added.turned, Change.REMOVED), name)
    for name in after:
        if name not in partners.values():
            yield _member(pair.differs(field, named.added, Change.ADDED), name)
    in_order = [partners[name] for name in before if name in partners]
    is_list = not isinstance(pair.values(field)[0], Mapping)
    if is_list and in_order != [name for name in after if name in in_order]:
        yield pair.differs(field, Direction.ALIKE, Change.ORDER)


def _member(difference: Difference, name: str) -> Difference:
    return replace(
        difference,
        steps=(*difference.steps, name),
        trail=(*difference.trail, name),
        member=name,
    )


def _renamed(before: Mapping[str, BaseModel], after: Mapping[str, BaseModel]) -> dict[str, str]:
    """Match grants that have another name over the same datasets, equal ones first."""
    gone = {name: item for name, item in before.items() if name not in after}
    come = {name: item for name, item in after.items() if name not in before}
    found: dict[str, str] = {}
    for is_match in (_are_equal_grants, _are_over_the_same):
        for name, item in gone.items():
            fits = (
                other
                for other, grant in come.items()
                if other not in found.values() and is_match(item, grant)
            )
            if name not in found and (partner := next(fits, None)) is not None:
                found[name] = partner
    return found


def _are_over_the_same(first: BaseModel, second: BaseModel) -> bool:
    return (
        isinstance(first, Grant)
        and isinstance(second, Grant)
        and set(first.datasets) == set(second.datasets)
    )


def _are_equal_grants(first: BaseModel, second: BaseModel) -> bool:
    return _are_over_the_same(first, second) and first.model_copy(
        update={"grant": ""}
    ) == second.model_copy(update={"grant": ""})


def _overlaps(
    before: Contract, after: Contract, found: tuple[Difference, ...]
) -> Iterator[Difference]:
    """Tell where grants over one dataset differ.

    The first grant that allows a query applies: what one no longer allows, another may answer over
    more rows. So what the single differences say does not add up.
    """
    shared = _shared(before) | _shared(after)
    at_grants = [item for item in found if item.steps[0] == "grants"]
    moved = {item.steps[1] for item in at_grants if item.direction is not Direction.ALIKE}
    is_reordered = any(item.change is Change.ORDER for item in at_grants if len(item.steps) == 1)
    grants = (*before.grants, *after.grants)
    if (shared and is_reordered) or any(
        item.grant in moved and shared & set(item.datasets) for item in grants
    ):
        field = next(item for item in fields_of(Contract) if item.name == "grants")
        pair = _Pair(before=before, after=after)
        yield pair.differs(field, Direction.OTHER, Change.OVERLAP)


def _shared(contract: Contract) -> set[str]:
    """List the datasets that several grants open."""
    counted = Counter(name for grant in contract.grants for name in grant.datasets)
    return {name for name, count in counted.items() if count > 1}
