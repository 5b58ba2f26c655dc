"""A pool of workers answers as DuckDB does, and outlives what happens to a worker."""

import gc
import os
import signal
import threading
import time
from pathlib import Path

import duckdb
import psutil
import pyarrow as pa
import pytest

from sekisho.engine.engine import Job, Source
from sekisho.engine.pool import WorkerPool
from sekisho.errors import EngineError, NodeError, PeerError
from sekisho.wire.frames import add_metadata, count_rows, is_schema, parse_frame
from support.workers import FLIGHTS, frames_of, read, settings

ENDLESS = 'SELECT a.id, b.tail FROM "data"."flights" AS a, "data"."flights" AS b'
STUCK = """SELECT sum(a.id * b.id % (c.id + 1))
    FROM "data"."flights" AS a, "data"."flights" AS b, "data"."flights" AS c"""


def plain(sql):
    with duckdb.connect() as connection:
        connection.execute(f"CREATE SCHEMA data; CREATE TABLE data.flights AS {FLIGHTS}")
        return connection.sql(sql).to_arrow_table()


@pytest.mark.parametrize("kind", ["parquet", "csv", "duckdb"])
@pytest.mark.parametrize(
    "sql",
    [
        'SELECT * FROM "data"."flights" ORDER BY id',
        'SELECT day, count(*) AS n, sum(id) AS s FROM "data"."flights" GROUP BY day ORDER BY day',
        'SELECT tail FROM "data"."flights" WHERE id < 0',
        'SELECT id FROM "data"."flights" ORDER BY delay DESC LIMIT 7',
    ],
)
def test_an_answer_equals_duckdbs_own(pool, sources, kind, sql):
    answer = read(pool.run(Job(sql=sql, sources=(sources[kind],))))
    expected = plain(sql)
    if kind == "csv":
        expected = expected.cast(answer.schema)
    assert answer == expected


def test_a_batch_says_its_rows_and_the_end_has_none(pool, sources):
    job = Job(sql='SELECT id FROM "data"."flights"', sources=(sources["parquet"],), batch_rows=1000)
    with pool.run(job) as run:
        assert is_schema(parse_frame(run.schema).header)
        with pytest.raises(RuntimeError, match="asked for before its end"):
            _ = run.end
        rows = [batch.rows for batch in run]
        assert count_rows(parse_frame(run.end).header) == 0
        assert parse_frame(add_metadata(run.end, b"receipt")).metadata == b"receipt"
    assert sum(rows) == 200_000
    assert max(rows) <= 2048


def test_bodies_are_aligned_in_their_frames(pool, sources):
    sql = 'SELECT * FROM "data"."flights" LIMIT 50000'
    with pool.run(Job(sql=sql, sources=(sources["parquet"],))) as run:
        for batch in run:
            body = parse_frame(batch.frame).body
            assert (len(batch.frame) - len(body)) % 16 == 0


def test_wide_rows_make_smaller_batches(pool):
    job = Job(sql="SELECT repeat('x', 100000) AS t FROM range(200)")
    with pool.run(job) as run:
        sizes = [len(batch.frame) for batch in run]
    assert max(sizes) < 1 << 22
    assert len(sizes) >= 5


def test_a_parameter_is_text_and_nothing_else(pool, sources):
    sql = 'SELECT count(*) AS n FROM "data"."flights" WHERE tail = $p0'
    for value, rows in (("N1", 363), ("N1' OR true --", 0)):
        answer = read(
            pool.run(Job(sql=sql, parameters={"p0": value}, sources=(sources["parquet"],)))
        )
        assert answer.to_pylist() == [{"n": rows}]


def test_types_arrive_plain_and_in_utc(pool):
    sql = """SELECT 'b'::ENUM('a', 'b') AS e, '{"a":1}'::JSON AS j,
        TIMESTAMPTZ '2020-01-01 00:00+09' AS t,
        uuid() AS u, 1::HUGEINT AS h, [1, NULL] AS l, {'a': 'x'} AS s, MAP {'k': 1} AS m"""
    answer = read(pool.run(Job(sql=sql)))
    kinds = {field.name: str(field.type) for field in answer.schema}
    assert kinds["e"] == kinds["j"] == kinds["u"] == "string"
    assert "UTC" in kinds["t"]
    assert answer.drop_columns(["u"]).to_pylist()[0]["e"] == "b"


