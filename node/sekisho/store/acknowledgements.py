"""Acknowledgements that were sent or taken over: by channel and position, and what they settle.

The documents stand in the ledger's entries; here is only where.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sekisho.documents.envelope import Envelope, envelope_to_json, parse_envelope_json
from sekisho.errors import LedgerError, TrustError
from sekisho.ledger.acknowledgement import Acknowledgement
from sekisho.ledger.bodies import (
    AcknowledgementCompared,
    AcknowledgementSent,
)
from sekisho.ledger.differences import Difference
from sekisho.ledger.entry import Channel, Entry, parse_entry
from sekisho.model.names import ContractId, PartyId
from sekisho.store.connections import Readers
from sekisho.store.database import Connection
from sekisho.store.ledger_store import Appended, LedgerStore
from sekisho.store.standing import check_standing, epoch_of
from sekisho.store.transaction import Transaction

_SELECT = (
    "SELECT provider, consumer, contract, epoch, number, document, through, entry, at, differences"
    " FROM acknowledgements"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAcknowledgement:
    """Where one acknowledgement stands, sent or taken over."""

    channel: Channel
    epoch: int
    number: int
    document: str
    """Its digest."""
    through: int
    entry: int
    """Index of `acknowledged` or `compared`."""
    at: str
    differences: int
    """How many were found, at its provider."""

    @property
    def position(self) -> tuple[int, int]:
        """Epoch and number: documents of a channel in their order."""
        return (self.epoch, self.number)


class AcknowledgementStore:
    """Acknowledgements by channel, epoch and number."""

    def __init__(self, readers: Readers, ledger: LedgerStore) -> None:
        self._readers = readers
        self._ledger = ledger

    def last(
        self, channel: Channel, *, tx: Transaction | None = None
    ) -> StoredAcknowledgement | None:
        """Give a channel's newest acknowledgement."""
        with self._reading(tx) as db:
            return _last(db, channel)

    def following(self, channel: Channel, *, tx: Transaction | None = None) -> tuple[int, int, str]:
        """Give the epoch and number of this node's next one, and the digest of the one before."""
        with self._reading(tx) as db:
            epoch, last = epoch_of(db), _last(db, channel)
        if last is None or last.epoch != epoch:
            return epoch, 0, ""
        return epoch, last.number + 1, last.document

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
        return self.envelope_of(stored.entry)

    def envelope_of(self, index: int) -> Envelope:
        """Read the document that the entry at an index holds.

        Raises:
            LedgerError: The entry is another.
        """
        body = self._ledger.get(index).body
        if not isinstance(body, AcknowledgementSent | AcknowledgementCompared):
            raise LedgerError("the entry is no acknowledgement", index=index)
        return parse_envelope_json(body.document.encode(), name="acknowledgement")

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
            LedgerError: Nothing can be recorded, or the ledger is in doubt.
        """
        check_standing(tx)
        if (*said.position, said.previous) != self.following(said.channel, tx=tx):
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
            LedgerError: Nothing can be recorded, or the ledger is in doubt.
        """
        check_standing(tx)
        if any(_has_ended(tx.db, request) for request in running):
            return False
        last = self.last(said.channel, tx=tx)
        if last is not None and last.position >= said.position:
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
        # What a document of an earlier epoch named, this one's word is about from now on.
        began = self._began(tx, said)
        tx.db.executemany(
            "UPDATE requests SET acknowledged = ? WHERE digest = ? AND contract = ?"
            " AND consumer = ? AND (acknowledged IS NULL OR acknowledged BETWEEN 0 AND ?)",
            [
                (added.index, request, said.contract, said.consumer, began - 1)
                for request in sorted(settled)
            ],
        )
        return True

    def _began(self, tx: Transaction, said: Acknowledgement) -> int:
        """Tell the first entry of a document's epoch in its channel, at most the document's own.

        Entries of the channel's earlier epochs all stand before it.
        """
        (index,) = tx.db.execute(
            "SELECT entry FROM acknowledgements WHERE contract = ? AND consumer = ?"
            " AND provider = ? AND epoch = ? ORDER BY number LIMIT 1",
            (*_key(said.channel), said.epoch),
        ).fetchone()
        return int(index)

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
            "INSERT INTO acknowledgements (provider, consumer, contract, epoch, number, document,"
            " through, entry, at, differences) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                said.provider,
                said.consumer,
                said.contract,
                said.epoch,
                said.number,
                document,
                said.through,
                entry.index,
                entry.at,
                differences,
            ),
        )

    @contextmanager
    def _reading(self, tx: Transaction | None) -> Iterator[Connection]:
        if tx is not None:
            yield tx.db
            return
        with self._readers.snapshot() as db:
            yield db


def _last(db: Connection, channel: Channel) -> StoredAcknowledgement | None:
    row = db.execute(
        f"{_SELECT} WHERE contract = ? AND consumer = ? AND provider = ?"
        " ORDER BY epoch DESC, number DESC LIMIT 1",
        _key(channel),
    ).fetchone()
    return _stored(row) if row else None


def _has_ended(db: Connection, request: str) -> bool:
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


def _stored(
    row: tuple[str, str, str, int, int, str, int, int, str, int],
) -> StoredAcknowledgement:
    provider, consumer, contract, epoch, number, document, through, entry, at, differences = row
    return StoredAcknowledgement(
        channel=_channel(provider, consumer, contract),
        epoch=epoch,
        number=number,
        document=document,
        through=through,
        entry=entry,
        at=at,
        differences=differences,
    )
