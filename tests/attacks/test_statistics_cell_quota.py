"""So many overlapping cells that a system of equations solves for each patient.

expect: cells of a dataset that are published in a day are counted, to all consumers together
effect: what no pair of cells tells, a thousand of them do
source: Dinur and Nissim; PRIVACY.md: linear systems, a daily quota beside the pairwise rule
"""

import json
from datetime import timedelta

import pytest

from sekisho.errors import Refusal, RefusalReason
from sekisho.model.limits import DEFAULT_LIMITS
from support.state import NOW
from support.statistics import LAB, RIVAL, agreed, one_test

CONTRACTS = {LAB: agreed(disclosure="", number=1), RIVAL: agreed(disclosure="", number=2)}
BY_SEX = "SELECT sex, count(*) FROM tests GROUP BY sex"
BY_AGE = "SELECT age, count(*) FROM tests GROUP BY age"


@pytest.fixture
def spent(hospital):
    """All but three of the day's cells are published."""
    most = DEFAULT_LIMITS.max_cells_per_day
    hospital.state.submit(
        lambda tx: tx.db.execute(
            "INSERT INTO published_cells VALUES ('a.example/tests', ?, ?)",
            (NOW.date().isoformat(), most - 3),
        )
    )
    return hospital


def remembered(node):
    query = "SELECT count(*) FROM published"
    return node.state.submit(lambda tx: tx.db.execute(query).fetchone()[0])


def test_cells_of_all_consumers_count_together(spent):
    assert len(spent.ask(BY_SEX, CONTRACTS[LAB], LAB)) == 2
    with pytest.raises(Refusal) as refused:
        spent.ask(BY_AGE, CONTRACTS[RIVAL], RIVAL)
    assert refused.value.reason is RefusalReason.LIMIT_REACHED
    assert spent.ask("SELECT count(*) FROM tests", CONTRACTS[LAB], LAB) == [(60,)]
    with pytest.raises(Refusal):
        spent.ask("SELECT avg(ct) FROM tests", CONTRACTS[LAB], LAB)


def test_what_is_refused_is_not_remembered_as_published(spent):
    before = remembered(spent)
    with pytest.raises(Refusal):
        spent.ask(BY_AGE, CONTRACTS[LAB], LAB)
    assert remembered(spent) == before
    assert len(spent.ask(BY_SEX, CONTRACTS[LAB], LAB)) == 2


def test_what_was_published_before_is_not_counted_again(spent):
    for _ in range(4):
        assert len(spent.ask(BY_SEX, CONTRACTS[LAB], LAB)) == 2
    assert spent.ask("SELECT count(*) FROM tests", CONTRACTS[LAB], LAB) == [(60,)]


def test_tomorrow_begins_anew(spent):
    with pytest.raises(Refusal):
        spent.ask(BY_AGE, CONTRACTS[LAB], LAB)
    spent.now += timedelta(days=1)
    assert len(spent.ask(BY_AGE, CONTRACTS[LAB], LAB)) == 4


def test_every_dataset_of_a_join_is_counted(hospital):
    hospital.offer("visits", {"patient": "INTEGER", "clinic": "INTEGER", "doctor": "INTEGER"},
                   [(i, i % 4, i) for i in range(60)], units=("doctor",))  # fmt: skip
    contract = agreed(
        disclosure="", datasets="a.example/tests, a.example/visits",
        columns="clinic: {use: [group]}, patient: {use: [join]}, sex: {use: [group]}",
    )  # fmt: skip
    hospital.ask("SELECT clinic, count(*) FROM tests JOIN visits USING (patient) GROUP BY clinic",
                 contract)  # fmt: skip
    rows = hospital.state.submit(
        lambda tx: tx.db.execute("SELECT dataset, used FROM published_cells").fetchall()
    )
    assert dict(rows) == {"a.example/tests": 4, "a.example/visits": 4}


def test_what_is_withheld_is_not_counted(hospital):
    hospital.tests(*(one_test(i) for i in range(9)))
    assert hospital.ask(BY_SEX, CONTRACTS[LAB], LAB) == []
    assert json.dumps(hospital.fresh) == "[0]"
