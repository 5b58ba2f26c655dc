"""A question of as many groups as there are rows, and one of as much SQL as may be sent.

expect: nothing of a small cell leaves the engine; texts and trees are bounded before parsing
effect: a node that runs out of memory or time answers nobody
source: DESIGN 13: bounded everything
"""

import pytest

from sekisho.errors import Refusal
from support.statistics import TESTS, agreed

CONTRACT = agreed(disclosure="")


@pytest.fixture
def crowd(hospital):
    hospital.offer("tests", TESTS)
    hospital.run(
        "INSERT INTO data.tests SELECT i, i, i, 'f', 'negative', 20 + i % 7, 1, ''"
        " FROM range(200000) AS t(i)"
    )
    return hospital


def test_a_group_for_each_row_is_an_empty_answer(crowd):
    assert crowd.ask("SELECT day, count(*), avg(ct) FROM tests GROUP BY day", CONTRACT) == []
    assert crowd.ask("SELECT day, age FROM tests WHERE day < 9 GROUP BY day, age", CONTRACT) == []


def test_there_is_one_row_over_no_rows(hospital):
    hospital.run("DELETE FROM data.tests")
    assert hospital.ask("SELECT count(*), avg(ct), sum(ct) FROM tests", CONTRACT) == [
        (None, None, None)
    ]
    assert hospital.ask("SELECT sex, count(*) FROM tests GROUP BY sex", CONTRACT) == []


def test_rows_of_nobody_are_not_counted(hospital):
    """A row whose unit is not known protects nobody, and could be anybody's twentieth."""
    hospital.run("UPDATE data.tests SET patient = NULL WHERE day < 20")
    assert hospital.ask("SELECT count(*), count(DISTINCT patient) FROM tests", CONTRACT) == [
        (40, 40)
    ]
    hospital.run("UPDATE data.tests SET patient = NULL")
    assert hospital.ask("SELECT count(*) FROM tests WHERE age >= 0", CONTRACT) == [(None,)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM " + "(SELECT sum(n) AS n FROM " * 20000 + "tests" + ")" * 20000,
        "SELECT " + "(" * 30000 + "count(*)" + ")" * 30000 + " FROM tests",
        "SELECT count(*) FROM tests WHERE day IN (" + "1," * 40000 + "1)",
        "SELECT count(*) FROM tests WHERE " + " AND ".join(["day < 3"] * 9000),
        "SELECT " + ", ".join(["count(*)"] * 9000) + " FROM tests",
        "SELECT " + "-" * 65000 + "1 FROM tests",
    ],
    ids=["nested", "brackets", "values", "conditions", "figures", "signs"],
)
def test_a_text_past_the_bounds_is_refused(quiet_hospital, sql):
    assert isinstance(quiet_hospital.decide(sql, CONTRACT), Refusal)


def test_a_long_text_within_the_bounds_is_answered(hospital):
    sql = "SELECT count(*) FROM tests WHERE day IN (" + ",".join(map(str, range(9000))) + ")"
    assert hospital.ask(sql, CONTRACT) == [(60,)]
