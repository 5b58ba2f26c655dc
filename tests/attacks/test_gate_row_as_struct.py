"""The name of a relation as a value: the whole row as a struct, past the column masks.

expect: step 5, COLUMN_NOT_GRANTED
effect: every column of the row, raw
source: DuckDB: SELECT s FROM sens s
"""

import pytest

from sekisho.errors import RefusalReason
from support.gate_cases import allowed, refused

TRIES = [
    "SELECT flights FROM flights",
    "SELECT f FROM flights AS f",
    "SELECT f FROM ua.flights f",
    "SELECT max(flights) FROM flights",
    "SELECT count(DISTINCT flights) FROM flights",
    "SELECT origin FROM flights ORDER BY flights",
    "SELECT origin FROM flights WHERE flights IS NOT NULL",
    "SELECT CAST(flights AS VARCHAR) FROM flights",
    "SELECT concat(f) FROM flights AS f",
    "SELECT rows_of FROM flights",
    "SELECT rows_of.remark FROM flights",
    "SELECT (SELECT f) FROM flights AS f",
    "SELECT x FROM (SELECT origin FROM flights) AS x",
    "WITH x AS (SELECT origin FROM flights) SELECT x FROM x",
]


@pytest.mark.parametrize("sql", TRIES)
def test_a_relation_is_not_a_value(sql):
    assert refused(sql).reason is RefusalReason.COLUMN_NOT_GRANTED


def test_a_column_that_bears_its_relations_name_is_a_column():
    plan = allowed("SELECT origin FROM (SELECT origin FROM flights) AS origin")
    assert '"origin"."origin"' in plan.sql
