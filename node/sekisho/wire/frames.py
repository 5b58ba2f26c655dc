"""Arrow messages in Flight's frame, written and read by hand so that a batch is copied once.

Arrow Flight (its specification and `Flight.proto`) moves one Arrow IPC message in one protobuf
message `FlightData` of four length-delimited fields: the descriptor (1), the message's flatbuffer
(2), free metadata of the application (3) and the message's body (1000). A generated protobuf class
copies the body into the message and the message onto the wire. Here the few bytes between the
parts are computed, so that a sender joins once and a reader slices without copying.
`docs/spec/frames.md` rules.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from sekisho.errors import PeerError
from sekisho.wire.flatbuffer import Message, read_message

Buffer = bytes | bytearray | memoryview
"""What the helpers here accept as bytes."""

_DESCRIPTOR, _HEADER, _METADATA, _BODY = 1, 2, 3, 1000
_KNOWN: Final = frozenset({_DESCRIPTOR, _HEADER, _METADATA, _BODY})
_BYTES_TYPE = 2
_FIXED_BYTES: Final = {1: 8, 5: 4}
_MAX_VARINT_BYTES = 10
_CONTINUATION: Final = struct.Struct("<II")
_HEADER_BYTES: Final = struct.Struct("<I")
_BODY_BYTES: Final = struct.Struct("<Q")
_ALIGNMENT = 16
_EMPTY: Final = memoryview(b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One `FlightData`, as slices of the bytes that arrived."""

    header: memoryview
    """The Arrow message's flatbuffer; empty when the frame carries metadata alone."""
    body: memoryview
    metadata: memoryview
    """What the application added: an opening or a receipt."""
    descriptor: memoryview


class Hasher(Protocol):
    """What `hash_frame` needs of a hash: BLAKE3's or any of `hashlib`."""

    def update(self, data: Buffer, /) -> object:
        """Take in more bytes."""


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:  # noqa: PLR2004  seven bits a byte
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _tag(field: int, length: int) -> bytes:
    return _varint(field << 3 | _BYTES_TYPE) + _varint(length)


def header_prefix(header_bytes: int) -> bytes:
    """Give the bytes that stand before a header of that length: the start of a frame."""
    return _tag(_HEADER, header_bytes)


def body_prefix(body_bytes: int) -> bytes:
    """Give the bytes that stand before a body of that length: nothing when there is none."""
    return _tag(_BODY, body_bytes) if body_bytes else b""


def metadata_prefix(metadata_bytes: int) -> bytes:
    """Give the bytes that stand before metadata of that length: nothing when there is none."""
    return _tag(_METADATA, metadata_bytes) if metadata_bytes else b""


def header_padding(header_bytes: int, body_bytes: int) -> int:
    """Tell how many zero bytes to put after a header so that the body begins aligned.

    A flatbuffer may be followed by zeros. With the padding, the body's offset in its frame is a
    multiple of 16, so that slices of a received frame are aligned for Arrow's readers.
    """
    if not body_bytes:
        return 0
    between = len(body_prefix(body_bytes)) + len(header_prefix(header_bytes))
    padding = -(header_bytes + between) % _ALIGNMENT
    if len(header_prefix(header_bytes + padding)) == len(header_prefix(header_bytes)):
        return padding
    # The padded length takes one byte more to write down.
    return (padding or _ALIGNMENT) - 1


def make_frame(header: Buffer, body: Buffer = b"", metadata: Buffer = b"") -> bytes:
    """Frame one Arrow message, copying its parts once."""
    return b"".join(
        (
            header_prefix(len(header)) if header else b"",
            header,
            metadata_prefix(len(metadata)),
            metadata,
            body_prefix(len(body)),
            body,
        )
    )


def add_metadata(frame: bytes, metadata: Buffer) -> bytes:
    """Frame the same Arrow message anew with the application's metadata."""
    parts = parse_frame(frame)
    return make_frame(parts.header, parts.body, metadata)


