"""The memory of what was published: questions, neighbours, cells of a day, and beginning anew."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sekisho.disclosure.figures import Totals
from sekisho.disclosure.release import Population, Question, Scope
from sekisho.disclosure.rules import Facts
from sekisho.disclosure.sketches import LISTED_SLOTS, MAX_KEPT_UNITS
from sekisho.errors import Refusal, RefusalReason
from sekisho.ledger.bodies import DatasetEvent
from sekisho.model.names import DatasetId
from sekisho.model.plan import Terms
from sekisho.store.published import count_published
from support.sketches import sketch
from support.state import NOW

TESTS, VISITS = DatasetId("a.example/tests"), DatasetId("a.example/visits")
TERMS = Terms(
    minimum_units=3, largest_percent=99, two_largest_percent=100, p_percent=1, round_counts_to=5
)
FACTS = Facts(units=200, largest=1.0, second=1.0, size=200.0, apart=None)


def scope(dataset=TESTS, unit="patient", column="rows", kind="INTEGER"):
    return Scope(dataset=dataset, unit=unit, column=column, type=kind)


def question(name="q", *scopes):
    scopes = scopes or (scope(),)
    return Question(digest=name, scopes=scopes, measure=None, tells_values=False)


def people(count, start=0):
    """Sums that look like hashes, so that they fill slots evenly."""
    return {(unit * 0x9E3779B97F4A7C15) % 2**64: unit + 7 for unit in range(start, start + count)}


def cell(*sketches, keys=("a",), slots=None, facts=FACTS):
    return Population(
        keys=keys,
        totals=Totals(count=len(sketches[0]), units=tuple(map(len, sketches))),
        facts=(facts,) * len(sketches),
        sketches=tuple(sketch(item, slots) for item in sketches),
    )


def decide(state, asked, *cells, terms=TERMS, hashes="h", answer=7):
    def work(tx):
        return state.published.decide(
            tx, asked, cells, terms=terms, hashes=hashes, answer=answer, now=NOW
        )

    return state.submit(work)


def test_a_cell_is_fresh_once_and_then_as_it_was(state):
    first = cell(people(20))
    assert decide(state, question(), first).fresh == {("a",): first.totals}
    again = decide(state, question(), cell(people(19)))
    assert again.fresh == {}
    assert again.earlier == {("a",): first.totals}
    assert state.published.keys_of(["q", "other"]) == (("a",),)
    assert state.published.keys_of(["other"]) == ()


def test_the_last_of_several_answers_is_the_earlier_one(state):
    decide(state, question(), cell(people(20)))
    second = cell(people(24))
    assert decide(state, question(), second).fresh
    assert decide(state, question(), cell(people(25))).earlier == {("a",): second.totals}


def test_keys_tell_cells_apart_also_null_from_text(state):
    one, other = cell(people(20), keys=(None, "x")), cell(people(9, 50), keys=("null", "x"))
    found = decide(state, question(), one, other)
    assert set(found.fresh) == {(None, "x"), ("null", "x")}
    assert set(state.published.keys_of(["q"])) == {(None, "x"), ("null", "x")}


@pytest.mark.parametrize("count", [20, 200, 3000])
@pytest.mark.parametrize("slots", [None, 64, 1024])
@pytest.mark.parametrize(("differ", "is_published"), [(0, True), (1, False), (2, False), (3, True)])
def test_neighbours_are_found_whatever_their_size(state, count, slots, differ, is_published):
    if slots is not None and count < slots:
        slots = None
    decide(state, question("one"), cell(people(count)))
    near = cell(people(count - differ), slots=slots)
    assert bool(decide(state, question("other"), near).fresh) is is_published


@pytest.mark.parametrize("minimum", [LISTED_SLOTS, LISTED_SLOTS + 1, 60])
@pytest.mark.parametrize("is_first", [True, False])
def test_minimums_past_what_lists_tell_apart_are_compared_all_the_same(state, minimum, is_first):
    strict = replace(TERMS, minimum_units=minimum)
    one, other = (strict, TERMS) if is_first else (TERMS, strict)
    decide(state, question("one"), cell(people(200)), terms=one)
    near = cell(people(200 - minimum + 1))
    assert not decide(state, question("other"), near, terms=other).fresh
    far = cell(people(200 - minimum))
    assert decide(state, question("third"), far, terms=other).fresh


def test_scopes_are_compared_with_themselves_alone(state):
    decide(state, question("rows"), cell(people(20)))
    for other in (
        scope(dataset=VISITS),
        scope(unit="site"),
        scope(column="a.example/tests.ct"),
    ):
        assert decide(state, question(f"{other}", other), cell(people(19))).fresh


def test_joined_scopes_are_paired_by_what_they_are(state):
    tests, visits = scope(), scope(dataset=VISITS, unit="doctor")
    decide(state, question("one", tests, visits), cell(people(20), people(30, 900)))
    turned = cell(people(30, 900), people(19))
    assert not decide(state, question("two", visits, tests), turned).fresh
    assert not decide(state, question("three", visits), cell(people(29, 900))).fresh
    assert not decide(state, question("four", tests), cell(people(18))).fresh
    assert decide(state, question("five", visits), cell(people(27, 900))).fresh


def test_what_fails_a_rule_is_not_remembered(state):
    few = cell(people(2), facts=replace(FACTS, units=2))
    found = decide(state, question(), few)
    assert (found.earlier, found.fresh) == ({}, {})
    assert state.published.keys_of(["q"]) == ()
    assert decide(state, question("other"), cell(people(3))).fresh


def test_what_is_kept_of_many_units_is_small(state):
    decide(state, question(), cell(people(MAX_KEPT_UNITS + 500)))
    (size,) = state.submit(
        lambda tx: tx.db.execute("SELECT max(length(data)) FROM sketches").fetchone()
    )
    assert size == 16 * 1024
    near = cell(people(MAX_KEPT_UNITS + 499))
    assert not decide(state, question("other"), near).fresh


def kept(state, table):
    return state.submit(lambda tx: tx.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_what_is_asked_again_of_the_same_rows_takes_little_room(state):
    decide(state, question("one"), cell(people(200)), cell(people(300, 1000), keys=("b",)))
    before = [kept(state, name) for name in ("sketches", "listings")]
    for name in ("two", "three"):
        assert len(decide(state, question(name), cell(people(200))).fresh) == 1
    assert [kept(state, name) for name in ("sketches", "listings")] == before
    assert kept(state, "published") == 4


def test_what_is_alike_is_compared_again_only_under_a_larger_minimum(state):
    # Two cells of one block differ in one unit: nothing compares them with each other.
    both = (cell(people(200)), cell(people(199), keys=("b",)))
    assert len(decide(state, question("one"), *both).fresh) == 2
    assert len(decide(state, question("two"), *both).fresh) == 2
    strict = replace(TERMS, minimum_units=4)
    assert not decide(state, question("three"), *both, terms=strict).fresh


def test_the_largest_minimum_of_what_is_alike_holds(state):
    decide(state, question("one"), cell(people(200)))
    decide(state, question("two"), cell(people(200)), terms=replace(TERMS, minimum_units=9))
    decide(state, question("three"), cell(people(200)))
    assert not decide(state, question("four"), cell(people(195))).fresh
    assert decide(state, question("five"), cell(people(191))).fresh


@pytest.mark.parametrize("change", [{"hashes": "h2"}, {"kind": "BIGINT"}])
def test_unlike_hashes_are_not_compared(state, change):
    decide(state, question(), cell(people(20)))
    asked = question("other", scope(kind=change.get("kind", "INTEGER")))
    for cells in ((), (cell(people(9)),)):
        with pytest.raises(Refusal) as refused:
            decide(state, asked, *cells, hashes=change.get("hashes", "h"))
        assert refused.value.reason is RefusalReason.SCHEMA_CHANGED
        assert "sekisho dataset forget" in refused.value.hint


def test_the_answer_and_the_moment_are_kept(state):
    decide(state, question(), cell(people(20)), answer=41)
    rows = state.submit(
        lambda tx: tx.db.execute("SELECT answer, at, minimum_units FROM published").fetchall()
    )
    assert rows == [(41, "2026-12-01T05:00:00.123Z", 3)]


def forget(state, dataset):
    return state.submit(lambda tx: state.published.forget(tx, dataset, now=NOW))


def test_beginning_anew_leaves_nothing_of_a_dataset_and_is_in_the_ledger(state):
    decide(state, question(), cell(people(20)), cell(people(30, 100), keys=("b",)))
    assert forget(state, TESTS) == 2
    counts = state.submit(
        lambda tx: [
            tx.db.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
            for name in ("published", "sketches", "listings", "scopes")
        ]
    )
    assert counts == [0, 0, 0, 0]
    assert decide(state, question("other"), cell(people(19))).fresh
    body = state.ledger.get(state.ledger.head().size - 1).body
    assert isinstance(body, DatasetEvent)
    assert (body.dataset, body.populations) == (TESTS, 2)
    assert forget(state, VISITS) == 0


def test_what_was_joined_stays_the_other_datasets(state):
    tests, visits = scope(), scope(dataset=VISITS, unit="doctor")
    joined = question("joined", tests, visits)
    decide(state, joined, cell(people(20), people(30, 900)))
    assert forget(state, VISITS) == 1
    assert not decide(state, question("two", tests), cell(people(19))).fresh
    assert decide(state, question("three", visits), cell(people(29, 900))).fresh
    # It answers no question again: half of what it was compared by is gone.
    assert state.published.keys_of(["joined"]) == ()


def count(state, cells, *, most=10, now=NOW, dataset=TESTS):
    state.submit(lambda tx: count_published(tx, dataset, cells, most=most, now=now))


def test_cells_of_a_day_are_counted_up_to_the_most(state):
    count(state, 4)
    count(state, 6)
    with pytest.raises(Refusal) as refused:
        count(state, 1)
    assert refused.value.reason is RefusalReason.LIMIT_REACHED
    assert "10 cells of `tests` in one day" in refused.value.message
    count(state, 0)
    count(state, 10, dataset=VISITS)
    count(state, 10, now=NOW + timedelta(days=1))


def test_each_datasets_days_are_counted_by_themselves(state):
    count(state, 9, now=NOW - timedelta(days=1))
    count(state, 9)
    count(state, 9, dataset=VISITS)
    count(state, 1, dataset=VISITS)
    with pytest.raises(Refusal):
        count(state, 1, dataset=VISITS)
    with pytest.raises(Refusal):
        count(state, 2, now=NOW - timedelta(days=1))


def test_a_refused_count_is_undone(state):
    with pytest.raises(Refusal):
        count(state, 11)
    count(state, 10)


def test_the_key_of_hashes_is_drawn_once(state):
    first = state.submit(state.published.secret)
    assert first == state.submit(state.published.secret)
    assert len(bytes.fromhex(first)) == 32
