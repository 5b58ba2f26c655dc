"""Messages about checkpoints that come twice, late, or in another order.

expect: `docs/spec/ledger.md`, section 8: what is held never becomes smaller
effect: a neighbour's memory is wound back, and then a fork is cosigned
source: C2SP tlog-witness, on races between two calls
"""

from concurrent.futures import ThreadPoolExecutor

import pytest

from sekisho.ledger.proofs import consistency_proof
from support.witnessing import leaves, watched


@pytest.fixture
def world(tmp_path):
    with watched(tmp_path) as found:
        yield found


def test_the_same_message_again_changes_nothing(world):
    for _ in range(3):
        assert world.grow(leaves(8)).cosignature
    assert world.held() == {0: 8}
    assert world.conflicts() == []


def test_an_old_message_that_comes_late_winds_nothing_back(world):
    first, second = leaves(8), leaves(20)
    assert world.grow(first).cosignature
    assert world.grow(second, old=8).cosignature
    late = world.grow(first)
    assert not late.cosignature
    assert late.held == world.note(second)
    assert world.held() == {0: 20}


def test_a_fork_between_two_messages_is_not_cosigned_either(world):
    world.grow(leaves(8))
    world.grow(leaves(20), old=8)
    fork = leaves(30, word="x", since=10)
    answer = world.show(world.note(fork), old=8, proof=consistency_proof(8, fork))
    assert not answer.cosignature
    assert world.held() == {0: 20}


def test_of_two_histories_that_race_one_is_cosigned(world):
    world.grow(leaves(8))
    histories = [leaves(20, word=str(number), since=9) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda item: world.grow(item, old=8), histories))
    assert sum(bool(item.cosignature) for item in answers) == 1
    assert world.held() == {0: 20}
    assert world.conflicts() == [("forked", False)]
