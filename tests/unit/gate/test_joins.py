"""Several relations in one query: each behind its own view, all of one grant."""

import duckdb
import pytest

from sekisho.errors import RefusalReason
from support.gate_cases import DATASETS, allowed, dataset, refused, signed_contract

CONTRACT = """
format: sekisho.contract/v1
title: Fleet
parties:
  - {party: ua.example, role: provider, alias: ua}
  - {party: maker.example, role: consumer, alias: maker}
purposes:
  - {purpose: reliability, means: "Delay statistics"}
term: {starts: 2026-12-01, ends: 2027-11-30, timezone: UTC}
grants:
  - grant: fleet
    datasets: [ua.example/legs, ua.example/planes]
    access: rows
    where: "NOT hidden"
    columns:
      tail: {use: [join]}
      serial: {use: [join, filter]}
      delay: {}
      model: {}
      seats: {mask: {round_to: 100}}
      built: {use: [filter]}
  - grant: crews
    datasets: [ua.example/crews]
    access: aggregate
    privacy_units: [crew]
    columns: {crew: {use: [join]}, hours: {use: [measure]}}
  - grant: parts
    datasets: [ua.example/parts]
    access: rows
    columns: {part: {}, weight: {}}
"""
SIGNED = signed_contract(CONTRACT)
KEYS = {"tail": "VARCHAR", "serial": "INTEGER", "hidden": "BOOLEAN"}
LEGS = dataset("legs", {**KEYS, "delay": "INTEGER"})
PLANES = dataset(
    "planes",
    {**KEYS, "serial": "BIGINT", "model": "VARCHAR", "seats": "INTEGER", "built": "INTEGER"},
)
OFFERED = {**DATASETS, LEGS.id: LEGS, PLANES.id: PLANES}
WORLD = {"signed": SIGNED, "datasets": OFFERED}


@pytest.fixture(scope="module")
def engine():
    connection = duckdb.connect(":memory:")
    connection.execute("CREATE SCHEMA data")
    for item in (LEGS, PLANES):
        columns = ", ".join(f"{column.name} {column.type}" for column in item.columns)
        connection.execute(f"CREATE TABLE data.{item.id.split('/')[1]} ({columns})")
    connection.execute("""INSERT INTO data.legs VALUES
        ('N1', 1, false, 5), ('N1', 1, false, 7), ('N2', 2, false, 9), ('N9', 9, false, 1),
        ('N3', 3, true, 100), (NULL, NULL, false, 3)""")
    connection.execute("""INSERT INTO data.planes VALUES
        ('N1', 1, false, 'A', 149, 1990), ('N2', 2, false, 'B', 250, 2000),
        ('N4', 4, false, 'C', 90, 2010), ('N9', 9, true, 'HIV-canary', 1, 1)""")
    return connection


def rows(engine, sql):
    plan = allowed(sql, **WORLD)
    return sorted(engine.sql(plan.sql, params=dict(plan.parameters) or None).fetchall(), key=repr)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT delay, model FROM legs JOIN planes USING (tail)",
         [(5, "A"), (7, "A"), (9, "B")]),
        ("SELECT delay, model, seats FROM legs AS l LEFT JOIN planes AS p ON l.tail = p.tail",
         [(1, None, None), (3, None, None), (5, "A", 100), (7, "A", 100), (9, "B", 300)]),
        ("SELECT model, count(delay) FROM legs RIGHT JOIN planes USING (tail) GROUP BY model",
         [("A", 2), ("B", 1), ("C", 0)]),
        ("SELECT count(*) FROM legs FULL JOIN planes USING (tail, serial)", [(6,)]),
        ("SELECT count(*) FROM legs CROSS JOIN planes", [(15,)]),
        ("SELECT count(*) FROM legs, planes", [(15,)]),
        ("SELECT count(*) FROM legs AS a JOIN legs AS b USING (tail)", [(6,)]),
        ("SELECT model FROM legs JOIN planes USING (tail) WHERE built < 1995 AND delay > 5",
         [("A",)]),
        ("SELECT delay FROM legs JOIN planes ON legs.tail = planes.tail AND planes.serial > 1",
         [(9,)]),
        (("SELECT model FROM planes AS p WHERE EXISTS "
          "(SELECT 1 FROM legs WHERE delay > seats / 50 + 3)"), [("A",), ("C",)]),
        ("SELECT * FROM legs JOIN planes USING (tail)",
         [(5, "A", 100), (7, "A", 100), (9, "B", 300)]),
    ],
)  # fmt: skip
def test_join_gives_what_the_views_hold(engine, sql, expected):
    assert rows(engine, sql) == expected


