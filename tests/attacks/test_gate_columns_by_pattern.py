"""Columns named by pattern, position or what is left over.

expect: step 4, SYNTAX_NOT_ALLOWED or FUNCTION_NOT_ALLOWED
effect: hidden columns are among those that match
source: DuckDB COLUMNS, #1, EXCLUDE, REPLACE, RENAME, star LIKE
"""

import pytest

from support.gate_cases import allowed, refused


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COLUMNS('.*') FROM flights",
        "SELECT COLUMNS(*) FROM flights",
        "SELECT *COLUMNS('.*') FROM flights",
        "SELECT COLUMNS(c -> c LIKE 'rem%') FROM flights",
        "SELECT max(COLUMNS(*)) FROM flights",
        "SELECT #1 FROM flights",
        "SELECT origin FROM flights ORDER BY #2",
        "SELECT * EXCLUDE (origin) FROM flights",
        "SELECT * REPLACE (remark AS origin) FROM flights",
        "SELECT * RENAME (origin AS remark) FROM flights",
        "SELECT * LIKE 'rem%' FROM flights",
        "SELECT * SIMILAR TO '.*' FROM flights",
        "SELECT flights.* EXCLUDE (origin) FROM flights",
        "SELECT count(flights.*) FROM flights",
        "SELECT min(*) FROM flights",
        "SELECT struct_pack(*) FROM flights",
        "SELECT origin FROM flights WHERE (*) IS NOT NULL",
        "SELECT row(*) FROM flights",
    ],
)
def test_columns_are_named_one_by_one_or_by_a_plain_star(sql):
    assert refused(sql).reason in {"SYNTAX_NOT_ALLOWED", "FUNCTION_NOT_ALLOWED"}


@pytest.mark.parametrize("star", ["*", "flights.*", "FLIGHTS.*"])
def test_a_plain_star_means_returned_columns_only(star):
    plan = allowed(f"SELECT {star} FROM flights")
    assert "remark" not in plan.sql
    assert not {"carrier", "dep_hour", "arrival_delay", "air_time"} & set(plan.columns)
