"""The 22 queries of TPC-H, however the tables are split: by table, by row, or both.

Each fragment is decided by its provider's gate and run there, without nodes: tests/e2e has those.
"""

import duckdb
import pytest

from sekisho.documents.contract import parse_contract
from sekisho.documents.proposal import build_proposal, parse_proposal
from sekisho.federation.catalog import Part, ShownColumn, catalog_of
from sekisho.model.dataset import Column, Dataset
from sekisho.model.names import DatasetId, PartyId
from support.federated import World
from support.tpch import TABLES, make_tables, read_queries

ALIASES = ("ua", "dl", "aa")
BY_TABLE = {
    "ua": ("lineitem", "part"),
    "dl": ("orders", "customer", "nation"),
    "aa": ("supplier", "partsupp", "region"),
}
BY_ROW = dict.fromkeys(ALIASES, TABLES)
MIXED = {"ua": ("lineitem", "orders", "part"), "dl": TABLES[:6], "aa": ("lineitem", "orders")}
SPLITS = {"by table": BY_TABLE, "by row": BY_ROW, "mixed": MIXED}
QUERIES = read_queries()
_CONTRACT = """
format: sekisho.contract/v1
title: Orders
parties:
  - {party: ua.example, role: provider, alias: ua}
  - {party: dl.example, role: provider, alias: dl}
  - {party: aa.example, role: provider, alias: aa}
  - {party: maker.example, role: consumer, alias: maker}
purposes:
  - {purpose: reliability, means: "Statistics"}
term: {starts: 2026-12-01, ends: 2027-11-30, timezone: UTC}
grants:
"""


@pytest.fixture(scope="module")
def whole():
    """All the data in one place."""
    connection = duckdb.connect(config={"threads": 1})
    make_tables(connection, 0.005)
    return connection


@pytest.fixture(scope="module", params=SPLITS)
def world(whole, request):
    """The same split over three providers."""
    return split(whole, SPLITS[request.param])


def split(whole, holders):
    """Give each holder of a table its share of the rows."""
    grants = ""
    parts, datasets = [], {}
    providers = {f"{alias}.example": duckdb.connect(config={"threads": 1}) for alias in ALIASES}
    for alias, tables in holders.items():
        connection = providers[f"{alias}.example"]
        connection.execute("CREATE SCHEMA data")
        listed = ", ".join(f"{alias}.example/{table}" for table in tables)
        names = [name for table in tables for name in whole.table(table).columns]
        shown = ", ".join(f"{name}: {{}}" for name in names)
        grants += (
            f"  - {{grant: {alias}, datasets: [{listed}], access: rows, columns: {{{shown}}}}}\n"
        )
    signed = _signed(grants)
    for alias, tables in holders.items():
        for table in tables:
            with_it = [item for item, held in holders.items() if table in held]
            kept = f"hash(t) % {len(with_it)} = {with_it.index(alias)}"
            arrow = whole.sql(f"SELECT * FROM {table} AS t WHERE {kept}").to_arrow_table()
            connection = providers[f"{alias}.example"]
            connection.register("arrow", arrow)
            connection.execute(f"CREATE TABLE data.{table} AS SELECT * FROM arrow")
            relation = whole.table(table)
            columns = dict(zip(relation.columns, map(str, relation.types), strict=True))
            parts.append(_part(alias, table, columns, signed=signed))
            name = DatasetId(f"{alias}.example/{table}")
            held = tuple(Column(name=c, type=k) for c, k in columns.items())
            datasets[name] = Dataset(id=name, columns=held)
    catalog = catalog_of(parts)
    return World(
        catalog=catalog,
        untyped=catalog,
        whole=whole,
        providers=providers,
        consumer=duckdb.connect(config={"threads": 1}),
        datasets=datasets,
        signed=signed,
    )


def _signed(grants):
    authored = parse_contract((_CONTRACT + grants).encode())
    members = {item.party: "sha256:" + "0" * 64 for item in authored.contract.parties}
    return parse_proposal(build_proposal(authored, nonce_hex="0" * 32, members=members))


def _part(alias, table, columns, *, signed):
    return Part(
        party=PartyId(f"{alias}.example"),
        alias=alias,
        dataset=table,
        columns=tuple(ShownColumn(name=c, type=k) for c, k in columns.items()),
        grants=tuple(item for item in signed.contract.grants if item.grant == alias),
    )


@pytest.mark.parametrize("number", range(1, 23))
def test_a_query_gives_the_same_rows_in_the_same_order(whole, world, number):
    sql = QUERIES[number - 1]
    expected = whole.sql(sql).to_arrow_table()
    found = world.split_answer(world.plan(sql))
    assert found.schema.types == expected.schema.types
    assert _rows(found) == _rows(expected)


def _rows(table):
    return [tuple(row.values()) for row in table.to_pylist()]
