"""A dataset alone, and joined to another that drops one patient's row.

expect: overlap: populations of joined datasets are compared by each dataset and unit of both
effect: the two counts differ by the one whom the join drops
source: found in review: sketches were paired by their order, whatever they were of
"""

import pytest

from support.statistics import COLUMNS, agreed

CONTRACT = agreed(
    disclosure="",
    datasets="a.example/tests, a.example/visits",
    columns=COLUMNS + ", clinic: {use: [group, filter]}, fee: {use: [measure]}",
)
VISITS = {"patient": "INTEGER", "clinic": "INTEGER", "fee": "INTEGER", "doctor": "INTEGER"}
ALONE = "SELECT count(*) FROM tests"
JOINED = [
    "SELECT count(*) FROM tests JOIN visits ON tests.patient = visits.patient",
    "SELECT count(*) FROM visits JOIN tests ON tests.patient = visits.patient",
    "SELECT count(*) FROM visits JOIN tests USING (patient)",
]


@pytest.fixture(params=[(), ("doctor",)], ids=["a table of things", "a table of doctors"])
def clinic(hospital, request):
    """Fifty-nine of the sixty patients have a visit, each with a doctor of their own."""
    visits = [(i, i % 4, 10 + i % 5, i) for i in range(59)]
    hospital.offer("visits", VISITS, visits, units=request.param)
    return hospital


@pytest.mark.parametrize("sql", JOINED)
@pytest.mark.parametrize("is_first", [True, False])
def test_a_join_that_drops_one_is_withheld_beside_everybody(clinic, sql, is_first):
    first, second = (ALONE, sql) if is_first else (sql, ALONE)
    assert clinic.ask(first, CONTRACT) == [(60,)]
    assert clinic.ask(second, CONTRACT) == [(None,)]


@pytest.mark.parametrize(("one", "other"), [(0, 1), (1, 0), (1, 2), (0, 0)])
def test_two_joins_that_differ_by_one_are_compared_in_either_order(clinic, one, other):
    assert clinic.ask(f"{JOINED[one]} WHERE clinic < 3 AND day < 40", CONTRACT) == [(30,)]
    assert clinic.ask(f"{JOINED[other]} WHERE clinic < 3 AND day < 38", CONTRACT) == [(None,)]


def test_values_of_the_joined_dataset_are_compared_too(clinic):
    fees = "SELECT avg(fee) FROM tests JOIN visits ON tests.patient = visits.patient WHERE day < {}"
    assert clinic.ask(fees.format(30), CONTRACT) == [(12.0,)]
    assert clinic.ask(fees.format(29), CONTRACT) == [(None,)]


def test_a_value_that_changes_in_the_joined_dataset_is_told_when_enough_have(clinic):
    fees = "SELECT avg(fee) FROM tests JOIN visits ON tests.patient = visits.patient"
    before = clinic.ask(fees, CONTRACT)
    clinic.run("UPDATE data.visits SET fee = fee + 10 WHERE patient < 9")
    assert clinic.ask(fees, CONTRACT) == before
    clinic.run("UPDATE data.visits SET fee = fee + 10 WHERE patient = 9")
    assert clinic.ask(fees, CONTRACT) != before
