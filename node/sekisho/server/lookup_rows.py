"""Makes the table that a contract lets this company bring, of rows that an engine reads.

Whether they are a dataset's of node.yaml or a client's upload: what is brought is made, and held to
the contract, in this one way.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sekisho.documents.envelope import digest_of
from sekisho.documents.lookup import Cell, LookupTable, Row, build_lookup, check_lookup
from sekisho.documents.models import document_error
from sekisho.errors import Finding
from sekisho.model.contract import Lookup, LookupType
from sekisho.model.dataset import Column
from sekisho.model.lookups import lookup_type_of
from sekisho.model.signed import SignedContract
from sekisho.store.lookups import Content


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a contract lets this company bring under one name."""

    lookup: Lookup
    minimum_keys: int

    @property
    def columns(self) -> Mapping[str, LookupType | None]:
        """The key, of any of a lookup's types, then the columns."""
        return {self.lookup.key: None, **self.lookup.columns}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where rows are."""

    name: str
    """As this company's people call it."""
    relation: str
    """As a query names it."""
    columns: Mapping[str, Column | None]
    """What stands there for each of the wanted columns."""
    ask: Callable[[str], Mapping[str, Sequence[str | None]]]
    """Has an engine answer a query, in texts."""


def wanted_of(signed: SignedContract, name: str) -> Wanted:
    """Find a lookup among a contract's grants, which declare it alike."""
    found = [
        (grant, lookup)
        for grant in signed.contract.grants
        for lookup in grant.lookups
        if lookup.name == name
    ]
    fewest = [
        grant.effective_disclosure.minimum_units
        for grant, lookup in found
        if grant.effective_disclosure is not None
        and lookup.key.lower() in {unit.lower() for unit in grant.privacy_units}
    ]
    return Wanted(lookup=found[0][1], minimum_keys=max(fewest, default=1))


def make_content(wanted: Wanted, source: Source) -> Content:
    """Read a table, and write it as it is brought.

    Raises:
        DocumentError: It is no table that the contract lets this company bring.
    """
    lookup = wanted.lookup
    columns = _typed(wanted, source)
    table = LookupTable(
        name=lookup.name,
        key=lookup.key,
        key_type=columns[0][1],
        columns=lookup.columns,
        rows=_rows(source, columns, most=lookup.max_rows),
    )
    findings = check_lookup(table, lookup, minimum_keys=wanted.minimum_keys)
    if findings:
        raise document_error(findings, name=source.name)
    data = build_lookup(table, name=source.name)
    return Content(name=lookup.name, digest=digest_of(data), rows=len(table.rows), data=data)


def quoted(name: str) -> str:
    """Write a column's name for an engine."""
    return '"' + name.replace('"', '""') + '"'


def _typed(wanted: Wanted, source: Source) -> list[tuple[str, LookupType]]:
    """Give the wanted columns as they are called there, with their types."""
    found = [(name, kind, source.columns[name]) for name, kind in wanted.columns.items()]
    findings = [finding for item in found for finding in _misfits(*item)]
    if findings:
        raise document_error(findings, name=source.name)
    return [
        (column.name, kind)
        for _, _, column in found
        if column is not None and (kind := lookup_type_of(column.type)) is not None
    ]


def _misfits(name: str, wanted: LookupType | None, column: Column | None) -> Iterator[Finding]:
    """Say what keeps a column from being a lookup's; any of a lookup's types suits a key."""
    if column is None:
        yield Finding(
            message=f"it has no column `{name}`, which the contract's table has",
            hint="add the column to the dataset, or bring another dataset under this name",
        )
        return
    kind = lookup_type_of(column.type)
    if kind is None or wanted not in {None, kind}:
        needed = wanted or "text, integer, date or boolean"
        yield Finding(
            message=f"`{name}` is {column.type}, and the contract's table needs {needed}",
            hint="cast the column where the dataset is made",
        )


def _rows(
    source: Source, columns: Sequence[tuple[str, LookupType]], *, most: int
) -> tuple[Row, ...]:
    """Read the rows, one more than may be brought at most."""
    outputs = ", ".join(
        f"CAST({quoted(column)} AS VARCHAR) AS c{at}" for at, (column, _) in enumerate(columns)
    )
    found = source.ask(f"SELECT {outputs} FROM {source.relation} LIMIT {most + 1}")  # noqa: S608  quoted
    read = [map(_READ[kind], found[f"c{at}"]) for at, (_, kind) in enumerate(columns)]
    return tuple(zip(*read, strict=True))


def _integer(text: str | None) -> Cell:
    return None if text is None else int(text)


def _boolean(text: str | None) -> Cell:
    return None if text is None else text == "true"


def _same(text: str | None) -> Cell:
    return text


_READ: Mapping[LookupType, Callable[[str | None], Cell]] = MappingProxyType(
    {
        LookupType.TEXT: _same,
        LookupType.INTEGER: _integer,
        LookupType.DATE: _same,
        LookupType.BOOLEAN: _boolean,
    }
)
"""How each type's text, as an engine writes it, is read."""
