"""One row a subject, in the words that people hold on to."""

from dataclasses import fields

import pytest

from sekisho.ledger.bodies import (
    Closed,
    ContractChange,
    ContractEvent,
    Cut,
    CutReason,
    Denied,
    Event,
    Failed,
    Interrupted,
    MemberChange,
    MemberEvent,
    Opened,
    Received,
    RequestEvidence,
)
from sekisho.ledger.entry import Entry, Link
from sekisho.ledger.listing import UNVERIFIED, Summary, summaries
from support.state import CHANNEL, CONSUMER, CONTRACT, PROVIDER, asked, refused

OPENED = Opened(
    request="sha256:cd",
    nonce="0f",
    purpose="reliability",
    sql="SELECT 1",
    evidence=RequestEvidence.SIGNED,
    grant="delays",
    clauses=(),
    plan="sha256:ef",
    reserved_rows=100,
    reserved_bytes=1000,
)


def listed(*bodies):
    entries = []
    for index, body in enumerate(bodies):
        free = isinstance(body, Event)
        link = None if free else Link(channel=CHANNEL, seq=index, previous="")
        at = f"2026-12-01T05:00:0{index}.000Z"
        entries.append(Entry(index=index, at=at, link=link, body=body))
    return summaries(entries)


def test_a_row_has_exactly_these_fields():
    names = [field.name for field in fields(Summary)]
    assert names == "index at kind contract party state reason rows bytes".split()


@pytest.mark.parametrize(
    ("end", "shown"),
    [
        (None, ("open", "", 0, 0)),
        (Closed(ends=0, rows=5, bytes=50, blake3="ab"), ("answered", "", 5, 50)),
        (Cut(ends=0, reason=CutReason.LIMIT, rows=2, bytes=20), ("cut", "limit", 2, 20)),
        (
            Interrupted(ends=0, reserved_rows=100, reserved_bytes=1000),
            ("interrupted", "", 100, 1000),
        ),
    ],
)
def test_a_provider_s_answer_is_one_row(end, shown):
    rows = listed(OPENED, end) if end else listed(OPENED)
    assert len(rows) == 1
    (row,) = rows
    assert (row.index, row.at, row.kind) == (0, "2026-12-01T05:00:00.000Z", "answer")
    assert (row.contract, row.party) == (CONTRACT, CONSUMER)
    assert (row.state, row.reason, row.rows, row.bytes) == shown


def received(*, verified):
    return Received(ends=0, receipt="{}", rows=5, bytes=50, blake3="ab", verified=verified)


@pytest.mark.parametrize(
    ("end", "shown"),
    [
        (received(verified=True), ("answered", "", 5, 50)),
        (received(verified=False), ("cut", UNVERIFIED, 5, 50)),
        (Failed(ends=0, reason="gone", rows=1, bytes=10), ("cut", "gone", 1, 10)),
        (
            Denied(ends=0, reason="TOO_COMPLEX", clause="", receipt=""),
            ("refused", "TOO_COMPLEX", 0, 0),
        ),
    ],
)
def test_a_consumer_s_query_is_one_row(end, shown):
    (row,) = listed(asked(), end)
    assert (row.kind, row.party) == ("query", PROVIDER)
    assert (row.state, row.reason, row.rows, row.bytes) == shown


def test_a_refusal_is_one_row():
    (row,) = listed(refused())
    assert (row.kind, row.party, row.state, row.reason) == (
        "answer",
        CONSUMER,
        "refused",
        "COLUMN_NOT_GRANTED",
    )


def test_contracts_and_members_have_rows_without_a_state():
    rows = listed(
        ContractEvent(contract=CONTRACT, event=ContractChange.SIGNED, party=PROVIDER, document=""),
        MemberEvent(party=CONSUMER, event=MemberChange.ADDED, version=1, fingerprint="f"),
    )
    assert [(row.kind, row.contract, row.party, row.state, row.reason) for row in rows] == [
        ("contract", CONTRACT, PROVIDER, "", "signed"),
        ("member", "", CONSUMER, "", "added"),
    ]


def test_rows_stand_in_the_order_in_which_they_began():
    rows = listed(OPENED, refused(), Closed(ends=0, rows=1, bytes=2, blake3="ab"))
    assert [(row.index, row.state) for row in rows] == [(0, "answered"), (1, "refused")]


def test_an_end_whose_start_is_not_shown_is_left_out():
    assert listed(Closed(ends=7, rows=1, bytes=2, blake3="ab")) == ()
