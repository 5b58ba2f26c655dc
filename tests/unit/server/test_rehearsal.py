"""A rehearsed node answers, refuses and charges as any other; only its surroundings are made up."""

import duckdb
import pytest

from sekisho.config import DatasetConfig, SourceConfig
from sekisho.documents.contract import parse_contract
from sekisho.engine.engine import EngineSettings
from sekisho.engine.pool import WorkerPool
from sekisho.errors import Refusal, RefusalReason
from sekisho.model.names import PartyId
from sekisho.server.rehearsal.rehearsed import RehearsedNode
from sekisho.server.rehearsal.stage import Stage
from support.hospitals import statistics_text

A, LAB = PartyId("a.example"), PartyId("lab.example")
COLUMNS = """
      age: {use: [group, filter]}
      cost: {use: [measure]}
"""
COUNT = "SELECT count(*) AS n FROM tests"


@pytest.fixture(scope="module")
def engine():
    pool = WorkerPool(EngineSettings(workers=1, max_workers=2, threads=1))
    yield pool
    pool.close()


@pytest.fixture
def staged(tmp_path, engine):
    """A contract of two queries a day, and a way to rehearse it."""
    text = statistics_text(columns=COLUMNS, limits="{queries: {max: 2, per: day}}")
    stage = Stage(parse_contract(text.encode()), tmp_path)
    file = tmp_path / "tests.parquet"
    rows = "SELECT i AS patient_id, i % 3 AS age, i AS cost FROM range(63) t(i)"
    duckdb.sql(rows).write_parquet(str(file))
    datasets = {"tests": DatasetConfig(source=SourceConfig(parquet=str(file)))}

    def rehearse(name: str) -> RehearsedNode:
        return RehearsedNode(
            stage, datasets, provider=A, consumer=LAB, engine=engine, name=name, seed=1
        )

    return rehearse


def test_query_goes_the_whole_way_and_is_charged(staged):
    with staged("one") as node:
        assert node.ask(COUNT).to_pylist() == [{"n": 65}]
        with pytest.raises(Refusal) as refused:
            node.ask("SELECT patient_id FROM tests")
        assert refused.value.reason is RefusalReason.USE_NOT_GRANTED
        assert node.ask("SELECT age, avg(cost) AS c FROM tests GROUP BY age").num_rows == 3
        with pytest.raises(Refusal) as spent:
            node.ask(COUNT)
        assert spent.value.reason is RefusalReason.LIMIT_REACHED
        node.wait(days=1)
        assert node.ask(COUNT).to_pylist() == [{"n": 65}]


def test_rehearsals_know_nothing_of_each_other(staged):
    for name in ("first", "second"):
        with staged(name) as node:
            assert node.ask(COUNT).to_pylist() == [{"n": 65}]
            assert node.ask(COUNT).to_pylist() == [{"n": 65}]


def test_contract_that_amends_another_is_tried_by_itself(tmp_path):
    text = statistics_text(columns=COLUMNS)
    amends = f'amends: {{contract: "sha256:{"0" * 64}", effective: 2100-01-01, because: "more"}}\n'
    starts = Stage(parse_contract(text.encode()), tmp_path / "plain").signed.starts_at
    later = text.replace("ends: ", "ends: ").replace("grants:", f"{amends}grants:")
    later = later.replace(later.split("ends: ")[1].split(",")[0], "2101-01-01")
    stage = Stage(parse_contract(later.encode()), tmp_path / "amending")
    assert stage.signed.contract.amends is None
    assert stage.signed.starts_at == starts
