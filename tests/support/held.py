"""A grant of rows that is held back below three patients, and a provider's data under it."""

import duckdb

from support.gate_cases import allowed, dataset, refused, signed_contract

CONTRACT = """
format: sekisho.contract/v1
title: Wards
parties:
  - {party: ua.example, role: provider, alias: ua}
  - {party: maker.example, role: consumer, alias: maker}
purposes:
  - {purpose: reliability, means: "Anything"}
term: {starts: 2026-12-01, ends: 2027-11-30, timezone: UTC}
grants:
  - grant: held
    datasets: [ua.example/patients, ua.example/visits]
    access: rows
    privacy_units: [patient]
    where: "NOT hidden"
    columns:
      patient: {}
      age: {}
      ward: {}
      cost: {use: [measure]}
      big: {}
      exact: {}
      seen: {}
    disclosure: {minimum_units: 3}
"""
SIGNED = signed_contract(CONTRACT)
PATIENTS = dataset(
    "patients",
    {
        "patient": "VARCHAR",
        "age": "INTEGER",
        "ward": "VARCHAR",
        "cost": "INTEGER",
        "big": "HUGEINT",
        "exact": "DECIMAL(38,2)",
        "hidden": "BOOLEAN",
    },
)
VISITS = dataset("visits", {"patient": "VARCHAR", "seen": "DATE", "hidden": "BOOLEAN"})
DATASETS = {PATIENTS.id: PATIENTS, VISITS.id: VISITS}


def plan(sql: str, *, signed=SIGNED, datasets=DATASETS):
    """Ask the gate what it must allow."""
    return allowed(sql, signed=signed, datasets=datasets)


def refusal(sql: str):
    """Ask the gate what it must refuse."""
    return refused(sql, signed=SIGNED, datasets=DATASETS)


class Wards:
    """The provider's data in a real DuckDB."""

    def __init__(self, patients: str, visits: str) -> None:
        self.connection = duckdb.connect(":memory:")
        self.connection.execute("CREATE SCHEMA data")
        for item, rows in ((PATIENTS, patients), (VISITS, visits)):
            columns = ", ".join(f"{column.name} {column.type}" for column in item.columns)
            name = item.id.split("/")[1]
            self.connection.execute(f"CREATE TABLE data.{name} ({columns})")
            if rows:
                self.connection.execute(f"INSERT INTO data.{name} VALUES {rows}")

    def run(self, sql: str, **changes):
        """Run what the gate makes of a query."""
        return self.bind(sql, **changes).fetchall()

    def bind(self, sql: str, **changes):
        """Bind what the gate makes of a query."""
        found = plan(sql, **changes)
        return self.connection.sql(found.sql, params=dict(found.parameters) or None)


ROWS = """
    ('a', 1, 'x', 10, 1, 1, false), ('b', 2, 'x', 20, 2, 2, false), ('c', 3, 'x', 30, 3, 3, false),
    ('d', 4, 'y', 40, 4, 4, false), ('d', 5, 'y', 50, 5, 5, false), (NULL, 6, 'z', 60, 6, 6, false),
    (NULL, 7, 'z', 70, 7, 7, false), (NULL, 7, 'z', 70, 7, 7, false),
    ('e', 8, 'z', 80, 8, 8, false),
    ('f', 90, 'y', 0, 0, 0, true), ('g', 91, 'y', 0, 0, 0, true), ('h', 92, 'y', 0, 0, 0, true)
"""
SEEN = """
    ('a', '2026-01-01', false), ('a', '2026-01-02', false), ('b', '2026-01-01', false),
    ('c', '2026-01-01', false), ('d', '2026-01-02', false), ('e', '2026-01-03', true)
"""
