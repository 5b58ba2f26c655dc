"""Openings and receipts: what a provider signs about an answer."""

import json
from dataclasses import replace

import pytest

from sekisho.errors import DocumentError, Refusal, RefusalReason
from sekisho.ledger.receipt import (
    Decision,
    LedgerPosition,
    Opening,
    Outcome,
    Receipt,
    RefusalNote,
    opening_bytes,
    parse_opening,
    parse_receipt,
    receipt_bytes,
)
from support.state import CHANNEL, CONSUMER, CONTRACT, PROVIDER

POSITION = LedgerPosition(index=3, size=4, root="ab" * 32)
OPENING = Opening(
    request="sha256:cd",
    contract=CONTRACT,
    provider=PROVIDER,
    consumer=CONSUMER,
    nonce="0f",
    decision=Decision(grant="delays", clauses=("grants.delays",)),
    ledger=POSITION,
    opened_at="2026-12-01T05:00:00.123Z",
)
RECEIPT = Receipt(
    request="sha256:cd",
    contract=CONTRACT,
    provider=PROVIDER,
    consumer=CONSUMER,
    nonce="0f",
    outcome=Outcome.ANSWERED,
    rows=10,
    bytes=400,
    blake3="ef" * 32,
    ledger=POSITION,
    limits_left={"rows": 90},
    closed_at="2026-12-01T05:00:01.000Z",
)
REFUSAL = Refusal(
    RefusalReason.COLUMN_NOT_GRANTED,
    "the column is not granted",
    clause="grants.delays.columns",
    line=1,
    column=8,
    allowed=("origin",),
    hint="ask for an amendment",
)
REFUSED = replace(
    RECEIPT,
    outcome=Outcome.REFUSED,
    rows=0,
    bytes=0,
    blake3="",
    refusal=RefusalNote.from_refusal(REFUSAL),
)


def test_an_opening_is_read_back_as_it_was_written():
    assert parse_opening(opening_bytes(OPENING)) == OPENING


@pytest.mark.parametrize("receipt", [RECEIPT, REFUSED], ids=["answered", "refused"])
def test_a_receipt_is_read_back_as_it_was_written(receipt):
    assert parse_receipt(receipt_bytes(receipt)) == receipt


def test_a_receipt_tells_its_channel():
    assert RECEIPT.channel == CHANNEL


def test_a_refusal_comes_back_whole():
    note = parse_receipt(receipt_bytes(REFUSED)).refusal
    assert note is not None
    refusal = note.to_refusal()
    assert (refusal.reason, refusal.message, refusal.clause) == (
        REFUSAL.reason,
        REFUSAL.message,
        REFUSAL.clause,
    )
    assert (refusal.line, refusal.column, refusal.allowed, refusal.hint) == (
        1,
        8,
        ("origin",),
        "ask for an amendment",
    )


def test_an_opening_is_no_receipt():
    with pytest.raises(DocumentError, match=r"format is not `sekisho\.receipt/v1`"):
        parse_receipt(opening_bytes(OPENING))


def changed(**changes):
    record = json.loads(receipt_bytes(RECEIPT)) | changes
    return json.dumps(record, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (changed(rows="10"), "not a count"),
        (changed(outcome="maybe"), "outcome"),
        (changed(outcome="refused"), "says why"),
        (changed(blake3=""), "carries a hash"),
        (changed(ledger={"index": 4, "size": 4, "root": ""}), "does not hold the index"),
        (changed(ledger=3), "not an object"),
        (changed(limits_left={"rows": -1}), "not a count"),
        (changed(limits_left=[]), "not an object"),
        (changed(closed_at="now"), "millisecond"),
        (changed(person="aiko"), "unknown field `person`"),
    ],
)
def test_a_receipt_that_does_not_hold_together_is_refused(data, words):
    with pytest.raises(DocumentError, match=words):
        parse_receipt(data)


def test_nothing_leaves_with_a_refusal():
    with pytest.raises(ValueError, match="nothing leaves"):
        replace(REFUSED, rows=1)
