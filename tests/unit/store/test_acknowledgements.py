"""What waits to be acknowledged on both sides, and what an acknowledgement settles."""

import sqlite3
from dataclasses import replace

import pytest

from sekisho.documents.envelope import Envelope, PayloadType
from sekisho.errors import LedgerError, Refusal, RefusalReason, TrustError
from sekisho.ledger.acknowledgement import (
    MAX_ANSWERS,
    Acknowledged,
    Acknowledgement,
    Ending,
    acknowledgement_bytes,
)
from sekisho.ledger.bodies import Asked, CutReason
from sekisho.ledger.instants import moment_text
from sekisho.store import withdrawal
from sekisho.store.answers import Sent
from sekisho.store.recovery import Shown, recover
from sekisho.store.schema import MIGRATIONS
from support.state import (
    CHANNEL,
    CONSUMER,
    CONTRACT,
    DECISION,
    NOW,
    PLAN,
    PROVIDER,
    later_checkpoint,
    opened,
    received,
    signed_contract,
)

SENT = Sent(rows=3, bytes=9, blake3="ab")
NO = Refusal(RefusalReason.COLUMN_NOT_GRANTED, "no")


def asked(number):
    return Asked(
        request=f"sha256:{number:064x}", nonce=f"{number:032x}", purpose="p", sql="S", person="aiko"
    )


def ask(state, number):
    return state.questions.ask(asked(number), channel=CHANNEL, now=NOW).index


def enveloped(said):
    return Envelope(
        payload=acknowledgement_bytes(said),
        payload_type=PayloadType.ACKNOWLEDGEMENT,
        signatures=(),
    )


def said(answers, **changes):
    fields = {
        "contract": CONTRACT,
        "provider": PROVIDER,
        "consumer": CONSUMER,
        "number": 0,
        "previous": "",
        "through": 1,
        "answers": tuple(answers),
        "running": (),
        "made_at": moment_text(NOW),
    }
    return Acknowledgement(**(fields | changes))


def send(state, found, **changes):
    document = said(found.answers, through=found.through, running=found.running, **changes)
    is_kept = state.submit(
        lambda tx: state.acknowledgements.send(
            tx, document, enveloped(document), ended=found.ended, now=NOW
        )
    )
    return document if is_kept else None


def test_every_way_to_end_is_said_as_it_was(state):
    whole, failed, denied, unsigned, running = (ask(state, number) for number in range(5))
    state.questions.receive(whole, SENT, receipt="{}", verified=True, now=NOW)
    state.questions.fail(failed, Sent(rows=1, bytes=4), reason="it broke", now=NOW)
    state.questions.deny(denied, NO, receipt="{}", now=NOW)
    state.questions.deny(unsigned, NO, receipt="", now=NOW)
    (waiting,) = state.unacknowledged.waiting(CONSUMER)
    assert (waiting.channel, waiting.answers) == (CHANNEL, 4)
    found = state.unacknowledged.collect(CHANNEL)
    assert [
        (item.ending, item.rows, item.bytes, item.blake3, item.verified) for item in found.answers
    ] == [
        (Ending.RECEIVED, 3, 9, "ab", True),
        (Ending.FAILED, 1, 4, "", False),
        (Ending.DENIED, 0, 0, "", True),
        (Ending.DENIED, 0, 0, "", False),
    ]
    assert found.running == (asked(4).request,)
    assert found.through == 8
    send(state, found)
    assert state.unacknowledged.waiting(CONSUMER) == ()
    assert state.acknowledgements.last(CHANNEL).number == 0
    state.questions.fail(running, Sent(rows=0, bytes=0), reason="it broke", now=NOW)
    (later,) = state.unacknowledged.collect(CHANNEL).answers
    assert later.request == asked(4).request


def test_what_a_fall_interrupted_is_said_too(path):
    with opened(path) as state:
        ask(state, 0)
    with opened(path) as state:
        (answer,) = state.unacknowledged.collect(CHANNEL).answers
    assert answer.ending is Ending.INTERRUPTED
    assert answer.is_void


def test_a_document_has_its_bound_and_the_rest_goes_into_the_next(state):
    for number in range(MAX_ANSWERS + 2):
        index = ask(state, number)
        state.questions.receive(index, SENT, receipt="{}", verified=True, now=NOW)
    found = state.unacknowledged.collect(CHANNEL)
    assert len(found.answers) == MAX_ANSWERS
    assert found.through == 2 * MAX_ANSWERS - 1
    first = send(state, found)
    assert not first.is_whole
    rest = state.unacknowledged.collect(CHANNEL)
    assert [item.request for item in rest.answers] == [
        asked(number).request for number in (MAX_ANSWERS, MAX_ANSWERS + 1)
    ]
    assert rest.through == 2 * MAX_ANSWERS + 4
    assert send(state, rest, number=1, previous=enveloped(first).digest).is_whole


