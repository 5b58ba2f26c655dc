"""One patient many times, missing patients, or a harmless join, to reach the least number of units.

expect: step 10, an empty answer
effect: rows about one or two patients leave, since there are many rows
source: DESIGN 9.1; a hospital network whose threshold counted rows, not people
"""

import pytest

from support.held import ROWS, SEEN, Wards

FEW = [
    "SELECT age FROM patients WHERE patient = 'd'",
    "SELECT p.age FROM patients AS p CROSS JOIN visits AS v WHERE p.patient = 'd'",
    "SELECT p.age FROM patients AS p JOIN patients AS q ON p.patient = 'd'",
    "SELECT p.age FROM patients AS p RIGHT JOIN patients AS q ON p.patient = 'd'",
    "SELECT v.seen FROM patients AS p LEFT JOIN visits AS v ON v.patient = 'd'",
    "SELECT age FROM patients WHERE patient IS NULL",
    "SELECT age FROM patients WHERE patient IS NULL OR patient IN ('d', 'e')",
    "SELECT count(*) FROM patients AS p, patients AS q, patients AS r WHERE p.patient = 'd'",
    "SELECT DISTINCT p.age FROM patients AS p, patients AS q WHERE p.ward = 'z'",
]


@pytest.fixture(scope="module")
def wards():
    again = ", ".join(["('d', 4, 'y', 40, 4, 4, false)"] * 50)
    return Wards(f"{ROWS}, {again}", SEEN)


@pytest.mark.parametrize("sql", FEW)
def test_rows_are_not_counted_for_units(wards, sql):
    assert wards.run(sql) == []
