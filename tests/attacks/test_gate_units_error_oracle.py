"""An error in the place of an empty answer tells of the one patient that is held back.

expect: steps 8 and 10, SYNTAX_NOT_ALLOWED, or an answer that is empty whatever the value is
effect: whether the query fails depends on one patient's age
source: DESIGN 8, 9.1; docs/spec/gate.md, step 10
"""

import pytest

from support.held import Wards, refusal

EDGE = 170141183460469231731687303715884105727 - 50


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT sum(age) + {EDGE}::HUGEINT FROM patients WHERE patient = 'a'",
        "SELECT sum(big) FROM patients WHERE patient = 'a'",
        "SELECT avg(exact) FROM patients WHERE patient = 'a'",
        "SELECT sum(exact) OVER () FROM patients WHERE patient = 'a'",
        "SELECT count(*) OVER (ORDER BY age RANGE 2147483000 PRECEDING) FROM patients",
        "SELECT DATE '2026-01-01' + max(age) FROM patients WHERE patient = 'a'",
        "SELECT lag(age) OVER () * age FROM patients WHERE patient = 'a'",
        "SELECT ward FROM patients GROUP BY ward HAVING round(sum(age), max(age)) > 1",
        "SELECT ln(max(age) - 30) FROM patients WHERE patient = 'a'",
    ],
)
def test_what_could_fail_is_refused_whatever_the_data(sql):
    assert refusal(sql).reason == "SYNTAX_NOT_ALLOWED"


@pytest.mark.parametrize("age", [0, 2147483647])
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT age + 1 FROM patients WHERE patient = 'a'",
        "SELECT sum(age), avg(age), median(age), stddev(age) FROM patients WHERE patient = 'a'",
        "SELECT CAST(ward AS INTEGER) FROM patients WHERE patient = 'a' AND 1 / age > 0",
        "SELECT sum(age) / count(*), CAST(max(age) AS TINYINT) FROM patients WHERE patient = 'a'",
        "SELECT age FROM patients WHERE patient = 'a' ORDER BY age * age",
        "SELECT count(*) FROM patients WHERE patient = 'a' GROUP BY age + 1",
    ],
)
def test_held_back_answers_look_alike(sql, age):
    assert Wards(f"('a', {age}, 'w', 1, 1, 1, false)", "").run(sql) == []
