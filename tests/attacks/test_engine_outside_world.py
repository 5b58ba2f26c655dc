"""A statement reaches for files, the network, extensions or settings, past the gate.

expect: the engine worker: DuckDB's hardened instance, and Landlock below it
effect: an EngineError; no byte of another file, no file written, the next query works
source: docs/concept/engine-workers.md
"""

from pathlib import Path

import duckdb
import pytest

from sekisho.engine.engine import Job, Source
from sekisho.engine.pool import WorkerPool
from sekisho.errors import EngineError, NodeError
from support.workers import read, settings, write_sources


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    (folder / "secret.csv").write_text("secret\n42\n", encoding="utf-8")
    duckdb.sql("SELECT 42 AS secret").write_parquet(str(folder / "secret.parquet"))
    return folder


@pytest.fixture(scope="module")
def sources(folder):
    return write_sources(folder)


@pytest.fixture(scope="module")
def pool(sources, tmp_path_factory):
    pool = WorkerPool(settings(tmp_path_factory.mktemp("spill")), sources.values())
    yield pool
    pool.close()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM '{folder}/secret.csv'",
        "SELECT * FROM read_csv('{folder}/secret.csv')",
        "SELECT * FROM read_parquet('{folder}/secret.parquet')",
        "SELECT * FROM read_parquet('{folder}/*.parquet')",
        "SELECT * FROM read_text('{folder}/secret.csv')",
        "SELECT * FROM read_blob('/proc/self/environ')",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM read_csv('https://example.com/x.csv')",
        "SELECT * FROM read_parquet('s3://bucket/x.parquet')",
        "SELECT * FROM parquet_metadata('{folder}/secret.parquet')",
        "SELECT * FROM sniff_csv('{folder}/secret.csv')",
        "SELECT * FROM query('SELECT * FROM ''{folder}/secret.csv''')",
        "INSTALL httpfs",
        "LOAD httpfs",
        "ATTACH '{folder}/flights.duckdb' AS other",
        "ATTACH '{folder}/made.duckdb' AS made",
        "COPY (SELECT 1) TO '{folder}/made.csv'",
        "EXPORT DATABASE '{folder}/made'",
        "SET enable_external_access = true",
        "RESET lock_configuration",
        "SET GLOBAL allowed_paths = ['{folder}/secret.csv']",
        "PRAGMA database_list",
        "CREATE TABLE t AS SELECT 1",
        "DROP VIEW data.flights",
        "INSERT INTO data.flights SELECT * FROM data.flights",
        "CALL pragma_version()",
        "SELECT 1; SELECT 2",
        "SELECT getenv('PATH')",
        "SELECT * FROM settings",
    ],
)
def test_nothing_but_the_sources_is_in_reach(pool, folder, sources, sql):
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(EngineError) as caught:
        read(pool.run(Job(sql=sql.format(folder=folder), sources=(sources["parquet"],))))
    assert str(folder) not in caught.value.message
    assert sorted(path.name for path in folder.iterdir()) == before
    job = Job(sql='SELECT count(*) AS n FROM "data"."flights"', sources=(sources["parquet"],))
    assert read(pool.run(job)).to_pylist() == [{"n": 200_000}]


def test_a_job_sees_only_its_own_sources(pool, sources):
    other = Source(name="other", kind="csv", path=sources["csv"].path)
    read(pool.run(Job(sql='SELECT 1 FROM "data"."other" LIMIT 1', sources=(other,))))
    with pytest.raises(EngineError):
        read(pool.run(Job(sql='SELECT 1 FROM "data"."other"', sources=(sources["parquet"],))))


def test_a_source_cannot_be_written(pool, sources):
    path = Path(sources["parquet"].path)
    before = path.read_bytes()
    for sql in (
        f"COPY (SELECT 1 AS a) TO '{path}' (FORMAT parquet)",
        f"ATTACH '{path}' AS written",
    ):
        with pytest.raises(EngineError):
            read(pool.run(Job(sql=sql, sources=(sources["parquet"],))))
    assert path.read_bytes() == before


def test_a_source_name_is_quoted(pool, sources, folder):
    name = f"x\" AS SELECT * FROM read_csv('{folder}/secret.csv'); --"
    source = Source(name=name, kind="csv", path=sources["csv"].path)
    assert len(pool.describe(source)) == 6


def test_a_path_is_quoted(pool, folder):
    path = folder / "it's.csv"
    path.write_text("a\n1\n", encoding="utf-8")
    assert pool.describe(Source(name="q", kind="csv", path=str(path)))[0].name == "a"
    path.unlink()
    with pytest.raises(NodeError):
        pool.describe(Source(name="q", kind="csv", path=f"{folder}/x') UNION (SELECT 1"))
