"""SQLAlchemy's dialect: `sekisho://NAME:TOKEN@HOST:PORT/?ca=FILE&contract=ID`, through ADBC.

For tools that are built on SQLAlchemy, such as Superset: they query, bind values and browse.
Nothing is written through it. Needs the extra `sqlalchemy`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlalchemy import types
from sqlalchemy.engine import URL, Connection
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.sql.compiler import SQLCompiler

from sekisho.wire.flight import CONTRACT_HEADER, PURPOSE_HEADER

SHARED = "shared"
"""The schema that need not be written."""
_HEADER = "adbc.flight.sql.rpc.call_header."
_HEADERS = {"contract": CONTRACT_HEADER, "purpose": PURPOSE_HEADER}
_OPTIONS = frozenset({"ca", *_HEADERS})
_TYPES: Mapping[str, type[types.TypeEngine[Any]]] = {
    "bool": types.Boolean,
    "string": types.Text,
    "date32[day]": types.Date,
    "float": types.Float,
    "double": types.Double,
    "binary": types.LargeBinary,
}


class SekishoCompiler(SQLCompiler):
    """Writes LIMIT and OFFSET as numbers: they stand in no parameter."""

    def limit_clause(self, select: Any, **kw: Any) -> str:
        """Write LIMIT and OFFSET."""
        parts = (("LIMIT", select._limit_clause), ("OFFSET", select._offset_clause))  # noqa: SLF001  SQLAlchemy's own way
        return "".join(
            f"\n {word} {self.process(clause.render_literal_execute(), **kw)}"
            for word, clause in parts
            if clause is not None
        )


class SekishoDialect(DefaultDialect):
    """What SQLAlchemy has to know of a node."""

    name = "sekisho"
    driver = "adbc"
    statement_compiler = SekishoCompiler
    default_paramstyle = "qmark"
    default_schema_name = SHARED
    supports_statement_cache = True
    supports_native_boolean = True
    supports_native_decimal = True
    supports_alter = False
    postfetch_lastrowid = False

    @classmethod
    def import_dbapi(cls) -> Any:
        """Import ADBC's driver."""
        from adbc_driver_flightsql import dbapi  # noqa: PLC0415  an extra

        return dbapi

    def create_connect_args(self, url: URL) -> tuple[list[Any], dict[str, Any]]:
        """Read the URL.

        Raises:
            ValueError: It has no address or token, or an option that is not known.
        """
        unknown = url.query.keys() - _OPTIONS
        if unknown or not url.host or not url.port or not url.password:
            message = "expected `sekisho://NAME:TOKEN@HOST:PORT/?ca=FILE&contract=ID&purpose=P`" + (
                f", found the option `{min(unknown)}`" if unknown else ""
            )
            raise ValueError(message)
        options = {"adbc.flight.sql.authorization_header": f"Bearer {url.password}"}
        if "ca" in url.query:
            anchor = Path(str(url.query["ca"])).read_text(encoding="ascii")
            options["adbc.flight.sql.client_option.tls_root_certs"] = anchor
        for name, header in _HEADERS.items():
            if name in url.query:
                options[_HEADER + header] = str(url.query[name])
        uri = f"grpc+tls://{url.host}:{url.port}"
        return [uri], {"db_kwargs": options, "autocommit": True}

    def do_begin(self, dbapi_connection: Any) -> None:
        """Begin nothing: a node has no transactions."""

    def do_commit(self, dbapi_connection: Any) -> None:
        """Keep nothing: nothing was written."""

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Take nothing back: nothing was written."""

    def _get_default_schema_name(self, connection: Connection) -> str:
        del connection
        return SHARED

    def get_schema_names(self, connection: Connection, **_: Any) -> list[str]:
        """List `shared`, `local` and the providers' aliases."""
        return [item["db_schema_name"] for item in _schemas(connection, "db_schemas")]

    def get_table_names(
        self, connection: Connection, schema: str | None = None, **_: Any
    ) -> list[str]:
        """List the tables of a schema, unions over providers among them."""
        schemas = _schemas(connection, "tables", db_schema_filter=schema or SHARED)
        return [table["table_name"] for item in schemas for table in item["db_schema_tables"] or ()]

    def get_view_names(
        self, connection: Connection, schema: str | None = None, **_: Any
    ) -> list[str]:
        """List none: unions are tables to whoever asks."""
        del connection, schema
        return []

    def has_table(
        self, connection: Connection, table_name: str, schema: str | None = None, **_: Any
    ) -> bool:
        """Tell whether a table may be named."""
        return table_name in self.get_table_names(connection, schema)

    def get_columns(
        self, connection: Connection, table_name: str, schema: str | None = None, **_: Any
    ) -> list[Any]:
        """List a table's columns with their types."""
        shown = _connection(connection).adbc_get_table_schema(
            table_name, db_schema_filter=schema or SHARED
        )
        return [
            {"name": item.name, "type": _type_of(item.type), "nullable": True, "default": None}
            for item in shown
        ]

    def get_pk_constraint(self, *_: Any, **__: Any) -> Any:
        """State no key: a contract names none."""
        return {"constrained_columns": [], "name": None}

    def get_foreign_keys(self, *_: Any, **__: Any) -> list[Any]:
        """State no key: a contract names none."""
        return []

    def get_indexes(self, *_: Any, **__: Any) -> list[Any]:
        """List none."""
        return []


def _connection(connection: Connection) -> Any:
    return connection.connection.dbapi_connection


def _schemas(connection: Connection, depth: str, **filters: str) -> list[dict[str, Any]]:
    found = _connection(connection).adbc_get_objects(depth=depth, **filters).read_all()
    return [item for row in found.to_pylist() for item in row["catalog_db_schemas"] or ()]


def _type_of(kind: pa.DataType) -> types.TypeEngine[Any]:
    if pa.types.is_integer(kind):
        return types.BigInteger()
    if pa.types.is_decimal(kind):
        return types.Numeric(kind.precision, kind.scale)
    if pa.types.is_timestamp(kind):
        return types.DateTime(timezone=kind.tz is not None)
    if pa.types.is_time(kind):
        return types.Time()
    return _TYPES.get(str(kind), types.NullType)()
