"""The line between a node and its worker: length-prefixed JSON and frames, every length bounded.

Each message is a head of 16 bytes (kind, length of the header or text, length of the body) and its
payload. A frame's payload is the finished `FlightData`, so that the node receives it into one bytes
object and hands that on as it is. What comes from a worker is believed no more than a peer: the
worker computed on hostile bytes.
"""

import json
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from sekisho.wire.frames import Buffer, body_prefix, header_prefix

_HEAD: Final = struct.Struct("<BxxxIQ")
HEAD_BYTES: Final = _HEAD.size
INPUT_LENGTH: Final = struct.Struct("<Q")
"""Stands before each frame of an input; 0 is its proper end."""

MAX_CONTROL_BYTES = 64_000_000
"""A control message: a job with its text, parameters and tables, a parse tree, or all cells."""
MAX_HEADER_BYTES = 16_000_000
"""An Arrow header: 16 bytes for each column's length and each buffer."""
MAX_BODY_BYTES = 256_000_000
"""An Arrow body: one row may be as large as the largest text."""
MAX_INPUTS = 200
"""Arrow inputs of one job; one socket message carries at most 253 descriptors."""
MAX_PARTS = 1000
"""Buffers in one system call; POSIX promises 1024."""
SOCKET_BUFFER_BYTES = 4_000_000
"""Asked of the kernel, which may give less: about one batch."""


class ChannelError(Exception):
    """The other end is gone, was too slow, or sent what the protocol does not know."""


class Kind(IntEnum):
    """What a message is."""

    CONTROL = 1
    RESULT = 2
    ERROR = 3
    SCHEMA = 4
    BATCH = 5
    END = 6
    BESIDE = 7
    """Small answers beside the one that streams, before its end."""


_FRAMES: Final = frozenset({Kind.SCHEMA, Kind.BATCH, Kind.END})


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One message from the other end."""

    kind: Kind
    payload: bytes
    header_start: int = 0
    header_bytes: int = 0
    body_bytes: int = 0

    @property
    def header(self) -> memoryview:
        """A frame's Arrow header."""
        return memoryview(self.payload)[self.header_start : self.header_start + self.header_bytes]

    def json(self) -> dict[str, Any]:
        """Read a control message."""
        try:
            value = json.loads(self.payload)
        except ValueError as error:
            raise ChannelError("a message is not JSON") from error
        if not isinstance(value, dict):
            raise ChannelError("a message is not a JSON object")
        return value


def send_parts(sock: socket.socket, parts: Sequence[Buffer]) -> None:
    """Send buffers one after the other without joining them."""
    views = [memoryview(part).cast("B") for part in parts if len(part)]
    while views:
        sent = sock.sendmsg(views[:MAX_PARTS])
        done = 0
        while done < len(views) and sent >= len(views[done]):
            sent -= len(views[done])
            done += 1
        del views[:done]
        if sent:
            views[0] = views[0][sent:]


def send_json(
    sock: socket.socket, kind: Kind, value: Mapping[str, Any], *, descriptors: Sequence[int] = ()
) -> None:
    """Send a control message, with descriptors for the other process to own."""
    payload = json.dumps(value).encode()
    if len(payload) > MAX_CONTROL_BYTES:
        raise ChannelError("a control message is too long")
    head = _HEAD.pack(kind, len(payload), 0)
    if descriptors:
        sent = socket.send_fds(sock, [head], list(descriptors))
        send_parts(sock, [head[sent:], payload])
    else:
        send_parts(sock, [head, payload])


def send_frame(sock: socket.socket, kind: Kind, *, header: Buffer, body: Sequence[Buffer]) -> None:
    """Send an Arrow message as a finished frame, straight from its buffers."""
    body_bytes = sum(len(part) for part in body)
    head = _HEAD.pack(kind, len(header), body_bytes)
    prefix = head + header_prefix(len(header))
    send_parts(sock, [prefix, header, body_prefix(body_bytes), *body])


def receive_exactly(sock: socket.socket, size: int) -> bytes:
    """Receive so many bytes into one object.

    Raises:
        ChannelError: The other end is gone, or the socket's receive timeout passed.
    """
    try:
        data = sock.recv(size, socket.MSG_WAITALL)
        while len(data) < size:
            # A signal or a full pipe inside the kernel cut the call short.
            more = sock.recv(size - len(data), socket.MSG_WAITALL)
            if not more:
                raise ChannelError("the other end is gone")
            data += more
    except BlockingIOError as error:
        raise ChannelError("the other end was too slow") from error
    except OSError as error:
        raise ChannelError("the other end is gone") from error
    return data


def receive(sock: socket.socket) -> Received:
    """Receive one message, holding its framing against its lengths.

    Raises:
        ChannelError: Anything else than a message of the protocol.
    """
    return _payload(sock, receive_exactly(sock, HEAD_BYTES))


def receive_with_descriptors(sock: socket.socket) -> tuple[Received, list[int]]:
    """Receive one message and the descriptors that came with it."""
    head, descriptors, _, _ = socket.recv_fds(sock, HEAD_BYTES, MAX_INPUTS)
    if not head:
        raise ChannelError("the other end is gone")
    if len(head) < HEAD_BYTES:
        head += receive_exactly(sock, HEAD_BYTES - len(head))
    return _payload(sock, head), descriptors


def _payload(sock: socket.socket, head: bytes) -> Received:
    number, header_bytes, body_bytes = _HEAD.unpack(head)
    try:
        kind = Kind(number)
    except ValueError as error:
        raise ChannelError("a message of an unknown kind") from error
    if kind in _FRAMES:
        return _frame(sock, kind, header_bytes=header_bytes, body_bytes=body_bytes)
    if header_bytes > MAX_CONTROL_BYTES or body_bytes:
        raise ChannelError("a control message is too long")
    payload = receive_exactly(sock, header_bytes) if header_bytes else b""
    return Received(kind=kind, payload=payload)


def _frame(sock: socket.socket, kind: Kind, *, header_bytes: int, body_bytes: int) -> Received:
    if not 0 < header_bytes <= MAX_HEADER_BYTES or body_bytes > MAX_BODY_BYTES:
        raise ChannelError("a frame is too long")
    before, between = header_prefix(header_bytes), body_prefix(body_bytes)
    body_start = len(before) + header_bytes + len(between)
    payload = receive_exactly(sock, body_start + body_bytes)
    is_framed = payload.startswith(before) and payload.startswith(
        between, body_start - len(between)
    )
    if not is_framed:
        raise ChannelError("a frame's prefix is not that of its lengths")
    return Received(
        kind=kind,
        payload=payload,
        header_start=len(before),
        header_bytes=header_bytes,
        body_bytes=body_bytes,
    )
