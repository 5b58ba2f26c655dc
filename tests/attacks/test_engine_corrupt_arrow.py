"""A peer answers with Arrow that is broken, or is not what it promised.

expect: the engine worker: full validation of every batch before DuckDB sees it
effect: a PeerError that names the input; the next query works
source: DESIGN of the engine: a corrupt inner offset passes Arrow's shallow check, crashes DuckDB
"""

import struct

import pyarrow as pa
import pytest

from sekisho.engine.engine import Job
from sekisho.engine.pool import WorkerPool
from sekisho.errors import PeerError
from sekisho.wire.frames import make_frame, parse_frame
from support.workers import frames_of, read, settings

TABLE = pa.table(
    {"k": list(range(100)), "t": ["text"] * 100, "l": [["a", "bb"]] * 100, "m": [{"x": 1}] * 100}
)
GOOD = frames_of(TABLE)


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    pool = WorkerPool(settings(tmp_path_factory.mktemp("spill")))
    yield pool
    pool.close()


def body_changed(frame, old, new):
    parts = parse_frame(frame)
    body = bytes(parts.body)
    assert old in body
    return make_frame(parts.header, body.replace(old, new, 1))


def compressed():
    return frames_of(TABLE, compression="zstd")


def shifted_offsets():
    """Make the offsets of the inner text column leave its data, past the first row."""
    offsets = struct.pack("<5i", 0, 4, 8, 12, 16)
    return [GOOD[0], body_changed(GOOD[1], offsets, struct.pack("<5i", 0, 4, 1 << 30, 12, 16))]


def inner_offsets():
    offsets = struct.pack("<5i", 0, 1, 3, 4, 6)
    return [GOOD[0], body_changed(GOOD[1], offsets, struct.pack("<5i", 0, 1, 1 << 29, 4, 6))]


def list_offsets():
    offsets = struct.pack("<5i", 0, 2, 4, 6, 8)
    return [GOOD[0], body_changed(GOOD[1], offsets, struct.pack("<5i", 0, -2, 4, 6, 8))]


def header_changed(index, value):
    parts = parse_frame(GOOD[1])
    header = bytearray(parts.header)
    header[index : index + len(value)] = value
    return [GOOD[0], make_frame(header, parts.body)]


def buffer_outside():
    """Let a buffer begin far outside the body."""
    parts = parse_frame(GOOD[1])
    header = bytes(parts.header)
    entry = struct.pack("<q", 800)
    return header_changed(header.index(entry), struct.pack("<q", 1 << 40))


def dictionary():
    return frames_of(pa.table({"k": pa.array(["a", "b", "a"]).dictionary_encode()}))


def extension():
    storage = pa.array([b"0" * 16])
    uuid = pa.ExtensionArray.from_storage(pa.uuid(), storage.cast(pa.binary(16)))
    return frames_of(pa.table({"k": uuid}))


@pytest.mark.parametrize(
    ("frames", "match"),
    [
        pytest.param(shifted_offsets(), "is not valid arrow", id="text-offsets"),
        pytest.param(inner_offsets(), "is not valid arrow", id="inner-offsets"),
        pytest.param(list_offsets(), "is not valid arrow", id="list-offsets"),
        pytest.param(
            [GOOD[0], body_changed(GOOD[1], b"text", b"\xff\xfe\xfd\xfc")],
            "is not valid arrow",
            id="not-utf8",
        ),
        pytest.param(buffer_outside(), "is not valid arrow", id="buffer-outside"),
        pytest.param([GOOD[0], GOOD[1][:-9]], "ends after the frame", id="truncated"),
        pytest.param([GOOD[0], b"garbage"], "frame", id="garbage"),
        pytest.param([GOOD[1]], "not made of a schema", id="no-schema"),
        pytest.param([GOOD[0], GOOD[0]], "not made of a schema", id="two-schemas"),
        pytest.param([], "is not valid arrow", id="nothing"),
        pytest.param(dictionary(), "not taken", id="dictionary"),
        pytest.param(extension(), "not taken", id="extension"),
        pytest.param(compressed(), "compressed", id="compressed"),
        pytest.param(
            frames_of(pa.table([[1], [2]], names=["k", "K"])), "of one name", id="two-of-a-name"
        ),
        pytest.param(
            frames_of(pa.table({"k": pa.array(["a"], pa.string_view())})), "not taken", id="views"
        ),
    ],
)
def test_corrupt_arrow_is_refused_by_name(pool, frames, match):
    with pytest.raises(PeerError, match=match) as caught:
        read(pool.run(Job(sql='SELECT * FROM "x"', inputs=("x",)), {"x": frames}))
    assert "`x`" in caught.value.message
    assert read(pool.run(Job(sql="SELECT 1 AS a"))).to_pylist() == [{"a": 1}]


@pytest.mark.parametrize("number", range(60))
def test_any_flipped_bit_is_refused_or_harmless(pool, number):
    frame = bytearray(GOOD[1])
    frame[len(frame) * number // 60] ^= 1 << number % 8
    try:
        read(pool.run(Job(sql='SELECT * FROM "x"', inputs=("x",)), {"x": [GOOD[0], bytes(frame)]}))
    except PeerError as error:
        assert "`x`" in error.message  # noqa: PT017  a flipped value is an answer like another


def test_another_schema_than_promised_is_refused(pool):
    other = frames_of(pa.table({"k": ["text"]}))
    job = Job(sql='SELECT * FROM "x"', inputs=("x",), schemas={"x": GOOD[0]})
    with pytest.raises(PeerError, match="the input `x` has other columns than promised"):
        read(pool.run(job, {"x": other}))
    assert read(pool.run(job, {"x": GOOD})).num_rows == 100


def test_one_bad_input_among_good_ones_is_named(pool):
    job = Job(sql='SELECT count(*) FROM "a" JOIN "b" USING (k)', inputs=("a", "b"))
    with pytest.raises(PeerError, match="the input `b`"):
        read(pool.run(job, {"a": GOOD, "b": shifted_offsets()}))


def test_plain_types_pass(pool):
    table = pa.table(
        {
            "i": pa.array([1, None], pa.uint8()),
            "d": pa.array([None, 2], pa.decimal128(12, 2)),
            "f": pa.array([b"ab", b"cd"], pa.binary(2)),
            "z": pa.array([0, 1], pa.timestamp("us", "UTC")),
            "s": pa.array([{"a": [1]}, None], pa.struct([("a", pa.list_(pa.int8()))])),
            "p": pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int32())),
            "n": pa.nulls(2),
        },
    )
    answer = read(pool.run(Job(sql='SELECT * FROM "x"', inputs=("x",)), {"x": frames_of(table)}))
    assert (
        answer.select(["i", "d", "s", "p"]).to_pylist()
        == table.select(["i", "d", "s", "p"]).to_pylist()
    )


def test_misaligned_bodies_are_read(pool):
    shifted = [b"\x1a\x01x" + frame for frame in GOOD]
    answer = read(pool.run(Job(sql='SELECT sum(k) AS s FROM "x"', inputs=("x",)), {"x": shifted}))
    assert answer.to_pylist() == [{"s": 4950}]