def test_of_two_processes_that_make_one_the_first_has_made_it(state):
    state.questions.fail(ask(state, 0), Sent(rows=1, bytes=4), reason="it broke", now=NOW)
    found = state.unacknowledged.collect(CHANNEL)
    assert send(state, found) is not None
    before = state.ledger.head()
    assert send(state, found) is None
    assert state.ledger.head() == before


def answer(request, ending=Ending.RECEIVED):
    return Acknowledged(request=request, ending=ending, rows=3, bytes=9, blake3="ab", verified=True)


def take(state, document, running=()):
    return state.submit(
        lambda tx: state.acknowledgements.take(
            tx, document, enveloped(document), differences=(), running=running, now=NOW
        )
    )


@pytest.fixture
def given(state):
    """A provider's two answers under a contract; the second one runs."""
    signed = signed_contract()
    requests = [received(number, signed=signed) for number in range(2)]
    indexes = [
        state.answers.open(item, signed, decision=DECISION, plan=PLAN, now=NOW).index
        for item in requests
    ]
    state.answers.close(indexes[0], SENT, now=NOW)
    return signed, requests, indexes


def test_a_provider_awaits_what_has_ended_until_it_is_named(state, given):
    signed, (ended, running), _ = given
    (waiting,) = state.unacknowledged.awaited(PROVIDER)
    assert (waiting.channel.contract, waiting.answers) == (signed.id, 1)
    document = said([answer(ended.digest)], contract=signed.id)
    assert take(state, document)
    assert state.unacknowledged.awaited(PROVIDER) == ()
    held = state.acknowledgements.find(enveloped(document).digest)
    assert state.requests.by_digest(ended.digest).acknowledged == held.entry
    assert state.requests.by_digest(running.digest).acknowledged is None
    assert state.unacknowledged.never_named(held.channel, before=held.entry) == (running.digest,)
    assert state.acknowledgements.envelope(held).payload == enveloped(document).payload


def test_what_ends_while_it_is_compared_is_compared_anew(state, given):
    signed, (_, running), (_, index) = given
    document = said([answer(running.digest)], contract=signed.id)
    state.answers.cut(index, Sent(rows=0, bytes=0), reason=CutReason.CANCELLED, now=NOW)
    before = state.ledger.head()
    assert not take(state, document, running=[running.digest])
    assert state.ledger.head() == before
    assert take(state, document)


def test_of_two_with_one_number_the_first_is_kept(state, given):
    signed, (ended, running), _ = given
    assert take(state, said([answer(ended.digest)], contract=signed.id))
    with pytest.raises(TrustError, match="another one came meanwhile"):
        take(state, said([answer(running.digest)], contract=signed.id))


def recovered(state):
    held = later_checkpoint(state, CONSUMER)
    return recover(state, Shown(held=held, by=PROVIDER), now=NOW)


def queue(state, document):
    digest = enveloped(document).digest
    state.submit(
        lambda tx: state.outbox.put(
            tx, document.provider, kind="acknowledgement", document=digest, now=NOW
        )
    )
    (queued,) = state.outbox.of_document(digest)
    return queued


def fail(state, number, channel=CHANNEL):
    index = state.questions.ask(asked(number), channel=channel, now=NOW).index
    state.questions.fail(index, Sent(rows=1, bytes=4), reason="it broke", now=NOW)


def requests_waiting(state, channel=CHANNEL):
    return [item.request for item in state.unacknowledged.collect(channel).answers]


def test_after_a_recovery_a_channel_begins_anew(state):
    assert state.acknowledgements.following(CHANNEL) == (0, 0, "")
    fail(state, 0)
    first = send(state, state.unacknowledged.collect(CHANNEL))
    digest = enveloped(first).digest
    assert state.acknowledgements.following(CHANNEL) == (0, 1, digest)
    recovered(state)
    assert state.acknowledgements.following(CHANNEL) == (1, 0, "")
    fail(state, 1)
    found = state.unacknowledged.collect(CHANNEL)
    before = state.ledger.head()
    assert send(state, found, number=1, previous=digest) is None, "the epoch is over"
    assert send(state, found, epoch=2) is None, "the epoch has not begun"
    assert state.ledger.head() == before
    again = send(state, found, epoch=1)
    assert state.acknowledgements.last(CHANNEL).position == (1, 0)
    assert state.acknowledgements.following(CHANNEL) == (1, 1, enveloped(again).digest)
    assert [item.position for item in state.acknowledgements.newest(CONTRACT)] == [(1, 0)]


