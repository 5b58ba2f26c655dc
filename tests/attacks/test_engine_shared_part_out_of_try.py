"""Two expressions that share a part which fails, each of them inside TRY.

expect: the worker's instance keeps the failure inside TRY: the answer is NULL
effect: an engine would compute the part once, outside of TRY, fail, and name the cell
source: DuckDB 2.0, optimizer common_subexpressions
"""

import pyarrow as pa
import pyarrow.parquet as pq

from sekisho.engine.engine import EngineSettings, Job, Source
from sekisho.engine.pool import WorkerPool
from sekisho.wire.frames import frame_stream_reader

SQL = (
    "SELECT TRY(CAST(cell AS INTEGER)) AS one, TRY(CAST(cell AS INTEGER) + 1) AS two "
    'FROM "data"."cells"'
)


def test_a_shared_part_fails_inside_of_try(tmp_path):
    path = tmp_path / "cells.parquet"
    pq.write_table(pa.table({"cell": ["CANARY", "5"]}), path)
    source = Source(name="cells", kind="parquet", path=str(path))
    pool = WorkerPool(EngineSettings(workers=1), (source,))
    try:
        with pool.run(Job(sql=SQL, sources=(source,))) as run:
            frames = [run.schema, *(batch.frame for batch in run)]
    finally:
        pool.close()
    rows = pa.ipc.open_stream(pa.PythonFile(frame_stream_reader(frames), mode="r")).read_all()
    assert rows.to_pylist() == [{"one": None, "two": None}, {"one": 5, "two": 6}]
