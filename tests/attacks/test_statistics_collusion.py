"""Two consumers who put their answers together, under a contract each.

expect: overlap is remembered for a dataset, whoever asked, under whichever contract
effect: one asks for everybody, the other for everybody but one
source: Snowflake: a budget for each consumer's account, so accounts collude
"""

import pytest

from support.statistics import LAB, RIVAL, agreed

ONE = agreed(disclosure="", number=1)
OTHER = agreed(
    disclosure="",
    number=2,
    columns="day: {use: [filter]}, sex: {use: [group]}, ct: {use: [measure]},"
    " dose: {use: [measure]}, patient: {use: [join]}",
)
FILTERED = agreed(disclosure="", number=3, where="day < 29")
BROADER = agreed(disclosure="minimum_units: 30", number=4)


@pytest.mark.parametrize("figure", ["count(*)", "avg(ct)", "count(DISTINCT patient)", "stddev(ct)"])
@pytest.mark.parametrize("contract", [ONE, OTHER])
def test_two_consumers_get_one_of_two_cells_that_differ_by_one(hospital, figure, contract):
    first = f"SELECT {figure} FROM tests WHERE day < 30"
    assert hospital.ask(first, ONE, LAB) != [(None,)]
    second = f"SELECT {figure} FROM tests WHERE day < 29"
    assert hospital.ask(second, contract, RIVAL) == [(None,)]


def test_a_row_filter_of_one_contract_is_a_filter_of_the_others_question(hospital):
    assert hospital.ask("SELECT count(*) FROM tests WHERE day < 30", ONE, LAB) == [(30,)]
    assert hospital.ask("SELECT count(*) FROM tests", FILTERED, RIVAL) == [(None,)]


@pytest.mark.parametrize("is_first", [True, False])
def test_the_stricter_of_two_contracts_holds_for_the_pair(hospital, is_first):
    """Of 60 and 40 patients, 20 differ: enough for one contract and too few for the other."""
    wide, narrow = "SELECT count(*) FROM tests", "SELECT count(*) FROM tests WHERE day < 40"
    order = [(wide, BROADER, LAB), (narrow, ONE, RIVAL)]
    answers = [hospital.ask(*item) for item in (order if is_first else order[::-1])]
    assert answers == ([[(60,)], [(None,)]] if is_first else [[(40,)], [(None,)]])


def test_both_may_ask_the_same(hospital):
    sql = "SELECT sex, count(*), avg(ct) FROM tests GROUP BY sex"
    assert hospital.ask(sql, ONE, LAB) == hospital.ask(sql, OTHER, RIVAL)
