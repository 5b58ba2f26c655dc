"""What people read about ledgers: who cosigned and how far, and what does not hold."""

from datetime import timedelta

import pytest

from sekisho.ledger.instants import moment_text
from sekisho.ledger.merkle import Tree, leaf_hash
from sekisho.ledger.witnessing import Growth, sign_checkpoint
from sekisho.server.watched import watched
from sekisho.store.checkpoints import Cosignature
from sekisho.trust.keys import generate_signing_key, load_signer
from support.state import CONSUMER, NOW, PROVIDER, append_many, opened

SIGNER = load_signer(generate_signing_key())


@pytest.fixture
def state(tmp_path):
    with opened(tmp_path / "node.db") as state:
        append_many(state, 5)
        yield state


def lines(state, *neighbours, now=NOW):
    return {item.name: item for item in watched(state, neighbours, now)}


def cosigned(state, size, *, at=NOW, epoch=0):
    item = Cosignature(party=CONSUMER, epoch=epoch, size=size, note="", at=moment_text(at))
    state.submit(lambda tx: state.checkpoints.keep_cosignature(tx, item))


def shown(state, size, *, word="", epoch=0):
    tree = Tree()
    for number in range(size):
        tree = tree.append(leaf_hash(f"{word}{number}".encode()))
    signed = sign_checkpoint(tree, party=PROVIDER, epoch=epoch, signer=SIGNER)
    state.submit(lambda tx: state.checkpoints.witness(tx, signed, Growth(old_size=0), now=NOW))


def test_a_neighbour_that_has_seen_nothing_yet_is_named(state):
    line = lines(state, CONSUMER)["cosigned by maker.example"]
    assert line.words == "nothing of 5 entries yet"


def test_how_far_a_neighbour_is_behind(state):
    cosigned(state, 3)
    line = lines(state, CONSUMER)["cosigned by maker.example"]
    assert line.words == "3 of 5 entries, at 2026-12-01T05:00:00.123Z"
    assert line.is_healthy
    cosigned(state, 2, at=NOW + timedelta(minutes=1))
    assert lines(state, CONSUMER)["cosigned by maker.example"] == line, "the largest stays"


def test_one_that_has_not_cosigned_for_an_hour_wants_a_look(state):
    cosigned(state, 5)
    late = lines(state, CONSUMER, now=NOW + timedelta(hours=1))["cosigned by maker.example"]
    assert not late.is_healthy


def test_only_neighbours_and_the_epoch_of_now_are_listed(state):
    cosigned(state, 5, epoch=1)
    assert lines(state) == {}
    assert lines(state, CONSUMER)["cosigned by maker.example"].words.startswith("nothing")


def test_what_does_not_hold_at_anothers_says_what_to_do(state):
    shown(state, 9)
    assert lines(state) == {}
    shown(state, 4)
    line = lines(state)["ledger of ua.example"]
    assert line.words.startswith(
        "it showed a checkpoint of 4 entries after one of 9, at 2026-12-01"
    )
    assert "call the company" in line.words
    assert not line.is_healthy


def test_a_recovery_of_another_is_told_and_ends_what_did_not_hold(state):
    shown(state, 9)
    shown(state, 9, word="x")
    assert "two different histories of 9" in lines(state)["ledger of ua.example"].words
    shown(state, 6, epoch=1)
    line = lines(state)["ledger of ua.example"]
    assert line.words.startswith("recovered: epoch 0 had 9 entries; epoch 1 has 6, seen at")
    assert line.is_healthy