def test_describe_names_columns_and_duckdbs_types(pool, sources):
    for kind, source in sources.items():
        described = [(column.name, column.type) for column in pool.describe(source)]
        assert described[0] == ("id", "BIGINT")
        assert described[4:] == [("tail", "VARCHAR"), ("flown", "DATE")], kind


def test_an_enumeration_is_text_without_its_dictionary(tmp_path):
    path = tmp_path / "e.duckdb"
    with duckdb.connect(str(path)) as stored:
        stored.execute("CREATE TYPE mood AS ENUM ('calm', 'secret')")
        stored.execute(
            """CREATE TABLE t AS
                SELECT 'calm'::mood AS m, ['calm'::mood] AS l, {'a': 'calm'::mood} AS s"""
        )
        stored.execute("INSERT INTO t VALUES ('secret', ['secret'], {'a': 'secret'})")
    source = Source(name="moods", kind="duckdb", path=str(path), table="t")
    pool = WorkerPool(settings(tmp_path), [source])
    try:
        kinds = [column.type for column in pool.describe(source)]
        assert kinds[:2] == ["VARCHAR", "VARCHAR[]"]
        assert "ENUM" not in kinds[2]
        sql = """SELECT * FROM "data"."moods" WHERE m = 'calm'"""
        with pool.run(Job(sql=sql, sources=(source,))) as run:
            sent = run.schema + b"".join(batch.frame for batch in run) + run.end
        assert b"calm" in sent
        assert b"secret" not in sent
    finally:
        pool.close()


def test_a_plan_is_described_without_reading(pool, sources):
    sql = 'SELECT f.tail, i.model FROM "data"."flights" f JOIN "planes" i USING (tail)'
    planes = frames_of(pa.table({"tail": ["N1"], "model": ["A320"]}))
    job = Job(
        sql=sql, sources=(sources["parquet"],), inputs=("planes",), schemas={"planes": planes[0]}
    )
    described = pool.describe_plan(job)
    with pool.run(job, {"planes": planes}) as run:
        assert run.schema == described
        rows = sum(batch.rows for batch in run)
    assert rows == 363
    with pytest.raises(ValueError, match="input `planes` has no schema"):
        pool.describe_plan(Job(sql=sql, inputs=("planes",)))


def test_texts_are_parsed_by_duckdb(pool):
    assert '"error":false' in pool.parse("SELECT 1")
    assert '"error":true' in pool.parse("SELEC 1")
    assert pool.parse("SELECT 1; SELECT 2").count("SELECT_NODE") == 2


def test_inputs_are_joined_with_sources_and_each_other(pool, sources):
    table = pa.table({"tail": [f"N{i}" for i in range(500)], "built": list(range(500))})
    sql = """SELECT count(*) AS n, sum(a.built + b.built) AS s FROM "data"."flights" f
        JOIN "one" a USING (tail) JOIN "two" b USING (tail)"""
    job = Job(sql=sql, sources=(sources["duckdb"],), inputs=("one", "two"))
    answer = read(pool.run(job, {"one": frames_of(table, 7), "two": frames_of(table, 100)}))
    built = "CAST(substr(tail, 2) AS INTEGER)"
    expected = plain(f"SELECT count(tail) AS n, sum(2 * {built}) AS s FROM data.flights")
    assert answer.to_pylist() == expected.to_pylist()


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT count(*) AS n FROM "x" a JOIN "x" b USING (k)',
        'WITH c AS (SELECT * FROM "x") SELECT count(*) AS n FROM c a JOIN c b USING (k)',
        'SELECT count(*) AS n FROM "x" WHERE k IN (SELECT k FROM "x")',
        """WITH c AS NOT MATERIALIZED (SELECT * FROM "x")
            SELECT count(*) AS n FROM c, c AS d WHERE c.k = d.k""",
    ],
)
def test_an_input_may_be_read_more_than_once(pool, sql):
    table = pa.table({"k": list(range(5000))})
    answer = read(pool.run(Job(sql=sql, inputs=("x",)), {"x": frames_of(table)}))
    assert answer.to_pylist() == [{"n": 5000}]


