"""Random tables split over providers, for the federation's tests: a query's two ways to an answer.

One way is the query itself over all the data in one DuckDB. The other is the planner's: every
fragment is decided by its provider's gate and run over that provider's part alone, and the residual
reads the fragments' answers as Arrow.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb
import pyarrow as pa

from sekisho.documents.contract import parse_contract
from sekisho.engine.inputs import read_schema
from sekisho.errors import Refusal
from sekisho.federation.catalog import Catalog, Part, ShownColumn, catalog_of
from sekisho.federation.plan import FederatedPlan, Fragment, plan_query
from sekisho.gate.decide import decide
from sekisho.model.dataset import Column, Dataset
from sekisho.model.names import ContractId, DatasetId, PartyId
from sekisho.model.parameters import Parameter
from sekisho.model.plan import Plan
from sekisho.model.query import Query
from sekisho.model.signed import SignedContract
from sekisho.server.residual import promised_schema
from support.second_parser import DuckDBParser

PARSER = DuckDBParser()
CONSUMER = PartyId("maker.example")
CONTRACT_ID = ContractId("sha256:" + "b" * 64)
ALIASES = ("ua", "dl", "aa")
FLIGHTS = {
    "tail": "VARCHAR",
    "origin": "VARCHAR",
    "delay": "SMALLINT",
    "day": "DATE",
    "fare": "DECIMAL(8,2)",
    "late": "BOOLEAN",
    "hours": "DOUBLE",
}
CREWS = {"tail": "VARCHAR", "size": "INTEGER"}
PLANES = {"tail": "VARCHAR", "model": "VARCHAR", "built": "INTEGER"}
TABLES = {"flights": FLIGHTS, "crews": CREWS}

_CONTRACT = """
format: sekisho.contract/v1
title: Flights
parties:
  - {party: ua.example, role: provider, alias: ua}
  - {party: dl.example, role: provider, alias: dl}
  - {party: aa.example, role: provider, alias: aa}
  - {party: maker.example, role: consumer, alias: maker}
purposes:
  - {purpose: reliability, means: "Delay statistics"}
term: {starts: 2026-12-01, ends: 2027-11-30, timezone: UTC}
grants:
  - grant: flights
    datasets: [aa.example/flights]
    access: rows
    columns: {tail: {}, origin: {}, delay: {}, day: {}, fare: {}, late: {}, hours: {}}
  - grant: both
    datasets: [ua.example/flights, dl.example/flights, ua.example/crews, dl.example/crews]
    access: rows
    columns: {tail: {}, origin: {}, delay: {}, day: {}, fare: {}, late: {}, hours: {}, size: {}}
"""
SIGNED = SignedContract(
    id=CONTRACT_ID,
    contract=parse_contract(_CONTRACT.encode()).contract,
    starts_at=datetime(2026, 12, 1, tzinfo=UTC),
    ends_at=datetime(2027, 12, 1, tzinfo=UTC),
    sign_by_at=datetime(2026, 12, 31, tzinfo=UTC),
    nonce="0" * 32,
    members={},
)
GRANTS = {grant.grant: grant for grant in SIGNED.contract.grants}


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One random split: the whole, the parts, and what is known of them."""

    catalog: Catalog
    untyped: Catalog
    """The same, where nobody has told the types."""
    whole: duckdb.DuckDBPyConnection
    """Schemas `shared`, `ua`, `dl`, `aa` and `local` over all the data in one place."""
    providers: dict[str, duckdb.DuckDBPyConnection]
    consumer: duckdb.DuckDBPyConnection
    datasets: dict[DatasetId, Dataset]
    signed: SignedContract = SIGNED

    def whole_answer(self, sql: str, *, with_provider: bool = False) -> pa.Table:
        """Answer a query over all the data in one place."""
        schema = "shared_with_provider" if with_provider else "shared"
        return self.whole.execute(f"USE sekisho.{schema}").sql(sql).to_arrow_table()

    def split_answer(self, plan: FederatedPlan, parameters: tuple[Parameter, ...] = ()) -> pa.Table:
        """Answer a plan: each fragment at its provider, then the residual."""
        cursor = self.consumer.cursor()
        try:
            for fragment in plan.fragments:
                own = tuple(item for item in parameters if item.name in fragment.parameters)
                answer = self.fragment_answer(fragment, own)
                hold_to_promise(fragment, answer.schema)
                cursor.register(fragment.name, answer)
            bound = {f"v_{p.name}": p.value for p in parameters if p.name in plan.bound}
            parameters = {**plan.parameters, **bound} or None
            return cursor.sql(plan.residual_sql, params=parameters).to_arrow_table()
        finally:
            cursor.close()

    def fragment_answer(
        self, fragment: Fragment, parameters: tuple[Parameter, ...] = ()
    ) -> pa.Table:
        """Decide and run one fragment at its provider."""
        decision = self.decide(fragment, parameters)
        bound = {f"v_{p.name}": p.value for p in parameters if p.name in decision.bound}
        parameters = {**decision.parameters, **bound} or None
        return self.providers[fragment.party].sql(decision.sql, params=parameters).to_arrow_table()

    def decide(self, fragment: Fragment, parameters: tuple[Parameter, ...] = ()) -> Plan:
        """Ask the provider's gate; a refusal is raised."""
        query = Query(
            sql=fragment.sql,
            contract=self.signed.id,
            purpose="reliability",
            consumer=CONSUMER,
            provider=fragment.party,
            parameters=parameters,
        )
        decision = decide(query, self.signed, self.datasets, parser=PARSER)
        if isinstance(decision, Refusal):
            raise decision
        return decision

    def plan(
        self, sql: str, *, typed: bool = True, parameters: tuple[Parameter, ...] = ()
    ) -> FederatedPlan:
        """Plan a query."""
        types = {item.name: item.engine_type for item in parameters}
        catalog = self.catalog if typed else self.untyped
        return plan_query(sql, catalog, parser=PARSER, parameters=types)


