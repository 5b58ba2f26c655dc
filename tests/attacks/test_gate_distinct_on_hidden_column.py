"""DISTINCT ON keeps one row for each value: of a column that is hidden, or not for grouping.

expect: step 5, COLUMN_NOT_GRANTED; step 6, USE_NOT_GRANTED
effect: how many rows come back, and which, tells how a hidden column is spread
source: PostgreSQL's DISTINCT ON
"""

import pytest

from support.gate_cases import refused


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ("remark", "COLUMN_NOT_GRANTED"),
        ("origin, remark", "COLUMN_NOT_GRANTED"),
        ("remark IS NULL", "COLUMN_NOT_GRANTED"),
        ("flights", "COLUMN_NOT_GRANTED"),
        ("dep_hour", "USE_NOT_GRANTED"),
        ("upper(carrier)", "USE_NOT_GRANTED"),
        ("carrier || ''", "USE_NOT_GRANTED"),
        ("(SELECT max(remark) FROM flights)", "COLUMN_NOT_GRANTED"),
        ("3", "SYNTAX_NOT_ALLOWED"),
        ("'x'", "SYNTAX_NOT_ALLOWED"),
    ],
)
def test_rows_are_told_apart_by_granted_columns_alone(keys, reason):
    assert refused(f"SELECT DISTINCT ON ({keys}) origin FROM flights").reason == reason


def test_the_order_that_chooses_the_first_row_is_of_returned_columns():
    sql = "SELECT DISTINCT ON (origin) origin FROM flights ORDER BY origin, dep_hour"
    assert refused(sql).reason == "USE_NOT_GRANTED"