def test_relations_are_made_of_inputs_first_and_small_answers_come_beside(pool):
    tables = {"one": pa.table({"k": [1, 2], "n": [10, None]}), "two": pa.table({"k": [2, 3]})}
    job = Job(
        sql='SELECT k, n FROM "both" ORDER BY k',
        steps=(("both", 'SELECT k, n FROM "one" UNION ALL SELECT k, NULL FROM "two"'),),
        outputs=(
            ("missing", 'SELECT count(*) AS n FROM "one" WHERE n IS NULL'),
            ("keys", 'SELECT k FROM "both" WHERE k > 2'),
        ),
        inputs=("one", "two"),
    )
    run = pool.run(job, {name: frames_of(table) for name, table in tables.items()})
    with run:
        assert run.beside == {}
        assert sum(batch.rows for batch in run) == 4
    assert run.beside == {"missing": {"n": [1]}, "keys": {"k": [3]}}


def test_a_step_that_fails_is_an_engines_failure_and_spares_the_worker(pool):
    job = Job(sql="SELECT 1 AS x", steps=(("bad", "SELECT nothing FROM nowhere"),))
    with pytest.raises(EngineError, match="could not finish the query"), pool.run(job) as run:
        list(run)
    assert read(pool.run(Job(sql="SELECT 1 AS x"))).to_pylist() == [{"x": 1}]


def test_the_readers_own_error_is_preferred(pool):
    def failing():
        yield frames_of(pa.table({"k": [1]}))[0]
        raise PeerError("the node of `dl.example` is away", party="dl.example")

    with pytest.raises(PeerError, match=r"the node of `dl\.example` is away"):
        read(pool.run(Job(sql='SELECT * FROM "x"', inputs=("x",)), {"x": failing()}))


def test_inputs_that_are_not_needed_are_closed(pool):
    closed = threading.Event()

    def endless():
        frames = frames_of(pa.table({"k": list(range(10_000))}), 10_000)
        try:
            yield frames[0]
            while True:
                yield frames[1]
        finally:
            closed.set()

    job = Job(sql='SELECT * FROM "x" LIMIT 3', inputs=("x",))
    assert read(pool.run(job, {"x": endless()})).num_rows == 3
    assert closed.wait(10)


def test_a_job_is_exactly_one_select(pool):
    for sql in ("SELECT 1; SELECT 2", "CREATE TABLE t (a INT)", "SET threads = 1", ""):
        with pytest.raises(EngineError, match="could not finish the query"):
            read(pool.run(Job(sql=sql)))


def test_an_engines_text_stays_in_the_detail(pool, sources):
    sql = 'SELECT CAST(tail AS INTEGER) FROM "data"."flights"'
    with pytest.raises(EngineError) as caught:
        read(pool.run(Job(sql=sql, sources=(sources["parquet"],))))
    assert "N1" not in caught.value.message
    assert "Could not convert" in caught.value.detail


def test_a_missing_file_names_the_dataset_and_spares_the_others(pool, sources, tmp_path):
    missing = Source(name="gone", kind="parquet", path=str(tmp_path / "gone.parquet"))
    broken = Source(name="broken", kind="parquet", path=str(tmp_path / "broken.parquet"))
    Path(broken.path).write_bytes(b"PAR1 not really")
    for source in (missing, broken):
        with pytest.raises(NodeError, match=f"dataset `{source.name}` cannot"):
            pool.describe(source)
    assert len(pool.describe(sources["csv"])) == 6