def hold_to_promise(fragment: Fragment, found: pa.Schema) -> None:
    """See that a provider that keeps its word is believed."""
    promised = read_schema(promised_schema(fragment))
    assert found.names == promised.names
    for kind, expected in zip(found.types, promised.types, strict=True):
        assert expected in {kind, pa.null()}


def make_world(seed: int, *, rows: int = 40) -> World:
    """Make random tables, some of them empty, and split them over three providers at random."""
    chance = random.Random(seed)
    types = {alias: _types(chance, is_varied=seed % 3 == 2) for alias in ALIASES}
    whole = duckdb.connect(":memory:", config={"threads": 1})
    whole.execute("ATTACH ':memory:' AS sekisho; USE sekisho")
    whole.execute("CREATE SCHEMA shared; CREATE SCHEMA shared_with_provider; CREATE SCHEMA local")
    providers = {}
    for alias in ALIASES:
        count = 0 if chance.random() < 0.1 else chance.randrange(rows)
        providers[f"{alias}.example"] = connection = _database()
        whole.execute(f"CREATE SCHEMA {alias}")
        for table in _tables_of(alias):
            values = [_row(chance, types[alias][table]) for _ in range(count)]
            _create(connection, f"data.{table}", types[alias][table], values=values)
            _create(whole, f"{alias}.{table}", types[alias][table], values=values)
    _unite(whole)
    consumer = _database()
    planes = [_row(chance, PLANES) for _ in range(chance.randrange(12))]
    _create(consumer, "data.planes", PLANES, values=planes)
    _create(whole, "local.planes", PLANES, values=planes)
    return World(
        catalog=_catalog(types, is_typed=True),
        untyped=_catalog(types, is_typed=False),
        whole=whole,
        providers=providers,
        consumer=consumer,
        datasets=_datasets(types),
    )


Types = dict[str, dict[str, dict[str, str]]]


def _types(chance: random.Random, *, is_varied: bool) -> dict[str, dict[str, str]]:
    """Give a provider's types; where they vary, they are of one kind or of several."""
    flights = dict(FLIGHTS)
    if is_varied:
        flights["delay"] = chance.choice(["SMALLINT", "INTEGER", "BIGINT"])
        flights["fare"] = chance.choice(["DECIMAL(8,2)", "DECIMAL(10,3)", "INTEGER"])
        flights["day"] = chance.choice(["DATE", "TIMESTAMP"])
    return {"flights": flights, "crews": CREWS}


def _tables_of(alias: str) -> tuple[str, ...]:
    return ("flights",) if alias == "aa" else ("flights", "crews")


def _database() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:", config={"threads": 1})
    connection.execute("CREATE SCHEMA data")
    return connection


def _create(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    types: dict[str, str],
    *,
    values: Iterable[tuple[str, ...]],
) -> None:
    columns = ", ".join(f"{column} {kind}" for column, kind in types.items())
    connection.execute(f"CREATE TABLE {name} ({columns})")
    rows = ", ".join(f"({', '.join(row)})" for row in values)
    if rows:
        connection.execute(f"INSERT INTO {name} VALUES {rows}")


def _row(chance: random.Random, types: dict[str, str]) -> tuple[str, ...]:
    return tuple(
        "NULL" if chance.random() < 0.15 else _value(chance, column, kind)
        for column, kind in types.items()
    )


def _value(chance: random.Random, column: str, kind: str) -> str:
    texts = ("N1", "N2", "N3", "N4") if column == "tail" else ("A", "B", "C")
    day = f"'2026-{chance.randrange(1, 5):02}-{chance.randrange(1, 4):02}'"
    number = chance.randrange(2000, 2006) if column == "built" else chance.randrange(-5, 20)
    by_kind = {
        "VARCHAR": f"'{chance.choice(texts)}'",
        "DATE": day,
        "TIMESTAMP": day,
        "DECIMAL": f"{chance.randrange(-10, 40)}.25",
        "DOUBLE": f"{chance.randrange(20)}.5",
        "BOOLEAN": chance.choice(("true", "false")),
    }
    return by_kind.get(kind.partition("(")[0], str(number))


def _unite(whole: duckdb.DuckDBPyConnection) -> None:
    for table, types in TABLES.items():
        columns = ", ".join(types)
        aliases = [alias for alias in ALIASES if table in _tables_of(alias)]
        for schema, more in (("shared", ""), ("shared_with_provider", ", '{}' AS provider")):
            parts = [f"SELECT {columns}{more.format(a)} FROM {a}.{table}" for a in aliases]
            whole.execute(f"CREATE VIEW {schema}.{table} AS {' UNION ALL '.join(parts)}")


def _catalog(types: Types, *, is_typed: bool) -> Catalog:
    parts = [
        Part(
            party=PartyId(f"{alias}.example"),
            alias=alias,
            dataset=table,
            columns=tuple(
                ShownColumn(name=column, type=kind if is_typed else "")
                for column, kind in types[alias][table].items()
            ),
            grants=(GRANTS["flights" if alias == "aa" else "both"],),
        )
        for alias in ALIASES
        for table in _tables_of(alias)
    ]
    return catalog_of(parts, {"planes": tuple(PLANES)})


def _datasets(types: Types) -> dict[DatasetId, Dataset]:
    return {
        (name := DatasetId(f"{alias}.example/{table}")): Dataset(
            id=name,
            columns=tuple(Column(name=c, type=k) for c, k in types[alias][table].items()),
        )
        for alias in ALIASES
        for table in _tables_of(alias)
    }
