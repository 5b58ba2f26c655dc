"""Acknowledgements of both sides: what waits to be said, what was said, and what nobody has said.

A consumer's end of an answer is kept in `unacknowledged` until a document names it. At a provider
the request itself says which entry compared its acknowledgement. Documents stand in the ledger's
entries; here is only where.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from sekisho.documents.envelope import Envelope, envelope_to_json, parse_envelope_json
from sekisho.errors import LedgerError, TrustError
from sekisho.ledger.acknowledgement import MAX_ANSWERS, Acknowledged, Acknowledgement, Ending
from sekisho.ledger.bodies import (
    AcknowledgementCompared,
    AcknowledgementSent,
    Asked,
    Denied,
    Failed,
    Interrupted,
    Received,
)
from sekisho.ledger.differences import Difference
from sekisho.ledger.entry import Channel, Entry, parse_entry
from sekisho.ledger.instants import parse_moment
from sekisho.model.names import ContractId, PartyId
from sekisho.store.connections import Readers
from sekisho.store.ledger_store import Appended, LedgerStore
from sekisho.store.transaction import Transaction

_SELECT = (
    "SELECT provider, consumer, contract, number, document, through, entry, at, differences"
    " FROM acknowledgements"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAcknowledgement:
    """Where one acknowledgement stands, sent or taken over."""

    channel: Channel
    number: int
    document: str
    """Its digest."""
    through: int
    entry: int
    """Index of `acknowledged` or `compared`."""
    at: str
    differences: int
    """How many were found, at its provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Answers of a channel that no acknowledgement names yet."""

    channel: Channel
    answers: int
    since: datetime
    """When the oldest came, or its request did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What the next acknowledgement of a channel has to say."""

    answers: tuple[Acknowledged, ...]
    running: tuple[str, ...]
    through: int
    ended: tuple[int, ...]
    """Indexes of the entries that ended the answers."""


class AcknowledgementStore:
    """Acknowledgements by channel and number."""

    def __init__(self, readers: Readers, ledger: LedgerStore) -> None:
        self._readers = readers
        self._ledger = ledger

    def last(
        self, channel: Channel, *, tx: Transaction | None = None
    ) -> StoredAcknowledgement | None:
        """Give a channel's newest acknowledgement."""
        with self._reading(tx) as db:
            row = db.execute(
                f"{_SELECT} WHERE contract = ? AND consumer = ? AND provider = ?"
                " ORDER BY number DESC LIMIT 1",
                _key(channel),
            ).fetchone()
        return _stored(row) if row else None

    def find(self, document: str) -> StoredAcknowledgement | None:
        """Find one by its digest."""
        with self._reading(None) as db:
            row = db.execute(f"{_SELECT} WHERE document = ?", (document,)).fetchone()
        return _stored(row) if row else None

    def envelope(self, stored: StoredAcknowledgement) -> Envelope:
        """Read the document that an entry holds.

        Raises:
            LedgerError: The entry is another.
        """
        body = self._ledger.get(stored.entry).body
        if not isinstance(body, AcknowledgementSent | AcknowledgementCompared):
            raise LedgerError("the entry is no acknowledgement", index=stored.entry)
        return parse_envelope_json(body.document.encode(), name="acknowledgement")

    def waiting(self, consumer: PartyId) -> tuple[Waiting, ...]:
        """List what this node, as a consumer, has not acknowledged."""
        with self._reading(None) as db:
            rows = db.execute(
                "SELECT provider, contract, count(*), min(at) FROM unacknowledged"
                " GROUP BY provider, contract ORDER BY contract, provider"
            ).fetchall()
        return tuple(
            Waiting(
                channel=_channel(provider, consumer, contract),
                answers=count,
                since=parse_moment(at),
            )
            for provider, contract, count, at in rows
        )

    def awaited(self, provider: PartyId) -> tuple[Waiting, ...]:
        """List what others have not acknowledged to this node, a provider.

        Requests that nobody signed are left out: their company need not have a node.
        """
        with self._reading(None) as db:
            rows = db.execute(
                "SELECT consumer, contract, count(*), min(received_at) FROM requests"
                " WHERE acknowledged IS NULL AND receipt IS NOT NULL AND length(envelope) > 0"
                " GROUP BY contract, consumer ORDER BY contract, consumer"
            ).fetchall()
        return tuple(
            Waiting(
                channel=_channel(provider, consumer, contract),
                answers=count,
                since=parse_moment(at),
            )
            for consumer, contract, count, at in rows
        )

    def collect(self, channel: Channel) -> Collected:
        """Gather what the next acknowledgement says, as it stands at one instant.

        Raises:
            LedgerError: An entry cannot be read.
        """
        with self._reading(None) as db:
            rows = db.execute(
                "SELECT ends.idx, ends.body, starts.body FROM unacknowledged AS waiting"
                " JOIN entries AS ends ON ends.idx = waiting.ended"
                " JOIN entries AS starts ON starts.idx = ends.ends"
                " WHERE waiting.contract = ? AND waiting.provider = ?"
                " AND length(ends.body) > 0 AND length(starts.body) > 0"
                " ORDER BY waiting.ended LIMIT ?",
                (channel.contract, channel.provider, MAX_ANSWERS),
            ).fetchall()
            running = db.execute(
                "SELECT request FROM open_answers WHERE side = 'consumer'"
                " AND contract = ? AND consumer = ? AND provider = ? ORDER BY idx LIMIT ?",
                (*_key(channel), MAX_ANSWERS),
            ).fetchall()
            (last,) = db.execute(
                "SELECT seq FROM channels WHERE contract = ? AND consumer = ? AND provider = ?",
                _key(channel),
            ).fetchone()
        ends = [parse_entry(end, index=index) for index, end, _ in rows]
        starts = [parse_entry(start) for _, _, start in rows]
        link = ends[-1].link if len(ends) == MAX_ANSWERS else None
        return Collected(
            answers=tuple(map(_acknowledged, ends, starts)),
            running=tuple(item[0] for item in running),
            through=link.seq if link else last,
            ended=tuple(entry.index for entry in ends),
        )

    def send(
        self,
        tx: Transaction,
        said: Acknowledgement,
        envelope: Envelope,
        *,
        ended: Sequence[int],
        now: datetime,
    ) -> bool:
        """Append `acknowledged`, and keep that those answers need no other.

        Returns:
            Whether it was kept: not if another of that number was meanwhile, as two processes that
            share a state may both come to make one.

        Raises:
            LedgerError: Nothing can be recorded.
        """
        last = self.last(said.channel, tx=tx)
        if said.number != (last.number + 1 if last else 0):
            return False
        body = AcknowledgementSent(
            number=said.number, answers=len(said.answers), document=_text(envelope)
        )
        added = self._ledger.append(tx, body, channel=said.channel, now=now)
        self._keep(tx, said, document=envelope.digest, entry=added)
        tx.db.executemany(
            "DELETE FROM unacknowledged WHERE contract = ? AND provider = ? AND ended = ?",
            [(said.contract, said.provider, index) for index in ended],
        )
        return True

    def take(
        self,
        tx: Transaction,
        said: Acknowledgement,
        envelope: Envelope,
        *,
        differences: Sequence[Difference],
        running: Iterable[str],
        now: datetime,
    ) -> bool:
        """Append `compared`, and keep which requests it settles.

        Args:
            tx: What it is durable with.
            said: Verified.
            envelope: As it was received.
            differences: From this node's records.
            running: Requests that had not ended here when they were compared.
            now: When.

        Returns:
            Whether it was kept: not if one of those has ended since, so that the comparison always
            follows from the entries ahead of it.

        Raises:
            TrustError: Another one of the channel has come meanwhile.
            LedgerError: Nothing can be recorded.
        """
        if any(_has_ended(tx.db, request) for request in running):
            return False
        last = self.last(said.channel, tx=tx)
        if last is not None and last.number >= said.number:
            raise TrustError("another one came meanwhile", step="acknowledgement.number")
        body = AcknowledgementCompared(
            number=said.number,
            answers=len(said.answers),
            document=_text(envelope),
            differences=tuple(differences),
        )
        added = self._ledger.append(tx, body, channel=said.channel, now=now)
        self._keep(tx, said, document=envelope.digest, entry=added, differences=len(differences))
        settled = {item.request for item in said.answers} | {item.request for item in differences}
        tx.db.executemany(
            "UPDATE requests SET acknowledged = ?"
            " WHERE digest = ? AND contract = ? AND consumer = ? AND acknowledged IS NULL",
            [(added.index, request, said.contract, said.consumer) for request in sorted(settled)],
        )
        return True

    def differing(self, *, since: str = "") -> Iterator[tuple[Entry, Difference]]:
        """Give each difference that was recorded here from an instant on, with its entry."""
        with self._reading(None) as db:
            rows = db.execute(
                "SELECT idx, body FROM entries WHERE length(body) > 0 AND idx IN"
                " (SELECT entry FROM acknowledgements WHERE differences > 0 AND at >= ?)"
                " ORDER BY idx",
                (since,),
            ).fetchall()
        for index, body in rows:
            entry = parse_entry(body, index=index)
            if isinstance(entry.body, AcknowledgementCompared):
                for item in entry.body.differences:
                    yield entry, item

    def newest(self, contract: ContractId) -> tuple[StoredAcknowledgement, ...]:
        """Give the newest acknowledgement of each of a contract's channels."""
        with self._reading(None) as db:
            rows = db.execute(
                "SELECT DISTINCT provider, consumer FROM acknowledgements WHERE contract = ?"
                " ORDER BY provider, consumer",
                (contract,),
            ).fetchall()
        found = (self.last(_channel(provider, consumer, contract)) for provider, consumer in rows)
        return tuple(item for item in found if item is not None)

    def never_named(self, channel: Channel, *, before: int) -> tuple[str, ...]:
        """List requests from before an entry of this provider's that no acknowledgement names."""
        with self._reading(None) as db:
            rows = db.execute(
                "SELECT digest FROM requests WHERE contract = ? AND consumer = ?"
                " AND acknowledged IS NULL AND start < ? AND length(envelope) > 0"
                " ORDER BY start LIMIT ?",
                (channel.contract, channel.consumer, before, 2 * MAX_ANSWERS),
            ).fetchall()
        return tuple(row[0] for row in rows)

    def _keep(
        self,
        tx: Transaction,
        said: Acknowledgement,
        *,
        document: str,
        entry: Appended,
        differences: int = 0,
    ) -> None:
        tx.db.execute(
            "INSERT INTO acknowledgements (provider, consumer, contract, number, document, through,"
            " entry, at, differences) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                said.provider,
                said.consumer,
                said.contract,
                said.number,
                document,
                said.through,
                entry.index,
                entry.at,
                differences,
            ),
        )

    @contextmanager
    def _reading(self, tx: Transaction | None) -> Iterator[sqlite3.Connection]:
        if tx is not None:
            yield tx.db
            return
        with self._readers.connection() as db:
            db.execute("BEGIN")
            try:
                yield db
            finally:
                db.execute("ROLLBACK")


