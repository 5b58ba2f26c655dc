"""Acknowledgements in a ledger: whose they are, in which order, and what the entries say."""

import pytest

from sekisho.documents.envelope import Envelope, PayloadType
from sekisho.errors import DocumentError, TrustError
from sekisho.ledger.acknowledgement import (
    Acknowledged,
    Acknowledgement,
    Ending,
    acknowledgement_bytes,
    parse_acknowledgement,
)
from sekisho.ledger.answered import Answers
from sekisho.ledger.bodies import (
    AcknowledgementCompared,
    AcknowledgementSent,
    Asked,
    Closed,
    Opened,
    Received,
    RequestEvidence,
)
from sekisho.ledger.confirming import Confirmations
from sekisho.ledger.differences import Difference, DifferenceKind
from sekisho.ledger.entry import Entry, Link
from support.state import CHANNEL, CONSUMER, CONTRACT, PROVIDER

AT = "2026-12-01T05:00:00.123Z"
REQUEST = "sha256:" + "cd" * 32
ANSWER = Acknowledged(
    request=REQUEST, ending=Ending.RECEIVED, rows=3, bytes=9, blake3="ab", verified=True
)
ASKED = {"request": REQUEST, "nonce": "0f", "purpose": "reliability", "sql": "SELECT 1"}


def said(**changes):
    fields = {
        "contract": CONTRACT,
        "provider": PROVIDER,
        "consumer": CONSUMER,
        "number": 0,
        "previous": "",
        "through": 1,
        "answers": (ANSWER,),
        "running": (),
        "made_at": AT,
    }
    return Acknowledgement(**(fields | changes))


def enveloped(acknowledgement):
    return Envelope(
        payload=acknowledgement_bytes(acknowledgement),
        payload_type=PayloadType.ACKNOWLEDGEMENT,
        signatures=(),
    )


def entry(body, index=0):
    return Entry(index=index, at=AT, link=Link(channel=CHANNEL, seq=index, previous=""), body=body)


def difference(kind, request=REQUEST):
    return Difference(kind=kind, at=AT, request=request, provider="", consumer="")


def compared(acknowledgement, *kinds):
    body = AcknowledgementCompared(
        number=acknowledgement.number,
        answers=len(acknowledgement.answers),
        document="{}",
        differences=tuple(map(difference, kinds)),
    )
    return entry(body, index=2), enveloped(acknowledgement)


def provided(rows=3):
    """A provider's entries of the answer."""
    opened = Opened(
        **ASKED,
        evidence=RequestEvidence.SIGNED,
        grant="delays",
        clauses=(),
        plan="",
        reserved_rows=9,
        reserved_bytes=9,
    )
    answers = Answers()
    answers.take(entry(opened))
    answers.take(entry(Closed(ends=0, rows=rows, bytes=9, blake3="ab"), index=1))
    return answers


def received(rows=3):
    """A consumer's entries of the answer."""
    answers = Answers()
    answers.take(entry(Asked(**ASKED, person="aiko")))
    body = Received(ends=0, receipt="{}", rows=rows, bytes=9, blake3="ab", verified=True)
    answers.take(entry(body, index=1))
    return answers


def test_it_is_read_back_as_it_was_written():
    assert parse_acknowledgement(acknowledgement_bytes(said())) == said()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"answers": ()}, "no answer"),
        ({"answers": (ANSWER,) * 2}, "twice"),
        ({"running": (REQUEST,)}, "twice"),
        ({"number": 1}, "the first names none"),
        ({"previous": REQUEST}, "the first names none"),
        ({"made_at": "yesterday"}, "instant"),
        ({"epoch": 1_000_000}, "epoch is beyond"),
    ],
    ids=[
        "nothing",
        "twice",
        "ended and running",
        "none before it",
        "one before 0",
        "no instant",
        "no epoch",
    ],
)
def test_what_cannot_be_meant_cannot_be_said(changes, why):
    with pytest.raises(ValueError, match=why):
        said(**changes)


def test_what_was_said_before_there_were_epochs_is_read_and_written_as_it_was():
    payload = acknowledgement_bytes(said())
    assert b"epoch" not in payload
    assert parse_acknowledgement(payload).epoch == 0
    later = acknowledgement_bytes(said(epoch=2))
    assert b'"epoch":2,' in later
    assert parse_acknowledgement(later) == said(epoch=2)
    with pytest.raises(DocumentError, match="epoch 0 is not written"):
        parse_acknowledgement(later.replace(b'"epoch":2', b'"epoch":0'))


