"""Entries whose bodies are deleted, in a file and in PostgreSQL."""

from itertools import count, product

import pytest

from sekisho.errors import LedgerError
from sekisho.ledger.bodies import CutReason
from sekisho.ledger.indexes import Indexes
from sekisho.ledger.verify import join_spans
from sekisho.store import ledger_check
from sekisho.store.answers import Sent
from support.state import CHANNEL, CONTRACT, DECISION, NOW, PLAN, received, refused, signed_contract

NOTHING = Sent(rows=0, bytes=0)
STRETCH = 4
"""Entries that are read at once, so that a few answers make many stretches."""


def test_what_is_pruned_already_is_not_named_again(state):
    for _ in range(3):
        state.submit(lambda tx: state.ledger.append(tx, refused(), channel=CHANNEL, now=NOW))

    def prune(*indexes):
        return state.submit(lambda tx: state.pruning.prune(tx, CONTRACT, Indexes(indexes), now=NOW))

    assert [prune(0, 1), prune(0, 1), prune(0, 1, 2)] == [2, 0, 1]
    assert state.ledger.verify().pruned == 3


@pytest.fixture
def interleaved(state):
    """Answers under three contracts in turn, and what may be pruned of two of them, in steps."""
    contracts = [
        signed_contract(f"{{queries: {{max: {most}, per: day}}}}") for most in (97, 98, 99)
    ]
    for number, (_, signed) in enumerate(product(range(6), contracts)):
        request = received(number, signed=signed)
        start = state.answers.open(request, signed, decision=DECISION, plan=PLAN, now=NOW)
        state.answers.cut(start.index, NOTHING, reason=CutReason.CANCELLED, now=NOW)
    listed = state.pruning.entries_of({item.id for item in contracts[:2]})
    return [
        (contract, Indexes(indexes[at : at + 3]))
        for at in range(0, 12, 3)
        for contract, indexes in ((name, list(found)) for name, found in listed.items())
    ]


def prune_while_reading(state, monkeypatch, steps, *, every=1):
    """Prune a step whenever so many stretches were read."""
    check, read, left = ledger_check._check, count(1), iter(steps)

    def then_prune(*args):
        span = check(*args)
        if next(read) % every == 0 and (step := next(left, None)):
            state.submit(lambda tx: state.pruning.prune(tx, *step, now=NOW))
        return span

    monkeypatch.setattr(ledger_check, "_check", then_prune)


def check(state):
    return ledger_check.check_entries(
        state.ledger._readers, keeps=lambda _subtree: True, entries=STRETCH, min_spans=1000
    )


@pytest.mark.parametrize("every", [1, 2, 5])
def test_a_check_beside_a_node_that_prunes_raises_no_alarm(state, interleaved, monkeypatch, every):
    prune_while_reading(state, monkeypatch, interleaved, every=every)
    report = check(state)
    assert report.open == ()
    assert report.size > 36
    monkeypatch.undo()
    pruned = sum(entry.is_pruned for entry in state.ledger.stored_entries())
    assert check(state).pruned == state.ledger.verify().pruned == pruned > 0


def test_a_body_that_vanishes_meanwhile_without_being_named_is_found(
    state, interleaved, monkeypatch
):
    first, *_ = interleaved
    prune_while_reading(state, monkeypatch, [first])
    delete = "UPDATE entries SET salt = ?, body = ? WHERE idx = 35"
    state.submit(lambda tx: tx.db.execute(delete, (b"", b"")))
    with pytest.raises(LedgerError, match="entry 35 has no body"):
        check(state)


def test_a_gap_is_explained_only_by_what_came_meanwhile(state, interleaved, monkeypatch):
    """What was pruned before the reading began was gone for every stretch."""
    prune_while_reading(state, monkeypatch, interleaved)
    joined = []

    def strictly(spans, *, head, keeps, settled):
        joined.append(settled)
        return join_spans(spans, head=head, keeps=keeps)

    monkeypatch.setattr(ledger_check, "join_spans", strictly)
    with pytest.raises(LedgerError, match=r"does not continue its channel|which is not so"):
        check(state)
    assert joined == [36]
