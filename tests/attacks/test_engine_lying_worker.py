"""A worker that was taken over lies to its node: lengths, rows, kinds.

expect: the node's own reading of each frame's prefix and header
effect: an EngineError, the worker killed, nothing handed on
source: docs/spec/frames.md, section 2
"""

import socket
import struct
import threading

import pyarrow as pa
import pytest

from sekisho.engine import channel
from sekisho.engine.run import WorkerRun
from sekisho.errors import EngineError
from sekisho.wire.frames import parse_frame
from support.workers import frames_of

SCHEMA, BATCH = (parse_frame(frame) for frame in frames_of(pa.table({"a": [1, 2, 3]})))
HEAD = struct.Struct("<BxxxIQ")


class Lying:
    """Stands where a worker process stands, and says what it is told to."""

    def __init__(self, said):
        self.was_killed = False
        self._ours, theirs = socket.socketpair()
        threading.Thread(target=self._speak, args=(theirs, said)).start()

    @staticmethod
    def _speak(theirs, said):
        with theirs:
            theirs.sendall(said)

    def receive(self, seconds):
        assert seconds > 0
        try:
            return channel.receive(self._ours)
        except channel.ChannelError as error:
            raise self.lost(str(error)) from error

    def lost(self, why):
        self.kill()
        return EngineError("an engine worker ended before its answer did", detail=why)

    def kill(self):
        self.was_killed = True
        self._ours.close()

    def cancel(self, number):
        raise AssertionError(number)


def framed(kind, parts, header=None):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        chosen = parts.header if header is None else header
        channel.send_frame(theirs, kind, header=chosen, body=[parts.body])
        theirs.close()
        data = b""
        while more := ours.recv(1 << 16):
            data += more
    return data


def changed(data, at, new):
    return data[:at] + new + data[at + len(new) :]


SAID = framed(channel.Kind.SCHEMA, SCHEMA)
TRUE = framed(channel.Kind.BATCH, BATCH)
FEWER = bytes(BATCH.header).replace(struct.pack("<q", 3), struct.pack("<q", 2), 1)
BODY_AT = TRUE.index(b"\xc2\x3e")


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(framed(channel.Kind.BATCH, BATCH, FEWER), id="fewer-rows"),
        pytest.param(framed(channel.Kind.BATCH, SCHEMA), id="schema-as-batch"),
        pytest.param(framed(channel.Kind.END, BATCH), id="rows-at-the-end"),
        pytest.param(framed(channel.Kind.SCHEMA, SCHEMA), id="two-schemas"),
        pytest.param(changed(TRUE, 0, b"\x09"), id="unknown-kind"),
        pytest.param(changed(TRUE, HEAD.size, b"\x1a"), id="header-as-metadata"),
        pytest.param(changed(TRUE, BODY_AT, b"\x1a\x3e"), id="body-as-metadata"),
        pytest.param(HEAD.pack(channel.Kind.BATCH, 1 << 31, 0), id="endless-header"),
        pytest.param(HEAD.pack(channel.Kind.BATCH, 100, 1 << 60), id="endless-body"),
        pytest.param(HEAD.pack(channel.Kind.BATCH, 0, 8), id="no-header"),
        pytest.param(HEAD.pack(channel.Kind.ERROR, 1 << 31, 0), id="endless-text"),
        pytest.param(TRUE[:-1], id="cut"),
        pytest.param(b"", id="gone"),
    ],
)
def test_a_lie_is_found_and_the_worker_killed(said):
    process = Lying(SAID + said)
    given_back = []
    run = WorkerRun(process, 1, seconds=10, release=lambda: given_back.append(process))
    with pytest.raises(EngineError, match="an engine worker ended before its answer did"):
        next(run)
    assert process.was_killed
    assert given_back == [process]


def test_what_is_true_is_handed_on():
    process = Lying(SAID + TRUE)
    run = WorkerRun(process, 1, seconds=10, release=lambda: None)
    batch = next(run)
    assert batch.rows == 3
    assert parse_frame(batch.frame).body == BATCH.body
    with pytest.raises(EngineError):
        next(run)
