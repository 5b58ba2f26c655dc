"""Answers written: every value survives, and a cut answer never looks like a whole one."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sekisho.cli.results import json_value, write_answer
from sekisho.errors import NodeError

TABLE = pa.table(
    {
        "n": pa.array([1, 2**53 + 1, None], pa.int64()),
        "name": ["a,b", "", None],
        "price": pa.array([Decimal("1.50"), Decimal("-0.01"), None], pa.decimal128(12, 2)),
        "day": [date(2026, 12, 1), None, date(1, 1, 1)],
        "ok": [True, False, None],
    }
)


class Answered:
    """An answer that gives its batches, and may end badly."""

    def __init__(self, table=TABLE, *, error=None):
        self.schema = table.schema
        self._table = table
        self._error = error

    def __iter__(self):
        yield from self._table.to_batches(max_chunksize=2)
        if self._error is not None:
            raise self._error


CUT = NodeError("the answer ended without its receipts")


def _written(form, tmp_path, table=TABLE):
    path = tmp_path / f"x.{form}"
    assert write_answer(Answered(table), form, path) == table.num_rows
    return path


def test_json_keeps_what_doubles_would_lose(tmp_path):
    rows = json.loads(_written("json", tmp_path).read_text())
    assert rows[0] == {"n": 1, "name": "a,b", "price": "1.50", "day": "2026-12-01", "ok": True}
    assert rows[1]["n"] == "9007199254740993"
    assert rows[2] == dict.fromkeys(TABLE.column_names) | {"day": "0001-01-01"}


def test_an_empty_answer_is_an_empty_document(tmp_path):
    empty = TABLE.slice(0, 0)
    assert json.loads(_written("json", tmp_path, empty).read_text()) == []
    assert _written("csv", tmp_path, empty).read_text() == "n,name,price,day,ok\n"
    assert _written("table", tmp_path, empty).read_text().startswith("n  name")


def test_csv_tells_null_from_an_empty_text(tmp_path):
    lines = _written("csv", tmp_path).read_text().splitlines()
    assert lines[2] == '9007199254740993,"",-0.01,,false'
    assert lines[3] == ",,,0001-01-01,"
    assert next(csv.reader(io.StringIO(lines[1]))) == ["1", "a,b", "1.50", "2026-12-01", "true"]


def test_arrow_and_parquet_hold_the_same_table(tmp_path):
    with pa.ipc.open_stream(_written("arrow", tmp_path)) as stream:
        assert stream.read_all() == TABLE
    assert pq.read_table(_written("parquet", tmp_path)) == TABLE


def test_a_table_lines_up_and_shows_control_characters(tmp_path):
    table = pa.table({"text": ["\x1b[31m", "日本"], "n": [5, 10]})
    lines = _written("table", tmp_path, table).read_text().splitlines()
    assert lines[2].startswith("\\x1b[31m")
    assert lines[3].endswith("10")


@pytest.mark.parametrize("form", ["table", "csv", "json", "arrow", "parquet"])
def test_a_cut_answer_leaves_no_file_and_the_old_one_stays(tmp_path, form):
    path = tmp_path / "x"
    path.write_text("before")
    with pytest.raises(NodeError, match="without its receipts"):
        write_answer(Answered(error=CUT), form, path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_cut_answer_on_stdout_is_no_whole_document(capsysbinary):
    for form, is_whole in (("json", json.loads), ("arrow", _read_arrow)):
        with pytest.raises(NodeError):
            write_answer(Answered(error=CUT), form, None)
        with pytest.raises((ValueError, pa.ArrowInvalid, EOFError)):
            is_whole(capsysbinary.readouterr().out)


def _read_arrow(data):
    # A reader takes the end of a pipe for the end of a stream; the mark of the end is not there.
    if not data.endswith(b"\xff\xff\xff\xff\x00\x00\x00\x00"):
        raise EOFError
    return data


def test_a_query_that_fails_at_once_leaves_stdout_clean(capsysbinary):
    for form in ("table", "csv", "json"):
        with pytest.raises(NodeError):
            write_answer(Answered(TABLE.slice(0, 0), error=CUT), form, None)
        assert capsysbinary.readouterr().out == b""


def test_a_folder_that_is_not_there_is_the_nodes_trouble(tmp_path):
    with pytest.raises(NodeError, match="cannot be written"):
        write_answer(Answered(), "csv", tmp_path / "none" / "x.csv")


def test_nanoseconds_are_kept(tmp_path):
    table = pa.table(
        {
            "at": pa.array([1_700_000_000_123_456_789, 0, None], pa.timestamp("ns")),
            "zoned": pa.array([0, 1, None], pa.timestamp("ns", "UTC")),
        }
    )
    rows = json.loads(_written("json", tmp_path, table).read_text())
    assert rows[0] == {
        "at": "2023-11-14T22:13:20.123456789",
        "zoned": "1970-01-01T00:00:00+00:00",
    }
    assert rows[1]["zoned"] == "1970-01-01T00:00:00.000000001+00:00"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (2**53, 2**53),
        (-(2**53) - 1, "-9007199254740993"),
        (b"\x00\xff", "AP8="),
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00+00:00"),
        (timedelta(seconds=90), "PT90S"),
        ({"a": [Decimal(1)]}, {"a": ["1"]}),
    ],
)
def test_each_kind_of_value_has_one_spelling(value, written):
    assert json_value(value) == written
