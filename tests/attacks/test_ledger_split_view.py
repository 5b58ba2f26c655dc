"""A company shows one ledger to one neighbour and another to the next; each sees its own grow.

expect: `docs/spec/ledger.md`, section 8: neighbours compare, and the keeper proves or is found out
effect: each neighbour holds cosigned heads of a history that the other never saw
source: the split view of RFC 6962, section 7.3; gossip of certificate transparency
"""

from dataclasses import dataclass, field
from typing import Any

import pytest

from sekisho.client.ledger_peer import HeldCheckpoints
from sekisho.errors import PeerError
from sekisho.ledger.proofs import consistency_proof
from sekisho.server.corroborating import Corroborating
from sekisho.server.watched import watched as facts
from sekisho.server.witness import Circle
from support.nodes import contract_text
from support.witnessing import DL, MAKER, UA, leaves, watched

HONEST, OTHER = leaves(30), leaves(40, word="x", since=12)


@dataclass
class Others:
    """The nodes of the other companies: `dl` tells what it holds, `ua` proves what it is asked."""

    told: str = ""
    history: Any = None
    asked: list = field(default_factory=list)

    @property
    def ledger(self):
        return self

    def peer(self, _party):
        return self

    def checkpoints(self, party):
        self.asked.append(party)
        return HeldCheckpoints(held=(self.told,) if self.told else (), own="")

    def consistency(self, old, new):
        if self.history is None:
            raise PeerError("the node of `ua.example` cannot be reached")
        return consistency_proof(old, self.history[:new])


@pytest.fixture
def world(tmp_path):
    with watched(tmp_path) as found:
        payload = found.others.proposal(contract_text(providers=("ua", "dl")))
        envelope = found.others.signed_by(payload, "ua", "dl", "maker")
        found.node._agreeing.receive_contract(UA, envelope)
        assert found.grow(HONEST).cosignature
        yield found


def compared(world, others):
    parts = world.node.parts
    Corroborating(parts, others, Circle(parts)).compare(DL)
    return world.conflicts()


def test_two_roots_of_one_size_are_a_fork(world):
    assert compared(world, Others(world.note(OTHER[:30]))) == [("forked", False)]
    assert not world.grow(leaves(31), old=30).cosignature


@pytest.mark.parametrize("size", [20, 29, 31, 40])
def test_a_keeper_cannot_connect_two_histories(world, size):
    others = Others(world.note(OTHER[:size]), OTHER)
    assert compared(world, others) == [("split", False)]
    parts = world.node.parts
    line = {item.name: item for item in facts(parts.state, {UA}, parts.now())}
    words = line["ledger of ua.example"].words
    assert f"another neighbour saw {size} entries that do not go with the 30" in words


@pytest.mark.parametrize("size", [0, 1, 20, 30, 38])
def test_one_history_is_connected(world, size):
    grown = leaves(38)
    assert compared(world, Others(world.note(grown[:size]), grown)) == []


def test_a_split_is_not_forgotten_when_the_ledger_grows(world):
    compared(world, Others(world.note(OTHER), OTHER))
    assert world.grow(leaves(31), old=30).cosignature
    assert world.conflicts() == [("split", False)]
    assert world.grow(leaves(32), epoch=1).cosignature
    assert world.conflicts() == [("split", True)]


def test_a_history_under_a_later_epoch_is_held_against_the_earlier_one(world):
    told = world.note(OTHER[:20], epoch=1)
    assert compared(world, Others(told, OTHER)) == []
    assert world.held() == {0: 30, 1: 20}
    assert not world.grow(leaves(31), old=30).cosignature
    assert world.conflicts() == [("shorter", False)]
    # Whoever recovered, and shows the same to all, goes on; what was heard is gone on from.
    answer = world.grow(OTHER[:25], epoch=1)
    assert answer.held == told
    assert world.grow(OTHER[:25], old=20, epoch=1).cosignature
    assert world.conflicts() == [("shorter", True)]


def test_an_earlier_epoch_than_the_one_held_says_nothing(world):
    assert world.grow(leaves(8), epoch=2).cosignature
    assert compared(world, Others(world.note(OTHER, epoch=1), OTHER)) == []
    assert world.held() == {0: 30, 2: 8}


def test_what_the_keeper_did_not_sign_says_nothing(world):
    forged = world.note(OTHER, signer=world.others["dl"].signer)
    for told in (forged, "nonsense", ""):
        assert compared(world, Others(told, OTHER)) == []


def test_a_keeper_that_is_away_is_not_blamed(world):
    assert compared(world, Others(world.note(OTHER))) == []


def test_a_neighbour_is_asked_once_in_a_while_and_about_common_contracts_alone(world):
    parts, others = world.node.parts, Others(world.note(HONEST), HONEST)
    comparing = Corroborating(parts, others, Circle(parts))
    for _ in range(3):
        comparing.compare(DL)
    assert others.asked == [UA]


def test_of_a_third_party_nothing_is_told_without_a_common_contract(tmp_path):
    with watched(tmp_path) as found:
        found.grow(HONEST)
        assert list(found.witness.checkpoints(UA, UA).held) == [found.note(HONEST)]
        for caller, party in ((DL, UA), (UA, DL), (UA, MAKER)):
            assert list(found.witness.checkpoints(caller, party).held) == []


def test_of_a_third_party_the_newest_is_told_to_those_with_a_common_contract(world):
    world.grow(leaves(31), epoch=2)
    assert list(world.witness.checkpoints(DL, UA).held) == [world.note(leaves(31), epoch=2)]
    assert len(world.witness.checkpoints(UA, UA).held) == 2
