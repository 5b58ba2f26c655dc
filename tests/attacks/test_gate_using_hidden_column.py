"""USING and ON name columns of two relations at once: of one that hides it, or not for joining.

expect: step 5, COLUMN_NOT_GRANTED; step 6, USE_NOT_GRANTED
effect: which rows meet tells what a hidden column holds
source: SQL-92 USING and NATURAL
"""

import pytest

from support.gate_cases import refused

JOINS = ["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]


@pytest.mark.parametrize("join", JOINS)
@pytest.mark.parametrize("name", ["remark", "cancelled", "flight_number", "rowid"])
@pytest.mark.parametrize(
    "condition",
    ["USING ({0})", "USING (origin, {0})", "ON a.{0} = b.{0}", "ON a.origin = b.{0}"],
)
def test_hidden_column_joins_nothing(join, condition, name):
    sql = f"SELECT a.origin FROM flights AS a {join} flights AS b {condition.format(name)}"
    assert refused(sql).reason == "COLUMN_NOT_GRANTED"


@pytest.mark.parametrize("join", JOINS)
@pytest.mark.parametrize("name", ["carrier", "dep_hour", "arrival_delay", "air_time"])
def test_column_that_is_not_for_joining_joins_nothing(join, name):
    sql = f"SELECT a.origin FROM flights AS a {join} flights AS b USING ({name})"
    assert refused(sql).reason == "USE_NOT_GRANTED"


@pytest.mark.parametrize("join", ["NATURAL JOIN", "NATURAL FULL JOIN", "ASOF JOIN", "SEMI JOIN"])
def test_columns_are_not_joined_unnamed(join):
    on = "" if "NATURAL" in join else " ON a.distance >= b.distance"
    sql = f"SELECT 1 FROM flights AS a {join} flights AS b{on}"
    assert refused(sql).reason == "SYNTAX_NOT_ALLOWED"
