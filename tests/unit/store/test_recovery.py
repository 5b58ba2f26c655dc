"""A recovered ledger: an entry that says so, a new epoch, and no budget that opens again."""

from datetime import timedelta

import pytest

from sekisho.errors import Refusal
from sekisho.ledger.bodies import Recovered
from sekisho.ledger.witnessing import sign_checkpoint
from sekisho.store.answers import OpenedAnswer
from sekisho.store.published import count_published
from sekisho.store.recovery import Shown, leads_to, recover
from sekisho.store.state import read_state
from sekisho.trust.keys import generate_signing_key, load_signer
from support.state import (
    CONSUMER,
    DECISION,
    NOW,
    PLAN,
    PROVIDER,
    append_many,
    opened,
    received,
    signed_contract,
)

SIGNER = load_signer(generate_signing_key())


def head_of(state):
    return sign_checkpoint(
        state.ledger.head(), party=PROVIDER, epoch=state.standing.epoch(), signer=SIGNER
    )


@pytest.fixture
def later(tmp_path):
    """A checkpoint of more entries than the state has."""
    with opened(tmp_path / "later.db") as other:
        append_many(other, 9)
        return head_of(other)


def answer(state, signed, *, number=0, now=NOW):
    request = received(number, signed=signed)
    return state.answers.open(request, signed, decision=DECISION, plan=PLAN, now=now)


def test_a_ledger_leads_to_its_own_checkpoints_and_to_no_other(state, later):
    empty = head_of(state)
    append_many(state, 3)
    three = head_of(state)
    append_many(state, 3)
    assert leads_to(state, empty)
    assert leads_to(state, three)
    assert leads_to(state, head_of(state))
    assert not leads_to(state, later), "it is larger"
    append_many(state, 20)
    assert not leads_to(state, later), "it is of another history"


def test_the_entry_holds_the_checkpoint_and_what_was_found(state, later, place):
    append_many(state, 3)
    root = state.ledger.head().root().hex()
    added = recover(state, Shown(held=later, by=CONSUMER), now=NOW)
    assert state.ledger.get(added.index).body == Recovered(
        epoch=1, size=3, root=root, held=later.note
    )
    assert state.ledger.note(added.index) == f"shown by {CONSUMER}"
    assert CONSUMER.encode() not in state.ledger.stored(added.index).body, "it is shown to all"
    assert state.standing.epoch() == 1
    assert leads_to(state, later), "what was held of the epoch before is answered"
    assert state.ledger.verify().size == 4
    with read_state(place) as records:
        assert records.standing.epoch() == 1


def test_an_epoch_is_later_than_the_one_that_was_held(state, later):
    recover(state, Shown(held=later, by=CONSUMER), now=NOW)
    recover(state, Shown(held=head_of(state), by=CONSUMER), now=NOW)
    assert state.standing.epoch() == 2


def test_a_doubt_ends_with_the_recovery(state, later):
    state.submit(lambda tx: state.standing.keep(tx, later, held_by=CONSUMER, now=NOW))
    assert [item.size for item in state.standing.doubts()] == [9]
    recover(state, Shown(held=later, by=CONSUMER), now=NOW)
    assert state.standing.doubts() == ()
    state.standing.check()


@pytest.mark.parametrize(
    ("limit", "over"),
    [
        ("queries: {max: 5, per: day}", timedelta(days=1)),
        ("rows: {max: 5000000, per: month}", timedelta(days=31)),
        ("bytes: {max: 1GB, per: year}", timedelta(days=32)),
        ("queries: {max: 5, per: term}", None),
    ],
)
def test_windows_that_had_begun_are_spent_and_later_ones_are_not(state, later, limit, over):
    signed = signed_contract(f"{{{limit}}}")
    recover(state, Shown(held=later, by=CONSUMER), now=NOW)
    with pytest.raises(Refusal, match="counts as spent") as caught:
        answer(state, signed)
    assert caught.value.clause == f"limits.{limit.partition(':')[0]}"
    with pytest.raises(Refusal):
        answer(state, signed, number=1, now=NOW + timedelta(minutes=1))
    if over is not None:
        assert isinstance(answer(state, signed, number=2, now=NOW + over), OpenedAnswer)
    else:
        with pytest.raises(Refusal):
            answer(state, signed, number=2, now=NOW + timedelta(days=200))


def test_a_term_that_begins_after_the_recovery_is_whole(state, later):
    signed = signed_contract("{queries: {max: 5, per: term}}")
    before = signed.starts_at - timedelta(hours=1)
    recover(state, Shown(held=later, by=CONSUMER), now=before)
    assert isinstance(answer(state, signed), OpenedAnswer)


def test_a_contract_without_limits_goes_on(state, later):
    recover(state, Shown(held=later, by=CONSUMER), now=NOW)
    assert isinstance(answer(state, signed_contract()), OpenedAnswer)


def test_cells_of_statistics_are_spent_for_the_day(state, later):
    recover(state, Shown(held=later, by=CONSUMER), now=NOW)

    def publish(now):
        state.submit(lambda tx: count_published(tx, "ua.example/flights", 1, most=100, now=now))

    with pytest.raises(Refusal, match="in one day is the most"):
        publish(NOW)
    publish(NOW + timedelta(days=1))
