"""How many have a value, of one column here and of another there, in place of how many there are.

expect: overlap: counts of every kind are compared with each other
effect: `count(ct)` over everybody less `count(dose)` over everybody but one
source: found in review: each column had a memory of its own
"""

from itertools import permutations

import pytest

from support.statistics import agreed, one_test

CONTRACT = agreed(disclosure="")
COUNTS = ["count(*)", "count(ct)", "count(dose)", "count(DISTINCT patient)"]
TOGETHER = [*permutations(COUNTS, 2), *((item, item) for item in COUNTS)]


@pytest.mark.parametrize(("one", "other"), TOGETHER)
def test_counts_that_differ_by_one_patient_are_compared_whatever_they_count(hospital, one, other):
    assert hospital.ask(f"SELECT {one} FROM tests WHERE day < 30", CONTRACT) == [(30,)]
    assert hospital.ask(f"SELECT {other} FROM tests WHERE day < 29", CONTRACT) == [(None,)]


def test_a_sum_tells_a_count_and_is_withheld_with_it(hospital):
    assert hospital.ask("SELECT count(*) FROM tests WHERE day < 30", CONTRACT) == [(30,)]
    found = hospital.ask("SELECT sum(ct), avg(ct) FROM tests WHERE day < 29", CONTRACT)
    assert found[0][0] is None
    assert found[0][1] is not None


def test_who_has_a_value_is_a_filter_too(hospital):
    """Only those who are positive have a `ct`: counting values is counting them."""
    hospital.tests(
        *(
            one_test(
                i, result="positive" if i < 40 else "negative", ct=20.0 + i if i < 40 else None
            )
            for i in range(60)
        )
    )
    assert hospital.ask("SELECT count(ct) FROM tests WHERE day <= 29", CONTRACT) == [(30,)]
    near = "SELECT count(*) FROM tests WHERE result = 'positive' AND day <= 28"
    assert hospital.ask(near, CONTRACT) == [(None,)]


def test_that_few_lack_a_value_is_not_told_by_two_counts(hospital):
    cts = [None if i < 3 else 20.0 + i for i in range(60)]
    hospital.tests(*(one_test(i, ct=ct) for i, ct in enumerate(cts)))
    assert hospital.ask("SELECT count(*), count(ct) FROM tests", CONTRACT) == [(60, None)]
    assert hospital.ask("SELECT avg(ct) FROM tests", CONTRACT) != [(None,)]
