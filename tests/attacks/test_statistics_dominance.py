"""A total of which one site makes up 96 %: the total is the site's own figure, near enough.

expect: dominance: largest, two largest and p % of a cell, by absolute totals of units
effect: a company's own figure within a few percent, also by whoever knows the second largest
source: ACRO (output checking): dominance 2 units 90 %, p = 10 %; DataSHIELD has none
"""

import pytest

from support.statistics import agreed, one_test

CONTRACT = agreed(disclosure="")
WITHHELD = [(None, None, None)]
SQL = "SELECT avg(ct), sum(ct), stddev(ct) FROM tests"


def have(hospital, *values):
    """One test of each patient, with these values for the first and one for all others."""
    rest = [1.0] * (40 - len(values))
    hospital.tests(*(one_test(i, ct=value) for i, value in enumerate([*values, *rest, 0.5])))


@pytest.mark.parametrize(
    "values",
    [(960.0,), (-960.0,), (39.6,), (400.0, 300.0), (120.0, 100.0), (-120.0, 110.0)],
)
def test_what_is_mostly_one_or_twos_is_withheld(hospital, values):
    have(hospital, *values)
    assert hospital.ask(SQL, CONTRACT) == WITHHELD
    assert hospital.ask("SELECT count(*), count(ct) FROM tests", CONTRACT) == [(40, 40)]


@pytest.mark.parametrize("values", [(39.4,), (-39.4,), (20.0, 19.0)])
def test_what_is_spread_is_published(hospital, values):
    have(hospital, *values)
    assert None not in hospital.ask(SQL, CONTRACT)[0]


def test_opposite_signs_do_not_hide_who_is_large(hospital):
    """The total is small, the two of whom it is made are not."""
    have(hospital, 1000.0, -1000.0)
    assert hospital.ask(SQL, CONTRACT) == WITHHELD


def test_many_small_rows_of_one_unit_make_it_large(hospital):
    hospital.tests(*(one_test(i) for i in range(20)), *(one_test(0, day=n) for n in range(30)))
    assert hospital.ask(SQL, CONTRACT) == WITHHELD


def test_the_contract_alone_says_how_much_is_too_much(hospital):
    have(hospital, 39.6)
    strict = agreed(disclosure="dominance: {largest_percent: 10}")
    lax = agreed(disclosure="dominance: {largest_percent: 60}")
    assert hospital.ask(SQL, strict) == WITHHELD
    assert hospital.ask(SQL, CONTRACT) == WITHHELD
    assert None not in hospital.ask(SQL, lax)[0]
    assert hospital.ask(SQL, strict) == WITHHELD