def test_another_document_is_none():
    payload = acknowledgement_bytes(said()).replace(b"acknowledgement/v1", b"acknowledgement/v2")
    with pytest.raises(DocumentError, match="its format is not"):
        parse_acknowledgement(payload)


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [({}, ()), ({"rows": 2}, (DifferenceKind.CONTENT,)), ({"rows": 2}, (DifferenceKind.REPEATED,))],
)
def test_a_provider_has_named_what_differs(changes, kinds):
    confirmations = Confirmations()
    confirmations.take(*compared(said(), *kinds), signers=(CONSUMER,), answers=provided(**changes))
    assert confirmations.requests == {REQUEST}
    assert [item.kind for item in confirmations.differences] == list(kinds)


@pytest.mark.parametrize(
    ("rows", "kinds"),
    [(2, ()), (3, (DifferenceKind.CONTENT,)), (2, (DifferenceKind.OUTCOME,))],
    ids=["hidden", "invented", "another"],
)
def test_a_provider_that_names_others_than_there_are_is_not_believed(rows, kinds):
    with pytest.raises(TrustError, match="in another way than was recorded"):
        Confirmations().take(*compared(said(), *kinds), signers=(CONSUMER,), answers=provided(rows))


def test_a_consumer_signs_what_its_own_entries_say():
    sent = entry(AcknowledgementSent(number=0, answers=1, document="{}"), index=2)
    Confirmations().take(sent, enveloped(said()), signers=(CONSUMER,), answers=received())
    with pytest.raises(TrustError, match="own entries do not"):
        Confirmations().take(sent, enveloped(said()), signers=(CONSUMER,), answers=received(2))


def test_only_the_consumer_says_how_its_answers_ended():
    with pytest.raises(TrustError, match="not the consumer's"):
        Confirmations().take(*compared(said()), signers=(PROVIDER,))
    other = said(provider="dl.example")
    with pytest.raises(TrustError, match="of another channel"):
        Confirmations().take(*compared(other), signers=(CONSUMER,))


def test_the_entry_says_which_one_it_holds():
    body = AcknowledgementSent(number=0, answers=2, document="{}")
    with pytest.raises(TrustError, match="another than its entry says"):
        Confirmations().take(entry(body), enveloped(said()), signers=(CONSUMER,))


@pytest.mark.parametrize(
    ("changes", "kinds", "holds"),
    [
        ({}, (), True),
        ({"number": 2}, (), False),
        ({"number": 2}, (DifferenceKind.MISSING,), True),
        ({"previous": "sha256:00"}, (), False),
        ({"through": 1}, (), False),
        ({"number": 0, "previous": ""}, (), False),
        ({"epoch": 3, "number": 0, "previous": "", "through": 0}, (), True),
        ({"epoch": 3}, (), False),
        ({"epoch": 3}, (DifferenceKind.MISSING,), True),
        ({"epoch": 1, "number": 0, "previous": ""}, (), False),
        ({"epoch": 1}, (DifferenceKind.MISSING,), False),
    ],
    ids=[
        "next",
        "a gap",
        "a gap that is named",
        "another before it",
        "overlapping",
        "again",
        "a later epoch",
        "within a later epoch",
        "within a later epoch, as is named",
        "an earlier epoch",
        "an earlier epoch, whatever is named",
    ],
)
def test_each_follows_the_one_before_it(changes, kinds, holds):
    confirmations = Confirmations()
    first = said(epoch=2)
    confirmations.take(*compared(first), signers=(CONSUMER,))
    other = ANSWER.__class__(
        request="sha256:00", ending=Ending.FAILED, rows=0, bytes=0, blake3="", verified=False
    )
    fields = {
        "epoch": 2,
        "number": 1,
        "previous": enveloped(first).digest,
        "through": 3,
        "answers": (other,),
    }
    following = compared(said(**(fields | changes)), *kinds)
    if holds:
        confirmations.take(*following, signers=(CONSUMER,))
        assert confirmations.count == 2
    else:
        with pytest.raises(TrustError, match="does not follow"):
            confirmations.take(*following, signers=(CONSUMER,))


def test_a_consumer_says_nothing_in_an_epoch_that_its_ledger_has_not_reached():
    sent = entry(AcknowledgementSent(number=0, answers=1, document="{}"), index=2)
    confirmations = Confirmations()
    with pytest.raises(TrustError, match="had not reached"):
        confirmations.take(sent, enveloped(said(epoch=1)), signers=(CONSUMER,))
    confirmations.epoch = 1
    confirmations.take(sent, enveloped(said(epoch=1)), signers=(CONSUMER,))
    assert confirmations.count == 1


def test_an_answer_that_is_named_again_in_a_later_epoch_is_held_to_the_entries():
    confirmations = Confirmations()
    again = said(epoch=1)
    confirmations.take(*compared(said()), signers=(CONSUMER,), answers=provided())
    confirmations.take(*compared(again), signers=(CONSUMER,), answers=provided())
    with pytest.raises(TrustError, match="in another way than was recorded"):
        confirmations.take(*compared(said(epoch=2)), signers=(CONSUMER,), answers=provided(2))