def test_a_file_that_changes_is_seen_as_it_is_now(pool, tmp_path):
    source = Source(name="live", kind="csv", path=str(tmp_path / "live.csv"))
    Path(source.path).write_text("a,b\n1,2\n", encoding="utf-8")
    assert [column.name for column in pool.describe(source)] == ["a", "b"]
    Path(source.path).write_text("a,c,d\n1,2,3\n", encoding="utf-8")
    assert [column.name for column in pool.describe(source)] == ["a", "c", "d"]


def test_folders_and_globs_are_sources(pool, tmp_path):
    for name in ("a", "b"):
        folder = tmp_path / "all" / f"part={name}"
        folder.mkdir(parents=True)
        duckdb.sql("SELECT 1 AS x").write_parquet(str(folder / "f.parquet"))
    for path in (tmp_path / "all", tmp_path / "all" / "*" / "*.parquet"):
        source = Source(name="parts", kind="parquet", path=str(path))
        answer = read(
            pool.run(Job(sql='SELECT count(*) AS n FROM "data"."parts"', sources=(source,)))
        )
        assert answer.to_pylist() == [{"n": 2}]


def test_a_cancelled_run_ends_and_its_worker_is_used_again(pool, sources):
    read(pool.run(Job(sql="SELECT 1")))
    before = {process.pid for process in pool._idle}
    job = Job(sql=ENDLESS, sources=(sources["parquet"],))
    with pool.run(job) as run:
        next(run)
        run.cancel()
        run.cancel()
        with pytest.raises(EngineError, match="the query was cancelled"):
            next(run)
        with pytest.raises(EngineError, match="the query was cancelled"):
            next(run)
    assert {process.pid for process in pool._idle} == before
    assert read(pool.run(Job(sql="SELECT 1 AS a"))).to_pylist() == [{"a": 1}]


def test_cancelling_from_another_thread_wakes_the_reader_at_once(pool, sources):
    run = pool.run(Job(sql=STUCK, sources=(sources["parquet"],)))
    threading.Timer(0.3, run.cancel).start()
    started = time.monotonic()
    with run, pytest.raises(EngineError, match="the query was cancelled"):
        next(run)
    assert time.monotonic() - started < 1.0


def test_leaving_the_block_stops_the_engine(pool, sources):
    with pool.run(Job(sql=ENDLESS, sources=(sources["parquet"],))) as run:
        next(run)
    assert pool._busy == {}


def test_a_query_that_takes_too_long_is_stopped(pool, sources):
    job = Job(sql=STUCK, sources=(sources["parquet"],), seconds=0.4)
    started = time.monotonic()
    with pytest.raises(EngineError, match=r"the query took longer than 0\.4 seconds"):
        read(pool.run(job))
    assert time.monotonic() - started < 3
    assert read(pool.run(Job(sql="SELECT 1 AS a"))).num_rows == 1


def test_a_killed_worker_costs_one_answer(pool, sources):
    with pool.run(Job(sql=ENDLESS, sources=(sources["parquet"],))) as run:
        next(run)
        os.kill(run._process.pid, signal.SIGKILL)
        with pytest.raises(
            EngineError, match="an engine worker ended before its answer did"
        ) as caught:
            for _ in run:
                pass
    assert "-9" in caught.value.detail
    assert read(pool.run(Job(sql="SELECT 1 AS a"))).to_pylist() == [{"a": 1}]


def test_an_idle_worker_that_died_is_replaced(pool):
    read(pool.run(Job(sql="SELECT 1")))
    process = pool._idle[-1]
    os.kill(process.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(process.pid)], timeout=10)
    assert read(pool.run(Job(sql="SELECT 1 AS a"))).num_rows == 1


def test_a_parser_that_died_is_replaced(pool):
    os.kill(pool._parser.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(pool._parser.pid)], timeout=10)
    assert '"error":false' in pool.parse("SELECT 1")


