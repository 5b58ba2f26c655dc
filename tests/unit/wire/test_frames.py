"""Frames: what we write Arrow reads, what is malformed is refused, nothing is copied."""

import hashlib
import struct

import pyarrow as pa
import pytest

from sekisho.errors import PeerError
from sekisho.wire import frames


def encapsulated(data: bytes) -> list[tuple[bytes, bytes]]:
    """Split an Arrow IPC stream into (header, body) pairs."""
    messages = []
    position = 0
    while position < len(data):
        _, length = struct.unpack_from("<II", data, position)
        if not length:
            break
        header = data[position + 8 : position + 8 + length]
        body_bytes = frames.read_message(header).body_bytes
        start = position + 8 + length
        messages.append((header, data[start : start + body_bytes]))
        position = start + body_bytes
    return messages


def ipc(table: pa.Table, **options: object) -> list[tuple[bytes, bytes]]:
    """Write a table as IPC messages."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, max_chunksize=3)
    return encapsulated(sink.getvalue().to_pybytes())


TABLE = pa.table({"n": [1, 2, 3, None, 5], "t": ["a", "b", None, "ddd", "é"]})


@pytest.fixture
def messages() -> list[tuple[bytes, bytes]]:
    return ipc(TABLE)


def read(data: list[bytes]) -> pa.Table:
    stream = frames.frame_stream_reader(data)
    return pa.ipc.open_stream(pa.PythonFile(stream, mode="r")).read_all()


def test_arrow_reads_what_was_framed(messages: list[tuple[bytes, bytes]]) -> None:
    assert read([frames.make_frame(*message) for message in messages]) == TABLE


def test_flights_own_message_reads_what_was_framed(messages: list[tuple[bytes, bytes]]) -> None:
    descriptor_pb2 = pytest.importorskip("google.protobuf.descriptor_pb2")
    pool = pytest.importorskip("google.protobuf.descriptor_pool").DescriptorPool()
    factory = pytest.importorskip("google.protobuf.message_factory")
    file = descriptor_pb2.FileDescriptorProto(name="f.proto", syntax="proto3")
    message_type = file.message_type.add(name="FlightData")
    for name, number in (("data_header", 2), ("app_metadata", 3), ("data_body", 1000)):
        message_type.field.add(name=name, number=number, type=12, label=1)
    pool.Add(file)
    flight_data = factory.GetMessageClass(pool.FindMessageTypeByName("FlightData"))
    header, body = messages[1]
    made = frames.make_frame(header, body, b"receipt")
    parsed = flight_data.FromString(made)
    assert (parsed.data_header, parsed.data_body, parsed.app_metadata) == (header, body, b"receipt")
    assert made == parsed.SerializeToString()


def test_fields_are_read_in_any_order_and_unknown_ones_passed_over() -> None:
    made = (
        frames.body_prefix(2) + b"bb" + b"\x20\x05" + b"\x2a\x01x" + b"\x0a\x01d"
        b"\x35abcd" + b"\x39abcdefgh" + frames.header_prefix(1) + b"h"
    )
    parts = frames.parse_frame(made)
    assert (bytes(parts.header), bytes(parts.body), bytes(parts.descriptor)) == (b"h", b"bb", b"d")
    assert bytes(parts.metadata) == b""


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"\x12\x05abc", "field 2 ends after the frame"),
        (b"\x12", "ends inside a number"),
        (b"\x12" + b"\xff" * 11, "ends inside a number"),
        (b"\x12\x01a\x12\x01b", "field 2 comes twice"),
        (b"\x10\x01", "field 2 has wire type 0"),
        (b"\x15abcd", "field 2 has wire type 5"),
        (b"\x2b\x2c", "field 5 has wire type 3"),
        (b"\x12" + b"\xff" * 9 + b"\x01", "ends after the frame"),
    ],
)
def test_malformed_frames_are_refused(data: bytes, match: str) -> None:
    with pytest.raises(PeerError, match=match):
        frames.parse_frame(data)


def test_slices_share_the_received_bytes(messages: list[tuple[bytes, bytes]]) -> None:
    made = frames.make_frame(*messages[1])
    assert frames.parse_frame(made).body.obj is made
    stream = frames.frame_stream_reader([made])
    stream.read_buffer(8)
    stream.read_buffer(len(messages[1][0]))
    assert stream.read_buffer(len(messages[1][1])).obj is made


def test_a_reader_may_ask_across_parts(messages: list[tuple[bytes, bytes]]) -> None:
    made = [frames.make_frame(*message) for message in messages]
    whole = frames.frame_stream_reader(made)
    parts = frames.frame_stream_reader(made)
    length = 8 + len(messages[0][0]) + len(messages[0][1])
    assert whole.read(length) == b"".join(parts.read(1) for _ in range(length))
    assert len(whole.read(1 << 20)) < 1 << 20
    assert whole.readable()
    assert not whole.seekable()
    assert bytes(whole.read_buffer(0)) == b""
    whole.close()
    assert whole.closed


def test_frames_of_metadata_alone_are_passed_over(messages: list[tuple[bytes, bytes]]) -> None:
    made = [frames.make_frame(*message) for message in messages]
    assert read([made[0], frames.make_frame(b"", metadata=b"opening"), *made[1:]]) == TABLE


def test_metadata_is_added_to_a_made_frame(messages: list[tuple[bytes, bytes]]) -> None:
    made = frames.add_metadata(frames.make_frame(*messages[1]), b"receipt")
    parts = frames.parse_frame(made)
    assert bytes(parts.metadata) == b"receipt"
    assert (bytes(parts.header), bytes(parts.body)) == messages[1]


def test_headers_tell_their_kind_and_rows(messages: list[tuple[bytes, bytes]]) -> None:
    schema, first, second = (header for header, _ in messages)
    assert frames.is_schema(schema)
    assert frames.count_rows(schema) is None
    assert [frames.count_rows(first), frames.count_rows(second)] == [3, 2]
    assert frames.is_record_batch(first)
    assert not frames.is_record_batch(b"")
    encoded = ipc(pa.table({"d": pa.array(["a", "b", "a"]).dictionary_encode()}))
    assert [frames.is_dictionary(header) for header, _ in encoded] == [False, True, False]


def test_a_batch_without_columns_has_its_rows() -> None:
    struct_array = pa.array([{}, {}], type=pa.struct([]))
    batch = pa.RecordBatch.from_struct_array(struct_array)
    header, _ = ipc(pa.Table.from_batches([batch]))[-1]
    assert frames.count_rows(header) in {0, 2}


def test_compression_is_seen() -> None:
    header, _ = ipc(TABLE, compression="lz4")[1]
    assert frames.read_message(header).compressed


def test_every_cut_header_is_refused_or_read(messages: list[tuple[bytes, bytes]]) -> None:
    for header, _ in messages:
        for length in range(len(header)):
            try:
                frames.read_message(header[:length])
            except PeerError as error:
                assert "malformed" in error.message  # noqa: PT017


def test_every_flipped_byte_is_refused_or_read(messages: list[tuple[bytes, bytes]]) -> None:
    for header, _ in messages:
        for index in range(len(header)):
            for value in (0x00, 0x7F, 0x80, 0xFF):
                changed = header[:index] + bytes([value]) + header[index + 1 :]
                try:
                    frames.read_message(changed)
                except PeerError as error:
                    assert "malformed" in error.message  # noqa: PT017


def test_a_body_of_another_length_is_refused(messages: list[tuple[bytes, bytes]]) -> None:
    header, body = messages[1]
    made = [frames.make_frame(*messages[0]), frames.make_frame(header, body + bytes(8))]
    with pytest.raises(PeerError, match="an arrow message promises"):
        read(made)


def test_a_row_count_that_columns_contradict_is_refused(
    messages: list[tuple[bytes, bytes]],
) -> None:
    header, _ = messages[1]
    rows = struct.pack("<q", 3)
    index = header.index(rows)
    changed = header[:index] + struct.pack("<q", 2) + header[index + 8 :]
    with pytest.raises(PeerError, match="a column's length is not the batch's"):
        frames.count_rows(changed)


@pytest.mark.parametrize("body_bytes", [1, 127, 128, 16_384, 1 << 22, 1 << 40])
def test_padding_aligns_the_body(body_bytes: int) -> None:
    for header_bytes in range(100, 200):
        padded = header_bytes + frames.header_padding(header_bytes, body_bytes)
        between = len(frames.header_prefix(padded)) + len(frames.body_prefix(body_bytes))
        assert (between + padded) % 16 == 0
    assert frames.header_padding(100, 0) == 0


def test_a_digest_covers_lengths_and_bytes_but_not_metadata(
    messages: list[tuple[bytes, bytes]],
) -> None:
    header, body = messages[1]
    hasher = hashlib.sha256()
    frames.hash_frame(hasher, frames.parse_frame(frames.make_frame(header, body, b"opening")))
    lengths = struct.pack("<I", len(header)), struct.pack("<Q", len(body))
    plain = hashlib.sha256(lengths[0] + header + lengths[1] + body)
    assert hasher.digest() == plain.digest()
