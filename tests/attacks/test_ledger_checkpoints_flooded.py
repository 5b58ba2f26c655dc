"""A company floods a neighbour with checkpoints, so that its disk fills or its node stands still.

expect: `LIMIT_REACHED` before anything is verified or written
effect: durable writes without end, paid by the neighbour
source: C2SP tlog-witness, on denial of service
"""

import pytest

from sekisho.errors import Refusal, RefusalReason
from sekisho.server.bounds import Pace
from sekisho.server.witness import MAX_CALLS
from sekisho.wire.gen.sekisho.v1 import ledger_service_pb2 as ledger
from support.witnessing import DL, UA, leaves, watched


@pytest.fixture
def world(tmp_path):
    with watched(tmp_path) as found:
        # A clock that stands, so that nothing is forgiven while the test runs.
        found.witness._pace = Pace(MAX_CALLS, 1.0, lambda: found.moment)
        yield found


def test_beyond_its_share_nothing_is_looked_at(world):
    for size in range(MAX_CALLS):
        world.grow(leaves(size + 1), old=size)
    with pytest.raises(Refusal) as caught:
        world.grow(leaves(MAX_CALLS + 1), old=MAX_CALLS)
    assert caught.value.reason is RefusalReason.LIMIT_REACHED
    assert world.held() == {0: MAX_CALLS}
    with pytest.raises(Refusal, match="at once is the most"):
        world.witness.consistency(UA, ledger.GetConsistencyProofRequest(old_size=1, new_size=1))
    world.moment += 1.0
    assert world.grow(leaves(MAX_CALLS + 1), old=MAX_CALLS).cosignature


def test_others_are_answered_meanwhile(world):
    for _ in range(MAX_CALLS):
        world.witness.checkpoints(UA, UA)
    with pytest.raises(Refusal):
        world.witness.checkpoints(UA, UA)
    assert not world.witness.checkpoints(DL, DL).held


def test_conflicts_are_written_once(world):
    world.grow(leaves(9))
    for number in range(50):
        world.grow(leaves(9, word=str(number), since=3))
        world.grow(leaves(12, word=str(number), since=3), old=9)
        assert len(world.conflicts()) <= 2
    assert world.conflicts() == [("forked", False), ("unproven", False)]
    first = world.node.parts.state.checkpoints.conflicts()[0]
    assert first.shown == world.note(leaves(9, word="0", since=3))
    assert world.node.parts.state.ledger.head().size < 10, "nothing of it is in this node's ledger"
