"""Just enough of flatbuffers to read what an Arrow message says of itself: kind, rows, length.

A flatbuffer is a tree of tables. A table begins with a signed offset back to its vtable, which
holds the vtable's size, the table's size and one offset a field, 0 for an absent field. Arrow's
`Message.fbs` puts the kind of message in field 1 of the root, the message's own table in field 2
and the body's length in field 3; its `Schema` has a vector of fields in field 1, each of which has
its name in field 0; its `RecordBatch` has the row count in field 0, the columns' nodes
in field 1 and the compression in field 3. Every read here is checked against the bytes that are
there, since they come from another company.
"""

import struct
from dataclasses import dataclass
from typing import Final, Literal, NoReturn

from sekisho.errors import PeerError

Kind = Literal["schema", "dictionary", "record-batch", "other"]

_KINDS: Final[dict[int, Kind]] = {1: "schema", 2: "dictionary", 3: "record-batch"}
_U8, _U16, _U32 = struct.Struct("<B"), struct.Struct("<H"), struct.Struct("<I")
_I32, _I64 = struct.Struct("<i"), struct.Struct("<q")
_MIN_VTABLE_BYTES = 4
_NODE_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What an Arrow message's header says."""

    kind: Kind
    body_bytes: int
    rows: int | None
    """Rows of a record batch, None for anything else."""
    compressed: bool
    """Whether a record batch's buffers are compressed."""


def _fail(what: str) -> NoReturn:
    message = f"an arrow message's header is malformed: {what}"
    raise PeerError(message)


def _at(data: memoryview, form: struct.Struct, position: int) -> int:
    if not 0 <= position <= len(data) - form.size:
        _fail("an offset leaves it")
    value: int = form.unpack_from(data, position)[0]
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """One table: where it begins, where its fields are listed, and how long both are."""

    data: memoryview
    start: int
    vtable: int
    vtable_bytes: int
    table_bytes: int

    def field(self, index: int, size: int) -> int | None:
        """Give the place of a field of that size, None when it is absent."""
        slot = _MIN_VTABLE_BYTES + 2 * index
        if slot + 2 > self.vtable_bytes:
            return None
        offset = _at(self.data, _U16, self.vtable + slot)
        if offset == 0:
            return None
        if offset + size > self.table_bytes:
            _fail("a field leaves its table")
        return self.start + offset

    def number(self, index: int, form: struct.Struct) -> int:
        """Give a number, 0 when it is absent."""
        place = self.field(index, form.size)
        return 0 if place is None else _at(self.data, form, place)

    def target(self, index: int) -> int | None:
        """Follow a field that points to a table or a vector; None when it is absent."""
        place = self.field(index, _U32.size)
        return None if place is None else place + _at(self.data, _U32, place)


def _table(data: memoryview, start: int) -> _Table:
    vtable = start - _at(data, _I32, start)
    vtable_bytes = _at(data, _U16, vtable)
    table_bytes = _at(data, _U16, vtable + 2)
    if vtable_bytes < _MIN_VTABLE_BYTES or vtable + vtable_bytes > len(data):
        _fail("a table's list of fields leaves it")
    if start + table_bytes > len(data):
        _fail("a table leaves it")
    return _Table(
        data=data,
        start=start,
        vtable=vtable,
        vtable_bytes=vtable_bytes,
        table_bytes=table_bytes,
    )


def _rows(batch: _Table) -> int:
    """Read the row count, and hold it against the first column's own."""
    rows = batch.number(0, _I64)
    if rows < 0:
        _fail("a negative row count")
    nodes = batch.target(1)
    if nodes is not None and _at(batch.data, _U32, nodes):
        if _at(batch.data, _I64, nodes + _U32.size) != rows:
            _fail("a column's length is not the batch's")
        _at(batch.data, _I64, nodes + _U32.size + _NODE_BYTES - _I64.size)
    return rows


def read_message(header: bytes | bytearray | memoryview) -> Message:
    """Read an Arrow message's header.

    Raises:
        PeerError: An offset, a size or a count leaves the header or contradicts another.

    Source:
        Arrow's columnar format, "Encapsulated message format"; `docs/spec/frames.md`, section 2.
    """
    data = memoryview(header)
    root = _table(data, _at(data, _U32, 0))
    kind = _KINDS.get(root.number(1, _U8), "other")
    body_bytes = root.number(3, _I64)
    if body_bytes < 0:
        _fail("a negative body length")
    inner = root.target(2)
    if inner is None:
        _fail("it holds no message")
    table = _table(data, inner)
    is_batch = kind == "record-batch"
    return Message(
        kind=kind,
        body_bytes=body_bytes,
        rows=_rows(table) if is_batch else None,
        compressed=is_batch and table.target(3) is not None,
    )


def read_names(header: bytes | bytearray | memoryview) -> tuple[str, ...]:
    """Read the names of a schema message's columns, in order.

    Raises:
        PeerError: It is no schema's header, or is malformed.

    Source:
        Arrow's columnar format, `Schema.fbs`.
    """
    data = memoryview(header)
    root = _table(data, _at(data, _U32, 0))
    inner = root.target(2)
    if _KINDS.get(root.number(1, _U8)) != "schema" or inner is None:
        _fail("it holds no schema")
    fields = _table(data, inner).target(1)
    if fields is None:
        return ()
    count = _at(data, _U32, fields)
    if count > len(data) // _U32.size:
        _fail("more columns than it has room for")
    places = (fields + _U32.size * (1 + index) for index in range(count))
    return tuple(_name(_table(data, place + _at(data, _U32, place))) for place in places)


def _name(field: _Table) -> str:
    place = field.target(0)
    if place is None:
        return ""
    start = place + _U32.size
    end = start + _at(field.data, _U32, place)
    if end > len(field.data):
        _fail("a name leaves it")
    try:
        return str(field.data[start:end], "utf-8")
    except UnicodeDecodeError:
        _fail("a name is not UTF-8")
