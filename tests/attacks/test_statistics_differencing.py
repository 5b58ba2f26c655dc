"""Everybody, and everybody but one: what the two answers differ by is one patient's.

expect: overlap: a cell that differs from a published one in too few units is withheld
effect: one patient's membership or value, exactly
source: differencing, N against N-1; PRIVACY.md: a minimum group alone loses 99.8 % of the secrets
"""

import pytest

from support.statistics import agreed, one_test

CONTRACT = agreed(disclosure="")
FIGURES = "count(*), avg(ct), sum(ct), count(DISTINCT patient)"
WITHHELD = [(None, None, None, None)]
EVERYBODY = f"SELECT {FIGURES} FROM tests WHERE day BETWEEN 0 AND 29"
BUT_ONE = [
    f"SELECT {FIGURES} FROM tests WHERE day BETWEEN 0 AND 28",
    f"SELECT {FIGURES} FROM tests WHERE day >= 1 AND day <= 29",
    f"SELECT {FIGURES} FROM tests WHERE day < 30 AND day <= 28",
    f"SELECT {FIGURES} FROM tests WHERE day IN ({', '.join(map(str, range(29)))})",
    f"SELECT {FIGURES} FROM tests WHERE day BETWEEN 0 AND 30",
    f"SELECT {FIGURES} FROM tests WHERE day BETWEEN 0 AND 37",
]


@pytest.mark.parametrize("sql", BUT_ONE)
@pytest.mark.parametrize("is_first", [True, False])
def test_of_two_cells_that_differ_by_few_one_is_withheld(hospital, sql, is_first):
    first, second = (EVERYBODY, sql) if is_first else (sql, EVERYBODY)
    assert hospital.ask(first, CONTRACT)[0][0] in {30, 40}
    assert hospital.ask(second, CONTRACT) == WITHHELD


def test_cells_that_differ_by_enough_are_both_published(hospital):
    assert hospital.ask(EVERYBODY, CONTRACT)[0][0] == 30
    beside = f"SELECT {FIGURES} FROM tests WHERE day BETWEEN 0 AND 39"
    assert hospital.ask(beside, CONTRACT)[0][0] == 40


def test_the_same_patients_with_one_test_more_are_another_cell(hospital):
    """Who is in both cells is the same; what they say of one patient is not."""
    hospital.tests(*(one_test(i) for i in range(60)), one_test(3, day=31, ct=40.0))
    first = hospital.ask("SELECT count(*), avg(ct) FROM tests WHERE day <= 30", CONTRACT)
    assert None not in first[0]
    same = "SELECT count(*), avg(ct) FROM tests WHERE day <= 30 AND sex IN ('f', 'm')"
    assert hospital.ask(same, CONTRACT) == first
    hospital.tests(*(one_test(i) for i in range(60)), one_test(3, day=30, ct=40.0))
    other = "SELECT count(*), avg(ct) FROM tests WHERE day < 31"
    assert hospital.ask(other, CONTRACT) == [(None, None)]


def test_groups_are_compared_with_what_was_filtered_before(hospital):
    count = "SELECT count(*) FROM tests WHERE sex = 'f' AND day < 40"
    assert hospital.ask(count, CONTRACT) == [(20,)]
    by_sex = "SELECT sex, count(*) FROM tests WHERE day < {} GROUP BY sex"
    assert hospital.ask(by_sex.format(39), CONTRACT) == [("f", 20), ("m", 20)]
    assert hospital.ask(by_sex.format(37), CONTRACT) == []
    assert hospital.ask(by_sex.format(20), CONTRACT) == [("f", 10)]


def test_a_filter_that_was_asked_first_is_compared_with_the_group_that_it_cuts(hospital):
    assert hospital.ask("SELECT count(*) FROM tests WHERE sex = 'f' AND day < 58", CONTRACT) == [
        (30,)
    ]
    assert hospital.ask("SELECT count(*) FROM tests WHERE sex = 'f'", CONTRACT) == [(None,)]
    by_sex = "SELECT sex, count(*) FROM tests GROUP BY sex"
    assert hospital.ask(by_sex, CONTRACT) == [("m", 30)]
