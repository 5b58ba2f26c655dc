"""An answer on its way out of a worker: Arrow's writer hands over buffers, the socket takes them.

Arrow writes a message as a marker, a length, a header and the columns' buffers. The writer here
keeps references to those buffers instead of joining them, and one gathering system call sends them
with the frame's prefixes. So a batch is copied by the kernel alone.
"""

import socket
import struct
from typing import Final

import pyarrow as pa

from sekisho.engine.channel import Kind, send_frame
from sekisho.wire.frames import Buffer, header_padding

TARGET_BATCH_BYTES = 3_900_000
"""A larger batch is cut in parts: 4 MiB is what many gRPC clients take by default."""
_MARKER: Final = struct.Struct("<II")


class _Parts:
    """A file that only remembers what was written to it."""

    closed = False

    def __init__(self) -> None:
        self.parts: list[Buffer] = []

    def write(self, data: Buffer) -> None:
        self.parts.append(memoryview(data).cast("B"))

    def writable(self) -> bool:
        return True

    def flush(self) -> None:
        """Do nothing: there is nothing between."""

    def close(self) -> None:
        self.closed = True

    def take(self) -> list[Buffer]:
        taken, self.parts = self.parts, []
        return taken


def _split(parts: list[Buffer]) -> tuple[bytes, list[Buffer]]:
    """Take a written message apart into its header and its body's buffers."""
    joined = b""
    for index, part in enumerate(parts):
        joined += part
        if len(joined) < _MARKER.size:
            continue
        end = _MARKER.size + _MARKER.unpack_from(joined)[1]
        if len(joined) >= end:
            rest: list[Buffer] = [joined[end:]] if len(joined) > end else []
            return joined[_MARKER.size : end], rest + parts[index + 1 :]
    raise RuntimeError("arrow wrote half a message")


def _plain(kind: pa.DataType) -> pa.DataType:
    """Give what a dictionary or an extension type stands for."""
    if isinstance(kind, pa.BaseExtensionType):
        return kind.storage_type
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """Give the schema that an answer is sent in: no dictionaries, no extensions, no metadata."""
    fields = [pa.field(item.name, _plain(item.type), nullable=item.nullable) for item in schema]
    return pa.schema(fields)


class Output:
    """Sends one answer's messages."""

    def __init__(self, sock: socket.socket, schema: pa.Schema) -> None:
        """Prepare to send; nothing leaves yet."""
        self._sock = sock
        self._schema = plain_schema(schema)
        self._file = _Parts()
        self._writer = pa.ipc.new_stream(pa.PythonFile(self._file, mode="w"), self._schema)
        columns = [pa.nulls(0, kind) for kind in self._schema.types]
        # Arrow writes the schema message together with the first batch.
        self._writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=self._schema))
        self._schema_header, self._end = _split(self._file.take())

    def send_schema(self) -> None:
        """Send the schema message."""
        send_frame(self._sock, Kind.SCHEMA, header=self._schema_header, body=())

    def send_batch(self, batch: pa.RecordBatch) -> None:
        """Send one batch, in parts when it is large."""
        rows = batch.num_rows
        parts = max(1, min(rows, -(-batch.nbytes // TARGET_BATCH_BYTES)))
        step = max(1, -(-rows // parts))
        for start in range(0, rows, step):
            self._writer.write_batch(self._decoded(batch.slice(start, step)))
            self._send(Kind.BATCH, self._file.take())

    def send_end(self) -> None:
        """Send the batch of zero rows that ends an answer."""
        self._send(Kind.END, self._end)

    def _send(self, kind: Kind, written: list[Buffer]) -> None:
        header, body = _split(written)
        body_bytes = sum(len(part) for part in body)
        header += bytes(header_padding(len(header), body_bytes))
        send_frame(self._sock, kind, header=header, body=body)

    def _decoded(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if batch.schema.equals(self._schema):
            return batch
        columns = [_decoded(column) for column in batch.columns]
        return pa.RecordBatch.from_arrays(columns, schema=self._schema)


def _decoded(column: pa.Array) -> pa.Array:
    if isinstance(column, pa.ExtensionArray):
        return column.storage
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
