"""An answer's way: entry, charge, request and receipt agree at every step."""

from dataclasses import replace

import pytest

from sekisho.errors import LedgerError, Refusal, RefusalReason, TrustError
from sekisho.ledger.bodies import CutReason
from sekisho.ledger.charging import Amount
from sekisho.ledger.listing import summaries
from sekisho.ledger.receipt import Outcome, parse_receipt
from sekisho.store.answers import EndedAnswer, OpenedAnswer, Sent
from sekisho.store.requests import StoredRequest
from support.state import CHANNEL, CONSUMER, DECISION, NOW, PLAN, asked, received, signed_contract
from support.state import opened as open_file

SIGNED = signed_contract("{rows: {max: 100, per: day}}")
SENT = Sent(rows=2, bytes=20, blake3="ab" * 32)
REFUSAL = Refusal(
    RefusalReason.COLUMN_NOT_GRANTED, "the column is not granted", clause="grants.delays.columns"
)


def opened(state, number=0):
    return state.answers.open(
        received(number, signed=SIGNED), SIGNED, decision=DECISION, plan=PLAN, now=NOW
    )


def states(state):
    return [(row.index, row.state) for row in summaries(state.ledger.entries())]


def test_opened_says_what_was_asked_and_why_it_was_allowed(state):
    answer = opened(state)
    body = state.ledger.get(0).body
    request = received(0, signed=SIGNED)
    assert (body.request, body.sql, body.purpose) == (
        request.digest,
        request.sql,
        request.purpose,
    )
    assert (body.grant, body.clauses, body.plan) == (DECISION.grant, DECISION.clauses, PLAN)
    assert (body.reserved_rows, body.reserved_bytes) == (
        answer.reserve.rows,
        answer.reserve.bytes,
    )
    assert answer.ledger.root == state.ledger.head().root().hex()
    assert states(state) == [(0, "open")]


def test_closed_leaves_a_receipt_that_says_the_same(state):
    answer = opened(state)
    ended = state.answers.close(answer.index, SENT, now=NOW)
    receipt = parse_receipt(ended.receipt)
    assert receipt.outcome is Outcome.ANSWERED
    assert (receipt.rows, receipt.bytes, receipt.blake3) == (2, 20, "ab" * 32)
    assert (receipt.request, receipt.contract) == (received(0).digest, SIGNED.id)
    assert (receipt.ledger.index, receipt.ledger.size) == (1, 2)
    assert receipt.ledger.root == state.ledger.head().root().hex()
    assert states(state) == [(0, "answered")]
    assert state.ledger.end_of(0) == state.ledger.get(1)


def test_cut_keeps_what_really_left_and_the_engine_s_words_to_ourselves(state):
    answer = opened(state)
    ended = state.answers.cut(
        answer.index,
        Sent(rows=1, bytes=10),
        reason=CutReason.ENGINE,
        now=NOW,
        note="Could not convert",
    )
    assert parse_receipt(ended.receipt).outcome is Outcome.CUT
    assert state.ledger.note(ended.index) == "Could not convert"
    assert b"convert" not in state.ledger.stored(ended.index).body
    assert states(state) == [(0, "cut")]


@pytest.mark.parametrize(
    "again",
    [
        lambda answers: answers.close(0, SENT, now=NOW),
        lambda answers: answers.cut(0, SENT, reason=CutReason.PEER, now=NOW),
        lambda answers: answers.reserve(0, Amount(rows=1, bytes=1)),
    ],
    ids=["close", "cut", "reserve"],
)
def test_an_answer_ends_once(state, again):
    answer = opened(state)
    state.answers.close(answer.index, SENT, now=NOW)
    with pytest.raises(LedgerError, match="entry 0 is not open"):
        again(state.answers)
    assert state.ledger.verify().size == 2


def test_a_refusal_is_an_entry_and_has_a_receipt(state):
    ended = state.answers.refuse(received(), REFUSAL, now=NOW)
    assert isinstance(ended, EndedAnswer)
    receipt = parse_receipt(ended.receipt)
    assert receipt.outcome is Outcome.REFUSED
    assert receipt.refusal is not None
    assert receipt.refusal.reason is RefusalReason.COLUMN_NOT_GRANTED
    assert states(state) == [(0, "refused")]


def test_a_repeated_request_gets_the_stored_receipt_and_nothing_is_written(state):
    answer = opened(state)
    running = opened(state)
    assert isinstance(running, StoredRequest)
    assert running.receipt is None
    ended = state.answers.close(answer.index, SENT, now=NOW)
    again = opened(state)
    assert isinstance(again, StoredRequest)
    assert (again.start, again.receipt) == (0, ended.receipt)
    assert state.ledger.verify().size == 2
    assert parse_receipt(ended.receipt).limits_left == {"rows": 98}


def test_a_refused_request_that_comes_again_gets_the_same_refusal(state):
    first = state.answers.refuse(received(), REFUSAL, now=NOW)
    again = state.answers.refuse(received(), REFUSAL, now=NOW)
    assert isinstance(again, StoredRequest)
    assert again.receipt == first.receipt
    assert state.ledger.verify().size == 1


def test_requests_are_found_by_nonce_and_by_digest(state):
    opened(state)
    request = received(0, signed=SIGNED)
    found = state.requests.find(CONSUMER, request.nonce)
    assert found == state.requests.by_digest(request.digest)
    assert found.envelope == request.envelope
    assert state.requests.find(CONSUMER, "f" * 32) is None
    assert state.requests.by_digest("sha256:none") is None


def test_another_request_with_the_same_nonce_is_not_believed(state):
    opened(state)
    other = replace(received(0, signed=SIGNED), digest="sha256:" + "00" * 32)
    with pytest.raises(TrustError, match="nonce"):
        state.answers.open(other, SIGNED, decision=DECISION, plan=PLAN, now=NOW)
    with pytest.raises(TrustError, match="nonce"):
        state.answers.refuse(other, REFUSAL, now=NOW)
    assert state.ledger.verify().size == 1


def test_a_consumer_s_question_ends_in_each_way(state):
    for number in range(3):
        state.questions.ask(asked(number), channel=CHANNEL, now=NOW)
    state.questions.receive(0, SENT, receipt="{}", verified=True, now=NOW)
    state.questions.fail(1, Sent(rows=1, bytes=1), reason="gone", now=NOW, note="broken pipe")
    state.questions.deny(2, REFUSAL, receipt="{}", now=NOW)
    assert states(state) == [(0, "answered"), (1, "cut"), (2, "refused")]
    assert state.ledger.verify().open == ()
    with pytest.raises(LedgerError, match="not open"):
        state.questions.fail(1, SENT, reason="again", now=NOW)


def test_the_two_sides_do_not_end_each_other_s(state):
    opened(state)
    with pytest.raises(LedgerError, match="not open"):
        state.questions.fail(0, SENT, reason="gone", now=NOW)


def test_what_a_fall_left_open_is_interrupted_on_both_sides(place):
    with open_file(place) as state:
        answer = opened(state)
        assert isinstance(answer, OpenedAnswer)
        state.questions.ask(asked(), channel=CHANNEL, now=NOW)
    with open_file(place) as state:
        assert state.interrupted == (0, 1)
        assert states(state) == [(0, "interrupted"), (1, "interrupted")]
        again = opened(state)
        assert isinstance(again, StoredRequest)
        receipt = parse_receipt(again.receipt)
        assert receipt.outcome is Outcome.INTERRUPTED
        assert receipt.rows == answer.reserve.rows
        assert state.ledger.verify().open == ()
