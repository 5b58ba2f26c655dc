"""Flight SQL's commands and actions: what a standard client asks beside a plain statement.

Numbers and names follow Arrow's specification, restated in `proto/arrow/flight/`.
"""

from dataclasses import dataclass
from typing import TypeVar

from google.protobuf.any_pb2 import Any
from google.protobuf.message import DecodeError, Message

from sekisho.errors import DocumentError, Finding, NotServedError
from sekisho.model.query import QueryText
from sekisho.wire.gen.arrow.flight import flight_pb2, flight_sql_pb2
from sekisho.wire.gen.sekisho.v1 import parameters_pb2
from sekisho.wire.parameters import parameters_from_proto

M = TypeVar("M", bound=Message)

MAX_COMMAND_BYTES = 256 * 1024
"""Of a descriptor, a ticket or an action: a query of 64 KB and a hundred parameters fit."""
MAX_PATTERN = 200
"""Characters of a pattern or name to list by: four times what a name may have."""
MAX_INFO = 1_000
"""Numbers of SqlInfo asked for at once; some two hundred are defined."""
MAX_TABLE_TYPES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One query, to be asked once."""

    text: QueryText


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What was prepared earlier."""

    handle: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedUpdate:
    """What was prepared earlier, run as if it changed something."""

    handle: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A table that a client brings in DoPut."""

    table: str
    """As the client names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GetSqlInfo:
    """What the node is and can do."""

    numbers: tuple[int, ...]
    """Of Flight SQL's `SqlInfo`; all when empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GetTypeInfo:
    """The types of SQL."""

    number: int | None
    """In XDBC; all when None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GetCatalogs:
    """The one catalog."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GetSchemas:
    """The catalog's schemas."""

    catalog: str | None
    schema: str
    """A pattern; `%` for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GetTables:
    """The schemas' tables."""

    catalog: str | None
    schema: str
    """A pattern; `%` for all."""
    table: str
    """A pattern; `%` for all."""
    kinds: frozenset[str]
    """Types of tables; all when empty."""
    with_columns: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GetTableTypes:
    """The types of tables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GetPrimaryKeys:
    """A table's primary key; a contract states none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GetForeignKeys:
    """A table's foreign keys, in either direction; a contract states none."""


Listing = (
    GetSqlInfo
    | GetTypeInfo
    | GetCatalogs
    | GetSchemas
    | GetTables
    | GetTableTypes
    | GetPrimaryKeys
    | GetForeignKeys
)
"""What is answered without asking anybody for data."""

Command = Statement | Prepared | PreparedUpdate | Upload | Listing

_FOREIGN = (
    flight_sql_pb2.CommandGetExportedKeys,
    flight_sql_pb2.CommandGetImportedKeys,
    flight_sql_pb2.CommandGetCrossReference,
)
_UNSERVED = {
    "CommandStatementUpdate": "updates",
    "CommandStatementSubstraitPlan": "Substrait plans",
}
_READ_ONLY_HINT = "a node answers SELECT, and changes nothing at anybody's"
_UPLOAD_HINT = "upload a table whole, as one that is new; see docs/concept/lookups.md"


def parse_descriptor(data: bytes) -> Command:
    """Read the command out of a FlightDescriptor.

    Raises:
        DocumentError: It holds none that this node knows.
        NotServedError: It is one of Flight SQL's that no node serves.
    """
    descriptor = _parsed(flight_pb2.FlightDescriptor(), data)
    return parse_command(descriptor.cmd)


def parse_command(data: bytes) -> Command:
    """Read a packed command.

    Raises:
        DocumentError: It is none that this node knows.
        NotServedError: It is one of Flight SQL's that no node serves.
    """
    packed = _parsed(Any(), data)
    name = packed.TypeName()
    short = name.rpartition(".")[2]
    if name.startswith("arrow.flight.protocol.sql.") and short in _UNSERVED:
        raise NotServedError(f"{_UNSERVED[short]} are not served", hint=_READ_ONLY_HINT)
    try:
        found = _asked(packed) or _upload(packed) or _listing(packed)
    except DecodeError:
        found = None
    if found is None:
        raise _unreadable("the Flight command is none that this node knows")
    return found


def parse_action(data: bytes) -> flight_pb2.Action:
    """Read an action."""
    return _parsed(flight_pb2.Action(), data)


def parse_create(body: bytes) -> str:
    """Read the query out of the body of CreatePreparedStatement.

    Raises:
        DocumentError: The body cannot be read.
        NotServedError: It names a transaction.
    """
    request = _unpacked(flight_sql_pb2.ActionCreatePreparedStatementRequest(), body)
    _check_transaction(request.transaction_id)
    return request.query


