"""Small Arrow tables of the node's own making as Flight frames: what Flight SQL lists."""

from collections.abc import Iterable, Iterator

import pyarrow as pa

from sekisho.wire.frames import make_frame

_PREFIX_BYTES = 8
"""A continuation mark and the header's length stand before an encapsulated message's header."""


def schema_message(schema: pa.Schema) -> bytes:
    """Give a schema as the encapsulated message that FlightInfo and SchemaResult carry."""
    return bytes(schema.serialize())


def schema_frame(schema: pa.Schema) -> bytes:
    """Give a schema as the frame with which a DoGet stream begins."""
    return _frame(schema_message(schema))


def table_frames(table: pa.Table) -> Iterator[bytes]:
    """Give a table as the frames of a DoGet stream."""
    yield schema_frame(table.schema)
    for batch in table.to_batches():
        yield _frame(bytes(batch.serialize()), schema=False)


def _frame(message: bytes, *, schema: bool = True) -> bytes:
    size = int.from_bytes(message[4:_PREFIX_BYTES], "little")
    end = _PREFIX_BYTES + size
    return make_frame(message[_PREFIX_BYTES:end], b"" if schema else message[end:])


def parameter_schema(names: Iterable[str]) -> bytes:
    """Give a statement's parameters as an encapsulated schema: text until values are bound."""
    fields = [pa.field(name, pa.utf8(), nullable=False) for name in names]
    return schema_message(pa.schema(fields)) if fields else b""
