"""A ledger as people read it: one row for each answer, question, contract step and member."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import assert_never

from sekisho.ledger.bodies import (
    AcknowledgementCompared,
    AcknowledgementEvent,
    AcknowledgementSent,
    Asked,
    Brought,
    Closed,
    ContractEvent,
    Cut,
    DatasetEvent,
    Denied,
    Dropped,
    End,
    Event,
    Failed,
    Interrupted,
    LookupEvent,
    MemberEvent,
    Opened,
    Pruned,
    Received,
    Recovered,
    Refused,
    Start,
    Taken,
)
from sekisho.ledger.entry import Entry, Link
from sekisho.ledger.indexes import parse_indexes
from sekisho.model.names import split_dataset

UNVERIFIED = "receipt does not verify"
"""The reason shown for an answer whose receipt was not believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One row of `ledger list`; field names are its JSON names."""

    index: int
    """Of the entry that begins the row's subject."""
    at: str
    kind: str
    """`answer` at the provider, `query` at the consumer, `lookup`, `contract`, `member`, `dataset`,
    `pruned`, or `ledger`."""
    contract: str
    """Empty for members, datasets and the ledger itself."""
    party: str
    """The other party of an answer or a lookup; whoever took a step otherwise, if anybody did."""
    state: str
    """`open answered refused interrupted cut`; empty for other kinds."""
    reason: str
    """Of a refusal or cut; the step's name for other kinds."""
    rows: int
    bytes: int
    """What left, or of a table; for `interrupted`, the most that can have left."""


def summaries(entries: Iterable[Entry]) -> tuple[Summary, ...]:
    """Fold entries into rows, in order of the entry that begins each.

    An end whose start is not among the entries is left out, so that a part of a ledger can be
    listed too.
    """
    rows: dict[int, Summary] = {}
    for entry in entries:
        body = entry.body
        match body:
            case Closed() | Cut() | Interrupted() | Received() | Failed() | Denied():
                if body.ends in rows:
                    rows[body.ends] = _ended(rows[body.ends], body)
            case _:
                rows[entry.index] = _begun(entry, body)
    return tuple(rows.values())


def _begun(
    entry: Entry, body: Start | Refused | LookupEvent | AcknowledgementEvent | Event
) -> Summary:
    match body:
        case Opened():
            return _row(entry, kind="answer", state="open")
        case Asked():
            return _row(entry, kind="query", state="open")
        case Refused():
            return _row(entry, kind="answer", state="refused", reason=body.reason)
        case Brought() | Taken() | Dropped():
            return _lookup(entry, body)
        case AcknowledgementSent() | AcknowledgementCompared():
            return _row(entry, kind="acknowledgement", reason=_said(body))
        case _:
            return _event(entry, body)


def _event(entry: Entry, body: Event) -> Summary:
    match body:
        case ContractEvent():
            return _row(
                entry,
                kind="contract",
                contract=body.contract,
                party=body.party,
                reason=body.event,
            )
        case MemberEvent():
            return _row(entry, kind="member", party=body.party, reason=body.event)
        case DatasetEvent():
            party, _ = split_dataset(body.dataset)
            return _row(entry, kind="dataset", party=party, reason=body.event)
        case Pruned():
            count = len(parse_indexes(body.entries))
            return _row(
                entry, kind="pruned", contract=body.contract, reason=f"{count} entries", party=""
            )
        case Recovered():
            return _row(entry, kind="ledger", reason=entry.kind)
        case _:
            assert_never(body)


def _lookup(entry: Entry, body: LookupEvent) -> Summary:
    row = _row(entry, kind="lookup", reason=entry.kind)
    return row if isinstance(body, Dropped) else replace(row, rows=body.rows, bytes=body.bytes)


def _said(body: AcknowledgementEvent) -> str:
    answers = f"{body.answers} answers"
    if isinstance(body, AcknowledgementSent):
        return answers
    found = f"{len(body.differences)} differences" if body.differences else "both sides agree"
    return f"{answers}, {found}"


def _row(
    entry: Entry,
    *,
    kind: str,
    contract: str = "",
    party: str = "",
    state: str = "",
    reason: str = "",
) -> Summary:
    link = entry.link
    return Summary(
        index=entry.index,
        at=entry.at,
        kind=kind,
        contract=link.channel.contract if link else contract,
        party=_other_party(link, entry) if link else party,
        state=state,
        reason=str(reason),
        rows=0,
        bytes=0,
    )


def _other_party(link: Link, entry: Entry) -> str:
    is_consumers = isinstance(entry.body, Asked | Brought | AcknowledgementSent)
    return link.channel.provider if is_consumers else link.channel.consumer


def _ended(row: Summary, end: End) -> Summary:
    match end:
        case Closed():
            return replace(row, state="answered", rows=end.rows, bytes=end.bytes)
        case Received():
            state, reason = ("answered", "") if end.verified else ("cut", UNVERIFIED)
            return replace(row, state=state, reason=reason, rows=end.rows, bytes=end.bytes)
        case Cut() | Failed():
            return replace(row, state="cut", reason=str(end.reason), rows=end.rows, bytes=end.bytes)
        case Interrupted():
            return replace(
                row, state="interrupted", rows=end.reserved_rows, bytes=end.reserved_bytes
            )
        case Denied():
            return replace(row, state="refused", reason=end.reason)
        case _:
            assert_never(end)
