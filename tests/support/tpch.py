"""TPC-H's eight tables with made-up rows of its sizes and value lists, the same at every call.

Not the rows of the benchmark's own generator: keys, dates, lists of words and their dependencies
are its, and everything else is drawn evenly by hashing. So every query of the 22 has rows to find.
"""

import re
from pathlib import Path

import duckdb

QUERIES = Path(__file__).parents[1] / "vectors" / "corpus" / "tpch.sql"
TABLES = ("region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem")
_LISTS = {
    "regions": "AFRICA|AMERICA|ASIA|EUROPE|MIDDLE EAST",
    "nations": "ALGERIA|ARGENTINA|BRAZIL|CANADA|EGYPT|ETHIOPIA|FRANCE|GERMANY|INDIA|INDONESIA|IRAN"
    "|IRAQ|JAPAN|JORDAN|KENYA|MOROCCO|MOZAMBIQUE|PERU|CHINA|ROMANIA|SAUDI ARABIA|VIETNAM|RUSSIA"
    "|UNITED KINGDOM|UNITED STATES",
    "segments": "AUTOMOBILE|BUILDING|FURNITURE|HOUSEHOLD|MACHINERY",
    "priorities": "1-URGENT|2-HIGH|3-MEDIUM|4-NOT SPECIFIED|5-LOW",
    "modes": "AIR|FOB|MAIL|RAIL|REG AIR|SHIP|TRUCK",
    "instructions": "COLLECT COD|DELIVER IN PERSON|NONE|TAKE BACK RETURN",
    "sizes": "ECONOMY|LARGE|MEDIUM|PROMO|SMALL|STANDARD",
    "finishes": "ANODIZED|BRUSHED|BURNISHED|PLATED|POLISHED",
    "metals": "BRASS|COPPER|NICKEL|STEEL|TIN",
    "widths": "JUMBO|LG|MED|SM|WRAP",
    "boxes": "BAG|BOX|CAN|CASE|DRUM|JAR|PACK|PKG",
    "colours": "almond|azure|blue|chocolate|forest|green|ivory|lime|olive|red|sienna|white",
    "words": "special|requests|Customer|Complaints|packages|deposits|sleep|quickly|final|ideas",
}
_REGION_OF = [0, 1, 1, 1, 4, 0, 3, 3, 2, 2, 4, 4, 2, 4, 0, 0, 0, 1, 2, 3, 4, 2, 3, 3, 1]
_MACROS = """
CREATE MACRO drawn(i, salt, n) AS (hash(i, salt) % n::UBIGINT)::BIGINT;
CREATE MACRO one_of(list, i, salt) AS list[drawn(i, salt, len(list)) + 1];
CREATE MACRO cents(i, salt, low, high) AS
    ((low + drawn(i, salt, high - low)) / 100)::DECIMAL(15,2);
CREATE MACRO said(i, salt) AS concat_ws(' ', one_of({words}, i, salt), one_of({words}, i, salt + 1),
    one_of({words}, i, salt + 2), one_of({words}, i, salt + 3));
CREATE MACRO phone(i, nation) AS
    concat_ws('-', nation + 10, 100 + drawn(i, 9, 900), 1000 + drawn(i, 10, 9000));
"""
_SELECTS = {
    "region": "SELECT i::INTEGER AS r_regionkey, {regions}[i + 1] AS r_name,"
    " said(i, 1) AS r_comment FROM range(5) AS t(i)",
    "nation": "SELECT i::INTEGER AS n_nationkey, {nations}[i + 1] AS n_name,"
    " {region_of}[i + 1]::INTEGER AS n_regionkey, said(i, 2) AS n_comment FROM range(25) AS t(i)",
    "supplier": "SELECT i + 1 AS s_suppkey, printf('Supplier#%09d', i + 1) AS s_name,"
    " said(i, 3) AS s_address, drawn(i, 4, 25)::INTEGER AS s_nationkey,"
    " phone(i, s_nationkey) AS s_phone, cents(i, 5, -99999, 999999) AS s_acctbal,"
    " said(i, 6) AS s_comment FROM range({suppliers}) AS t(i)",
    "customer": "SELECT i + 1 AS c_custkey, printf('Customer#%09d', i + 1) AS c_name,"
    " said(i, 13) AS c_address, drawn(i, 14, 25)::INTEGER AS c_nationkey,"
    " phone(i, c_nationkey) AS c_phone, cents(i, 15, -99999, 999999) AS c_acctbal,"
    " one_of({segments}, i, 16) AS c_mktsegment, said(i, 17) AS c_comment"
    " FROM range({customers}) AS t(i)",
    "part": "SELECT i + 1 AS p_partkey,"
    " concat_ws(' ', one_of({colours}, i, 20), one_of({colours}, i, 21)) AS p_name,"
    " concat('Manufacturer#', 1 + drawn(i, 22, 5)) AS p_mfgr,"
    " concat('Brand#', 1 + drawn(i, 22, 5), 1 + drawn(i, 23, 5)) AS p_brand,"
    " concat_ws(' ', one_of({sizes}, i, 24), one_of({finishes}, i, 25), one_of({metals}, i, 26))"
    " AS p_type, (1 + drawn(i, 27, 50))::INTEGER AS p_size,"
    " concat_ws(' ', one_of({widths}, i, 28), one_of({boxes}, i, 29)) AS p_container,"
    " cents(i, 30, 90000, 200000) AS p_retailprice, said(i, 31) AS p_comment"
    " FROM range({parts}) AS t(i)",
    "partsupp": "SELECT i + 1 AS ps_partkey,"
    " (i + n * ({suppliers} // 4 + i // {suppliers})) % {suppliers} + 1 AS ps_suppkey,"
    " 1 + drawn(i * 4 + n, 40, 9999) AS ps_availqty,"
    " cents(i * 4 + n, 41, 100, 100000) AS ps_supplycost, said(i * 4 + n, 42) AS ps_comment"
    " FROM range({parts}) AS t(i), range(4) AS u(n)",
    "orders": "SELECT i * 4 + 1 AS o_orderkey, drawn(i, 50, {customers} * 2 // 3) * 3 // 2 + 1"
    " AS o_custkey, one_of(['F', 'O', 'P'], i, 51) AS o_orderstatus,"
    " cents(i, 52, 100000, 50000000) AS o_totalprice,"
    " DATE '1992-01-01' + drawn(i, 53, 2405)::INTEGER AS o_orderdate,"
    " one_of({priorities}, i, 54) AS o_orderpriority, printf('Clerk#%09d', drawn(i, 55, 1000))"
    " AS o_clerk, 0::INTEGER AS o_shippriority, said(i, 56) AS o_comment"
    " FROM range({orders}) AS t(i)",
    "lineitem": "SELECT o_orderkey AS l_orderkey, 1 + drawn(o_orderkey * 8 + n, 60, {parts})"
    " AS l_partkey, (l_partkey - 1 + drawn(o_orderkey * 8 + n, 61, 4)"
    " * ({suppliers} // 4 + (l_partkey - 1) // {suppliers})) % {suppliers} + 1 AS l_suppkey,"
    " n + 1 AS l_linenumber, (1 + drawn(o_orderkey * 8 + n, 62, 50))::DECIMAL(15,2) AS l_quantity,"
    " (l_quantity * cents(l_partkey, 30, 90000, 200000))::DECIMAL(15,2) AS l_extendedprice,"
    " cents(o_orderkey * 8 + n, 63, 0, 11) AS l_discount, cents(o_orderkey * 8 + n, 64, 0, 9)"
    " AS l_tax, one_of(['A', 'N', 'R'], o_orderkey * 8 + n, 65) AS l_returnflag,"
    " one_of(['F', 'O'], o_orderkey * 8 + n, 66) AS l_linestatus,"
    " o_orderdate + (1 + drawn(o_orderkey * 8 + n, 67, 121))::INTEGER AS l_shipdate,"
    " o_orderdate + (30 + drawn(o_orderkey * 8 + n, 68, 61))::INTEGER AS l_commitdate,"
    " l_shipdate + (1 + drawn(o_orderkey * 8 + n, 69, 30))::INTEGER AS l_receiptdate,"
    " one_of({instructions}, o_orderkey * 8 + n, 70) AS l_shipinstruct,"
    " one_of({modes}, o_orderkey * 8 + n, 71) AS l_shipmode,"
    " said(o_orderkey * 8 + n, 72) AS l_comment"
    " FROM orders, range(7) AS u(n) WHERE n <= drawn(o_orderkey, 73, 7)",
}