def _read_varint(data: memoryview, start: int) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(data[start : start + _MAX_VARINT_BYTES]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:  # noqa: PLR2004  the last byte of a number has no high bit
            return value, start + index + 1
    message = "a frame ends inside a number"
    raise PeerError(message)


def _fields(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    position = 0
    while position < len(data):
        key, position = _read_varint(data, position)
        field, wire_type = key >> 3, key & 7
        if wire_type == 0 and field not in _KNOWN:
            _, position = _read_varint(data, position)
            continue
        if wire_type == _BYTES_TYPE:
            length, position = _read_varint(data, position)
        elif wire_type in _FIXED_BYTES and field not in _KNOWN:
            length = _FIXED_BYTES[wire_type]
        else:
            message = f"a frame's field {field} has wire type {wire_type}"
            raise PeerError(message)
        end = position + length
        if end > len(data):
            message = f"a frame's field {field} ends after the frame"
            raise PeerError(message)
        yield field, data[position:end]
        position = end


def parse_frame(data: Buffer) -> Frame:
    """Take one `FlightData` apart without copying.

    Args:
        data: One whole message, as it arrived.

    Returns:
        Slices of `data`, empty where a field is absent. Fields may come in any order; unknown ones
        are passed over.

    Raises:
        PeerError: A field reaches past the end, comes twice, or has another wire type.

    Source:
        `docs/spec/frames.md`, section 1.
    """
    parts: dict[int, memoryview] = {}
    for field, value in _fields(memoryview(data)):
        if field not in _KNOWN:
            continue
        if field in parts:
            message = f"a frame's field {field} comes twice"
            raise PeerError(message)
        parts[field] = value
    return Frame(
        header=parts.get(_HEADER, _EMPTY),
        body=parts.get(_BODY, _EMPTY),
        metadata=parts.get(_METADATA, _EMPTY),
        descriptor=parts.get(_DESCRIPTOR, _EMPTY),
    )


def check_message(frame: Frame) -> Message:
    """Read what a frame's Arrow message says of itself, and that its body is as long as promised.

    Raises:
        PeerError: The header is malformed, or its body length is another.
    """
    message = read_message(frame.header)
    if message.body_bytes != len(frame.body):
        text = f"an arrow message promises {message.body_bytes} bytes, its body has "
        raise PeerError(text + str(len(frame.body)))
    return message


def hash_frame(hasher: Hasher, frame: Frame) -> None:
    """Add one Arrow message to an answer's digest.

    The schema message and every batch are added in the order of sending; metadata is not, nor is
    the zero-row batch that carries the receipt.

    Source:
        `docs/spec/frames.md`, section 3.
    """
    hasher.update(_HEADER_BYTES.pack(len(frame.header)))
    hasher.update(frame.header)
    hasher.update(_BODY_BYTES.pack(len(frame.body)))
    hasher.update(frame.body)


class FrameStream:
    """A file that Arrow's stream reader reads frames from, slicing bodies without copying."""

    def __init__(self, frames: Iterable[Buffer]) -> None:
        """Read lazily: the next frame is asked for when the last one is used up."""
        self._frames = iter(frames)
        self._chunks: list[memoryview] = []
        self.closed = False

    def readable(self) -> bool:
        """Tell Arrow that this can be read."""
        return True

    def seekable(self) -> bool:
        """Tell Arrow that this only goes forward."""
        return False

    def close(self) -> None:
        """Let go of what was not read."""
        self.closed = True
        self._chunks = []

    def read(self, size: int) -> bytes:
        """Give the next bytes, copied."""
        return bytes(self.read_buffer(size))

    def read_buffer(self, size: int) -> memoryview:
        """Give the next bytes as a slice of the frame that holds them; fewer only at the end."""
        while size and not self._chunks:
            frame = next(self._frames, None)
            if frame is None:
                return _EMPTY
            self._chunks = _encapsulated(parse_frame(frame))
        if not size:
            return _EMPTY
        first = self._chunks[0]
        if len(first) < size:
            return self._joined(size)
        self._keep(first[size:])
        return first[:size]

    def _keep(self, rest: memoryview) -> None:
        self._chunks[:1] = [rest] if len(rest) else []

    def _joined(self, size: int) -> memoryview:
        """Join across parts: a reader that asks so is not Arrow's own, and gets a copy."""
        taken = bytearray()
        while len(taken) < size and self._chunks:
            part = self._chunks[0][: size - len(taken)]
            self._keep(self._chunks[0][len(part) :])
            taken += part
        return memoryview(taken)


def _encapsulated(frame: Frame) -> list[memoryview]:
    """Frame a message as Arrow's stream format does: marker, length, padded header, body."""
    if not len(frame.header):
        return []
    check_message(frame)
    padding = -len(frame.header) % 8
    header = memoryview(bytes(frame.header) + bytes(padding)) if padding else frame.header
    marker = memoryview(_CONTINUATION.pack(0xFFFFFFFF, len(header)))
    return [part for part in (marker, header, frame.body) if len(part)]


def frame_stream_reader(frames: Iterable[Buffer]) -> FrameStream:
    """Let Arrow read frames as one IPC stream, without copying their bodies.

    Give the result to `pyarrow.ipc.open_stream(pyarrow.PythonFile(reader, mode="r"))`. Frames
    without a header (metadata alone) are passed over.

    Raises:
        PeerError: From the reading call, when a frame is malformed.
    """
    return FrameStream(frames)


def count_rows(header: Buffer) -> int | None:
    """Count a record batch's rows from its header alone; None for any other message.

    Raises:
        PeerError: The header is malformed.
    """
    return read_message(header).rows


def is_schema(header: Buffer) -> bool:
    """Tell whether a header is a schema message's; a malformed one is not."""
    return _kind(header) == "schema"


def is_record_batch(header: Buffer) -> bool:
    """Tell whether a header is a record batch's; a malformed one is not."""
    return _kind(header) == "record-batch"


def is_dictionary(header: Buffer) -> bool:
    """Tell whether a header is a dictionary batch's; a malformed one is not."""
    return _kind(header) == "dictionary"


def _kind(header: Buffer) -> str:
    try:
        return read_message(header).kind
    except PeerError:
        return "malformed"