def pack_created(handle: bytes, *, schema: bytes, parameters: bytes) -> bytes:
    """Build the result of CreatePreparedStatement; schemas are encapsulated messages or empty."""
    return _result(
        flight_sql_pb2.ActionCreatePreparedStatementResult(
            prepared_statement_handle=handle, dataset_schema=schema, parameter_schema=parameters
        )
    )


def parse_close(body: bytes) -> bytes:
    """Read the handle out of the body of ClosePreparedStatement."""
    request = _unpacked(flight_sql_pb2.ActionClosePreparedStatementRequest(), body)
    return request.prepared_statement_handle


def parse_cancel(action: flight_pb2.Action) -> bytes:
    """Read the serialised Ticket out of CancelFlightInfo or CancelQuery; empty without one."""
    if action.type == "CancelQuery":
        query = _unpacked(flight_sql_pb2.ActionCancelQueryRequest(), action.body)
        info = _parsed(flight_pb2.FlightInfo(), query.info)
    else:
        info = _parsed(flight_pb2.CancelFlightInfoRequest(), action.body).info
    return info.endpoint[0].ticket.SerializeToString() if len(info.endpoint) == 1 else b""


def pack_cancelled(action: flight_pb2.Action, *, is_cancelled: bool) -> bytes:
    """Build the result of a cancellation."""
    status = flight_pb2.CANCEL_STATUS_NOT_CANCELLABLE
    if is_cancelled:
        status = flight_pb2.CANCEL_STATUS_CANCELLED
    if action.type == "CancelQuery":
        result = flight_sql_pb2.ActionCancelQueryResult.CancelResult.Value(
            flight_pb2.CancelStatus.Name(status).replace("STATUS", "RESULT")
        )
        return _result(flight_sql_pb2.ActionCancelQueryResult(result=result))
    body = flight_pb2.CancelFlightInfoResult(status=status).SerializeToString()
    return flight_pb2.Result(body=body).SerializeToString()


def pack_closed_session() -> bytes:
    """Build the result of CloseSession: nothing was kept."""
    closed = flight_pb2.CloseSessionResult(status=flight_pb2.CloseSessionResult.CLOSED)
    return flight_pb2.Result(body=closed.SerializeToString()).SerializeToString()


def pack_bound(handle: bytes) -> bytes:
    """Build the answer to bound values: the statement keeps its handle.

    The handle is named nevertheless: Java's client takes an absent one for an empty one.
    """
    result = flight_sql_pb2.DoPutPreparedStatementResult(prepared_statement_handle=handle)
    metadata = result.SerializeToString()
    return flight_pb2.PutResult(app_metadata=metadata).SerializeToString()


def pack_uploaded(rows: int) -> bytes:
    """Build the answer to a table that was taken."""
    result = flight_sql_pb2.DoPutUpdateResult(record_count=rows)
    return flight_pb2.PutResult(app_metadata=result.SerializeToString()).SerializeToString()


def pack_action_type(name: str, description: str) -> bytes:
    """Build one entry of ListActions."""
    return flight_pb2.ActionType(type=name, description=description).SerializeToString()


def pack_schema(schema: bytes) -> bytes:
    """Build the result of GetSchema of an encapsulated message."""
    return flight_pb2.SchemaResult(schema=schema).SerializeToString()


def pack_listing_info(descriptor: bytes, schema: bytes) -> bytes:
    """Build the FlightInfo of a listing: its ticket is the command itself."""
    info = flight_pb2.FlightInfo(schema=schema, total_records=-1, total_bytes=-1, ordered=True)
    info.flight_descriptor.ParseFromString(descriptor)
    info.endpoint.add().ticket.ticket = info.flight_descriptor.cmd
    return info.SerializeToString()


def _asked(packed: Any) -> Statement | Prepared | PreparedUpdate | None:
    parameterized = parameters_pb2.ParameterizedQuery()
    statement = flight_sql_pb2.CommandStatementQuery()
    prepared = flight_sql_pb2.CommandPreparedStatementQuery()
    if packed.Unpack(statement):
        _check_transaction(statement.transaction_id)
        return Statement(text=QueryText(sql=statement.query))
    if packed.Unpack(parameterized):
        values = parameters_from_proto(parameterized.parameters)
        return Statement(text=QueryText(sql=parameterized.query, parameters=values))
    if packed.Unpack(prepared):
        return Prepared(handle=prepared.prepared_statement_handle)
    if packed.TypeName() == "arrow.flight.protocol.sql.CommandPreparedStatementUpdate":
        # The same one field.
        prepared.ParseFromString(packed.value)
        return PreparedUpdate(handle=prepared.prepared_statement_handle)
    return None


