"""The 22 queries of TPC-H over three companies' nodes give what they give over all the data.

They are asked through ADBC, as an analyst's tools do, and go over mutual TLS between the nodes.
"""

import duckdb
import pyarrow as pa
import pytest

from support.clients import user_by_adbc
from support.nodes import Companies, around_today
from support.tpch import grants_of, make_tables, read_queries, write_tables

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

HOLDERS = {
    "shipper": ("lineitem", "part"),
    "seller": ("orders", "customer", "nation"),
    "maker": ("supplier", "partsupp", "region"),
}
QUERIES = read_queries()
SCALE = 0.01


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Three providers that hold some of the tables each, and a consumer without any."""
    root = tmp_path_factory.mktemp("tpch")
    whole = duckdb.connect(config={"threads": 1})
    make_tables(whole, SCALE)
    files = write_tables(whole, root)
    with Companies(root) as companies:
        for name, tables in HOLDERS.items():
            sources = (
                f'  {table}:\n    source: {{parquet: "{files[table]}"}}\n' for table in tables
            )
            companies.found(name, "".join(sources))
        companies.found("analyst")
        companies.introduce()
        companies.start()
        companies.contract = companies.agree(_contract(grants_of(HOLDERS, whole)))
        companies.whole = whole
        with user_by_adbc(companies["analyst"], companies.contract) as companies.connection:
            yield companies


def _contract(grants: str) -> str:
    lines = [f"  - {{party: {name}.example, role: provider}}" for name in HOLDERS]
    return "\n".join(
        (
            "format: sekisho.contract/v1",
            "title: Orders and shipments",
            "parties:",
            *lines,
            "  - {party: analyst.example, role: consumer}",
            "purposes:",
            '  - {purpose: reliability, means: "Statistics of shipments."}',
            around_today(),
            "grants:",
            grants,
            "",
        )
    )


@pytest.mark.parametrize("number", range(1, len(QUERIES) + 1))
def test_a_query_over_three_nodes_equals_it_in_one_place(world, number):
    sql = QUERIES[number - 1]
    expected = world.whole.sql(sql).to_arrow_table()
    with world.connection.cursor() as cursor:
        found = cursor.execute(sql).fetch_arrow_table()

    assert found.schema.types == expected.schema.types
    assert _rows(found) == _rows(expected)


def _rows(table: pa.Table) -> list[tuple]:
    """Give the rows in their order: each query that has several orders them by all that matters."""
    return [tuple(row.values()) for row in table.to_pylist()]


def test_there_are_22():
    assert len(QUERIES) == 22
