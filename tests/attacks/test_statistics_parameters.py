"""Everybody, and everybody but one, by the value of a parameter: the text of both is the same.

expect: overlap: questions of one text and two values are two questions, and are compared
effect: one patient's membership or value, exactly
source: own review: what tells one question from another was a text, before there were parameters
"""

import pytest

from sekisho.model.parameters import Parameter
from support.statistics import agreed

CONTRACT = agreed(disclosure="")
SQL = "SELECT count(*), avg(ct) FROM tests WHERE day BETWEEN 0 AND $last"
WITHHELD = [(None, None)]


def ask(hospital, last, sql=SQL):
    return hospital.ask(
        sql, CONTRACT, parameters=(Parameter(name="last", type="integer", value=str(last)),)
    )


@pytest.mark.parametrize(("first", "second"), [(29, 28), (28, 29), (29, 37), (37, 29)])
def test_of_two_values_that_choose_few_others_one_is_withheld(hospital, first, second):
    assert ask(hospital, first)[0][0] in {30, 40}
    assert ask(hospital, second) == WITHHELD


def test_a_value_is_compared_with_one_that_is_written(hospital):
    assert hospital.ask(SQL.replace("$last", "29"), CONTRACT)[0][0] == 30
    assert ask(hospital, 28) == WITHHELD


def test_values_that_choose_enough_others_are_two_questions(hospital):
    assert [ask(hospital, last)[0][0] for last in (29, 39, 29)] == [30, 40, 30]
    assert hospital.fresh == [1, 1, 0]


def test_what_was_published_of_one_value_stands_for_no_other(hospital):
    """A cell that was published is told again though few are left of it; no other is."""
    sql = SQL.replace("0 AND", "20 AND")
    assert ask(hospital, 39, sql)[0][0] == 20
    assert ask(hospital, 22, sql) == WITHHELD
    hospital.run("DELETE FROM data.tests WHERE day BETWEEN 23 AND 39")
    assert ask(hospital, 22, sql) == WITHHELD


def test_a_value_above_the_cells_changes_nothing_that_is_published(hospital):
    sql = "SELECT age, count(*) FROM tests GROUP BY age HAVING count(*) > $last ORDER BY age"
    assert len(ask(hospital, 9, sql)) == 4
    assert ask(hospital, 20, sql) == []
    assert hospital.fresh == [4, 0]
