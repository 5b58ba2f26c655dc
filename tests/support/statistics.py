"""Statistics from question to answer in one process: gate, engine, memory, and the query above.

All is the package's own code but for what carries a job to a worker: an engine in this process.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Self

import duckdb

from sekisho.documents.contract import parse_contract
from sekisho.engine.engine import Job
from sekisho.engine.run import _values
from sekisho.engine.small import answers_of, make_steps, make_tables
from sekisho.errors import Refusal
from sekisho.gate.decide import decide
from sekisho.gate.governed import HASH_KEY
from sekisho.model.dataset import Column, Dataset
from sekisho.model.names import ContractId, DatasetId, PartyId
from sekisho.model.parameters import Parameter
from sekisho.model.plan import Plan
from sekisho.model.query import Query
from sekisho.model.signed import SignedContract
from sekisho.server.plans import bound_job
from sekisho.server.protecting import Protecting, cells_table, protected_job
from support.gate_cases import PARSER
from support.state import NOW, opened

PROVIDER = PartyId("a.example")
LAB = PartyId("lab.example")
RIVAL = PartyId("rival.example")
SECRETS = {HASH_KEY: "5" * 64, "k1": "1" * 64, "k2": "2" * 64}

_CONTRACT = """
format: sekisho.contract/v1
title: Tests by age
parties:
  - {{party: a.example, role: provider, alias: a}}
  - {{party: lab.example, role: consumer}}
  - {{party: rival.example, role: consumer}}
purposes:
  - {{purpose: reliability, means: "Where the virus goes"}}
term: {{starts: 2026-12-01, ends: 2027-11-30, timezone: Asia/Tokyo}}
grants:
  - grant: tests
    datasets: [{datasets}]
    access: aggregate
    privacy_units: [{units}]
{where}    columns: {{{columns}}}
{rest}
"""
COLUMNS = (
    "age: {use: [group, filter]}, day: {use: [group, filter]}, sex: {use: [group, filter]},"
    " result: {use: [group, filter]}, ct: {use: [measure]}, dose: {use: [measure]},"
    " patient: {use: [join]}"
)
TESTS = {
    "patient": "INTEGER",
    "age": "INTEGER",
    "day": "INTEGER",
    "sex": "VARCHAR",
    "result": "VARCHAR",
    "ct": "DOUBLE",
    "dose": "INTEGER",
    "remark": "VARCHAR",
}
"""A hospital's tests; nobody is granted the remark."""
SMALL = "minimum_units: 3, dominance: {largest_percent: 99, two_largest_percent: 100, p_percent: 1}"
"""Terms under which a handful of rows is enough to show what happens."""


def agreed(
    *,
    columns: str = COLUMNS,
    datasets: str = "a.example/tests",
    units: str = "patient",
    where: str = "",
    disclosure: str = SMALL,
    number: int = 0,
    rest: str = "",
) -> SignedContract:
    """Take a contract of statistics as signed by all."""
    text = _CONTRACT.format(
        datasets=datasets,
        units=units,
        where=f'    where: "{where}"\n' if where else "",
        columns=columns,
        rest=(f"    disclosure: {{{disclosure}}}\n" if disclosure else "") + rest,
    )
    return SignedContract(
        id=ContractId(f"sha256:{number:064x}"),
        contract=parse_contract(text.encode()).contract,
        starts_at=NOW,
        ends_at=NOW.replace(year=2027),
        sign_by_at=NOW,
        nonce="0" * 32,
        members={},
    )


def one_test(patient: int, **fields: object) -> tuple:
    """A test of one patient, much like everybody's but for what is said."""
    plain = {
        "patient": patient,
        "age": 20 + patient % 4 * 10,
        "day": patient,
        "sex": "fm"[patient % 2],
        "result": "negative",
        "ct": 20.0 + patient % 7,
        "dose": 1 + patient % 3,
        "remark": "",
    }
    assert fields.keys() <= plain.keys()
    return tuple((plain | fields).values())


