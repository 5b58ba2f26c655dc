"""A company puts an old backup of its ledger back, so that budgets open again that were spent.

expect: `docs/spec/ledger.md`, section 8: a checkpoint that is smaller than the one held, or of an
    epoch that has ended
effect: answers beyond what the contract allows, and a history without those that were given
source: DESIGN of this project; C2SP tlog-witness
"""

import pytest

from sekisho.errors import DocumentError, LedgerError
from sekisho.ledger.witnessing import MAX_EPOCHS
from sekisho.model.names import PartyId
from sekisho.store.standing import Doubt
from support.state import DECISION, NOW, PLAN, opened, received, signed_contract
from support.witnessing import UA, leaves, watched


@pytest.fixture
def world(tmp_path):
    with watched(tmp_path) as found:
        yield found


def test_a_smaller_ledger_is_not_cosigned_and_learns_what_is_held(world):
    world.grow(leaves(40))
    answer = world.grow(leaves(30), old=20)
    assert not answer.cosignature
    assert answer.held == world.note(leaves(40))
    assert world.conflicts() == [("shorter", False)]
    assert world.held() == {0: 40}


def test_a_ledger_that_grew_after_all_resolves_it(world):
    world.grow(leaves(40))
    world.grow(leaves(30), old=20)
    assert world.grow(leaves(41), old=40).cosignature
    assert world.conflicts() == [("shorter", True)]


def test_an_epoch_that_has_ended_does_not_come_back(world):
    world.grow(leaves(40))
    assert world.grow(leaves(31), epoch=1).cosignature
    answer = world.grow(leaves(41), old=40)
    assert not answer.cosignature
    assert answer.held == world.note(leaves(31), epoch=1)
    assert world.held() == {0: 40, 1: 31}, "the old one is kept as evidence"


def test_epochs_are_not_opened_without_end(world):
    for epoch in range(MAX_EPOCHS):
        assert world.grow(leaves(2), epoch=epoch).cosignature
    with pytest.raises(DocumentError, match="epochs"):
        world.grow(leaves(2), epoch=MAX_EPOCHS)
    assert len(world.held()) == MAX_EPOCHS


def test_a_node_in_doubt_opens_and_refuses_nothing(tmp_path):
    signed = signed_contract("{queries: {max: 5, per: day}}")
    with opened(tmp_path / "node.db") as state:
        before = state.ledger.head()
        held = Doubt(held_by=UA, epoch=0, size=9, note="", at="2026-12-01T05:00:00.000Z")
        state.submit(
            lambda tx: tx.db.execute(
                "INSERT INTO doubts (held_by, epoch, size, note, at) VALUES (?, ?, ?, ?, ?)",
                (held.held_by, held.epoch, held.size, held.note, held.at),
            )
        )
        assert state.standing.doubts() == (held,)
        with pytest.raises(LedgerError, match=r"`ua\.example` holds a checkpoint") as caught:
            state.answers.open(
                received(signed=signed), signed, decision=DECISION, plan=PLAN, now=NOW
            )
        assert "sekisho ledger recover" in caught.value.hint
        assert state.ledger.head() == before
        assert state.standing.epoch() == 0
    assert PartyId("ua.example") == UA
