"""What a query at a consumer's node may name: the providers' relations, their unions, its own.

A name stands in a schema: `ua.flights` is what one provider shows, `shared.flights` the union over
every provider that shows a dataset of that name, `local.planes` the company's own. `shared` is the
default schema, and only it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sekisho.model.contract import Access, Grant
from sekisho.model.names import PartyId

SHARED = "shared"
"""Schema of the unions, and the default."""
LOCAL = "local"
"""Schema of the company's own datasets."""
ROOT = "sekisho"
"""The catalog's own name, which may stand before a schema."""
PROVIDER = "provider"
"""Column of a shared relation that tells whose row it is, where no dataset has one of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownColumn:
    """One column as its provider shows it."""

    name: str
    type: str = ""
    """DuckDB type after the mask; empty where it is not known, which makes the planner trust that
    comparisons fit."""
    is_returned: bool = True
    """Whether its values may be returned; others may be filtered, grouped or measured only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one provider shows of one dataset."""

    party: PartyId
    alias: str
    """The provider's schema in queries."""
    dataset: str
    """Its bare name, by which the provider's own gate knows it."""
    columns: tuple[ShownColumn, ...]
    """In the contract's order."""
    grants: tuple[Grant, ...] = ()
    """Those that show it."""

    @property
    def is_protected(self) -> bool:
        """Whether it gives statistics, and never rows."""
        return bool(self.grants) and all(item.access is Access.AGGREGATE for item in self.grants)

    def column(self, name: str) -> ShownColumn | None:
        """Find a column without regard to case."""
        return next((item for item in self.columns if item.name.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """What one name in FROM stands for: something local, or the union of providers' parts."""

    schema: str
    name: str
    columns: tuple[str, ...]
    """Of all parts together, in the contract's order."""
    parts: tuple[Part, ...] = ()
    """Empty for what is local."""
    is_uploaded: bool = False
    """Whether it is local and no dataset, but a table that was uploaded for the contract."""

    @property
    def qualified(self) -> str:
        """How a query names it with its schema."""
        return f"{self.schema}.{self.name}"

    @property
    def is_local(self) -> bool:
        """Whether it is the company's own."""
        return self.schema == LOCAL

    @property
    def is_protected(self) -> bool:
        """Whether a provider of it gives statistics only: then it is read by protected blocks."""
        return any(part.is_protected for part in self.parts)

    @property
    def has_provider(self) -> bool:
        """Whether `provider` may be asked of it beside the datasets' own columns."""
        return self.schema == SHARED and PROVIDER not in {item.lower() for item in self.columns}

    @property
    def starred(self) -> tuple[str, ...]:
        """The columns that `*` means: those that every provider lets return."""
        return tuple(
            name for name in self.columns if all(_is_returned(p, name) for p in self.parts)
        )

    def lacking(self, column: str) -> tuple[Part, ...]:
        """List the parts whose provider does not show a column."""
        if self.has_provider and column.lower() == PROVIDER:
            return ()
        return tuple(part for part in self.parts if part.column(column) is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Every relation that is in scope of a query."""

    relations: tuple[Relation, ...]
    _by_name: Mapping[tuple[str, str], Relation] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the relations.

        Raises:
            ValueError: Two of them bear one name.
        """
        index = {(item.schema.lower(), item.name.lower()): item for item in self.relations}
        if len(index) < len(self.relations):
            raise ValueError("two relations of a catalog bear one name")
        object.__setattr__(self, "_by_name", index)

    def find(self, parts: tuple[str, ...]) -> Relation | None:
        """Find what a name of one to three parts, in lower case, stands for."""
        *before, name = parts
        if tuple(before[:-1]) not in {(), (ROOT,)}:
            return None
        return self._by_name.get((before[-1] if before else SHARED, name))

    @property
    def names(self) -> tuple[str, ...]:
        """How each relation is named in a query, those of the default schema first."""
        shared = [item.name for item in self.relations if item.schema == SHARED]
        return (*shared, *(r.qualified for r in self.relations if r.schema != SHARED))

    def elsewhere(self, name: str) -> tuple[str, ...]:
        """List the relations of a name in the schemas that must be written."""
        found = (item for item in self.relations if item.name.lower() == name.lower())
        return tuple(item.qualified for item in found if item.schema != SHARED)


def catalog_of(
    parts: Iterable[Part],
    local: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    uploads: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> Catalog:
    """Name what providers show and what the company has itself.

    A dataset that several grants of one provider show is one relation with the columns of all; the
    provider's gate still decides each fragment under one grant.

    Args:
        parts: What each provider shows under the chosen contract, in the contract's order.
        local: Columns of the company's own datasets by bare name.
        uploads: Columns of the tables that its people uploaded, none of which is called as one of
            those.
    """
    merged: dict[tuple[str, str], Part] = {}
    for part in parts:
        key = (part.alias, part.dataset)
        merged[key] = _merged(merged[key], part) if key in merged else part
    unions: dict[str, list[Part]] = {}
    for part in merged.values():
        unions.setdefault(part.dataset, []).append(part)
    return Catalog(
        relations=(
            *(_union(SHARED, name, tuple(group)) for name, group in unions.items()),
            *(_union(part.alias, part.dataset, (part,)) for part in merged.values()),
            *(
                Relation(schema=LOCAL, name=name, columns=columns)
                for name, columns in local.items()
            ),
            *(
                Relation(schema=LOCAL, name=name, columns=columns, is_uploaded=True)
                for name, columns in uploads.items()
            ),
        )
    )


def _union(schema: str, name: str, parts: tuple[Part, ...]) -> Relation:
    names: dict[str, str] = {}
    for part in parts:
        for column in part.columns:
            names.setdefault(column.name.lower(), column.name)
    return Relation(schema=schema, name=name, columns=tuple(names.values()), parts=parts)


def _merged(first: Part, second: Part) -> Part:
    more = tuple(item for item in second.columns if first.column(item.name) is None)
    return Part(
        party=first.party,
        alias=first.alias,
        dataset=first.dataset,
        columns=(*first.columns, *more),
        grants=(*first.grants, *second.grants),
    )


def _is_returned(part: Part, name: str) -> bool:
    column = part.column(name)
    return column is not None and column.is_returned
