"""Values of parameters that are broken Arrow, of another shape than a row, or SQL in disguise.

expect: SYNTAX_NOT_ALLOWED or TOO_COMPLEX (`server/binding.py`); what decodes them is a worker that
    holds no key
effect: a crash of the node, a value that is not what was sent, or text that is read as SQL
source: DESIGN 10: Arrow that comes from a caller is hostile until fully validated
"""

import struct

import pyarrow as pa
import pytest

from sekisho.engine.pool import WorkerPool
from sekisho.errors import Refusal, RefusalReason
from sekisho.model.parameters import MAX_PARAMETERS, Parameter
from sekisho.server.binding import (
    OF_VALUES,
    bind_row,
    collect_frames,
)
from sekisho.wire.frames import make_frame, parse_frame
from support.workers import frames_of, settings

GOOD = frames_of(pa.table({"a": ["text"], "b": [["x", "yy"]]}))
TEXT = frames_of(pa.table({"a": ["text"]}))


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    pool = WorkerPool(settings(tmp_path_factory.mktemp("spill")))
    yield pool
    pool.close()


def changed(frames, old, new):
    parts = parse_frame(frames[1])
    body = bytes(parts.body)
    assert old in body
    return [frames[0], make_frame(parts.header, body.replace(old, new, 1))]


def offsets(*values):
    return struct.pack(f"<{len(values)}i", *values)


HOSTILE = {
    "offset past the text": changed(TEXT, offsets(0, 4), offsets(0, 1 << 30)),
    "offset before the text": changed(TEXT, offsets(0, 4), offsets(-8, 4)),
    "inner offset": changed(GOOD, offsets(0, 1, 3), offsets(0, 1 << 29, 3)),
    "text that is not UTF-8": changed(TEXT, b"text", b"\xff\xfe\xfdt"),
    "body cut off": [TEXT[0], make_frame(parse_frame(TEXT[1]).header, b"")],
    "no schema": [TEXT[1]],
    "two schemas": [TEXT[0], TEXT[0], TEXT[1]],
    "schema alone": [TEXT[0]],
    "garbage header": [TEXT[0], make_frame(b"\x10\0\0\0" + b"\xff" * 60)],
    "garbage schema": [make_frame(b"\xff" * 64), TEXT[1]],
    "no frame at all": [],
    "compressed": frames_of(pa.table({"a": ["text"]}), compression="zstd"),
    "dictionary": frames_of(pa.table({"a": pa.array(["text"]).dictionary_encode()})),
    "two columns of one name": frames_of(pa.table([["a"], ["b"]], names=["a", "A"])),
    "two batches": [*TEXT, TEXT[1]],
    "null": frames_of(pa.table({"a": pa.array([None], pa.null())})),
    "union": frames_of(
        pa.table(
            {
                "a": pa.UnionArray.from_dense(
                    pa.array([0], pa.int8()), pa.array([0], pa.int32()), [pa.array([1])]
                )
            }
        )
    ),
}


@pytest.mark.parametrize("frames", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_row_of_values_is_refused_and_the_next_is_read(pool, frames):
    columns = 2 if frames[:1] == GOOD[:1] else 1
    with pytest.raises(Refusal) as caught:
        bind_row(pool, frames, names=("1", "2")[:columns])
    assert caught.value.reason is RefusalReason.SYNTAX_NOT_ALLOWED
    assert bind_row(pool, TEXT, names=("1",)) == (Parameter(name="1", type="text", value="text"),)


@pytest.mark.parametrize(
    "name", ['"; DROP TABLE bound; --', "a b", "bound", "typeof", '"', "漢字", "$1", "x" * 10_000]
)
def test_a_columns_name_is_never_read_as_sql(pool, name):
    (found,) = bind_row(pool, frames_of(pa.table({name: ["v"]})), names=("1",))
    assert found.value == "v"


def test_a_value_is_a_value_whatever_it_says(pool):
    said = "' OR origin IS NOT NULL --"
    (found,) = bind_row(pool, frames_of(pa.table({"0": [said]})), names=("1",))
    assert found == Parameter(name="1", type="text", value=said)


def test_more_columns_than_parameters_can_be_are_refused_unread(pool):
    wide = frames_of(pa.table({f"c{n}": [n] for n in range(MAX_PARAMETERS + 1)}))
    with pytest.raises(Refusal, match=f"at most {MAX_PARAMETERS}"):
        bind_row(pool, wide, names=())


def test_a_stream_that_does_not_end_is_cut():
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield b"x"

    with pytest.raises(Refusal) as caught:
        collect_frames(endless(), bounds=OF_VALUES)
    assert caught.value.reason is RefusalReason.TOO_COMPLEX
    assert len(taken) == OF_VALUES.messages + 1
    with pytest.raises(Refusal):
        collect_frames([b"x" * (OF_VALUES.bytes + 1)], bounds=OF_VALUES)
