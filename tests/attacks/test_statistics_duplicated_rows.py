"""One patient many times over, so that a cell of one looks like a cell of many.

expect: units are counted, not rows; a join never multiplies; dominance by rows where rows count
effect: a threshold that is met by a single patient
source: AWS Clean Rooms and DataSHIELD count rows; self-join fan-out
"""

import pytest

from sekisho.errors import Refusal, RefusalReason
from support.statistics import COLUMNS, agreed, one_test

CONTRACT = agreed(disclosure="")


def test_a_patient_with_twenty_tests_is_one_patient(hospital):
    hospital.tests(*(one_test(7, day=day) for day in range(20)))
    assert hospital.ask("SELECT count(*), avg(ct) FROM tests", CONTRACT) == [(None, None)]


def test_nine_patients_with_twenty_tests_each_are_nine(hospital):
    hospital.tests(*(one_test(i % 9, day=i) for i in range(180)))
    assert hospital.ask("SELECT count(*), avg(ct) FROM tests", CONTRACT) == [(None, None)]


def test_a_patient_among_many_must_not_have_most_of_the_rows(hospital):
    hospital.tests(*(one_test(i) for i in range(20)), *(one_test(0, day=day) for day in range(30)))
    assert hospital.ask("SELECT count(*) FROM tests", CONTRACT) == [(None,)]


@pytest.mark.parametrize("column", ["ct", "remark"])
def test_counting_values_of_no_size_does_not_hide_who_has_most_rows(hospital, column):
    """Zeros and texts weigh nothing as values; as rows they do."""
    columns = COLUMNS + ", remark: {use: [measure]}"
    rows = [*range(20), *([0] * 30)]
    hospital.tests(*(one_test(i, ct=0.0, remark="seen") for i in rows))
    contract = agreed(disclosure="", columns=columns)
    assert hospital.ask(f"SELECT count({column}) FROM tests", contract) == [(None,)]


VISITS = agreed(
    disclosure="",
    datasets="a.example/tests, a.example/visits",
    columns=COLUMNS + ", clinic: {use: [group]}",
)


@pytest.mark.parametrize("on", ["ON tests.patient = visits.patient", "USING (patient)"])
def test_a_join_whose_keys_stand_twice_does_not_multiply(hospital, on):
    """One patient has twenty visits: joined, the one test would be twenty rows."""
    hospital.tests(*(one_test(i) for i in range(20)))
    columns = {"patient": "INTEGER", "clinic": "VARCHAR"}
    visits = [(0, f"clinic {n}") for n in range(20)] + [(i, "east") for i in range(1, 20)]
    hospital.offer("visits", columns, visits, units=())
    sql = f"SELECT count(*), count(DISTINCT tests.patient) FROM tests JOIN visits {on}"
    assert hospital.ask(sql, VISITS) == [(20, 20)]
    by_clinic = f"SELECT clinic, count(*) FROM tests JOIN visits {on} GROUP BY clinic"
    assert hospital.ask(by_clinic, VISITS) == [("east", 20)]


@pytest.mark.parametrize(
    "source",
    [
        "tests a JOIN tests b ON a.patient = b.patient",
        "tests a JOIN tests b USING (patient)",
        "tests a, tests b",
        "tests a CROSS JOIN tests b",
        "tests a LEFT JOIN tests b ON a.patient = b.patient",
        "tests a JOIN (SELECT age, count(*) AS n FROM tests GROUP BY age) b ON a.age = b.age",
    ],
)
def test_a_dataset_is_not_joined_to_itself(hospital, source):
    with pytest.raises(Refusal) as refused:
        hospital.ask(f"SELECT count(*) FROM {source}", CONTRACT)
    assert refused.value.reason in {
        RefusalReason.SYNTAX_NOT_ALLOWED,
        RefusalReason.USE_NOT_GRANTED,
    }
