"""What a client may browse: the tables that it could name in a query, as Flight SQL lists them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from sekisho.documents.lookup import LookupTable
from sekisho.federation.catalog import PROVIDER, Catalog, Part, Relation
from sekisho.gate.catalog import GrantedDataset
from sekisho.model.contract import Grant
from sekisho.model.dataset import Dataset
from sekisho.model.masks import mask_words
from sekisho.model.names import split_dataset
from sekisho.model.parameters import engine_type
from sekisho.server.patterns import is_like
from sekisho.wire.flight_sql import GetSchemas, GetTables
from sekisho.wire.tables import schema_message
from sekisho.wire.types import arrow_type

CATALOG = "sekisho"
TABLE = "TABLE"
VIEW = "VIEW"
"""A union over providers."""
TABLE_KINDS = (TABLE, VIEW)
MAX_TYPE = 200
"""Characters of a type's name, which may be another company's."""

_TEXT = pa.utf8()
CATALOGS = pa.schema([pa.field("catalog_name", _TEXT, nullable=False)])
SCHEMAS = pa.schema(
    [pa.field("catalog_name", _TEXT), pa.field("db_schema_name", _TEXT, nullable=False)]
)
TABLES = pa.schema(
    [
        pa.field("catalog_name", _TEXT),
        pa.field("db_schema_name", _TEXT),
        pa.field("table_name", _TEXT, nullable=False),
        pa.field("table_type", _TEXT, nullable=False),
    ]
)
TABLES_WITH_COLUMNS = TABLES.append(pa.field("table_schema", pa.binary(), nullable=False))
TABLE_TYPES = pa.schema([pa.field("table_type", _TEXT, nullable=False)])


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfColumn:
    """One column, with what a contract or its owner says of it."""

    name: str
    type: str
    """In DuckDB's words; empty where it is not known."""
    remarks: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfTable:
    """One table."""

    schema: str
    name: str
    columns: tuple[ShelfColumn, ...]
    kind: str = TABLE
    remarks: str = ""


Shelf = tuple[ShelfTable, ...]


def shelf_of_catalog(
    catalog: Catalog, local: Iterable[Dataset], uploads: Iterable[LookupTable] = ()
) -> Shelf:
    """List what a company's own people may name: providers' tables, their unions, their own.

    Args:
        catalog: Of the chosen contract, as the planner has it.
        local: The company's own datasets.
        uploads: Tables that its people uploaded under the contract.
    """
    shown = (_of_relation(item) for item in catalog.relations if not item.is_local)
    found = (*shown, *map(_of_own, local), *map(_of_upload, uploads))
    return tuple(sorted(found, key=lambda item: (item.schema, item.name)))


def shelf_of_grants(granted: Iterable[GrantedDataset], *, schema: str) -> Shelf:
    """List what a partner may name at a provider: its tables, with the columns of every grant."""
    tables: dict[str, dict[str, ShelfColumn]] = {}
    remarks: dict[str, list[str]] = {}
    for item in granted:
        name = split_dataset(item.dataset)[1]
        remarks.setdefault(name, []).append(item.access.value)
        columns = tables.setdefault(name, {})
        for column in item.columns:
            says = _says(column.uses, column.mask)
            columns.setdefault(
                column.name, ShelfColumn(name=column.name, type=column.type, remarks=says)
            )
    return tuple(
        ShelfTable(
            schema=schema,
            name=name,
            columns=tuple(columns.values()),
            remarks=f"access: {', '.join(dict.fromkeys(remarks[name]))}",
        )
        for name, columns in sorted(tables.items())
    )


def list_schemas(shelf: Shelf, wanted: GetSchemas) -> pa.Table:
    """List the schemas that fit a pattern."""
    names = sorted({item.schema for item in shelf if _fits(wanted.catalog, wanted.schema, item)})
    return pa.table([[CATALOG] * len(names), names], schema=SCHEMAS)


