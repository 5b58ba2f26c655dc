"""A world in which everything is granted: columns of every type, hostile cells, one row filter."""

import duckdb

from sekisho.model.dataset import Column, Dataset
from sekisho.model.names import DatasetId
from support.gate_cases import PARSER, PROVIDER, ask, signed_contract

COLUMNS = {
    "id": "INTEGER",
    "tiny": "TINYINT",
    "small": "SMALLINT",
    "whole": "INTEGER",
    "big": "BIGINT",
    "huge": "HUGEINT",
    "ubig": "UBIGINT",
    "real": "FLOAT",
    "num": "DOUBLE",
    "dec": "DECIMAL(18,3)",
    "wide": "DECIMAL(38,10)",
    "word": "VARCHAR",
    "kind": "ENUM('a', 'b', 'HIV-canary')",
    "flag": "BOOLEAN",
    "day": "DATE",
    "clock": "TIME",
    "moment": "TIMESTAMP",
    "at_ns": "TIMESTAMP_NS",
    "at_s": "TIMESTAMP_S",
    "zoned": "TIMESTAMPTZ",
    "span": "INTERVAL",
    "mark": "UUID",
    "bytes": "BLOB",
    "items": "INTEGER[]",
    "keep": "BOOLEAN",
}
PLAIN = """
    (1, 1, 10, 100, 1000, 10000, 7, 1.5, 2.5, 3.125, 4.5, 'alpha', 'a', true, '2026-01-05',
     '10:00:00', '2026-01-05 10:00:00', '2026-01-05 10:00:00', '2026-01-05 10:00:00',
     '2026-01-05 10:00:00+00', INTERVAL 3 DAY, '00000000-0000-0000-0000-000000000001', 'x', [1],
     true),
    (2, -2, -20, -200, 2000, 20000, 8, -1.5, 0.5, 0.125, -4.5, 'Beta', 'b', false, '2025-12-31',
     '23:59:59', '2025-12-31 23:59:59', '2025-12-31 23:59:59', '2025-12-31 23:59:59',
     '2025-12-31 23:59:59+00', INTERVAL 1 MONTH, '00000000-0000-0000-0000-000000000002', 'y', [2],
     true),
    (3, 2, 30, 300, 3000, 30000, 9, 0.25, 0.125, 10.5, 8.25, 'alpha', 'a', true, '2026-01-07',
     '00:00:00', '2026-01-07 00:00:00', '2026-01-07 00:00:00', '2026-01-07 00:00:00',
     '2026-01-07 00:00:00+00', INTERVAL 90 MINUTE, '00000000-0000-0000-0000-000000000001', 'y',
     [3, 4], true),
    (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, true)
"""
HOSTILE = """
    (5, -128, -32768, -2147483648, -9223372036854775808, -170141183460469231731687303715884105728,
     18446744073709551615, 'inf', 'nan', -999999999999999.999,
     9999999999999999999999999999.9999999999, 'HIV-canary', 'HIV-canary', true, 'infinity',
     '24:00:00', 'infinity', 'infinity', '290000-01-01 00:00:00', 'infinity',
     INTERVAL 2147483647 MONTH, 'ffffffff-ffff-ffff-ffff-ffffffffffff', '\\xFF', NULL, false),
    (6, 127, 32767, 2147483647, 9223372036854775807, 170141183460469231731687303715884105727, 0,
     3.4e38, 1.7976931348623157e308, 999999999999999.999,
     -9999999999999999999999999999.9999999999, '\\', 'HIV-canary', false, '5877642-06-25 (BC)',
     '00:00:00', '290309-12-22 (BC) 00:00:00', '1677-09-22 00:00:00', '290308-12-22 (BC) 00:00:00',
     '290309-12-22 (BC) 00:00:00+00', INTERVAL '-2147483647' DAY,
     '00000000-0000-0000-0000-000000000000', '', [], false),
    (7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '', 'HIV-canary', NULL, '5881580-07-10', '12:00:00',
     '294247-01-10 04:00:54', '2262-04-11 23:47:16', '294247-01-10 04:00:54',
     '294247-01-10 04:00:54+00', INTERVAL 0 DAY, '80000000-0000-0000-0000-000000000000', 'HIV', [0],
     false)
"""
CONTRACT = """
format: sekisho.contract/v1
title: Everything
parties:
  - {party: ua.example, role: provider, alias: ua}
  - {party: maker.example, role: consumer}
purposes:
  - {purpose: reliability, means: "Anything"}
term: {starts: 2026-12-01, ends: 2027-11-30, timezone: America/New_York}
grants:
  - grant: all
    datasets: [ua.example/things]
    access: rows
    columns: {%s}
""" % ", ".join(f"{name}: {{}}" for name in COLUMNS)  # noqa: UP031  braces of YAML stay braces
EVERYTHING = signed_contract(CONTRACT)
FILTERED = signed_contract(CONTRACT + "    where: 'keep'\n")
THINGS = Dataset(
    id=DatasetId(f"{PROVIDER}/things"),
    columns=tuple(Column(name=name, type=kind) for name, kind in COLUMNS.items()),
)
DATASETS = {THINGS.id: THINGS}

__all__ = ["COLUMNS", "EVERYTHING", "FILTERED", "PARSER", "THINGS", "World", "decided"]


def decided(sql: str, *, signed=EVERYTHING):
    """Ask the gate over the things."""
    return ask(sql, signed=signed, datasets=DATASETS)


class World:
    """The things in a real DuckDB: `data.things` for plans, `things` for the query as written."""

    def __init__(self, *rows: str) -> None:
        self.connection = duckdb.connect(":memory:")
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.execute("SET threads = 1")
        self.connection.execute("CREATE SCHEMA data")
        columns = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
        self.connection.execute(f"CREATE TABLE data.things ({columns})")
        self.connection.execute(f"INSERT INTO data.things VALUES {', '.join(rows)}")
        self.connection.execute(
            "CREATE VIEW things AS SELECT * REPLACE (kind::VARCHAR AS kind) FROM data.things"
        )

    def bind(self, plan):
        """Let the engine bind a plan, as it does before an answer begins."""
        return self.connection.sql(plan.sql, params=dict(plan.parameters) or None)

    def run(self, plan):
        """Run a plan; give its types and its rows as text, in a comparable form."""
        return self.outcome(self.bind(plan))

    def run_plain(self, sql: str):
        """Run a query as it was written."""
        return self.outcome(self.connection.sql(sql))

    @staticmethod
    def outcome(relation):
        """Give a relation's types, and its rows as text."""
        kinds = [str(item) for item in relation.types]
        names = [f"c{number}" for number in range(len(kinds))]
        texts = relation.project(
            ", ".join(f"#{number + 1}::VARCHAR AS {name}" for number, name in enumerate(names))
        )
        return kinds, texts.fetchall()
