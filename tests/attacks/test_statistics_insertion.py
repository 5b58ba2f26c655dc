"""The same question before and after one patient came, went, or changed.

expect: aggregate.md, step 6.3: the earlier figures, until enough units have changed
effect: what changed is the one patient's
source: PRIVACY.md: insert one patient and ask again
"""

import pytest

from support.statistics import agreed, one_test

CONTRACT = agreed(disclosure="")
SQL = (
    "SELECT sex, count(*), count(DISTINCT patient), avg(ct), sum(ct), stddev(ct) FROM tests"
    " GROUP BY sex ORDER BY sex"
)
CHANGES = {
    "comes": "INSERT INTO data.tests VALUES (900, 20, 1, 'f', 'negative', 49.0, 3, '')",
    "comes many times": "INSERT INTO data.tests SELECT 900, 20, i, 'f', 'negative', 49.0, 3, ''"
    " FROM range(12) AS t(i)",
    "goes": "DELETE FROM data.tests WHERE patient = 4",
    "changes": "UPDATE data.tests SET ct = 49.0 WHERE patient = 4",
    "moves": "UPDATE data.tests SET sex = 'm' WHERE patient = 4",
    "loses a value": "UPDATE data.tests SET ct = NULL WHERE patient = 4",
    "is hidden": "UPDATE data.tests SET patient = NULL WHERE patient = 4",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_one_patient_changes_nothing(hospital, change):
    before = hospital.ask(SQL, CONTRACT)
    hospital.run(change)
    assert hospital.ask(SQL, CONTRACT) == before
    assert len(before) == 2
    assert all(None not in row for row in before)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_another_question_about_the_same_is_not_answered_anew(hospital, change):
    """Each figure is as it was, or withheld."""
    before = {row[0]: row for row in hospital.ask(SQL, CONTRACT)}
    hospital.run(change)
    sql = SQL.replace("FROM tests", "FROM tests WHERE day >= 0")
    for row in hospital.ask(sql, CONTRACT):
        for old, new in zip(before[row[0]], row, strict=True):
            assert new in {old, None}


def test_a_few_at_a_time_are_told_once_they_are_enough(hospital):
    first = hospital.ask("SELECT count(*) FROM tests", CONTRACT)
    answers = []
    for number in range(10):
        row = one_test(900 + number)
        hospital.db.execute("INSERT INTO data.tests VALUES (?, ?, ?, ?, ?, ?, ?, ?)", list(row))
        answers += hospital.ask("SELECT count(*) FROM tests", CONTRACT)
    assert answers == [*(first * 9), (70,)]
    assert hospital.fresh == [1, *[0] * 9, 1]


def test_the_earlier_answer_stays_when_too_few_are_left(hospital):
    """That nearly everybody is gone would be told by its absence."""
    strict = agreed(disclosure="minimum_units: 55")
    sql = "SELECT count(*) FROM tests"
    assert hospital.ask(sql, strict) == [(60,)]
    hospital.run("DELETE FROM data.tests WHERE patient >= 20")
    assert hospital.ask(sql, strict) == [(60,)]
