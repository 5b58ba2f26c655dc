"""A statement that the gate would let pass eats memory or time inside one call.

expect: the kernel's limit on the worker's address space, or the job's time
effect: an EngineError or an answer, the node's memory unmoved, the next query answered
source: docs/concept/engine-workers.md
"""

import os

import psutil
import pytest

from sekisho.engine.engine import Job
from sekisho.engine.pool import WorkerPool
from sekisho.errors import EngineError
from support.workers import read, settings


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    pool = WorkerPool(settings(tmp_path_factory.mktemp("spill"), memory_bytes=300_000_000))
    yield pool
    pool.close()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT length(repeat('x', 4000000000)) AS n",
        "SELECT repeat('x', 400000000) AS n",
        "SELECT list(i) AS n FROM range(300000000) AS t(i)",
        "SELECT string_agg(repeat('x', 1000), '') AS n FROM range(10000000)",
        "SELECT unnest(range(1000000000)) AS n ORDER BY 1 DESC LIMIT 1",
        "SELECT lpad('x', 2000000000, 'y') AS n",
        "SELECT count(*) AS n FROM (SELECT list_distinct(range(100000000)))",
        "WITH RECURSIVE r(t) AS (SELECT 'x' UNION ALL SELECT t || t FROM r) SELECT max(t) FROM r",
    ],
)
def test_a_bomb_costs_one_answer(pool, sql):
    own = psutil.Process(os.getpid())
    before = own.memory_info().rss
    run = pool.run(Job(sql=sql, seconds=8))
    worker = psutil.Process(run._process.pid)
    try:
        with run:
            for _ in run:
                assert worker.memory_info().rss < 900_000_000
    except EngineError as error:
        assert "repeat" not in error.message  # noqa: PT017  some bombs fizzle into an answer
    assert own.memory_info().rss - before < 100_000_000
    assert read(pool.run(Job(sql="SELECT 1 AS a"))).to_pylist() == [{"a": 1}]
