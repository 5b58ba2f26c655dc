"""Hospitals whose statistics are merged, in one process; what each publishes is the test's to say.

A fragment is read by its provider's own gate, and then computed over that provider's rows in the
open. A publisher makes of the outcome what leaves: all of it, or what a test leaves of it.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cache

import duckdb
import pyarrow as pa

from sekisho.documents.contract import parse_contract
from sekisho.errors import Refusal
from sekisho.federation.catalog import Catalog, Part, ShownColumn, catalog_of
from sekisho.federation.plan import FederatedPlan, Fragment, plan_query
from sekisho.gate.decide import decide
from sekisho.model.dataset import Column, Dataset
from sekisho.model.names import ContractId, DatasetId, PartyId
from sekisho.model.plan import Plan
from sekisho.model.query import Query
from sekisho.model.signed import SignedContract
from support.gate_cases import PARSER

ALIASES = ("a", "b", "c")
LAB = PartyId("lab.example")
TYPES = {
    "age": "INTEGER",
    "day": "DATE",
    "sex": "VARCHAR",
    "ct": "DOUBLE",
    "late": "INTEGER",
    "note": "VARCHAR",
    "patient": "INTEGER",
}
CONTRACT = """
format: sekisho.contract/v1
title: Tests
parties:
  - {party: a.example, role: provider, alias: a}
  - {party: b.example, role: provider, alias: b}
  - {party: c.example, role: provider, alias: c}
  - {party: lab.example, role: consumer, alias: lab}
purposes:
  - {purpose: reliability, means: "Where the virus goes"}
term: {starts: 2026-12-01, ends: 2027-11-30, timezone: UTC}
grants:
  - grant: tests
    datasets: [a.example/tests, b.example/tests, c.example/tests]
    access: aggregate
    privacy_units: [patient]
    columns:
      age: {use: [group, filter]}
      day: {use: [filter]}
      sex: {use: [group, filter, join]}
      ct: {use: [measure]}
      late: {use: [measure]}
      note: {use: [measure]}
      patient: {use: [join]}
    lookups:
      - {name: words, key: sex, columns: {word: text}, max_rows: 10}
"""
Row = tuple[object, ...]
Publisher = Callable[[Fragment, list[str], list[Row]], Iterable[Row]]
"""Makes of a fragment's columns and rows, as they are in the open, the rows that leave."""


def in_full(_fragment: Fragment, _columns: list[str], rows: list[Row]) -> Iterable[Row]:
    """Publish everything as it is."""
    return rows


def signed_contract(text: str = CONTRACT) -> SignedContract:
    """Take a contract as signed by all."""
    return SignedContract(
        id=ContractId("sha256:" + "c" * 64),
        contract=parse_contract(text.encode()).contract,
        starts_at=datetime(2026, 12, 1, tzinfo=UTC),
        ends_at=datetime(2027, 12, 1, tzinfo=UTC),
        sign_by_at=datetime(2026, 12, 31, tzinfo=UTC),
        nonce="0" * 32,
        members={},
    )


def catalog(signed: SignedContract, local: Mapping[str, tuple[str, ...]] | None = None) -> Catalog:
    """Name what a contract's providers show, as the consumer's node does."""
    return catalog_of(
        (
            Part(
                party=party,
                alias=signed.alias_of(party),
                dataset=dataset.partition("/")[2],
                columns=tuple(
                    ShownColumn(name=name, type=TYPES[name], is_returned=False)
                    for name in grant.columns
                ),
                grants=(grant,),
            )
            for party in signed.providers
            for grant in signed.grants_of(party)
            for dataset in grant.datasets_of(party)
        ),
        local or {"words": ("sex", "word", "other"), "ages": ("age", "label")},
    )


class Hospitals:
    """Providers by alias, each with rows of its own."""

    def __init__(self, rows: Mapping[str, tuple[Row, ...]], signed: SignedContract) -> None:
        self.rows = rows
        self.signed = signed
        self.decide = cache(self._decide)
        self._catalog = catalog(signed)
        self._databases = {alias: _database(TYPES, own) for alias, own in rows.items()}

    def plan(self, sql: str) -> FederatedPlan:
        """Plan a query at the consumer."""
        return plan_query(sql, self._catalog, parser=PARSER)

    def _decide(self, sql: str, alias: str) -> Plan | Refusal:
        """Ask one provider's gate."""
        query = Query(
            sql=sql,
            contract=self.signed.id,
            purpose="reliability",
            consumer=LAB,
            provider=PartyId(f"{alias}.example"),
        )
        key = DatasetId(f"{alias}.example/tests")
        columns = tuple(Column(name=name, type=kind) for name, kind in TYPES.items())
        dataset = Dataset(id=key, columns=columns, privacy_units=("patient",))
        return decide(query, self.signed, {key: dataset}, parser=PARSER)

    def ask(
        self, sql: str, publish: Publisher = in_full
    ) -> tuple[list[Row], dict[str, int], list[str]]:
        """Answer a query over what providers publish: rows, gaps by provider, types."""
        plan = self.plan(sql)
        with duckdb.connect(":memory:", config={"threads": 1}) as here:
            for fragment in plan.fragments:
                here.register(fragment.name, self._published(fragment, publish))
            gaps: dict[str, int] = {}
            for merge in plan.merges:
                here.execute(f'CREATE TABLE "{merge.name}" AS {merge.sql}')
                for party, cells in here.execute(merge.gaps).fetchall() if merge.gaps else ():
                    gaps[party] = gaps.get(party, 0) + cells
            found = here.sql(plan.residual_sql, params=dict(plan.parameters) or None)
            return found.fetchall(), gaps, [str(kind) for kind in found.types]

    def in_one_place(self, sql: str, left_out: Iterable[Row] = ()) -> list[Row]:
        """Answer a query over all rows but those left out, as `(provider, *row)`, in the open."""
        gone = set(left_out)
        rows = [
            (alias, *row)
            for alias, own in self.rows.items()
            for row in own
            if (alias, *row) not in gone
        ]
        with _database({"provider": "VARCHAR", **TYPES}, rows) as whole:
            return whole.sql(sql).fetchall()

    def _published(self, fragment: Fragment, publish: Publisher) -> pa.Table:
        alias = fragment.party.partition(".")[0]
        decision = self.decide(fragment.sql, alias)
        assert isinstance(decision, Plan), decision
        assert decision.columns == fragment.columns
        found = self._databases[alias].sql(fragment.sql)
        open_rows = found.fetchall()
        rows = publish(fragment, found.columns, open_rows)
        schema = found.to_arrow_table().schema
        return _table(rows, schema)


def _table(rows: Iterable[Row], schema: pa.Schema) -> pa.Table:
    records = [dict(zip(schema.names, row, strict=True)) for row in rows]
    return pa.Table.from_pylist(records, schema=schema)


def _database(types: Mapping[str, str], rows: Iterable[Row]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:", config={"threads": 1})
    columns = ", ".join(f"{name} {kind}" for name, kind in types.items())
    connection.execute(f"CREATE TABLE tests ({columns})")
    given = _table(rows, connection.table("tests").to_arrow_table().schema)
    connection.execute("INSERT INTO tests SELECT * FROM given")
    assert given.num_rows == connection.table("tests").shape[0]
    return connection
