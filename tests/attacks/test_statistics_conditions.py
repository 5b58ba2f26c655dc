"""Conditions and groupings that cut one person out: OR, NOT, LIKE, subqueries, expressions.

expect: aggregate.md, step 1: AND of comparisons of one column with literals; keys are columns
effect: a cell of everybody who is not this one, in one question
source: Clean Rooms' and Snowflake's free predicates inside a protected query
"""

import pytest

from sekisho.errors import Refusal, RefusalReason
from support.statistics import agreed

CONTRACT = agreed(disclosure="")
CONDITIONS = [
    "day = 7 OR sex = 'f'",
    "NOT day = 7",
    "day <> 7",
    "day != 7",
    "NOT (day < 7 AND sex = 'f')",
    "day NOT IN (1, 2)",
    "day NOT BETWEEN 1 AND 2",
    "sex LIKE 'f%'",
    "sex NOT LIKE 'f%'",
    "sex ILIKE 'F'",
    "day IS NULL",
    "day IS NOT NULL",
    "(day = 7) IS TRUE",
    "day IS NOT DISTINCT FROM 7",
    "day + 1 = 8",
    "abs(day) = 7",
    "CAST(day AS VARCHAR) = '7'",
    "day = age",
    "day IN (age, 7)",
    "day IN (SELECT 7)",
    "day IN (SELECT day FROM tests)",
    "EXISTS (SELECT 1 FROM tests)",
    "EXISTS (SELECT count(*) FROM tests t WHERE t.day = tests.day)",
    "day = (SELECT count(*) FROM tests)",
    "day < (SELECT avg(ct) FROM tests)",
    "day BETWEEN 0 AND (SELECT count(*) FROM tests)",
    "day = CASE WHEN sex = 'f' THEN 7 END",
    "coalesce(day, 7) = 7",
    "CASE WHEN day = 7 THEN false ELSE true END",
    "true",
    "1 = 1",
    "'f' = 'f'",
    "sex = 'f' || ''",
    "sex = lower('F')",
    "day = 3 + 4",
    "count(*) > 3",
    "regexp_matches(sex, 'f')",
    "sex SIMILAR TO 'f'",
    "sex ~ 'f'",
    "day = ANY (SELECT 7)",
    "(day, sex) = (7, 'f')",
    "random() < 0.5",
    "day = NULL",
    "ct > 20",
    "remark = ''",
    "tests.rowid = 7",
    "rowid = 7",
]
GROUPINGS = [
    "SELECT day + 1, count(*) FROM tests GROUP BY day + 1",
    "SELECT CASE WHEN day = 7 THEN 1 ELSE 0 END AS k, count(*) FROM tests GROUP BY k",
    "SELECT day = 7 AS k, count(*) FROM tests GROUP BY k",
    "SELECT CAST(day AS VARCHAR) AS k, count(*) FROM tests GROUP BY k",
    "SELECT ct, count(*) FROM tests GROUP BY ct",
    "SELECT count(*) FROM tests GROUP BY ROLLUP (sex, age)",
    "SELECT count(*) FROM tests GROUP BY CUBE (sex, age)",
    "SELECT count(*) FROM tests GROUP BY GROUPING SETS ((sex), (age))",
    "SELECT count(*) FROM tests GROUP BY ()",
    "SELECT sex, count(*) FROM tests GROUP BY sex WITH ROLLUP",
    "SELECT DISTINCT sex FROM tests",
    "SELECT DISTINCT ON (day) sex, count(*) FROM tests GROUP BY sex",
    "SELECT sex, day, count(*) FROM tests GROUP BY sex",
    "SELECT day FROM tests LIMIT 1",
    "SELECT 1 FROM tests",
    "SELECT count(*) OVER () FROM tests",
    "SELECT sum(ct) OVER (ORDER BY day) FROM tests",
    "SELECT sex, sum(ct) OVER () FROM tests GROUP BY sex",
    "SELECT sex, lag(day) OVER (ORDER BY sex) FROM tests GROUP BY sex",
    "SELECT sex, count(*) FROM tests GROUP BY sex ORDER BY day",
    "SELECT sex, count(*) FROM tests GROUP BY sex HAVING day > 3",
    "SELECT sex FROM tests GROUP BY sex QUALIFY sum(ct) OVER () > 3",
    "SELECT (SELECT t.day) FROM tests t GROUP BY t.sex",
    "SELECT sex, (SELECT count(*) FROM tests u WHERE u.day = t.day) FROM tests t GROUP BY sex",
    "SELECT sex, (SELECT count(*) FROM tests u WHERE u.sex = t.sex) FROM tests t GROUP BY sex",
    "SELECT count(*) FROM tests t, LATERAL (SELECT t.day) AS x",
    "SELECT count(*) FROM tests t JOIN LATERAL (SELECT t.day AS d) AS x ON x.d = 7",
    "SELECT count(*) FROM tests TABLESAMPLE 10%",
    "SELECT count(*) FROM (SELECT day FROM tests WHERE day = 7)",
    "SELECT count(*) FROM (SELECT * FROM tests)",
    "SELECT x.day FROM (SELECT count(*) FROM tests) AS x (day), tests",
    "SELECT count(*) FROM tests SEMI JOIN (SELECT 7 AS day) AS x USING (day)",
    "FROM tests",
    "PIVOT tests ON sex USING count(*)",
]
REASONS = {
    RefusalReason.SYNTAX_NOT_ALLOWED,
    RefusalReason.FUNCTION_NOT_ALLOWED,
    RefusalReason.USE_NOT_GRANTED,
    RefusalReason.COLUMN_NOT_GRANTED,
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_rows_are_filtered_by_plain_comparisons(quiet_hospital, condition):
    for where in (condition, f"sex = 'f' AND ({condition})"):
        decided = quiet_hospital.decide(f"SELECT count(*) FROM tests WHERE {where}", CONTRACT)
        assert isinstance(decided, Refusal), decided.sql
        assert decided.reason in REASONS


@pytest.mark.parametrize("sql", GROUPINGS)
def test_rows_are_grouped_by_columns_and_leave_in_no_other_form(quiet_hospital, sql):
    decided = quiet_hospital.decide(sql, CONTRACT)
    assert isinstance(decided, Refusal), decided.sql
    assert decided.reason in REASONS


@pytest.mark.parametrize("condition", CONDITIONS)
def test_above_cells_the_same_is_free_or_refused_by_its_form(quiet_hospital, condition):
    """What is written over published cells reads nothing else."""
    decided = quiet_hospital.decide(
        "SELECT sum(n) FROM (SELECT sex, age, day, count(*) AS n FROM tests"
        f" GROUP BY sex, age, day) AS tests WHERE {condition}",
        CONTRACT,
    )
    if not isinstance(decided, Refusal):
        assert "data" not in decided.sql
