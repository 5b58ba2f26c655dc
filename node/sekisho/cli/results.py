"""Writes an answer as it arrives: a table, CSV, JSON, an Arrow stream or Parquet."""

import base64
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import pyarrow as pa

from sekisho.cli.progress import ProgressLines
from sekisho.cli.table import cell_text, write_table
from sekisho.client.answer import Answer
from sekisho.errors import NodeError

EXACT_INTEGER = 2**53
"""Integers beyond it are text in JSON: many readers hold numbers as doubles."""
HUGEINT = pa.decimal128(38, 0)
TABLE_ROWS = 1_000
"""Rows that are laid out together; each page after the first has widths of its own."""


def write_answer(
    answer: Answer, form: str, path: Path | None, *, progress: ProgressLines | None = None
) -> int:
    """Write an answer; tell how many rows it has.

    A file is there when the answer was whole and verified, and not before.

    Args:
        answer: Read to its end.
        form: `table`, `csv`, `json`, `arrow` or `parquet`.
        path: Where to; None for stdout.
        progress: What is drawn meanwhile; it makes room for data on the same terminal.

    Raises:
        NodeError: The file cannot be written, or the answer ended without its receipts.
    """
    counted = _Counted(answer)
    try:
        if path is None:
            _WRITERS[form](counted, _stdout(progress))
            sys.stdout.buffer.flush()
        else:
            with _whole_file(path) as file:
                _WRITERS[form](counted, file)
    finally:
        if progress is not None:
            progress.stop()
    return counted.rows


class _Sink(Protocol):
    """Where bytes are written to."""

    def write(self, data: bytes, /) -> int:
        """Write data."""


class _Terminal:
    """Standard output, before whose first byte the progress makes room."""

    def __init__(self, progress: ProgressLines) -> None:
        self._progress = progress

    def write(self, data: bytes) -> int:
        """Write data."""
        self._progress.stop()
        return sys.stdout.buffer.write(data)


def _stdout(progress: ProgressLines | None) -> _Sink:
    if progress is not None and sys.stdout.isatty():
        return _Terminal(progress)
    return sys.stdout.buffer


class _Counted:
    """An answer's batches, counted on their way."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.schema = answer.schema
        self.rows = 0

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._answer:
            self.rows += batch.num_rows
            yield batch


@contextmanager
def _whole_file(path: Path) -> Iterator[BinaryIO]:
    """Write beside the file; take its place when all is there."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise NodeError(
            f"`{path}` cannot be written: {(error.strerror or str(error)).lower()}",
            hint="name another file with --out",
        ) from error
    finally:
        beside.unlink(missing_ok=True)


class _Utf8:
    """Takes text for a binary file, and leaves that file to whoever opened it."""

    def __init__(self, out: _Sink) -> None:
        self._out = out

    def write(self, text: str) -> int:
        """Write a text."""
        return self._out.write(text.encode())


# Nothing is written before the first row is there or the answer is over: a query that is refused
# while it begins leaves nothing on stdout but its refusal.


def _write_table(answer: _Counted, out: _Sink) -> None:
    rows = _rows(answer)
    is_first = True
    while (page := list(islice(rows, TABLE_ROWS))) or is_first:
        cells = [[cell_text(_plain(value)) for value in row] for row in page]
        write_table(answer.schema.names, cells, _Utf8(out))
        is_first = False


def _write_csv(answer: _Counted, out: _Sink) -> None:
    text = _Utf8(out)
    header = ",".join(map(_csv_cell, answer.schema.names)) + "\n"
    for row in _rows(answer):
        text.write(header + ",".join(map(_csv_cell, row)) + "\n")
        header = ""
    text.write(header)


def _write_json(answer: _Counted, out: _Sink) -> None:
    text = _Utf8(out)
    names = answer.schema.names
    before = "["
    for row in _rows(answer):
        record = dict(zip(names, map(json_value, row), strict=True))
        text.write(f"{before}\n {json.dumps(record, ensure_ascii=False)}")
        before = ","
    text.write("\n]\n" if before == "," else "[]\n")


def _write_arrow(answer: _Counted, out: _Sink) -> None:
    writer = pa.ipc.new_stream(out, answer.schema)
    for batch in answer:
        writer.write_batch(batch)
    # Not by `with`: a stream that failed must not get the mark of a whole one.
    writer.close()


def _write_parquet(answer: _Counted, out: _Sink) -> None:
    import pyarrow.parquet as pq

    with pq.ParquetWriter(out, answer.schema) as writer:
        for batch in answer:
            writer.write_batch(batch)


_WRITERS: Mapping[str, Callable[[_Counted, _Sink], None]] = {
    "table": _write_table,
    "csv": _write_csv,
    "json": _write_json,
    "arrow": _write_arrow,
    "parquet": _write_parquet,
}


def _rows(answer: _Counted) -> Iterator[tuple[Any, ...]]:
    for batch in answer:
        columns = [_values(column) for column in batch.columns]
        yield from zip(*columns, strict=True)


def _values(column: pa.Array) -> list[Any]:
    """Give a column's values; nanoseconds, which Python's instants lack, become text.

    DuckDB's sums of integers are HUGEINT, which Arrow carries as a decimal: integers again here.
    """
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        return [None if item.value is None else _nanoseconds(item) for item in column]
    values: list[Any] = column.to_pylist()
    if column.type == HUGEINT:
        return [None if value is None else int(value) for value in values]
    return values


def _nanoseconds(item: Any) -> str:  # noqa: ANN401  an Arrow scalar
    seconds, rest = divmod(int(item.value), 10**9)
    instant = datetime(1970, 1, 1) + timedelta(seconds=seconds)  # noqa: DTZ001  as it stands
    zone = "+00:00" if item.type.tz else ""
    return f"{instant.isoformat()}.{rest:09d}{zone}" if rest else f"{instant.isoformat()}{zone}"


def json_value(value: Any) -> Any:  # noqa: ANN401  any value
    """Say a value in JSON without losing any of it."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if abs(value) <= EXACT_INTEGER else str(value)
        case float():
            return value if isfinite(value) else str(value)
        case Mapping():
            return {str(name): json_value(item) for name, item in value.items()}
        case list() | tuple():
            return [json_value(item) for item in value]
        case _:
            return _plain(value)


def _plain(value: Any) -> Any:  # noqa: ANN401, PLR0911  any value; one line a kind
    """Say what tables and CSV cannot hold as text."""
    match value:
        case Decimal():
            return format(value, "f")
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return f"PT{value.total_seconds():f}".rstrip("0").rstrip(".") + "S"
        case bool():
            return "true" if value else "false"
        case bytes():
            return base64.b64encode(value).decode()
        case Mapping() | list() | tuple():
            return json.dumps(json_value(value), ensure_ascii=False)
        case None | int() | float() | str():
            return value
        case _:
            return str(value)


def _csv_cell(value: Any) -> str:  # noqa: ANN401  any value
    """Write one cell by RFC 4180: nothing for NULL, `""` for an empty text."""
    if value is None:
        return ""
    text = str(_plain(value))
    is_plain = text and not set(text) & set('",\r\n') and text == text.strip()
    return text if is_plain else '"' + text.replace('"', '""') + '"'
