"""Entries: one spelling, exactly the fields of their kind."""

import json

import pytest

from sekisho.errors import LedgerError
from sekisho.ledger.bodies import (
    KINDS,
    AcknowledgementCompared,
    AcknowledgementSent,
    Asked,
    Brought,
    Closed,
    ContractChange,
    ContractEvent,
    Cut,
    CutReason,
    DatasetChange,
    DatasetEvent,
    Denied,
    Dropped,
    Event,
    Failed,
    Interrupted,
    MemberChange,
    MemberEvent,
    Opened,
    Pruned,
    Received,
    Recovered,
    Refused,
    RequestEvidence,
    Taken,
)
from sekisho.ledger.differences import Difference, DifferenceKind
from sekisho.ledger.entry import Entry, Link, entry_bytes, parse_entry
from support.state import CHANNEL, CONTRACT, PROVIDER

AT = "2026-12-01T05:00:00.123Z"
LINK = Link(channel=CHANNEL, seq=0, previous="")
ASKED = {"request": "sha256:cd", "nonce": "0f", "purpose": "reliability", "sql": "SELECT 1"}
SIGNED = RequestEvidence.SIGNED
DIFFERENCE = Difference(
    kind=DifferenceKind.CONTENT,
    at=AT,
    request="sha256:cd",
    provider="answered, 3 rows, 9 bytes",
    consumer="answered, 2 rows, 9 bytes",
)
BODIES = [
    Opened(
        **ASKED,
        evidence=SIGNED,
        grant="delays",
        clauses=("a", "b"),
        plan="sha256:ef",
        reserved_rows=1,
        reserved_bytes=2,
    ),
    Closed(ends=0, rows=1, bytes=2, blake3="ab"),
    Cut(ends=0, reason=CutReason.TERMINATED, rows=1, bytes=2),
    Interrupted(ends=0, reserved_rows=1, reserved_bytes=2),
    Refused(**ASKED, evidence=SIGNED, reason="TOO_COMPLEX", clause=""),
    Asked(**ASKED, person="aiko"),
    Received(ends=0, receipt="{}", rows=1, bytes=2, blake3="ab", verified=True),
    Failed(ends=0, reason="the connection broke", rows=1, bytes=2),
    Denied(ends=0, reason="TOO_COMPLEX", clause="", receipt=""),
    Opened(
        **ASKED,
        evidence=SIGNED,
        grant="delays",
        clauses=(),
        plan="sha256:ef",
        reserved_rows=1,
        reserved_bytes=2,
        lookups={"planes": "sha256:ab"},
    ),
    Brought(lookup="planes", digest="sha256:ab", rows=3, bytes=99),
    Taken(lookup="planes", digest="sha256:ab", rows=3, bytes=99),
    Dropped(lookup="planes", digest="sha256:ab"),
    AcknowledgementSent(number=0, answers=3, document="{}"),
    AcknowledgementCompared(number=0, answers=3, document="{}", differences=()),
    AcknowledgementCompared(number=1, answers=1, document="{}", differences=(DIFFERENCE,)),
    ContractEvent(
        contract=CONTRACT, event=ContractChange.SIGNED, party=PROVIDER, document="sha256:cd"
    ),
    MemberEvent(party=PROVIDER, event=MemberChange.ADDED, version=1, fingerprint="sha256:cd"),
    DatasetEvent(dataset="ua.example/x", event=DatasetChange.FORGOTTEN, populations=3),
    Pruned(contract=CONTRACT, entries=("0-3", "5")),
    Recovered(epoch=1, size=7, root="ab", held="ua.example/sekisho-ledger\n"),
]


def entry(body):
    link = None if isinstance(body, Event) else LINK
    return Entry(index=7, at=AT, link=link, body=body)


def test_every_kind_has_a_case_here():
    assert {type(body) for body in BODIES} == set(KINDS.values())


@pytest.mark.parametrize("body", BODIES, ids=lambda body: type(body).__name__)
def test_every_kind_is_read_back_as_it_was_written(body):
    assert parse_entry(entry_bytes(entry(body))) == entry(body)


def test_an_entry_is_written_like_this():
    assert json.loads(entry_bytes(entry(BODIES[2]))) == {
        "format": "sekisho.entry/v1",
        "index": 7,
        "at": AT,
        "kind": "cut",
        "provider": "ua.example",
        "consumer": "maker.example",
        "contract": CONTRACT,
        "seq": 0,
        "previous": "",
        "ends": 0,
        "reason": "terminated",
        "rows": 1,
        "bytes": 2,
    }


def changed(**changes):
    record = json.loads(entry_bytes(entry(BODIES[1]))) | changes
    kept = {name: value for name, value in record.items() if value is not None}
    return json.dumps(kept, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"{}", "format"),
        (b'{"a": 1}', "canonical"),
        (changed(format="sekisho.entry/v2"), "format"),
        (changed(kind="gone"), "kind is unknown"),
        (changed(kind=3), "kind is unknown"),
        (changed(extra=1), "unknown field `extra`"),
        (changed(rows=None), "field `rows` is missing"),
        (changed(rows=-1), "not a count"),
        (changed(rows=True), "not a count"),
        (changed(rows=1.5), "not a count"),
        (changed(rows=2**60), "not a count"),
        (changed(blake3=1), "not text"),
        (changed(at="2026-12-01T05:00:00Z"), "millisecond"),
        (changed(provider=None), "field `provider` is missing"),
        (changed(seq="0"), "not a count"),
    ],
)
def test_anything_else_is_refused_with_its_place(data, words):
    with pytest.raises(LedgerError, match=words) as caught:
        parse_entry(data, index=4)
    assert caught.value.index == 4
    assert caught.value.message.startswith("entry 4 cannot be read")


def test_an_answer_without_its_channel_cannot_be_made():
    with pytest.raises(ValueError, match="channel"):
        Entry(index=0, at=AT, link=None, body=BODIES[1])


def test_a_member_event_with_a_channel_cannot_be_made():
    with pytest.raises(ValueError, match="channel"):
        Entry(index=0, at=AT, link=LINK, body=BODIES[-1])