def test_a_recovery_takes_back_what_no_provider_has_taken_over(state, monkeypatch):
    monkeypatch.setattr(withdrawal, "_PAGE", 2)
    other = replace(CHANNEL, provider="dl.example")
    fail(state, 0)
    taken = queue(state, send(state, state.unacknowledged.collect(CHANNEL)))
    state.submit(lambda tx: state.outbox.acknowledge(tx, taken, now=NOW))
    running = ask(state, 9)
    for number in range(1, 4):
        fail(state, number)
        fail(state, number + 4, channel=other)
    said_of = state.unacknowledged.collect(CHANNEL)
    late = send(state, said_of, number=1, previous=taken.document)
    queue(state, late)
    state.questions.fail(running, Sent(rows=0, bytes=0), reason="it broke", now=NOW)
    assert requests_waiting(state) == [asked(9).request]
    elsewhere = requests_waiting(state, other)
    before = state.ledger.head().size
    recovered(state)
    assert state.ledger.head().size == before + 1, "the document's entry stays"
    assert requests_waiting(state) == [asked(number).request for number in (1, 2, 3, 9)]
    assert requests_waiting(state, other) == elsewhere
    assert state.outbox.due(NOW) == ()
    assert [item.document for item in state.outbox.of_document(taken.document)] == [taken.document]
    assert send(state, state.unacknowledged.collect(CHANNEL), epoch=1) is not None
    assert state.ledger.verify().open == ()


def test_in_doubt_nothing_is_sent_and_nothing_taken_over(state, given):
    signed, (ended, _), _ = given
    fail(state, 0)
    held = later_checkpoint(state, CONSUMER)
    state.submit(lambda tx: state.standing.keep(tx, held, held_by=PROVIDER, now=NOW))
    before = state.ledger.head()
    with pytest.raises(LedgerError, match="does not lead to it"):
        send(state, state.unacknowledged.collect(CHANNEL))
    with pytest.raises(LedgerError, match="does not lead to it"):
        take(state, said([answer(ended.digest)], contract=signed.id))
    assert state.ledger.head() == before


def test_a_later_epoch_s_word_is_the_one_that_an_answer_shows(state, given):
    signed, (ended, running), _ = given
    first = said([answer(ended.digest)], contract=signed.id)
    assert take(state, first)
    again = said([answer(ended.digest)], contract=signed.id, epoch=1, through=0)
    assert take(state, again)
    held = state.acknowledgements.last(again.channel)
    assert held.position == (1, 0)
    assert state.requests.by_digest(ended.digest).acknowledged == held.entry
    assert state.acknowledgements.find(enveloped(first).digest) is not None
    twice = said(
        [answer(ended.digest), answer(running.digest)],
        contract=signed.id,
        epoch=1,
        number=1,
        previous=held.document,
    )
    assert take(state, twice)
    assert state.requests.by_digest(ended.digest).acknowledged == held.entry, "of this epoch"
    with pytest.raises(TrustError, match="another one came meanwhile"):
        take(state, replace(twice, epoch=0, number=7))


def test_what_was_kept_before_there_were_epochs_is_of_the_first(path):
    with sqlite3.connect(path, isolation_level=None) as db:
        for script in MIGRATIONS[:3]:
            db.executescript(script)
        db.execute("PRAGMA application_id = 0x53454B49")
        db.execute("PRAGMA user_version = 3")
        db.execute(
            "INSERT INTO acknowledgements VALUES (?, ?, ?, 4, 'sha256:cd', 9, 17, ?, 2)",
            (PROVIDER, CONSUMER, CONTRACT, moment_text(NOW)),
        )
    db.close()
    with opened(path) as state:
        last = state.acknowledgements.last(CHANNEL)
        assert (last.position, last.through, last.entry, last.differences) == ((0, 4), 9, 17, 2)
        assert state.acknowledgements.following(CHANNEL) == (0, 5, "sha256:cd")


def test_answers_from_before_there_were_acknowledgements_await_none(path):
    with sqlite3.connect(path, isolation_level=None) as db:
        for script in MIGRATIONS[:2]:
            db.executescript(script)
        db.execute("PRAGMA application_id = 0x53454B49")
        db.execute("PRAGMA user_version = 2")
        db.execute(
            "INSERT INTO requests (consumer, nonce, digest, contract, envelope, received_at, start,"
            " receipt) VALUES (?, '0f', 'sha256:cd', ?, x'7b7d', ?, 0, x'7b7d')",
            (CONSUMER, CONTRACT, moment_text(NOW)),
        )
    db.close()
    with opened(path) as state:
        assert state.unacknowledged.awaited(PROVIDER) == ()
        assert state.unacknowledged.never_named(CHANNEL, before=9) == ()
        assert state.requests.by_digest("sha256:cd").acknowledged == -1
        assert state.ledger.verify().size == 0
