"""A company tells its ledger to different neighbours in different ways.

expect: `docs/spec/ledger.md`, section 8: two checkpoints of one size and different roots
effect: a neighbour cosigns both histories, and nobody can tell which one is true
source: C2SP tlog-witness; the split view of RFC 6962, section 7.3
"""

import pytest

from sekisho.ledger.note import parse_note
from sekisho.server.watched import watched as facts
from support.witnessing import UA, leaves, watched


@pytest.fixture
def world(tmp_path):
    with watched(tmp_path) as found:
        yield found


def test_another_history_of_the_same_size_is_not_cosigned_and_both_notes_are_kept(world):
    honest, forked = leaves(9), leaves(9, word="x", since=5)
    assert world.grow(honest).cosignature
    answer = world.grow(forked)
    assert not answer.cosignature
    assert answer.held == world.note(honest)
    (conflict,) = world.node.parts.state.checkpoints.conflicts()
    assert (conflict.party, conflict.verdict) == (UA, "forked")
    assert (conflict.held, conflict.shown) == (world.note(honest), world.note(forked))
    assert world.held() == {0: 9}


def test_whoever_forked_gets_no_more_cosignatures_of_that_epoch(world):
    world.grow(leaves(9))
    world.grow(leaves(9, word="x", since=5))
    assert not world.grow(leaves(12), old=9).cosignature
    assert world.conflicts() == [("forked", False)]
    assert world.held() == {0: 9}


def test_a_history_that_does_not_contain_what_was_cosigned_is_not_cosigned(world):
    world.grow(leaves(9))
    answer = world.grow(leaves(14, word="x", since=5), old=9)
    assert not answer.cosignature
    assert world.conflicts() == [("unproven", False)]
    assert world.held() == {0: 9}


def test_people_are_told_what_was_seen_and_what_to_do(world):
    world.grow(leaves(9))
    world.grow(leaves(9, word="x", since=5))
    parts = world.node.parts
    found = {item.name: item for item in facts(parts.state, {UA}, parts.now())}
    line = found["ledger of ua.example"]
    assert not line.is_healthy
    assert "two different histories of 9 entries" in line.words
    assert "call the company" in line.words


def test_a_fork_stands_for_ever_and_a_new_epoch_answers_it(world):
    world.grow(leaves(9))
    world.grow(leaves(9, word="x", since=5))
    assert world.grow(leaves(10), epoch=1).cosignature
    assert world.conflicts() == [("forked", True)]
    assert world.held() == {0: 9, 1: 10}
    (conflict,) = world.node.parts.state.checkpoints.conflicts()
    assert parse_note(conflict.shown).text != parse_note(conflict.held).text
