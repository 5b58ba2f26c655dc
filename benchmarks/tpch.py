"""TPC-H's tables, empty, and its 22 queries as the corpus of the tests has them."""

import re
from pathlib import Path

import duckdb

QUERIES = Path(__file__).parents[1] / "tests" / "vectors" / "corpus" / "tpch.sql"
TABLES = {
    "region": "r_regionkey INTEGER, r_name VARCHAR, r_comment VARCHAR",
    "nation": "n_nationkey INTEGER, n_name VARCHAR, n_regionkey INTEGER, n_comment VARCHAR",
    "supplier": "s_suppkey BIGINT, s_name VARCHAR, s_address VARCHAR, s_nationkey INTEGER, "
    "s_phone VARCHAR, s_acctbal DECIMAL(15,2), s_comment VARCHAR",
    "customer": "c_custkey BIGINT, c_name VARCHAR, c_address VARCHAR, c_nationkey INTEGER, "
    "c_phone VARCHAR, c_acctbal DECIMAL(15,2), c_mktsegment VARCHAR, c_comment VARCHAR",
    "part": "p_partkey BIGINT, p_name VARCHAR, p_mfgr VARCHAR, p_brand VARCHAR, p_type VARCHAR, "
    "p_size INTEGER, p_container VARCHAR, p_retailprice DECIMAL(15,2), p_comment VARCHAR",
    "partsupp": "ps_partkey BIGINT, ps_suppkey BIGINT, ps_availqty BIGINT, "
    "ps_supplycost DECIMAL(15,2), ps_comment VARCHAR",
    "orders": "o_orderkey BIGINT, o_custkey BIGINT, o_orderstatus VARCHAR, "
    "o_totalprice DECIMAL(15,2), o_orderdate DATE, o_orderpriority VARCHAR, o_clerk VARCHAR, "
    "o_shippriority INTEGER, o_comment VARCHAR",
    "lineitem": "l_orderkey BIGINT, l_partkey BIGINT, l_suppkey BIGINT, l_linenumber BIGINT, "
    "l_quantity DECIMAL(15,2), l_extendedprice DECIMAL(15,2), l_discount DECIMAL(15,2), "
    "l_tax DECIMAL(15,2), l_returnflag VARCHAR, l_linestatus VARCHAR, l_shipdate DATE, "
    "l_commitdate DATE, l_receiptdate DATE, l_shipinstruct VARCHAR, l_shipmode VARCHAR, "
    "l_comment VARCHAR",
}


def write_tables(folder: Path) -> dict[str, Path]:
    """Write each table as a Parquet file without rows."""
    connection = duckdb.connect()
    files = {name: folder / f"{name}.parquet" for name in TABLES}
    for name, path in files.items():
        connection.execute(f"CREATE TABLE {name} ({TABLES[name]}); COPY {name} TO '{path}'")
    return files


def read_queries() -> list[str]:
    """Read the 22 queries."""
    parts = re.split(r"^-- q\d\d .*$", QUERIES.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [part.strip().rstrip(";") for part in parts[1:]]


def grant_of(provider: str) -> str:
    """Write a grant of all tables and columns."""
    columns = ", ".join(f"{name}: {{}}" for name in _columns())
    datasets = ", ".join(f"{provider}/{name}" for name in TABLES)
    return f"""\
  - grant: tpch
    datasets: [{datasets}]
    access: rows
    columns: {{{columns}}}"""


def _columns() -> list[str]:
    return [name for text in TABLES.values() for name in re.findall(r"(\w+) [A-Z]", text)]
