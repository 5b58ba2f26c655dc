"""What one contract lets out, asked again under another that asks for more.

expect: aggregate.md, step 6.3: terms are part of a question; the rules hold for each contract
effect: a consumer with a strict contract is answered by the lax one's memory
source: found in review: the same question got the earlier figures whatever its contract said
"""

import pytest

from support.statistics import LAB, RIVAL, agreed, one_test

LAX = agreed(disclosure="", number=1)
SQL = "SELECT count(*), avg(ct) FROM tests"
STRICTER = {
    "more units": "minimum_units: 20",
    "a smaller largest": "dominance: {largest_percent: 5}",
    "a smaller two": "dominance: {largest_percent: 5, two_largest_percent: 10}",
    "a larger p": "dominance: {p_percent: 100, largest_percent: 50, two_largest_percent: 55}",
}


@pytest.mark.parametrize("terms", STRICTER.values(), ids=STRICTER)
def test_a_stricter_contract_is_not_answered_by_what_a_lax_one_let_out(hospital, terms):
    tests = [one_test(i, ct=float(10 + i)) for i in range(12)]
    hospital.tests(*tests, *(one_test(11, day=n, ct=25.0) for n in range(5)))
    strict = agreed(disclosure=terms, number=2)
    assert None not in hospital.ask(SQL, LAX, LAB)[0]
    alone = hospital.ask(SQL, strict, RIVAL)
    assert None in alone[0]


def test_each_contract_rounds_as_it_says(hospital):
    hospital.tests(*(one_test(i) for i in range(33)))
    rough = agreed(disclosure="round_counts_to: 25", number=3)
    assert hospital.ask("SELECT count(*) FROM tests", LAX, LAB) == [(35,)]
    assert hospital.ask("SELECT count(*) FROM tests", rough, RIVAL) == [(25,)]


def test_units_of_one_contract_are_not_those_of_another(hospital):
    """A contract that also protects wards: what the other let out is not compared by its order."""
    both = agreed(disclosure="", number=4, units="remark, patient")
    reverse = agreed(disclosure="", number=5, units="patient, remark")
    hospital.tests(*(one_test(i, remark=f"ward {i % 12}") for i in range(60)))
    sql = "SELECT count(*) FROM tests WHERE sex = 'f'"
    assert hospital.ask(sql, LAX) == [(30,)]
    assert hospital.ask(sql, both) == [(None,)]  # six of the wards
    whole = "SELECT count(*) FROM tests"
    answers = [hospital.ask(whole, item) for item in (both, reverse, LAX, reverse)]
    assert answers == [[(60,)]] * 4
