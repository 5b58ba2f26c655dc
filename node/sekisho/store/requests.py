"""Requests that a provider's node has seen: each nonce is answered once.

A request that comes again gets the receipt of the first time. Requests are kept as long as the
ledger, so that no old one can be played again and the provider can always show who asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sekisho.errors import TrustError
from sekisho.ledger.entry import Channel
from sekisho.ledger.instants import moment_text
from sekisho.model.contract import RequestEvidence
from sekisho.model.names import PartyId
from sekisho.model.parameters import Parameter
from sekisho.model.query import Query
from sekisho.store.connections import Readers
from sekisho.store.database import Connection
from sekisho.store.pending import SELECT_REQUEST, RequestRow
from sekisho.store.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """What a consumer's node asked, once its signature or connection was believed."""

    digest: str
    """Of the request's payload, `sha256:…`."""
    nonce: str
    channel: Channel
    purpose: str
    sql: str
    evidence: RequestEvidence
    envelope: bytes
    """As it was received; empty when only the connection vouches for it."""
    parameters: tuple[Parameter, ...] = ()
    lookups: Mapping[str, str] | None = None
    """Digests of the tables that the query joins, by name."""

    @property
    def query(self) -> Query:
        """What the gate decides about."""
        channel = self.channel
        return Query(
            sql=self.sql,
            contract=channel.contract,
            purpose=self.purpose,
            consumer=channel.consumer,
            provider=channel.provider,
            parameters=self.parameters,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRequest:
    """A request that was seen before, and what came of it."""

    consumer: PartyId
    nonce: str
    digest: str
    contract: str
    envelope: bytes
    start: int
    """Index of its entry `opened` or `refused`."""
    receipt: bytes | None
    """The receipt's payload; None while the answer is running."""
    acknowledged: int | None
    """Index of the entry that compared what the consumer says of it; None before that, and -1
    where it came before there were acknowledgements."""


class RequestStore:
    """Requests by consumer and nonce."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def find(self, consumer: PartyId, nonce: str) -> StoredRequest | None:
        """Look a request up; one that is not there may still be in front of the writer."""
        with self._readers.connection() as db:
            return _find(db, consumer, nonce)

    def by_digest(self, digest: str) -> StoredRequest | None:
        """Look a request up by the digest that entries and receipts name."""
        with self._readers.connection() as db:
            row = db.execute(f"{SELECT_REQUEST} WHERE digest = ?", (digest,)).fetchone()
        return _stored(row) if row else None

    def receipts(self, contract: str) -> tuple[bytes, ...]:
        """List the payloads of the receipts that were given under a contract, oldest first."""
        with self._readers.connection() as db:
            rows = db.execute(
                "SELECT receipt FROM requests WHERE contract = ? AND receipt IS NOT NULL"
                " ORDER BY start",
                (contract,),
            ).fetchall()
        return tuple(row[0] for row in rows)

    def seen(self, tx: Transaction, request: ReceivedRequest) -> StoredRequest | None:
        """Look a request up inside the transaction that would answer it.

        Raises:
            TrustError: The nonce belongs to another request.
        """
        consumer, nonce = request.channel.consumer, request.nonce
        row = tx.requests.find(consumer, nonce)
        found = _stored(row) if row else None
        if found is not None and found.digest != request.digest:
            raise TrustError("the nonce was used for another request", step="request.nonce")
        return found

    def remember(
        self, tx: Transaction, request: ReceivedRequest, *, start: int, now: datetime
    ) -> None:
        """Keep a request with the index of the entry that answers it."""
        tx.requests.add(
            (
                request.channel.consumer,
                request.nonce,
                request.digest,
                request.channel.contract,
                request.envelope,
                moment_text(now),
                start,
                None,
                None,
            )
        )

    def conclude(self, tx: Transaction, consumer: PartyId, nonce: str, *, receipt: bytes) -> None:
        """Keep the payload of the receipt; Ed25519 signs it to the same bytes whenever needed."""
        tx.requests.conclude(consumer, nonce, receipt)


def _find(db: Connection, consumer: PartyId, nonce: str) -> StoredRequest | None:
    row = db.execute(
        f"{SELECT_REQUEST} WHERE consumer = ? AND nonce = ?", (consumer, nonce)
    ).fetchone()
    return _stored(row) if row else None


def _stored(row: RequestRow) -> StoredRequest:
    consumer, nonce, digest, contract, envelope, _, start, receipt, acknowledged = row
    return StoredRequest(
        consumer=PartyId(consumer),
        nonce=nonce,
        digest=digest,
        contract=contract,
        envelope=envelope,
        start=start,
        receipt=receipt,
        acknowledged=acknowledged,
    )
