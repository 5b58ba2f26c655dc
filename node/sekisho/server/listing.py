"""What answers each of Flight SQL's listings: its columns, and its rows for one caller."""

from collections.abc import Callable

import pyarrow as pa

from sekisho.server.shelf import (
    CATALOG,
    CATALOGS,
    SCHEMAS,
    TABLE_KINDS,
    TABLE_TYPES,
    TABLES,
    TABLES_WITH_COLUMNS,
    Shelf,
    list_schemas,
    list_tables,
)
from sekisho.server.sql_info import SQL_INFO, TYPE_INFO, sql_info, type_info
from sekisho.wire.flight_sql import (
    GetCatalogs,
    GetForeignKeys,
    GetPrimaryKeys,
    GetSchemas,
    GetSqlInfo,
    GetTables,
    GetTableTypes,
    GetTypeInfo,
    Listing,
)

_TEXT, _INT = pa.utf8(), pa.int32()
PRIMARY_KEYS = pa.schema(
    [
        pa.field("catalog_name", _TEXT),
        pa.field("db_schema_name", _TEXT),
        pa.field("table_name", _TEXT, nullable=False),
        pa.field("column_name", _TEXT, nullable=False),
        pa.field("key_name", _TEXT),
        pa.field("key_sequence", _INT, nullable=False),
    ]
)
FOREIGN_KEYS = pa.schema(
    [
        pa.field("pk_catalog_name", _TEXT),
        pa.field("pk_db_schema_name", _TEXT),
        pa.field("pk_table_name", _TEXT, nullable=False),
        pa.field("pk_column_name", _TEXT, nullable=False),
        pa.field("fk_catalog_name", _TEXT),
        pa.field("fk_db_schema_name", _TEXT),
        pa.field("fk_table_name", _TEXT, nullable=False),
        pa.field("fk_column_name", _TEXT, nullable=False),
        pa.field("key_sequence", _INT, nullable=False),
        pa.field("fk_key_name", _TEXT),
        pa.field("pk_key_name", _TEXT),
        pa.field("update_rule", pa.uint8(), nullable=False),
        pa.field("delete_rule", pa.uint8(), nullable=False),
    ]
)
_SCHEMAS: dict[type[Listing], pa.Schema] = {
    GetSqlInfo: SQL_INFO,
    GetTypeInfo: TYPE_INFO,
    GetCatalogs: CATALOGS,
    GetSchemas: SCHEMAS,
    GetTables: TABLES,
    GetTableTypes: TABLE_TYPES,
    GetPrimaryKeys: PRIMARY_KEYS,
    GetForeignKeys: FOREIGN_KEYS,
}


def listing_schema(wanted: Listing) -> pa.Schema:
    """Give the columns of a listing, without looking at anything."""
    if isinstance(wanted, GetTables) and wanted.with_columns:
        return TABLES_WITH_COLUMNS
    return _SCHEMAS[type(wanted)]


def listing_table(wanted: Listing, shelf: Callable[[], Shelf]) -> pa.Table:
    """Give a listing's rows.

    Args:
        wanted: Which.
        shelf: Gives what the caller may browse; called where the listing needs it.
    """
    match wanted:
        case GetSqlInfo():
            found = sql_info(wanted)
        case GetTypeInfo():
            found = type_info(wanted)
        case GetCatalogs():
            found = pa.table([[CATALOG]], schema=CATALOGS)
        case GetSchemas():
            found = list_schemas(shelf(), wanted)
        case GetTables():
            found = list_tables(shelf(), wanted)
        case GetTableTypes():
            found = pa.table([list(TABLE_KINDS)], schema=TABLE_TYPES)
        case _:
            # Contracts state no keys.
            found = listing_schema(wanted).empty_table()
    return found
