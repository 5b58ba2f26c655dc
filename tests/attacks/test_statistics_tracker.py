"""A question about few, asked as everybody less all the others.

expect: the complement: a cell must leave nobody, or enough, of what it was cut from
effect: the total less the published part is the few patients' own
source: the tracker of Denning and Schlörer; DataSHIELD, where complements leak
"""

import pytest

from support.statistics import agreed, one_test

CONTRACT = agreed(disclosure="")


@pytest.mark.parametrize("left", [1, 9])
def test_a_filter_that_leaves_few_out_is_withheld_before_anything_was_asked(hospital, left):
    sql = f"SELECT count(*), avg(ct) FROM tests WHERE day < {60 - left}"
    assert hospital.ask(sql, CONTRACT) == [(None, None)]


def test_a_filter_that_leaves_enough_out_or_nobody_is_answered(hospital):
    assert hospital.ask("SELECT count(*) FROM tests WHERE day < 50", CONTRACT) == [(50,)]
    assert hospital.ask("SELECT count(*) FROM tests WHERE day < 60", CONTRACT) == [(60,)]


@pytest.mark.parametrize("few", [1, 9])
def test_a_group_beside_a_small_one_is_withheld_too(hospital, few):
    results = ["positive"] * few + ["negative"] * (60 - few)
    hospital.tests(*(one_test(i, result=result) for i, result in enumerate(results)))
    assert hospital.ask("SELECT result, count(*) FROM tests GROUP BY result", CONTRACT) == []
    assert hospital.ask("SELECT count(*) FROM tests", CONTRACT) == [(60,)]


@pytest.mark.parametrize(
    ("below", "seen"),
    [(38, {("f", "negative"), ("m", "negative"), ("m", "positive")}), (50, set())],
)
def test_within_a_group_the_others_of_it_are_a_way_too(hospital, below, seen):
    """Of the men 19 are positive and 11 are not, or 25 and 5, who are the men less those."""
    results = ["positive" if i % 2 and i < below else "negative" for i in range(60)]
    hospital.tests(*(one_test(i, result=result) for i, result in enumerate(results)))
    sql = "SELECT sex, result, count(*) FROM tests GROUP BY sex, result"
    assert {row[:2] for row in hospital.ask(sql, CONTRACT)} == seen


def test_the_complement_counts_units_and_not_rows(hospital):
    """Many rows of few patients are left out."""
    hospital.tests(
        *(one_test(i) for i in range(60)),
        *(one_test(i % 3, day=99) for i in range(90)),
    )
    assert hospital.ask("SELECT count(*) FROM tests WHERE day < 99", CONTRACT) == [(None,)]
