"""Entries whose bodies are deleted, in a file and in PostgreSQL."""

from sekisho.ledger.indexes import Indexes
from support.state import CHANNEL, CONTRACT, NOW, refused


def test_what_is_pruned_already_is_not_named_again(state):
    for _ in range(3):
        state.submit(lambda tx: state.ledger.append(tx, refused(), channel=CHANNEL, now=NOW))

    def prune(*indexes):
        return state.submit(lambda tx: state.pruning.prune(tx, CONTRACT, Indexes(indexes), now=NOW))

    assert [prune(0, 1), prune(0, 1), prune(0, 1, 2)] == [2, 0, 1]
    assert state.ledger.verify().pruned == 3