def test_a_slow_readers_time_and_memory_are_not_the_queries(pool, sources):
    job = Job(sql=ENDLESS, sources=(sources["parquet"],), seconds=4.0)
    with pool.run(job) as run:
        next(run)
        worker = psutil.Process(run._process.pid)
        threading.Event().wait(4.2)
        used = worker.memory_info().rss
        busy = sum(worker.cpu_times()[:2])
        threading.Event().wait(0.5)
        assert worker.memory_info().rss - used < 50_000_000
        assert sum(worker.cpu_times()[:2]) - busy < 0.2
        next(run)


def test_inputs_wait_when_the_answer_is_not_read(pool):
    taken = 0

    def endless():
        nonlocal taken
        frames = frames_of(pa.table({"k": list(range(100_000))}), 100_000)
        yield frames[0]
        while True:
            taken += 1
            yield frames[1]

    with pool.run(Job(sql='SELECT k FROM "x"', inputs=("x",)), {"x": endless()}) as run:
        next(run)
        threading.Event().wait(0.5)
        before = taken
        threading.Event().wait(0.5)
        assert taken == before
        assert taken < 200


def test_too_many_callers_are_told_so(sources, tmp_path):
    pool = WorkerPool(settings(tmp_path, max_workers=1, max_waiting=0), sources.values())
    try:
        with pool.run(Job(sql=ENDLESS, sources=(sources["parquet"],))) as run:
            next(run)
            with pytest.raises(EngineError, match="every engine worker is busy"):
                pool.run(Job(sql="SELECT 1"))
        assert read(pool.run(Job(sql="SELECT 1"))).num_rows == 1
    finally:
        pool.close()


def test_jobs_that_wait_for_peers_leave_a_worker_free(sources, tmp_path):
    pool = WorkerPool(settings(tmp_path, max_workers=2), sources.values())
    never = threading.Event()

    def stalled():
        never.wait(20)
        yield b""

    job = Job(sql='SELECT * FROM "x"', inputs=("x",))
    try:
        with pool.run(job, {"x": stalled()}):
            with pytest.raises(EngineError, match="every engine worker is busy"):
                pool.run(Job(sql=job.sql, inputs=("x",), seconds=0.2), {"x": stalled()})
            assert read(pool.run(Job(sql="SELECT 1"))).num_rows == 1
    finally:
        never.set()
        pool.close()


def test_many_callers_share_the_workers(pool, sources):
    answers = []

    def ask(number):
        sql = f'SELECT count(*) AS n FROM "data"."flights" WHERE id < {number}'
        answers.append(
            read(pool.run(Job(sql=sql, sources=(sources["parquet"],)))).to_pylist()[0]["n"]
        )

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == list(range(20))
    assert len(pool._idle) <= 1


def test_spilling_goes_to_the_workers_own_folder(sources, tmp_path):
    pool = WorkerPool(settings(tmp_path, memory_bytes=150_000_000), sources.values())
    try:
        sql = """SELECT sum(length(t)) AS n FROM (SELECT i, 'a somewhat longer text ' || i AS t
            FROM range(6000000) r(i) ORDER BY hash(i) LIMIT 5900000)"""
        answer = read(pool.run(Job(sql=sql, seconds=100)))
        assert answer.num_rows == 1
        assert len(list(tmp_path.iterdir())) == 2
    finally:
        pool.close()
    assert list(tmp_path.iterdir()) == []


def test_closing_stops_runs_and_ends_processes(sources, tmp_path):
    pool = WorkerPool(settings(tmp_path), sources.values())
    run = pool.run(Job(sql=ENDLESS, sources=(sources["parquet"],)))
    next(run)
    children = [psutil.Process(run._process.pid), psutil.Process(pool._parser.pid)]
    pool.close()
    with pytest.raises(EngineError), run:
        for _ in run:
            pass
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    with pytest.raises(EngineError, match="the engine is closed"):
        pool.run(Job(sql="SELECT 1"))
    del run
    gc.collect()


def test_a_job_names_its_inputs(pool):
    with pytest.raises(ValueError, match="inputs are not those that it names"):
        pool.run(Job(sql="SELECT 1", inputs=("x",)))
