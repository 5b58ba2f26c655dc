"""What limits have counted follows from the ledger's entries, and what does not is named."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from sekisho.errors import LedgerError
from sekisho.ledger.bodies import CutReason
from sekisho.ledger.charging import Amount
from sekisho.ledger.indexes import Indexes
from sekisho.ledger.witnessing import sign_checkpoint
from sekisho.store.answers import Sent
from sekisho.store.evidence import verify_evidence
from sekisho.store.open_answers import all_open
from sekisho.store.recovery import Shown, recover
from sekisho.trust.keyring import Members
from sekisho.trust.keys import generate_signing_key, load_signer
from support.state import CONSUMER, DECISION, NOW, PLAN, PROVIDER, held, received

LIMITS = (
    "{queries: {max: 9, per: day}, rows: {max: 5000000, per: month},"
    " bytes: {max: 1GB, per: term}, cells: {max: 50, per: day}}"
)
MIDNIGHT = NOW.replace(hour=15, minute=0, second=0, microsecond=0)
"""In Tokyo."""


@pytest.fixture
def signed(state):
    """A contract with an answer that left whole, one that was cut, one that fell, one that runs."""
    signed = held(state, LIMITS)
    whole, cut, fell, runs = (answer(state, signed, number).index for number in range(4))
    state.answers.close(whole, Sent(rows=5, bytes=50, blake3="ab"), now=NOW)
    state.answers.cut(cut, Sent(rows=3, bytes=30), reason=CutReason.PEER, now=NOW)
    state.submit(lambda tx: state.answers.charge_cells(tx, runs, 4))
    state.submit(lambda tx: interrupt(state, tx, fell))
    state.answers.reserve(runs, Amount(rows=2_000_000, bytes=1_000))
    return signed


def answer(state, signed, number, *, now=NOW):
    request = received(number, signed=signed)
    return state.answers.open(request, signed, decision=DECISION, plan=PLAN, now=now)


def interrupt(state, tx, index):
    (found,) = (item for item in all_open(tx.db) if item.index == index)
    state.answers.interrupt(tx, found, now=NOW)


def recount(state, *, before_reading=lambda: None):
    found = state.recount()
    before_reading()
    for entry in state.ledger.entries():
        found.take(entry)
    found.check()


def change(state, sql, *values):
    state.submit(lambda tx: tx.db.execute(sql, values))


@pytest.mark.usefixtures("signed")
def test_counters_of_every_ending_follow_from_the_entries(state):
    recount(state)
    sums = state.submit(
        lambda tx: dict(tx.db.execute("SELECT name, sum(used) FROM charges GROUP BY name"))
    )
    assert (sums["queries"], sums["cells"]) == (4, 4)
    assert sums["rows"] > 2_000_000


@pytest.mark.usefixtures("signed")
@pytest.mark.parametrize("name", ["queries", "rows", "bytes"])
@pytest.mark.parametrize("by", [-1, 1])
def test_a_counter_that_was_altered_is_named(state, name, by):
    change(state, "UPDATE charges SET used = used + ? WHERE name = ?", by, name)
    said = rf"the counter `{name}` of `maker.example` under the contract \w+ .* says \d+, and the"
    with pytest.raises(LedgerError, match=said) as caught:
        recount(state)
    assert "sekisho ledger recover" in caught.value.hint


@pytest.mark.usefixtures("signed")
@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("DELETE FROM charges WHERE name = 'queries'", "`queries`.* says 0, .* come to 4$"),
        ("UPDATE charges SET started = 'x' WHERE name = 'rows'", "`rows`.* says 0"),
        ("UPDATE charges SET consumer = 'maker-europe.example'", "of `maker-europe.example`"),
        ("DELETE FROM open_answers", "what is kept of the answer that entry 4 opened"),
        ("UPDATE open_answers SET reserved_rows = 0", "what is kept of the answer"),
        ("UPDATE contracts SET root = 'sha256:' || root", "is counted with"),
        (
            "UPDATE contracts SET payload = (SELECT terms FROM open_answers)",
            "not held as its parties signed",
        ),
    ],
)
def test_what_else_would_open_a_limit_again_is_named(state, sql, said):
    change(state, sql)
    with pytest.raises(LedgerError, match=said):
        recount(state)


@pytest.mark.usefixtures("signed")
def test_cells_are_held_to_what_is_remembered_as_published(state):
    """They stand in no entry, and some are forgotten: so many at least."""
    for number, keys in enumerate(('["a"]', '["b"]', '["a"]')):
        change(
            state,
            "INSERT INTO published (question, keys, totals, minimum_units, answer, at)"
            " VALUES (?, ?, '', 10, 4, '')",
            str(number),
            keys,
        )
    recount(state)
    change(state, "UPDATE charges SET used = 1 WHERE name = 'cells'")
    with pytest.raises(LedgerError, match=r"`cells` .* says 1, .* come to at least 2"):
        recount(state)


def test_an_answer_is_charged_to_the_window_of_its_entry(state):
    """Callers pass each other: one asks just before midnight, and is recorded just after."""
    signed = held(state, LIMITS)
    for number, now in enumerate((MIDNIGHT, MIDNIGHT - timedelta(seconds=1))):
        answer(state, signed, number, now=now)
    recount(state)
    used = state.submit(
        lambda tx: tx.db.execute("SELECT used FROM charges WHERE name = 'queries'").fetchall()
    )
    assert used == [(2,)]


def prune(state, signed):
    listed = state.pruning.entries_of({signed.id})[signed.id]
    state.submit(lambda tx: state.pruning.prune(tx, signed.id, listed, now=NOW))


def test_counters_of_pruned_entries_are_held_to_what_is_left(state):
    signed = held(state, LIMITS)
    for number in range(3):
        index = answer(state, signed, number).index
        state.answers.close(index, Sent(rows=1, bytes=1, blake3="ab"), now=NOW)
    # What a retention rule does in several steps.
    state.submit(lambda tx: state.pruning.prune(tx, signed.id, Indexes(range(1, 5)), now=NOW))
    recount(state)
    change(state, "UPDATE charges SET used = 0 WHERE name = 'queries'")
    with pytest.raises(LedgerError, match=r"`queries` .* come to at least 1"):
        recount(state)


def test_windows_that_began_after_a_pruning_are_exact(state):
    signed = held(state, LIMITS)
    index = answer(state, signed, 0).index
    state.answers.close(index, Sent(rows=1, bytes=1, blake3="ab"), now=NOW)
    prune(state, signed)
    answer(state, signed, 1, now=NOW + timedelta(days=1))
    recount(state)
    change(state, "UPDATE charges SET used = 7 WHERE name = 'queries' AND used = 1")
    recounted = "`queries` .* since 2026-12-01T15:00:00.000Z says 7, .* come to 1$"
    with pytest.raises(LedgerError, match=recounted):
        recount(state)


def test_what_is_pruned_or_answered_while_entries_are_read_is_no_difference(state):
    signed, other = held(state, LIMITS), held(state, LIMITS, zone="UTC")
    index = answer(state, signed, 0).index

    def go_on():
        state.answers.close(index, Sent(rows=1, bytes=1, blake3="ab"), now=NOW)
        prune(state, signed)
        answer(state, other, 1)

    recount(state, before_reading=go_on)
    recount(state)


def test_a_recovery_that_is_kept_otherwise_is_named(state):
    """Without it, windows that count as spent would be open again."""
    signer = load_signer(generate_signing_key())
    shown = Shown(
        held=sign_checkpoint(state.ledger.head(), party=PROVIDER, epoch=0, signer=signer),
        by=CONSUMER,
    )
    held(state, LIMITS)
    recover(state, shown, now=NOW)
    recount(state)
    for sql in ("UPDATE recoveries SET at = '2020-01-01T00:00:00.000Z'", "DELETE FROM recoveries"):
        change(state, sql)
        with pytest.raises(LedgerError, match="the recovery to epoch 1, which spent the limits"):
            recount(state)


def test_evidence_is_checked_beside_a_node_that_prunes(state, monkeypatch):
    """What goes between two readings takes requests and receipts along."""
    signed = held(state, LIMITS)
    for number in range(3):
        request = replace(received(number, signed=signed), envelope=b"")
        index = state.answers.open(request, signed, decision=DECISION, plan=PLAN, now=NOW).index
        state.answers.close(index, Sent(rows=1, bytes=1, blake3="ab"), now=NOW)
    verify, entries = state.ledger.verify, state.ledger.entries

    def prune_some(indexes, tx):
        state.pruning.prune(tx, signed.id, indexes, now=NOW)

    def then_prune(*steps):
        def run():
            report = verify()
            for indexes in steps:
                state.submit(partial(prune_some, indexes))
            return report

        return run

    def check():
        return verify_evidence(state, Members(), party=PROVIDER).ledger.size

    before = list(entries())
    # The entries were read before their requests were deleted.
    monkeypatch.setattr(state.ledger, "verify", then_prune(Indexes([1, 2]), Indexes([3])))
    monkeypatch.setattr(
        state.ledger, "entries", lambda *at: iter(before) if at == (0, 7) else entries(*at)
    )
    assert check() == 7
    monkeypatch.undo()
    assert check() == 9
    change(state, "DELETE FROM requests")
    with pytest.raises(LedgerError, match="entry 5 has evidence that does not hold"):
        check()


def test_evidence_names_a_counter_that_does_not_follow(state):
    signed = held(state, LIMITS)
    request = replace(received(signed=signed), envelope=b"")
    state.answers.open(request, signed, decision=DECISION, plan=PLAN, now=NOW)
    change(state, "UPDATE charges SET used = 0 WHERE name = 'queries'")
    with pytest.raises(LedgerError, match="the counter `queries`"):
        verify_evidence(state, Members(), party=PROVIDER)