def read_queries() -> list[str]:
    """Read the 22 queries."""
    parts = re.split(r"^-- q\d\d .*$", QUERIES.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [part.strip().rstrip(";") for part in parts[1:]]


def make_tables(connection: duckdb.DuckDBPyConnection, scale: float) -> None:
    """Make the eight tables; a scale of 1 has six million rows of `lineitem`."""
    words = {
        name: "[" + ", ".join(f"'{item}'" for item in text.split("|")) + "]"
        for name, text in _LISTS.items()
    }
    sizes = {
        name: max(8, int(rows * scale))
        for name, rows in (
            ("suppliers", 10_000),
            ("customers", 150_000),
            ("parts", 200_000),
            ("orders", 1_500_000),
        )
    }
    connection.execute(_MACROS.format(**words))
    for table in TABLES:
        select = _SELECTS[table].format(**words, **sizes, region_of=_REGION_OF)
        connection.execute(f"CREATE TABLE {table} AS {select}")


def write_tables(connection: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, Path]:
    """Write the tables as Parquet files."""
    files = {name: folder / f"{name}.parquet" for name in TABLES}
    for name, path in files.items():
        connection.execute(f"COPY {name} TO '{path}'")
    return files


def grants_of(holders: dict[str, tuple[str, ...]], connection: duckdb.DuckDBPyConnection) -> str:
    """Write a grant of all columns for each company that holds some of the tables."""
    lines = []
    for name, tables in holders.items():
        datasets = ", ".join(f"{name}.example/{table}" for table in tables)
        columns = ", ".join(
            f"{column}: {{}}" for table in tables for column in connection.table(table).columns
        )
        lines += [
            f"  - grant: {name}",
            f"    datasets: [{datasets}]",
            "    access: rows",
            f"    columns: {{{columns}}}",
        ]
    return "\n".join(lines)
