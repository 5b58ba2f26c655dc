"""One leaf of the ledger in words, and its canonical JSON.

An entry is a header (index, instant, kind, and its place in a channel) and a body. A channel is
what one provider answered to one consumer under one contract, seen from one node: its entries carry
a dense sequence number and the hash of the channel's previous leaf, so that either side can show
its part to the other without showing anybody else's.
"""

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from sekisho.errors import DocumentError, LedgerError
from sekisho.ledger.bodies import KIND_OF, KINDS, UNCHANNELLED, Body
from sekisho.ledger.instants import parse_moment
from sekisho.ledger.record import from_record, parse_record, record_bytes, to_record
from sekisho.model.names import ContractId, PartyId

ENTRY_FORMAT = "sekisho.entry/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Whose answers to whom, under which contract."""

    provider: PartyId
    consumer: PartyId
    contract: ContractId


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An entry's place in its channel."""

    channel: Channel
    seq: int
    """Dense, from 0."""
    previous: str
    """Leaf hash of the channel's previous entry, in hex; empty for the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One leaf of the ledger, in words."""

    index: int
    at: str
    """UTC to the millisecond; never before the previous entry's."""
    link: Link | None
    """None for bodies that belong to no channel."""
    body: Body

    def __post_init__(self) -> None:
        """Hold a body to its channel."""
        if isinstance(self.body, UNCHANNELLED) != (self.link is None):
            message = "an answer's entry needs its channel, and no other has one"
            raise ValueError(message)

    @property
    def kind(self) -> str:
        """The kind as the entry carries it, such as `opened`."""
        return KIND_OF[type(self.body)]


def entry_bytes(entry: Entry) -> bytes:
    """Write an entry as the canonical JSON that is hashed."""
    record = to_record(entry.body)
    record["format"] = ENTRY_FORMAT
    record["index"] = entry.index
    record["at"] = entry.at
    record["kind"] = entry.kind
    if entry.link is not None:
        channel = entry.link.channel
        record["provider"] = channel.provider
        record["consumer"] = channel.consumer
        record["contract"] = channel.contract
        record["seq"] = entry.link.seq
        record["previous"] = entry.link.previous
    return record_bytes(record)


def parse_entry(data: bytes, *, index: int | None = None) -> Entry:
    """Read an entry's canonical bytes.

    Args:
        data: As stored.
        index: Where it was found, for the error; not compared.

    Raises:
        LedgerError: It is not canonical JSON of a known kind with exactly that kind's fields.
    """
    try:
        return _parse(parse_record(data, name="entry"))
    except (DocumentError, ValueError) as error:
        where = "the entry" if index is None else f"entry {index}"
        message = f"{where} cannot be read: {error}"
        raise LedgerError(message, index=index) from error


def _parse(record: dict[str, Any]) -> Entry:
    found = record.pop("format", None), record.pop("kind", None)
    if found[0] != ENTRY_FORMAT or not isinstance(found[1], str) or found[1] not in KINDS:
        message = f"its format is not `{ENTRY_FORMAT}` or its kind is unknown"
        raise ValueError(message)
    kind = KINDS[found[1]]
    if kind in UNCHANNELLED:
        header = from_record(_Header, _take(record, _HEADER), name="entry")
        link = None
    else:
        header = placed = from_record(_Placed, _take(record, _PLACED), name="entry")
        channel = _channel(placed.provider, placed.consumer, placed.contract)
        link = Link(channel=channel, seq=placed.seq, previous=placed.previous)
    parse_moment(header.at)
    body = from_record(kind, record, name="entry")
    return Entry(index=header.index, at=header.at, link=link, body=body)


def _take(record: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: record.pop(name) for name in names if name in record}


@lru_cache(maxsize=1_000)
def _channel(provider: PartyId, consumer: PartyId, contract: ContractId) -> Channel:
    """Make a channel once: a ledger has few, and names each in every entry."""
    return Channel(provider=provider, consumer=consumer, contract=contract)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    index: int
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed(_Header):
    provider: PartyId
    consumer: PartyId
    contract: ContractId
    seq: int
    previous: str


_HEADER = tuple(field.name for field in fields(_Header))
_PLACED = tuple(field.name for field in fields(_Placed))