def test_plan_lists_every_dataset_and_every_clause():
    sql = "SELECT delay, model FROM ua.legs JOIN sekisho.ua.planes USING (tail)"
    plan = allowed(sql, **WORLD)
    assert plan.datasets == (LEGS.id, PLANES.id)
    assert plan.clauses == (
        "purposes.reliability",
        "grants.fleet.datasets",
        "grants.fleet.access",
        "grants.fleet.where",
        "grants.fleet.columns.tail",
        "grants.fleet.columns.delay",
        "grants.fleet.columns.model",
    )


@pytest.mark.parametrize(
    ("sql", "use"),
    [
        ("SELECT 1 FROM legs JOIN planes ON legs.tail = planes.tail AND legs.tail = 'N1'", "tail"),
        ("SELECT 1 FROM legs JOIN planes ON legs.tail < planes.tail", "tail"),
        ("SELECT 1 FROM legs, planes WHERE legs.tail = planes.tail", "tail"),
        ("SELECT tail FROM legs JOIN planes USING (tail)", "tail"),
        ("SELECT 1 FROM legs JOIN planes ON built = delay", "built"),
        ("SELECT 1 FROM legs JOIN planes USING (serial) GROUP BY serial", "serial"),
    ],
)
def test_use_that_is_not_granted_is_refused(sql, use):
    refusal = refused(sql, **WORLD)
    assert refusal.reason is RefusalReason.USE_NOT_GRANTED
    assert refusal.clause == f"grants.fleet.columns.{use}.use"


def test_column_belongs_to_the_datasets_that_have_it():
    assert refused("SELECT legs.model FROM legs", **WORLD).reason is (
        RefusalReason.COLUMN_NOT_GRANTED
    )


@pytest.mark.parametrize("name", ["legs", "planes"])
def test_granted_column_that_no_dataset_has_any_more_changes_the_schema(name):
    gone = {
        key: dataset(key.split("/")[1], {c.name: c.type for c in item.columns if c.name != "delay"})
        for key, item in OFFERED.items()
    }
    refusal = refused(f"SELECT 1 FROM {name}", signed=SIGNED, datasets=gone)
    assert refusal.reason is RefusalReason.SCHEMA_CHANGED
    assert refusal.clause == "grants.fleet.columns.delay"


def test_dataset_that_has_no_granted_column_any_more_changes_the_schema():
    legs = dataset("legs", {"hidden": "BOOLEAN", "remark": "VARCHAR"})
    planes = dataset("planes", {**{c.name: c.type for c in PLANES.columns}, "delay": "INTEGER"})
    refusal = refused(
        "SELECT 1 FROM legs", signed=SIGNED, datasets={legs.id: legs, planes.id: planes}
    )
    assert refusal.reason is RefusalReason.SCHEMA_CHANGED
    assert refusal.clause == "grants.fleet.columns"


def test_grants_are_never_combined_and_the_refusal_names_them():
    refusal = refused("SELECT 1 FROM legs JOIN parts ON legs.delay = parts.weight", **WORLD)
    assert refusal.reason is RefusalReason.DATASET_NOT_GRANTED
    assert refusal.message == (
        "the query names datasets of the grants `fleet` and `parts`, and grants are never combined"
    )
    assert refusal.allowed == ("ua.legs", "ua.parts")


def test_access_modes_are_never_mixed_and_the_refusal_names_them():
    refusal = refused("SELECT 1 FROM legs JOIN crews ON legs.delay = crews.hours", **WORLD)
    assert refusal.message == (
        "the query mixes `rows` and `aggregate`: the grants `fleet` and `crews` are never combined"
    )


def test_with_that_bears_a_dataset_of_another_grant_is_no_second_grant():
    sql = "WITH parts AS (SELECT delay FROM legs) SELECT parts.delay FROM parts"
    assert allowed(sql, **WORLD).grant == "fleet"
