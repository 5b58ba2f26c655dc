"""Arrow that came from another company, on its way into DuckDB: nothing passes unvalidated.

A corrupt inner offset passes Arrow's shallow check and crashes DuckDB, so every batch is validated
in full (offsets, lengths, UTF-8) before DuckDB sees it. Compressed buffers and dictionaries are
refused, since a small message could grow without bound; only plain types pass; buffers are brought
to their type's alignment; metadata, which may carry extension types, is dropped.
"""

import socket
from collections.abc import Iterator
from typing import Final

import pyarrow as pa

from sekisho.engine.channel import (
    INPUT_LENGTH,
    MAX_BODY_BYTES,
    MAX_HEADER_BYTES,
    ChannelError,
    receive_exactly,
)
from sekisho.errors import PeerError
from sekisho.wire.frames import check_message, frame_stream_reader, parse_frame

MAX_COLUMNS = 5000
"""Of one input; DuckDB's own plans grow slow beyond."""
_MAX_FRAME_BYTES: Final = MAX_HEADER_BYTES + MAX_BODY_BYTES
_READ_OPTIONS: Final = pa.ipc.IpcReadOptions(
    ensure_alignment=pa.ipc.Alignment.DataTypeSpecific, use_threads=False
)
_PLAIN_TYPES: Final = (
    pa.types.is_null,
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_decimal,
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_fixed_size_binary,
    pa.types.is_date,
    pa.types.is_time,
    pa.types.is_timestamp,
    pa.types.is_duration,
    pa.types.is_interval,
)
_NESTED_TYPES: Final = (
    pa.types.is_list,
    pa.types.is_large_list,
    pa.types.is_fixed_size_list,
    pa.types.is_struct,
    pa.types.is_map,
)


def _plain_type(kind: pa.DataType) -> pa.DataType:
    """Give the type without metadata in its children; refuse what is not plain."""
    if any(is_kind(kind) for is_kind in _PLAIN_TYPES):
        return kind
    if not any(is_kind(kind) for is_kind in _NESTED_TYPES):
        raise PeerError(f"holds a column of a type that is not taken: {type(kind).__name__}")
    if pa.types.is_map(kind):
        key, item = _plain_field(kind.key_field), _plain_field(kind.item_field)
        return pa.map_(key, item, keys_sorted=kind.keys_sorted)
    children = [_plain_field(kind.field(index)) for index in range(kind.num_fields)]
    if pa.types.is_struct(kind):
        return pa.struct(children)
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(children[0], kind.list_size)
    return pa.large_list(children[0]) if pa.types.is_large_list(kind) else pa.list_(children[0])


def _plain_field(field: pa.Field) -> pa.Field:
    return pa.field(field.name, _plain_type(field.type), nullable=field.nullable)


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """Give a schema of plain types without metadata.

    Raises:
        PeerError: A dictionary, an extension or another type that is not taken, a name that comes
            twice, or too many columns.
    """
    if len(schema.names) > MAX_COLUMNS:
        raise PeerError(f"has {len(schema.names)} columns, at most {MAX_COLUMNS} are taken")
    if len({name.casefold() for name in schema.names}) < len(schema.names):
        raise PeerError("has two columns of one name")
    return pa.schema([_plain_field(field) for field in schema])


def read_schema(frame: bytes) -> pa.Schema:
    """Read a frame's schema message."""
    stream = frame_stream_reader([frame])
    return plain_schema(pa.ipc.open_stream(pa.PythonFile(stream, mode="r")).schema)


def _hold(found: pa.Schema, promised: pa.Schema) -> None:
    """Refuse other columns than promised; any type fits where null was promised."""
    if found.names != promised.names:
        raise PeerError("has other columns than promised")
    for name, kind, expected in zip(found.names, found.types, promised.types, strict=True):
        if kind != expected and not pa.types.is_null(expected):
            raise PeerError(f"has a column `{name}` of another type than promised")


class Input:
    """One named stream of a job; `failure` says why it was not believed."""

    def __init__(self, name: str, sock: socket.socket, promised: bytes | None) -> None:
        """Take over the socket that the node feeds."""
        self.name = name
        self.failure: PeerError | None = None
        self._sock = sock
        self._promised = promised

    def reader(self) -> pa.RecordBatchReader:
        """Read the schema, waiting for it, and give the validated batches as Arrow's reader.

        Raises:
            PeerError: The schema is not believed or not the promised one.
        """
        try:
            source = pa.PythonFile(frame_stream_reader(self._frames()), mode="r")
            stream = pa.ipc.open_stream(source, options=_READ_OPTIONS)
            schema = self._believed(stream.schema)
        except PeerError as error:
            self.failure = error
            raise
        except (pa.ArrowException, ValueError, OSError) as error:
            self.failure = PeerError("is not valid arrow")
            raise self.failure from error
        return pa.RecordBatchReader.from_batches(schema, self._batches(stream, schema))

    def _believed(self, schema: pa.Schema) -> pa.Schema:
        found = plain_schema(schema)
        if self._promised is not None:
            _hold(found, read_schema(self._promised))
        return found

    def stop(self) -> None:
        """Make whoever waits for this input go on with an error; from any thread."""
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def close(self) -> None:
        """Let go of the socket, which tells the node to stop feeding."""
        self.stop()
        self._sock.close()

    def _batches(self, stream: pa.RecordBatchReader, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        try:
            for batch in stream:
                batch.validate(full=True)
                yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)
        except PeerError as error:
            self.failure = error
            raise
        except (pa.ArrowException, ValueError, OSError) as error:
            self.failure = PeerError("is not valid arrow")
            raise self.failure from error

    def _frames(self) -> Iterator[bytes]:
        """Receive frames, passing only a schema and then plain record batches."""
        is_first = True
        while (frame := self._receive()) is not None:
            parts = parse_frame(frame)
            if not len(parts.header):
                continue
            message = check_message(parts)
            if message.kind != ("schema" if is_first else "record-batch") or message.compressed:
                what = "compressed" if message.compressed else f"a {message.kind} message"
                raise PeerError(f"is not made of a schema and plain batches: {what}")
            is_first = False
            yield frame

    def _receive(self) -> bytes | None:
        try:
            (length,) = INPUT_LENGTH.unpack(receive_exactly(self._sock, INPUT_LENGTH.size))
            if length > _MAX_FRAME_BYTES:
                raise PeerError("holds a message that is too long")
            return receive_exactly(self._sock, length) if length else None
        except ChannelError as error:
            raise PeerError("ended early") from error
