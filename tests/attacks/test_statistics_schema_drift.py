"""The data is no longer what was signed, or no longer what was published of it.

expect: SCHEMA_CHANGED, whatever the data holds; never a comparison of unlike things
effect: a column of another meaning is measured; or memory is passed by with a cast
source: DESIGN 8: plans are remembered by the dataset's schema
"""

import pytest

from sekisho.errors import Refusal, RefusalReason
from support.statistics import TESTS, agreed, one_test

CONTRACT = agreed(disclosure="")
SQL = "SELECT sex, count(*), avg(ct) FROM tests GROUP BY sex"


def have(hospital, columns, units=("patient",)):
    rows = [dict(zip(TESTS, one_test(i), strict=True)) for i in range(60)]
    hospital.offer(
        "tests", columns, [[row.get(name) for name in columns] for row in rows], units=units
    )


CHANGES = {
    "a granted column is gone": {name: kind for name, kind in TESTS.items() if name != "ct"},
    "the unit is gone": {name: kind for name, kind in TESTS.items() if name != "patient"},
    "nothing granted is left": {"remark": "VARCHAR"},
}


@pytest.mark.parametrize("columns", CHANGES.values(), ids=CHANGES)
def test_what_no_longer_fits_the_contract_is_not_served(hospital, columns):
    have(hospital, columns)
    with pytest.raises(Refusal) as refused:
        hospital.ask(SQL, CONTRACT)
    assert refused.value.reason is RefusalReason.SCHEMA_CHANGED


def test_one_of_two_units_that_is_gone_protects_nobody_and_nothing_is_published(hospital):
    contract = agreed(disclosure="", units="patient, household")
    have(hospital, TESTS | {"household": "INTEGER"})
    assert not isinstance(hospital.decide(SQL, contract), Refusal)
    have(hospital, TESTS)
    with pytest.raises(Refusal) as refused:
        hospital.ask(SQL, contract)
    assert refused.value.reason is RefusalReason.SCHEMA_CHANGED
    assert refused.value.clause == "grants.tests.privacy_units"


def test_a_measure_that_became_text_has_no_mean(hospital):
    have(hospital, TESTS | {"ct": "VARCHAR"})
    with pytest.raises(Refusal):
        hospital.ask(SQL, CONTRACT)
    assert hospital.ask("SELECT count(ct) FROM tests", CONTRACT) == [(60,)]


@pytest.mark.parametrize("kind", ["BIGINT", "VARCHAR", "HUGEINT", "DOUBLE"])
def test_units_of_another_type_are_not_compared_with_those_before(hospital, kind):
    assert len(hospital.ask(SQL, CONTRACT)) == 2
    have(hospital, TESTS | {"patient": kind})
    for sql in (SQL, "SELECT count(*) FROM tests WHERE day < 30", SQL + " HAVING count(*) > 3"):
        with pytest.raises(Refusal) as refused:
            hospital.ask(sql, CONTRACT)
        assert refused.value.reason is RefusalReason.SCHEMA_CHANGED


def test_that_refusal_does_not_tell_whether_there_was_anything_to_publish(hospital):
    hospital.ask("SELECT count(*) FROM tests", CONTRACT)
    have(hospital, TESTS | {"patient": "BIGINT"})
    refusals = []
    for where in ("day < 30", "day < 9", "day < 0"):
        with pytest.raises(Refusal) as refused:
            hospital.ask(f"SELECT count(*) FROM tests WHERE {where}", CONTRACT)
        refusals.append((refused.value.reason, refused.value.message, refused.value.hint))
    assert len(set(refusals)) == 1


def test_a_column_more_or_in_another_place_changes_nothing(hospital):
    before = hospital.ask(SQL, CONTRACT)
    have(hospital, dict(reversed({**TESTS, "extra": "VARCHAR"}.items())))
    assert hospital.ask(SQL, CONTRACT) == before
    assert hospital.ask("SELECT count(*) FROM tests WHERE day < 59", CONTRACT) == [(None,)]


def test_an_engine_that_hashes_otherwise_is_noticed(hospital, monkeypatch):
    assert hospital.ask("SELECT count(*) FROM tests", CONTRACT) == [(60,)]
    monkeypatch.setattr("sekisho.disclosure.steps._KNOWN_ROW", "hash($m1, 'other')")
    for sql in ("SELECT count(*) FROM tests WHERE day < 40", "SELECT count(*) FROM tests"):
        with pytest.raises(Refusal) as refused:
            hospital.ask(sql, CONTRACT)
        assert refused.value.reason is RefusalReason.SCHEMA_CHANGED