def _acknowledged(end: Entry, start: Entry) -> Acknowledged:
    """Say of one answer what the entry that ended it says."""
    asked, body = start.body, end.body
    if not isinstance(asked, Asked) or not isinstance(
        body, Received | Failed | Denied | Interrupted
    ):
        raise LedgerError(f"entry {end.index} ends no question", index=end.index)
    match body:
        case Received():
            rows, size, verified = body.rows, body.bytes, body.verified
        case Failed():
            rows, size, verified = body.rows, body.bytes, False
        case Denied():
            rows, size, verified = 0, 0, bool(body.receipt)
        case Interrupted():
            rows, size, verified = 0, 0, False
        case _:
            assert_never(body)
    return Acknowledged(
        request=asked.request,
        ending=Ending(end.kind),
        rows=rows,
        bytes=size,
        blake3=body.blake3 if isinstance(body, Received) else "",
        verified=verified,
    )


def _has_ended(db: sqlite3.Connection, request: str) -> bool:
    row = db.execute(
        "SELECT 1 FROM requests WHERE digest = ? AND receipt IS NOT NULL", (request,)
    ).fetchone()
    return row is not None


def _text(envelope: Envelope) -> str:
    return envelope_to_json(envelope).decode()


def _key(channel: Channel) -> tuple[str, str, str]:
    return (channel.contract, channel.consumer, channel.provider)


def _channel(provider: str, consumer: str, contract: str) -> Channel:
    return Channel(
        provider=PartyId(provider), consumer=PartyId(consumer), contract=ContractId(contract)
    )


def _waiting(channel: Channel, answers: int, at: str) -> Waiting:
    return Waiting(channel=channel, answers=answers, since=parse_moment(at))


def _stored(
    row: tuple[str, str, str, int, str, int, int, str, int],
) -> StoredAcknowledgement:
    provider, consumer, contract, number, document, through, entry, at, differences = row
    return StoredAcknowledgement(
        channel=_channel(provider, consumer, contract),
        number=number,
        document=document,
        through=through,
        entry=entry,
        at=at,
        differences=differences,
    )
