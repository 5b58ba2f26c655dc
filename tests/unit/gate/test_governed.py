"""The rows that disclosure control reads: measures as numbers, units as hashes."""

import duckdb
import pytest

from sekisho.errors import RefusalReason
from sekisho.gate.catalog import granted_columns
from sekisho.model.dataset import Dataset
from support.gate_cases import PROVIDER, allowed, dataset, refused, signed_contract

CONTRACT = """
format: sekisho.contract/v1
title: Results
parties:
  - {party: ua.example, role: provider, alias: ua}
  - {party: maker.example, role: consumer, alias: maker}
purposes:
  - {purpose: reliability, means: "Where the virus goes"}
term: {starts: 2026-12-01, ends: 2027-11-30, timezone: UTC}
grants:
  - grant: results
    datasets: [ua.example/tests]
    access: aggregate
    privacy_units: [patient]
    columns:
      load: {use: [measure], clamp: [-5, 90]}
      raw: {use: [measure]}
      word: {use: [measure, group]}
      positive: {from: {column: result, equals: positive}, use: [measure]}
      high: {from: {column: raw, at_least: 5}, use: [measure]}
      low: {from: {column: raw, at_least: -5}, use: [measure]}
"""
COLUMNS = {
    "patient": "INTEGER",
    "family": "INTEGER",
    "load": "INTEGER",
    "raw": "DOUBLE",
    "word": "VARCHAR",
    "result": "VARCHAR",
}
SIGNED = signed_contract(CONTRACT)
TESTS = dataset("tests", COLUMNS)
WORLD = {"signed": SIGNED, "datasets": {TESTS.id: TESTS}}


def governed(sql, rows, *, columns=COLUMNS, units=()):
    """Run the rows of a query's one block over data that is given column by column."""
    offered = Dataset(
        id=TESTS.id, columns=dataset("tests", columns).columns, privacy_units=tuple(units)
    )
    (block,) = allowed(sql, signed=SIGNED, datasets={TESTS.id: offered}).blocks
    connection = duckdb.connect(":memory:")
    connection.execute("CREATE SCHEMA data")
    types = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    connection.execute(f"CREATE TABLE data.tests ({types})")
    for row in rows:
        values = [{"patient": 1, **row}.get(name) for name in columns]
        places = ", ".join("?" for _ in values)
        connection.execute(f"INSERT INTO data.tests VALUES ({places})", values)
    parameters = dict(block.parameters) | {"m1": "secret"}
    return block, connection.sql(f"SELECT * FROM ({block.sql})", params=parameters)


def measured(column, values, *, of=None, figure="avg", **changes):
    rows = [{of or column: value} for value in values]
    _, found = governed(f"SELECT {figure}({column}) FROM tests", rows, **changes)
    assert str(found.types[found.columns.index("v0")]) == "DOUBLE"
    return [row[0] for row in found.project("v0").fetchall()]


def test_a_measure_is_cut_to_its_clamp_and_null_stays_null():
    assert measured("load", [-6, -5, 0, 90, 91, None]) == [-5, -5, 0, 90, 90, None]


def test_a_measure_that_is_no_finite_number_is_none():
    values = [1.5, float("inf"), float("-inf"), float("nan"), None]
    assert measured("raw", values) == [1.5, None, None, None, None]


def test_a_measure_without_numbers_is_counted_alone():
    assert measured("word", ["a", "", None], figure="count") == [0, 0, None]


@pytest.mark.parametrize("figure", ["avg(word)", "sum(word)", "stddev(word)"])
def test_a_measure_without_numbers_has_no_other_figure(figure):
    refusal = refused(f"SELECT {figure} FROM tests", **WORLD)
    assert refusal.reason is RefusalReason.SYNTAX_NOT_ALLOWED
    assert refusal.message == "`word` holds no numbers"


