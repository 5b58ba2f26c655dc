"""What tests of the engine share: data files, frames from Arrow tables, and back."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa

from sekisho.engine.engine import EngineSettings, Source
from sekisho.engine.run import WorkerRun
from sekisho.wire.flatbuffer import read_message
from sekisho.wire.frames import frame_stream_reader, make_frame

FLIGHTS = """
    SELECT i::BIGINT AS id, (i % 365)::SMALLINT AS day, i / 3.0 AS delay, i % 7 = 0 AS cancelled,
        CASE WHEN i % 11 = 0 THEN NULL ELSE 'N' || (i % 500) END AS tail,
        DATE '2013-01-01' + (i % 365)::INTEGER AS flown
    FROM range(200000) AS t(i)
"""


def settings(folder: Path, **changes: int) -> EngineSettings:
    """Give settings small enough for a shared machine."""
    chosen = {"memory_bytes": 1_000_000_000, "threads": 2, "workers": 1, "max_workers": 3}
    return EngineSettings(**{**chosen, **changes}, temp_path=str(folder))


def write_sources(folder: Path) -> dict[str, Source]:
    """Write the same table as Parquet, CSV and a DuckDB file."""
    paths = {kind: folder / f"flights.{kind}" for kind in ("parquet", "csv", "duckdb")}
    with duckdb.connect() as plain:
        plain.execute(f"CREATE TABLE flights AS {FLIGHTS}")
        plain.execute(f"COPY flights TO '{paths['parquet']}' (FORMAT parquet)")
        plain.execute(f"COPY flights TO '{paths['csv']}' (FORMAT csv)")
    with duckdb.connect(str(paths["duckdb"])) as stored:
        stored.execute(f"CREATE TABLE flights AS {FLIGHTS}")
    return {
        "parquet": Source(name="flights", kind="parquet", path=str(paths["parquet"])),
        "csv": Source(name="flights", kind="csv", path=str(paths["csv"])),
        "duckdb": Source(
            name="flights", kind="duckdb", path=str(paths["duckdb"]), table="main.flights"
        ),
    }


def messages(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Split an Arrow IPC stream into headers and bodies."""
    position = 0
    while position < len(data):
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        if not length:
            return
        start = position + 8 + length
        header = data[position + 8 : start]
        position = start + read_message(header).body_bytes
        yield header, data[start:position]


def frames_of(table: pa.Table, rows: int = 1000, **options: object) -> list[bytes]:
    """Frame a table as a peer would send it."""
    sink = pa.BufferOutputStream()
    written = pa.ipc.IpcWriteOptions(**options)
    with pa.ipc.new_stream(sink, table.schema, options=written) as writer:
        writer.write_table(table, max_chunksize=rows)
    return [make_frame(*message) for message in messages(sink.getvalue().to_pybytes())]


def table_of(frames: Iterable[bytes]) -> pa.Table:
    """Read frames as a table."""
    stream = frame_stream_reader(frames)
    return pa.ipc.open_stream(pa.PythonFile(stream, mode="r")).read_all()


def read(run: WorkerRun) -> pa.Table:
    """Read a whole answer and close it."""
    with run:
        schema = run.schema
        return table_of([schema, *(batch.frame for batch in run), run.end])
