"""What an attacker may know beforehand: every row as the grant shows it, and whose it is."""

import duckdb
import pytest

from sekisho.gate.known import write_known
from sekisho.gate.views import view_of
from support.gate_cases import PARSER, dataset, signed_contract

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
      age: {use: [group, measure]}
      load: {use: [measure], clamp: [0, 9]}
      word: {use: [measure]}
      positive: {from: {column: result, equals: ill}, use: [measure]}
"""
ROWS = (
    CONTRACT.partition("grants:")[0]
    + """
grants:
  - grant: rows
    datasets: [ua.example/tests]
    access: rows
    columns: {age: {}, word: {mask: redact}}
"""
)
TESTS = dataset(
    "tests",
    {
        "patient": "INTEGER",
        "age": "INTEGER",
        "load": "INTEGER",
        "word": "VARCHAR",
        "result": "VARCHAR",
        "hidden": "BOOLEAN",
    },
)
DATA = """
    (7, 60, 99, 'a', 'ill', false),
    (7, 61, -1, NULL, 'no', false),
    (8, NULL, NULL, 'b', NULL, true),
    (NULL, 62, 5, 'c', 'ill', false)
"""


def known(*, text=CONTRACT, where=""):
    """Write and run what is known of a grant; gives names and rows in the order of their values."""
    condition = f'    where: "{where}"\n' if where else ""
    text = text.replace("    privacy_units", f"{condition}    privacy_units")
    signed = signed_contract(text)
    view = view_of(signed.contract.grants[0], TESTS)
    found = write_known(view, timezone="UTC", parser=PARSER)
    connection = duckdb.connect(":memory:")
    connection.execute("CREATE SCHEMA data")
    columns = ", ".join(f'"{item.name}" {item.type}' for item in TESTS.columns)
    connection.execute(f"CREATE TABLE data.tests ({columns})")
    connection.execute(f"INSERT INTO data.tests VALUES {DATA}")
    relation = connection.sql(found.sql, params=dict(found.parameters) or None)
    assert relation.columns == ["person", *(f"c{at}" for at in range(len(found.columns)))]
    return found.columns, sorted(relation.fetchall(), key=repr)


def test_rows_are_shown_as_they_are_measured_and_grouped_and_are_about_somebody():
    columns, rows = known()
    assert columns == ("age", "load", "word", "positive")
    assert rows == [
        ("7", 60, 9.0, 0.0, 1.0),
        ("7", 61, 0.0, None, 0.0),
        ("8", None, None, 0.0, None),
    ]
    assert [type(value) for value in rows[0][1:]] == [int, float, float, float]


@pytest.mark.parametrize("where", ["NOT hidden", "age > 59 OR patient IS NULL"])
def test_what_the_row_filter_leaves_out_is_not_known(where):
    assert [row[0] for row in known(where=where)[1]] == ["7", "7"]


def test_where_nobody_is_protected_each_row_is_a_person():
    columns, rows = known(text=ROWS)
    assert columns == ("age", "word")
    assert [row[0] for row in rows] == ["1", "2", "3", "4"]
    assert {row[1:] for row in rows} == {(60, None), (61, None), (None, None), (62, None)}