@pytest.mark.parametrize(
    ("column", "expected"),
    [("high", [0, 1, 1, 0, None, None, None]), ("low", [1, 1, 1, 0, None, None, None])],
)
def test_a_threshold_is_one_from_its_bound_on_and_null_for_what_is_no_finite_number(
    column, expected
):
    values = [4.99, 5, 6, -6, float("inf"), float("nan"), None]
    assert measured(column, values, of="raw") == expected


def test_a_bound_over_a_column_that_holds_no_numbers_any_more_changes_the_schema():
    texts = dataset("tests", COLUMNS | {"raw": "VARCHAR"})
    for figure in ("avg(high)", "avg(load)", "count(*)"):
        refusal = refused(f"SELECT {figure} FROM tests", signed=SIGNED, datasets={texts.id: texts})
        assert refusal.reason is RefusalReason.SCHEMA_CHANGED
        assert refusal.clause == "grants.results.columns.high.from"


def test_declared_measures_are_numbers_whatever_they_compare():
    (shown,) = granted_columns(SIGNED, PROVIDER, {TESTS.id: TESTS})
    types = {item.name: item.type for item in shown.columns}
    assert (types["positive"], types["high"], types["raw"]) == ("INTEGER", "INTEGER", "DOUBLE")


@pytest.mark.parametrize("kind", ["VARCHAR", "ENUM('positive', 'negative', '')"])
def test_a_value_that_is_looked_for_is_one_all_others_nought_and_null_none(kind):
    values = ["positive", "negative", "", None]
    found = measured("positive", values, of="result", columns=COLUMNS | {"result": kind})
    assert found == [1, 0, 0, None]


def test_rows_of_nobody_are_left_out_by_every_unit():
    rows = [
        {"patient": 1, "family": 2},
        {"patient": None, "family": 2},
        {"patient": 1, "family": None},
    ]
    block, found = governed("SELECT count(*) FROM tests", rows, units=("family",))
    assert [(unit.column, unit.type) for unit in block.units] == [
        ("patient", "INTEGER"),
        ("family", "INTEGER"),
    ]
    assert found.columns == ["u0", "u1"]
    ((first, second),) = found.fetchall()
    assert first != second


def test_a_unit_is_told_with_its_own_type():
    units = {"patient": "VARCHAR", "family": "BIGINT"}
    block, _ = governed("SELECT count(*) FROM tests", [], columns=COLUMNS | units, units=["family"])
    assert [unit.type for unit in block.units] == ["VARCHAR", "BIGINT"]


@pytest.mark.parametrize("own", ["gone", "PATIENT_ID"])
def test_rows_are_not_counted_once_a_unit_that_the_dataset_names_is_gone(own):
    offered = Dataset(id=TESTS.id, columns=TESTS.columns, privacy_units=("patient", own))
    refusal = refused("SELECT count(*) FROM tests", signed=SIGNED, datasets={TESTS.id: offered})
    assert refusal.reason is RefusalReason.SCHEMA_CHANGED
    assert refusal.message == f"the privacy unit `{own}` is no longer in the dataset"


@pytest.mark.parametrize("units", ["patient, family", "family, patient"])
def test_rows_are_not_counted_once_one_of_the_units_of_the_grant_is_gone(units):
    signed = signed_contract(CONTRACT.replace("[patient]", f"[{units}]"))
    sql = "SELECT count(*) FROM tests"
    (block,) = allowed(sql, signed=signed, datasets={TESTS.id: TESTS}).blocks
    assert len(block.units) == 2
    for gone in ("patient", "family"):
        left = dataset("tests", {name: kind for name, kind in COLUMNS.items() if name != gone})
        refusal = refused(sql, signed=signed, datasets={TESTS.id: left})
        assert refusal.reason is RefusalReason.SCHEMA_CHANGED
        assert refusal.message == f"the privacy unit `{gone}` is no longer in the dataset"
        assert refusal.clause == "grants.results.privacy_units"


def test_a_unit_that_both_sides_name_is_one_unit():
    block, _ = governed("SELECT count(*) FROM tests", [], units=["PATIENT"])
    assert [unit.column for unit in block.units] == ["patient"]
