"""Documents on their way to other parties' nodes, kept until each has acknowledged."""

from dataclasses import dataclass
from datetime import datetime

from sekisho.ledger.instants import moment_text, parse_moment
from sekisho.model.names import PartyId
from sekisho.store.connections import Readers
from sekisho.store.transaction import Transaction

_SELECT = "SELECT id, party, kind, document, attempts, next_at, acknowledged_at FROM outbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One document for one party; its bytes are read when it is sent."""

    id: int
    party: PartyId
    kind: str
    """`contract`, `notice` or `acknowledgement`."""
    document: str
    """Id of the document."""
    attempts: int
    next_at: datetime
    acknowledged_at: datetime | None


class Outbox:
    """Deliveries by party and document."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def put(
        self, tx: Transaction, party: PartyId, *, kind: str, document: str, now: datetime
    ) -> None:
        """Queue a document for a party, or once more when it has changed since it was delivered."""
        at = moment_text(now)
        tx.db.execute(
            "INSERT INTO outbox (party, kind, document, queued_at, next_at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (party, kind, document) DO UPDATE SET queued_at = excluded.queued_at,"
            " next_at = excluded.next_at, attempts = 0, acknowledged_at = NULL",
            (party, kind, document, at, at),
        )

    def postpone(self, tx: Transaction, delivery: Delivery, *, next_at: datetime) -> None:
        """Count an attempt that failed, and say when to try again."""
        tx.db.execute(
            "UPDATE outbox SET attempts = attempts + 1, next_at = ? WHERE id = ?",
            (moment_text(next_at), delivery.id),
        )

    def acknowledge(self, tx: Transaction, delivery: Delivery, *, now: datetime) -> None:
        """Keep that the party has the document, unless it was queued anew meanwhile."""
        tx.db.execute(
            "UPDATE outbox SET acknowledged_at = ?, attempts = attempts + 1"
            " WHERE id = ? AND attempts = ? AND next_at = ?",
            (moment_text(now), delivery.id, delivery.attempts, moment_text(delivery.next_at)),
        )

    def due(self, now: datetime, *, most: int = 100) -> tuple[Delivery, ...]:
        """List what shall be sent now, longest due first."""
        return self._query(
            "acknowledged_at IS NULL AND next_at <= ?"
            # Versions of a member document are believed in their order only.
            " AND NOT (kind = 'member' AND EXISTS (SELECT 1 FROM outbox AS earlier"
            " WHERE earlier.party = outbox.party AND earlier.kind = 'member'"
            " AND earlier.id < outbox.id AND earlier.acknowledged_at IS NULL))"
            " ORDER BY next_at, id LIMIT ?",
            moment_text(now),
            most,
        )

    def next_at(self) -> datetime | None:
        """Tell when something is due next."""
        found = self._query("acknowledged_at IS NULL ORDER BY next_at LIMIT 1")
        return found[0].next_at if found else None

    def of_document(self, document: str) -> tuple[Delivery, ...]:
        """List who a document goes to, and who has acknowledged it."""
        return self._query("document = ? ORDER BY party", document)

    def _query(self, rest: str, *values: str | int) -> tuple[Delivery, ...]:
        with self._readers.connection() as db:
            rows = db.execute(f"{_SELECT} WHERE {rest}", values).fetchall()
        return tuple(map(_delivery, rows))


def _delivery(row: tuple[int, str, str, str, int, str, str | None]) -> Delivery:
    number, party, kind, document, attempts, next_at, acknowledged_at = row
    return Delivery(
        id=number,
        party=PartyId(party),
        kind=kind,
        document=document,
        attempts=attempts,
        next_at=parse_moment(next_at),
        acknowledged_at=parse_moment(acknowledged_at) if acknowledged_at else None,
    )
