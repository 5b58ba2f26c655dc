"""What a query at a consumer's node can name: shared unions, each provider's own, local ones."""

from collections.abc import Iterator
from dataclasses import dataclass

from sekisho.model.contract import Grant
from sekisho.model.names import PartyId, split_dataset
from sekisho.model.signed import SignedContract

DEFAULT_SCHEMA = "shared"
LOCAL_SCHEMA = "local"
PROVIDER_COLUMN = "provider"
"""A column of shared relations that says whose row it is; there when named, not in `*`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One provider's share of a relation."""

    party: PartyId
    alias: str
    dataset: str
    columns: tuple[str, ...]
    """As granted."""
    grants: tuple[str, ...]
    """The grants that show them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """One name that a query can use."""

    schema: str
    name: str
    columns: tuple[str, ...]
    """Of a relation with parts: those that every part has, in the first part's order."""
    parts: tuple[Part, ...] = ()
    """None for the company's own dataset."""

    @property
    def path(self) -> str:
        """How a query writes it in full."""
        return f"{self.schema}.{self.name}"

    @property
    def has_provider(self) -> bool:
        """Whether `provider` can be named here."""
        return self.schema == DEFAULT_SCHEMA and PROVIDER_COLUMN not in self.columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Everything in scope of one query."""

    relations: tuple[Relation, ...]

    def find(self, parts: tuple[str, ...]) -> Relation | None:
        """Find what a name of one to three parts stands for; parts come in lower case."""
        if len(parts) == 3 and parts[0] == "sekisho":  # noqa: PLR2004  catalog, schema, name
            parts = parts[1:]
        if len(parts) == 1:
            parts = (DEFAULT_SCHEMA, *parts)
        wanted = ".".join(parts)
        return next((item for item in self.relations if item.path == wanted), None)


def granted_relations(signed: SignedContract) -> tuple[Relation, ...]:
    """Name what a contract grants: each provider's datasets, and their unions in `shared`.

    A dataset that stands in several grants shows the columns of all of them; the provider's gate
    says which grant allows a query.
    """
    parts = tuple(_parts(signed))
    own = tuple(
        Relation(schema=part.alias, name=part.dataset, columns=part.columns, parts=(part,))
        for part in parts
    )
    return (*own, *_unions(parts))


def _parts(signed: SignedContract) -> Iterator[Part]:
    for provider in signed.providers:
        granted: dict[str, list[Grant]] = {}
        for grant in signed.grants_of(provider):
            for dataset in grant.datasets_of(provider):
                granted.setdefault(split_dataset(dataset)[1], []).append(grant)
        for name, grants in granted.items():
            columns = dict.fromkeys(column for grant in grants for column in grant.columns)
            yield Part(
                party=provider,
                alias=signed.alias_of(provider),
                dataset=name,
                columns=tuple(columns),
                grants=tuple(grant.grant for grant in grants),
            )


def _unions(parts: tuple[Part, ...]) -> Iterator[Relation]:
    for name in dict.fromkeys(part.dataset for part in parts):
        found = tuple(part for part in parts if part.dataset == name)
        common = set.intersection(*(set(part.columns) for part in found))
        columns = tuple(column for column in found[0].columns if column in common)
        yield Relation(schema=DEFAULT_SCHEMA, name=name, columns=columns, parts=found)
