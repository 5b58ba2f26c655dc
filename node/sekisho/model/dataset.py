"""What a provider offers: datasets, their columns, and what kind of information each one is."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum

from sekisho.errors import Finding
from sekisho.model.contract import (
    BucketMask,
    BucketWidthMask,
    ColumnGrant,
    Contract,
    Grant,
    RoundMask,
    TruncateMask,
    TruncateUnit,
)
from sekisho.model.names import DatasetId, PartyId, split_dataset
from sekisho.model.terms import path_text

_NUMBERS = frozenset(
    "TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT UHUGEINT "
    "FLOAT DOUBLE DECIMAL BIGNUM".split()
)


class ColumnClass(StrEnum):
    """What kind of information a column holds, as its provider says."""

    IDENTIFIER = "identifier"
    QUASI_IDENTIFIER = "quasi-identifier"
    HEALTH = "health"
    PERSONAL = "personal"
    COMMERCIAL = "commercial"
    SENSITIVE = "sensitive"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a dataset."""

    name: str
    type: str
    """A DuckDB type name, such as `SMALLINT` or `DECIMAL(12,2)`."""
    column_class: ColumnClass | None = None
    unit: str = ""
    """Unit of measure, such as `min`."""
    description: str = ""

    @property
    def kind(self) -> str:
        """What masks may take the type for: number, date, timestamp or other."""
        name = self.type.upper().partition("(")[0].strip()
        if name in _NUMBERS:
            return "number"
        if name.startswith("TIMESTAMP"):
            return "timestamp"
        return "date" if name == "DATE" else "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A named relation that a provider offers."""

    id: DatasetId
    columns: tuple[Column, ...]
    privacy_units: tuple[str, ...] = ()
    """Columns that name who is protected."""
    tags: tuple[str, ...] = ()
    description: str = ""
    _by_name: dict[str, Column] = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        """Index the columns as engines name them, without regard to case."""
        object.__setattr__(self, "_by_name", {item.name.lower(): item for item in self.columns})

    def column(self, name: str) -> Column | None:
        """Find a column by name as an engine would, without regard to case."""
        return self._by_name.get(name.lower())


def check_contract_against(
    contract: Contract,
    datasets: Mapping[DatasetId, Dataset],
    *,
    provider: PartyId | None = None,
) -> tuple[Finding, ...]:
    """Find what a contract grants that the datasets cannot give.

    Args:
        contract: Checked by itself already.
        datasets: What is known; grants over other datasets are left alone.
        provider: A party all of whose granted datasets must be known.
    """
    return tuple(
        finding
        for at, grant in enumerate(contract.grants)
        for finding in _check_grant(grant, f"grants[{at}]", datasets, provider)
    )


def _check_grant(  # noqa: PLR0917  the four things that make up one check
    grant: Grant, place: str, datasets: Mapping[DatasetId, Dataset], provider: PartyId | None
) -> Iterator[Finding]:
    for at, name in enumerate(grant.datasets):
        dataset = datasets.get(name)
        if dataset is not None:
            yield from _check_units(grant, place, dataset)
            yield from _check_columns(grant, place, dataset, _beside(grant, name, datasets))
        elif provider is not None and split_dataset(name)[0] == provider:
            yield Finding(
                path=f"{place}.datasets[{at}]",
                message=f"`{name}` is not offered by this node",
                hint=_nearest(name, datasets) or "add it to `datasets` in node.yaml",
            )


def _beside(
    grant: Grant, name: DatasetId, datasets: Mapping[DatasetId, Dataset]
) -> tuple[Dataset, ...]:
    """List what is known of the other datasets that the same provider offers in a grant."""
    others = grant.datasets_of(split_dataset(name)[0])
    return tuple(datasets[item] for item in others if item != name and item in datasets)


def _check_columns(  # noqa: PLR0917  the four things that make up one check
    grant: Grant, place: str, dataset: Dataset, beside: tuple[Dataset, ...]
) -> Iterator[Finding]:
    """Each column is in a dataset of the grant, and each dataset has a column of the grant."""
    shown = 0
    for name, terms in grant.columns.items():
        source = terms.source.column if terms.source is not None else name
        if dataset.column(source) is None and any(item.column(source) for item in beside):
            continue
        shown += 1
        where = path_text(name, below=f"{place}.columns")
        yield from _check_column(grant, name, dataset=dataset, place=where)
    if not shown:
        yield Finding(
            path=f"{place}.columns",
            message=f"the grant shows no column of `{dataset.id}`",
            hint="grant one of its columns, or leave the dataset out",
        )


def _check_units(grant: Grant, place: str, dataset: Dataset) -> Iterator[Finding]:
    for at, unit in enumerate(grant.privacy_units):
        if dataset.column(unit) is None:
            yield _lacks(dataset, unit, f"{place}.privacy_units[{at}]")
    named = {unit.lower() for unit in grant.privacy_units}
    missing = [unit for unit in dataset.privacy_units if unit.lower() not in named]
    if missing and grant.effective_disclosure is not None:
        yield Finding(
            path=f"{place}.privacy_units" if grant.privacy_units else place,
            message=f"`{dataset.id}` protects `{missing[0]}`, which the grant does not",
            hint=f"add `{missing[0]}` to `privacy_units`",
        )


def _check_column(grant: Grant, name: str, *, dataset: Dataset, place: str) -> Iterator[Finding]:
    terms = grant.columns[name]
    column = dataset.column(name)
    if terms.source is not None:
        if column is not None:
            yield Finding(
                path=place,
                message=f"`{dataset.id}` already has a column `{column.name}`",
                hint="give the computed column another name",
            )
        name, place = terms.source.column, f"{place}.from.column"
        column = dataset.column(name)
    if column is None:
        yield _lacks(dataset, name, place)
        return
    if (needed := _needed_kinds(terms)) and column.kind not in needed:
        yield Finding(
            path=place,
            message=f"`{column.name}` of `{dataset.id}` is {column.type}, "
            f"and this grant needs a {' or a '.join(sorted(needed))}",
            hint="choose another mask or use for it",
        )


def _needed_kinds(terms: ColumnGrant) -> frozenset[str]:
    """Tell which kinds of column a column's terms can work on; none means any."""
    is_compared = terms.source is not None and terms.source.at_least is not None
    if is_compared or terms.clamp is not None:
        return frozenset({"number"})
    match terms.mask:
        case TruncateMask(truncate=TruncateUnit.HOUR):
            return frozenset({"timestamp"})
        case TruncateMask():
            return frozenset({"date", "timestamp"})
        case RoundMask() | BucketMask() | BucketWidthMask():
            return frozenset({"number"})
        case _:
            return frozenset()


def _lacks(dataset: Dataset, name: str, place: str) -> Finding:
    names = [column.name for column in dataset.columns]
    return Finding(
        path=place,
        message=f"`{dataset.id}` has no column `{name}`",
        hint=_nearest(name, names) or f"its columns are {', '.join(names)}",
    )


def _nearest(name: str, known: Iterable[str]) -> str:
    found = get_close_matches(name, list(known), n=1)
    return f"did you mean `{found[0]}`?" if found else ""
