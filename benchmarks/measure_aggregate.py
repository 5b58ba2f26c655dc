"""aggregate: threshold, dominance, complement and overlap, against the plain aggregate.

5 million rows of 500,000 units in 2,000 groups. Ours goes the provider's way from the plan to the
relation of published cells: an engine worker describes them, and each is decided about in the
light of what was published before, durably. The peer is the same GROUP BY in the same kind of
worker. Each round asks a question that is new to the node; all earlier cells are remembered.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from companies import CONSUMER, PROVIDER, PURPOSE
from figures import Figure, alternate, figure

from sekisho.documents.contract import parse_contract
from sekisho.documents.proposal import build_proposal, parse_proposal
from sekisho.engine.engine import EngineSettings, Job, Source
from sekisho.engine.pool import WorkerPool
from sekisho.gate.decide import decide
from sekisho.model.dataset import Dataset
from sekisho.model.names import join_dataset
from sekisho.model.plan import Plan
from sekisho.model.query import Query
from sekisho.server.protecting import ProtectedJob, Protecting, protected_job
from sekisho.store.state import open_state

ROWS, UNITS, GROUPS = 5_000_000, 500_000, 2_000
ROUNDS = 5
PLAIN = "SELECT region, count(*) AS n, avg(cost) AS mean FROM data.visits GROUP BY region"
CONTRACT = f"""
format: sekisho.contract/v1
title: Costs by region
parties:
  - {{party: {PROVIDER}, role: provider, alias: provider}}
  - {{party: {CONSUMER}, role: consumer, alias: consumer}}
purposes:
  - {{purpose: {PURPOSE}, means: "Measuring"}}
term: {{starts: 2026-01-01, ends: 2035-12-31, timezone: UTC}}
grants:
  - grant: costs
    datasets: [{PROVIDER}/visits]
    access: aggregate
    privacy_units: [person]
    columns:
      region: {{use: [group]}}
      cost: {{use: [measure], clamp: [0, %d]}}
      person: {{use: [join]}}
"""


def measure(root: Path) -> list[Figure]:
    """Give the median of both, taken in turn."""
    source = _written(root / "visits.parquet")
    pool = WorkerPool(EngineSettings(workers=1), [source])
    dataset = Dataset(id=join_dataset(PROVIDER, "visits"), columns=pool.describe(source))
    clamps = iter(range(1_000, 100, -50))

    def compute(job: Job) -> Mapping[str, Mapping[str, Any]]:
        with pool.table(job) as run:
            return run.answers()

    try:
        with open_state(root / "node.db", now=datetime.now(UTC), founding=True) as state:
            protecting = Protecting(state, lambda: datetime.now(UTC))

            def ours() -> float:
                # Another clamp makes other values of the same rows, and so another question.
                protected = _planned(dataset, source, pool, clamp=next(clamps))
                started = time.perf_counter()
                table = protecting.cells(
                    protected, {}, answer=0, compute=compute, charge=lambda _tx, _cells: None
                )
                assert len(table.rows) == GROUPS
                return time.perf_counter() - started

            def plain() -> float:
                started = time.perf_counter()
                with pool.run(Job(sql=PLAIN, sources=(source,))) as run:
                    assert sum(batch.rows for batch in run) == GROUPS
                return time.perf_counter() - started

            ours(), plain()
            mine, peer = alternate(ours, plain, rounds=ROUNDS)
    finally:
        pool.close()
    return [figure("aggregate", mine * 1e3, peer=peer * 1e3, unit="ms", aim="<= 10")]


def _written(path: Path) -> Source:
    duckdb.execute(
        f"COPY (SELECT hash(range) % {UNITS} AS person, hash(range, 1) % {GROUPS} AS region,"
        f" (hash(range, 2) % 1000)::DOUBLE AS cost FROM range({ROWS})) TO '{path}'"
    )
    return Source(name="visits", kind="parquet", path=str(path))


def _planned(dataset: Dataset, source: Source, pool: WorkerPool, *, clamp: int) -> ProtectedJob:
    authored = parse_contract((CONTRACT % clamp).encode())
    members = {item.party: "sha256:" + "0" * 64 for item in authored.contract.parties}
    signed = parse_proposal(build_proposal(authored, nonce_hex="0" * 32, members=members))
    sql = "SELECT region, count(*) AS n, avg(cost) AS mean FROM visits GROUP BY region"
    query = Query(
        sql=sql, contract=signed.id, purpose=PURPOSE, consumer=CONSUMER, provider=PROVIDER
    )
    plan = decide(query, signed, {dataset.id: dataset}, parser=pool)
    assert isinstance(plan, Plan), plan
    return protected_job(plan.blocks[0], secrets={"m1": "0" * 64}, sources=(source,), seconds=60)
