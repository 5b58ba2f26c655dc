"""An airline that grants statistics only, and a maker that brings what it knows of planes."""

from collections.abc import Mapping
from pathlib import Path

import duckdb

from sekisho.documents.envelope import digest_of
from sekisho.documents.lookup import LookupTable, Row, build_lookup
from sekisho.model.contract import LookupType
from support.asking import fetch
from support.nodes import Companies, around_today

DATA = Path(__file__).parents[2] / "examples" / "aviation"
FLIGHTS = DATA / "flights_ua.parquet"
PLANES = DATA / "planes.parquet"
FAMILIES = f"""
    SELECT tail_number, CASE WHEN count(*) OVER (PARTITION BY family) >= 10 THEN family ELSE 'other'
        END AS family FROM (SELECT tail_number, CASE WHEN model LIKE '7_7-%' THEN left(model, 3)
            WHEN model SIMILAR TO 'A3(18|19|20|21)-.*' THEN 'A320' ELSE 'other' END AS family
        FROM '{PLANES}') ORDER BY tail_number
"""
"""The maker's planes in families, each of ten or more."""
BY_FAMILY = """
    SELECT p.family, count(*) AS n, avg(f.departure_delay) AS delay FROM flights AS f
    JOIN planes AS p ON f.tail_number = p.tail_number GROUP BY p.family ORDER BY p.family
"""


def flights_section(path: Path = FLIGHTS) -> str:
    """The `datasets` of an airline's node.yaml."""
    return (
        f'  flights:\n    source: {{parquet: "{path}"}}\n    privacy_units: [tail_number]\n'
        "    columns: {tail_number: {class: identifier}}\n"
    )


def families_section(path: Path, select: str = FAMILIES) -> str:
    """The `datasets` of the maker's node.yaml, its planes written to a file."""
    duckdb.sql(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return f'  planes:\n    source: {{parquet: "{path}"}}\n'


def delays_text(
    *,
    providers: tuple[str, ...] = ("ua",),
    consumers: tuple[str, ...] = ("maker",),
    columns: str = "{family: text}",
    must_match: bool = False,
    max_rows: int = 10_000,
    minimum_units: int = 10,
) -> str:
    """A contract of statistics that lets the maker bring its planes."""
    roles = dict.fromkeys(providers, "provider") | dict.fromkeys(consumers, "consumer")
    parties = "".join(
        f"  - {{party: {name}.example, role: {role}}}\n" for name, role in roles.items()
    )
    datasets = ", ".join(f"{name}.example/flights" for name in providers)
    return f"""
format: sekisho.contract/v1
title: Delays by family
parties:
{parties}purposes:
  - {{purpose: reliability, means: "Delay statistics by aircraft family."}}
{around_today()}
grants:
  - grant: delays
    datasets: [{datasets}]
    access: aggregate
    privacy_units: [tail_number]
    where: "NOT cancelled"
    columns:
      tail_number: {{use: [join]}}
      origin: {{use: [group, filter]}}
      departure_delay: {{use: [measure]}}
    lookups:
      - name: planes
        key: tail_number
        columns: {columns}
        max_rows: {max_rows}
        must_match: {str(must_match).lower()}
    disclosure: {{minimum_units: {minimum_units}}}
personal_data: {{class: none}}
"""


def families() -> tuple[Row, ...]:
    """The rows that the maker brings."""
    return tuple(duckdb.sql(FAMILIES).fetchall())


def planes(
    rows: tuple[Row, ...], columns: Mapping[str, LookupType] | None = None, **changes
) -> bytes:
    """Write a table `planes` as the maker's node does."""
    fields = {
        "name": "planes",
        "key": "tail_number",
        "key_type": LookupType.TEXT,
        "columns": columns or {"family": LookupType.TEXT},
        "rows": rows,
    }
    return build_lookup(LookupTable(**(fields | changes)))


def deliver(companies: Companies, contract: str, content: bytes, *, by="maker", to="ua") -> str:
    """Hand a table over as one company's node does to another's; gives its digest."""
    peer = companies[by].peer_at(companies[to])
    try:
        peer.deliver_lookup(contract, content)
    finally:
        peer.close()
    return digest_of(content)


def ask(companies: Companies, contract: str, digest: str, sql: str = BY_FAMILY, by="maker"):
    """Ask with a table, and read the answer."""
    lookups = {"planes": digest}
    return fetch(companies[by], companies["ua"], contract, sql, lookups=lookups).to_pylist()


FLEET = 60
"""Planes of the small airline that attacks are made on, `N000` to `N059`; `N900` is hidden."""
FLEET_KEYS = f"SELECT format('N{{:03}}', n) AS tail_number FROM range({FLEET}) t(n)"


def plane(number: int) -> str:
    """Name a plane."""
    return f"N{number:03}"


def write_fleet(path: Path) -> Path:
    """Write a small airline's flights: three of each plane, each with a delay of its own."""
    duckdb.sql(f"""COPY (
        SELECT format('N{{:03}}', n // 3) AS tail_number, 'JFK' AS origin,
            CAST(n AS SMALLINT) AS departure_delay, false AS cancelled FROM range({FLEET * 3}) t(n)
        UNION ALL SELECT 'N900', 'JFK', 1000, true
    ) TO '{path}' (FORMAT parquet)""")
    return path


def raw(rows: str, columns: str = '[{"name":"family","type":"text"}]') -> bytes:
    """Write a table by hand, whatever stands in it."""
    return (
        f'{{"columns":{columns},"format":"sekisho.lookup/v1","key":'
        f'{{"name":"tail_number","type":"text"}},"name":"planes","rows":{rows}}}'
    ).encode()