def list_tables(shelf: Shelf, wanted: GetTables) -> pa.Table:
    """List the tables that fit the patterns, with their columns where they are wanted."""
    found = [
        item
        for item in shelf
        if _fits(wanted.catalog, wanted.schema, item)
        and is_like(item.name, wanted.table)
        and (not wanted.kinds or item.kind in wanted.kinds)
    ]
    columns: list[list[str] | list[bytes]] = [
        [CATALOG for _ in found],
        [item.schema for item in found],
        [item.name for item in found],
        [item.kind for item in found],
    ]
    if not wanted.with_columns:
        return pa.table(columns, schema=TABLES)
    columns.append([schema_message(_schema(item)) for item in found])
    return pa.table(columns, schema=TABLES_WITH_COLUMNS)


def _fits(catalog: str | None, schema: str, item: ShelfTable) -> bool:
    return catalog in {None, "", CATALOG} and is_like(item.schema, schema)


def _schema(table: ShelfTable) -> pa.Schema:
    metadata = {"ARROW:FLIGHT:SQL:REMARKS": table.remarks} if table.remarks else None
    return pa.schema([_field(item, table) for item in table.columns], metadata=metadata)


def _field(column: ShelfColumn, table: ShelfTable) -> pa.Field:
    said = {
        "CATALOG_NAME": CATALOG,
        "SCHEMA_NAME": table.schema,
        "TABLE_NAME": table.name,
        "TYPE_NAME": column.type[:MAX_TYPE],
        "REMARKS": column.remarks,
        "IS_READ_ONLY": "1",
    }
    metadata = {f"ARROW:FLIGHT:SQL:{name}": value for name, value in said.items() if value}
    return pa.field(column.name, arrow_type(column.type), metadata=metadata)


def _of_relation(relation: Relation) -> ShelfTable:
    columns = [_shown(relation.parts, name) for name in relation.columns]
    if relation.has_provider:
        columns.append(ShelfColumn(name=PROVIDER, type="VARCHAR", remarks="whose row it is"))
    grants = _grants(relation.parts)
    access = ", ".join(dict.fromkeys(grant.access.value for grant in grants))
    return ShelfTable(
        schema=relation.schema,
        name=relation.name,
        columns=tuple(columns),
        kind=VIEW if len(relation.parts) > 1 else TABLE,
        remarks=f"access: {access}",
    )


def _grants(parts: Iterable[Part]) -> Iterator[Grant]:
    return (grant for part in parts for grant in part.grants)


def _shown(parts: tuple[Part, ...], name: str) -> ShelfColumn:
    """Say of a column what the first grant that lists it says."""
    found = (part.column(name) for part in parts)
    kind = next((item.type for item in found if item is not None and item.type), "")
    for grant in _grants(parts):
        listed = grant.columns.get(name)
        if listed is not None:
            uses = tuple(use.value for use in sorted(listed.uses(grant.access)))
            says = _says(uses, mask_words(listed.mask))
            return ShelfColumn(name=name, type=kind, remarks=says)
    return ShelfColumn(name=name, type=kind, remarks="counted")


def _of_own(dataset: Dataset) -> ShelfTable:
    return ShelfTable(
        schema="local",
        name=split_dataset(dataset.id)[1],
        columns=tuple(
            ShelfColumn(
                name=column.name,
                type=column.type,
                remarks="; ".join(
                    text
                    for text in (column.description, column.unit and f"in {column.unit}")
                    if text
                ),
            )
            for column in dataset.columns
        ),
        remarks=dataset.description,
    )


def _of_upload(table: LookupTable) -> ShelfTable:
    return ShelfTable(
        schema="local",
        name=table.name,
        columns=tuple(
            ShelfColumn(name=name, type=engine_type(kind), remarks="")
            for name, kind in table.typed_columns
        ),
        remarks="uploaded: providers that the contract names join it",
    )


def _says(uses: Iterable[str], mask: str) -> str:
    words = ", ".join(uses)
    return f"{words}; {mask}" if mask else words
