"""A sum in which one row counts and all others are multiplied by nought.

expect: aggregate.md, step 1: an aggregate takes one column as it is, and no FILTER
effect: `sum(v * (patient = 7))` is the value of one row
source: SCQL and Clean Rooms: masks inside the aggregate pass a threshold over the whole table
"""

import pytest

from sekisho.errors import Refusal, RefusalReason
from support.statistics import agreed

CONTRACT = agreed(disclosure="")
INSIDE = [
    "sum(ct * day)",
    "sum(ct * CAST(day = 7 AS INTEGER))",
    "sum(CASE WHEN day = 7 THEN ct END)",
    "sum(CASE day WHEN 7 THEN ct ELSE 0 END)",
    "sum(if(day = 7, ct, 0))",
    "sum(ct) FILTER (WHERE day = 7)",
    "count(*) FILTER (WHERE day = 7)",
    "avg(nullif(ct, 20))",
    "sum(coalesce(ct, day))",
    "avg(-ct)",
    "avg(CAST(ct AS INTEGER))",
    "sum(ct + 0)",
    "sum(abs(ct))",
    "count(day = 7)",
    "count(CASE WHEN day = 7 THEN 1 END)",
    "count(DISTINCT CASE WHEN day = 7 THEN patient END)",
    "count_if(day = 7)",
    "stddev(ct * day)",
    "sum(ct % 2)",
    "sum((SELECT count(*) FROM tests))",
    "sum(1)",
    "avg(7)",
    "count(1)",
    "sum(greatest(ct, day))",
    "corr(ct, day)",
    "covar_pop(ct, day)",
]


@pytest.mark.parametrize("figure", INSIDE)
def test_nothing_is_computed_inside_an_aggregate(quiet_hospital, figure):
    decided = quiet_hospital.decide(f"SELECT {figure} FROM tests", CONTRACT)
    assert isinstance(decided, Refusal)
    assert decided.reason in {
        RefusalReason.SYNTAX_NOT_ALLOWED,
        RefusalReason.FUNCTION_NOT_ALLOWED,
        RefusalReason.USE_NOT_GRANTED,
    }


def test_what_is_computed_of_figures_is_free(hospital):
    sql = "SELECT sum(ct) / count(ct) > 0, CASE WHEN count(*) > 3 THEN avg((ct)) END FROM tests"
    assert hospital.ask(sql, CONTRACT) == [(True, 22.9)]