class Node:
    """A provider's node as far as statistics need one: its data and what it has published."""

    def __init__(self, folder: Path, *, now: datetime = NOW) -> None:
        self.now = now
        self.state = opened(folder / "node.db", now=now)
        self.protecting = Protecting(self.state, lambda: self.now)
        self.datasets: dict[DatasetId, Dataset] = {}
        self.db = duckdb.connect(":memory:")
        self.db.execute("SET TimeZone = 'UTC'")
        self.db.execute("SET threads = 1")
        self.db.execute("CREATE SCHEMA data")
        self.fresh: list[int] = []
        """How many cells each question was charged with."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.state.close()
        self.db.close()

    def offer(
        self,
        name: str,
        columns: Mapping[str, str],
        rows: Iterable[tuple] = (),
        *,
        units: tuple[str, ...] = ("patient",),
    ) -> None:
        """Have a dataset, or have it with other columns and rows."""
        key = DatasetId(f"{PROVIDER}/{name}")
        self.datasets[key] = Dataset(
            id=key,
            columns=tuple(Column(name=item, type=kind) for item, kind in columns.items()),
            privacy_units=units,
        )
        written = ", ".join(f'"{item}" {kind}' for item, kind in columns.items())
        self.db.execute(f'CREATE OR REPLACE TABLE data."{name}" ({written})')
        marks = ", ".join("?" for _ in columns)
        data = [list(row) for row in rows]
        if data:
            self.db.executemany(f'INSERT INTO data."{name}" VALUES ({marks})', data)

    def tests(self, *rows: tuple, units: tuple[str, ...] = ("patient",)) -> None:
        """Have these tests and no others."""
        self.offer("tests", TESTS, rows, units=units)

    def run(self, sql: str) -> None:
        """Change the data."""
        self.db.execute(sql)

    def decide(
        self,
        sql: str,
        signed: SignedContract,
        consumer: PartyId = LAB,
        *,
        parameters: tuple[Parameter, ...] = (),
    ) -> Plan | Refusal:
        query = Query(
            parameters=parameters,
            sql=sql,
            contract=signed.id,
            purpose="reliability",
            consumer=consumer,
            provider=PROVIDER,
        )
        return decide(query, signed, self.datasets, parser=PARSER)

    def ask(
        self,
        sql: str,
        signed: SignedContract,
        consumer: PartyId = LAB,
        *,
        parameters: tuple[Parameter, ...] = (),
    ) -> list[tuple]:
        """Ask and get the rows of the answer.

        Raises:
            Refusal: The gate's, or that of what was published.
        """
        plan = self.decide(sql, signed, consumer, parameters=parameters)
        if isinstance(plan, Refusal):
            raise plan
        return self.answer(plan, parameters)

    def answer(self, plan: Plan, parameters: tuple[Parameter, ...] = ()) -> list[tuple]:
        """Run a plan."""
        assert plan.blocks
        tables = []
        for block in plan.blocks:
            job = protected_job(block, secrets=SECRETS, sources=(), seconds=60.0)
            job = replace(job, job=bound_job(job.job, block.bound, parameters))
            assert cells_table(block).rows == ()
            tables.append(
                self.protecting.cells(job, {}, answer=0, compute=self.compute, charge=self._charge)
            )
        with self.db.cursor() as cursor:
            make_tables(
                cursor,
                [{"name": t.name, "columns": t.columns, "rows": t.rows} for t in tables],
            )
            above = bound_job(Job(sql=plan.sql, parameters=plan.parameters), plan.bound, parameters)
            return cursor.execute(plan.sql, dict(above.parameters) or None).fetchall()

    def compute(self, job: Job) -> Mapping[str, Mapping]:
        """Run a job with small answers as a worker does."""
        with self.db.cursor() as cursor:
            make_tables(
                cursor,
                [{"name": t.name, "columns": t.columns, "rows": t.rows} for t in job.tables],
            )
            make_steps(cursor, job.steps, job.parameters)
            sent = json.loads(json.dumps(answers_of(cursor, job.outputs, job.parameters)))
        return {
            name: {column: _values(values) for column, values in answer.items()}
            for name, answer in sent.items()
        }

    def _charge(self, _tx: object, cells: int) -> None:
        self.fresh.append(cells)
