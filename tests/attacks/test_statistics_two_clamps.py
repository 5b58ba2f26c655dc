"""One column under two contracts: the same rows, clamped here at 50 and there at 30.

expect: overlap: values are compared as they are measured, unit by unit
effect: the means differ by what the few large patients are above the lower clamp
source: found in review: populations were compared by rows, whatever the clamp
"""

import pytest

from support.statistics import COLUMNS, LAB, RIVAL, agreed, one_test


def contract(number, clamp="", *, high=None):
    """A contract with another clamp, or with a declared measure of the same column."""
    columns = COLUMNS.replace("ct: {use: [measure]}", f"ct: {{use: [measure]{clamp}}}")
    if high is not None:
        columns += f", high: {{from: {{column: ct, at_least: {high}}}, use: [measure]}}"
    return agreed(disclosure="", number=number, columns=columns)


WIDE = contract(1, ", clamp: [0, 50]")
NARROW = contract(2, ", clamp: [0, 30]")
ROUGH = contract(3, ", mask: {round_to: 10}")
RAW = contract(4)


def have(hospital, large):
    """All below thirty, but for so many patients at forty."""
    tests = [one_test(i) for i in range(60 - large)]
    hospital.tests(*tests, *(one_test(i, ct=40.0) for i in range(60 - large, 60)))


@pytest.mark.parametrize("figure", ["avg(ct)", "sum(ct)", "stddev(ct)"])
@pytest.mark.parametrize("large", [1, 9])
@pytest.mark.parametrize("others", [(WIDE, NARROW), (NARROW, WIDE), (RAW, NARROW)])
def test_the_same_rows_under_another_clamp_are_withheld(hospital, figure, large, others):
    have(hospital, large)
    sql = f"SELECT {figure} FROM tests"
    assert hospital.ask(sql, others[0], LAB) != [(None,)]
    assert hospital.ask(sql, others[1], RIVAL) == [(None,)]


@pytest.mark.parametrize("large", [0, 10])
def test_clamps_that_touch_nobody_or_enough_hide_nothing(hospital, large):
    have(hospital, large)
    answers = [hospital.ask("SELECT avg(ct) FROM tests", item) for item in (WIDE, NARROW, RAW)]
    assert [(None,)] not in answers
    assert (len(set(map(str, answers))) == 1) is (large == 0)


def test_a_mask_is_compared_with_what_it_masks(hospital):
    """Rounded to ten, only the few who are no multiple of it change."""
    hospital.tests(*(one_test(i, ct=20.0 if i % 2 else 30.0) for i in range(58)),
                   one_test(58, ct=21.0), one_test(59, ct=29.0))  # fmt: skip
    assert hospital.ask("SELECT avg(ct) FROM tests", RAW) != [(None,)]
    assert hospital.ask("SELECT avg(ct) FROM tests", ROUGH) == [(None,)]


def test_two_thresholds_between_which_few_lie_are_one_too_many(hospital):
    """At least 25 and at least 26: the one patient at 25 is the difference."""
    cts = [20.0] * 30 + [27.0] * 29 + [25.0]
    hospital.tests(*(one_test(i, ct=ct) for i, ct in enumerate(cts)))
    low, high, far = (contract(number, high=number) for number in (25, 26, 100))
    assert hospital.ask("SELECT avg(high) FROM tests", low) == [(0.5,)]
    assert hospital.ask("SELECT avg(high) FROM tests", high) == [(None,)]
    assert hospital.ask("SELECT avg(high) FROM tests", far) == [(None,)]  # all alike
    assert hospital.ask("SELECT avg(ct) FROM tests", low) != [(None,)]


def test_counts_are_the_same_under_every_clamp(hospital):
    have(hospital, 3)
    answers = {hospital.ask("SELECT count(ct) FROM tests", item)[0] for item in (WIDE, NARROW)}
    assert answers == {(60,)}