def _upload(packed: Any) -> Upload | None:
    ingest = flight_sql_pb2.CommandStatementIngest()
    if not packed.Unpack(ingest):
        return None
    _check_transaction(ingest.transaction_id)
    options = ingest.table_definition_options
    if ingest.temporary or options.if_exists == options.TABLE_EXISTS_OPTION_APPEND:
        what = "temporary tables" if ingest.temporary else "rows for a table that is there"
        raise NotServedError(f"{what} are not served", hint=_UPLOAD_HINT)
    if options.if_not_exist == options.TABLE_NOT_EXIST_OPTION_FAIL:
        raise NotServedError("a table that must be there is not served", hint=_UPLOAD_HINT)
    if ingest.schema not in {"", "local"} or ingest.catalog not in {"", "sekisho"}:
        hint = "leave schema and catalog out"
        raise NotServedError("tables outside of `local` are not served", hint=hint)
    return Upload(table=ingest.table[:MAX_PATTERN])


def _listing(packed: Any) -> Listing | None:
    if packed.Is(flight_sql_pb2.CommandGetCatalogs.DESCRIPTOR):
        return GetCatalogs()
    if packed.Is(flight_sql_pb2.CommandGetTableTypes.DESCRIPTOR):
        return GetTableTypes()
    if packed.Is(flight_sql_pb2.CommandGetPrimaryKeys.DESCRIPTOR):
        return GetPrimaryKeys()
    if any(packed.Is(kind.DESCRIPTOR) for kind in _FOREIGN):
        return GetForeignKeys()
    return _filtered(packed)


def _filtered(packed: Any) -> Listing | None:
    info = flight_sql_pb2.CommandGetSqlInfo()
    types = flight_sql_pb2.CommandGetXdbcTypeInfo()
    schemas = flight_sql_pb2.CommandGetDbSchemas()
    tables = flight_sql_pb2.CommandGetTables()
    if packed.Unpack(info):
        if len(info.info) > MAX_INFO:
            raise _unreadable(f"more than {MAX_INFO} numbers of SqlInfo are asked for")
        return GetSqlInfo(numbers=tuple(info.info))
    if packed.Unpack(types):
        return GetTypeInfo(number=types.data_type if types.HasField("data_type") else None)
    if packed.Unpack(schemas):
        return GetSchemas(
            catalog=_text(schemas, "catalog"),
            schema=_pattern(schemas, "db_schema_filter_pattern"),
        )
    if packed.Unpack(tables):
        if len(tables.table_types) > MAX_TABLE_TYPES:
            raise _unreadable(f"more than {MAX_TABLE_TYPES} types of tables are asked for")
        return GetTables(
            catalog=_text(tables, "catalog"),
            schema=_pattern(tables, "db_schema_filter_pattern"),
            table=_pattern(tables, "table_name_filter_pattern"),
            kinds=frozenset(tables.table_types),
            with_columns=tables.include_schema,
        )
    return None


def _text(message: Message, field: str) -> str | None:
    if not message.HasField(field):
        return None
    text = str(getattr(message, field))
    if len(text) > MAX_PATTERN:
        raise _unreadable(f"a name or pattern has more than {MAX_PATTERN} characters")
    return text


def _pattern(message: Message, field: str) -> str:
    found = _text(message, field)
    return "%" if found is None else found


def _check_transaction(handle: bytes) -> None:
    if handle:
        raise NotServedError("transactions are not served", hint=_READ_ONLY_HINT)


def _parsed(message: M, data: bytes) -> M:
    if len(data) > MAX_COMMAND_BYTES:
        raise _unreadable(f"a message of Flight SQL has more than {MAX_COMMAND_BYTES} bytes")
    try:
        message.ParseFromString(data)
    except DecodeError:
        raise _unreadable("a message of Flight SQL cannot be read") from None
    return message


def _unpacked(message: M, data: bytes) -> M:
    packed = _parsed(Any(), data)
    try:
        is_found = packed.Unpack(message)
    except DecodeError:
        is_found = False
    if not is_found:
        raise _unreadable(f"the action's body is no {message.DESCRIPTOR.name}")
    return message


def _result(message: Message) -> bytes:
    packed = Any()
    packed.Pack(message)
    return flight_pb2.Result(body=packed.SerializeToString()).SerializeToString()


def _unreadable(message: str) -> DocumentError:
    hint = "send what Arrow Flight SQL defines; see docs/guide/clients.md"
    return DocumentError((Finding(message=message, hint=hint),), name="message")
