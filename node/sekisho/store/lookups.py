"""Tables that consumers bring: one content for each name under a contract.

It is the first one that a request has named. Until then whoever brought a table may bring another
in its place: that its node never heard that the first one was taken holds it to nothing. A
provider's node keeps what was brought to it, a consumer's node what it brings, so that all its
providers get the same. Content is kept until the node's part of the contract has ended; name,
digest and parties stay as evidence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sekisho.ledger.bodies import Brought, Dropped, Taken
from sekisho.ledger.entry import Channel
from sekisho.ledger.instants import moment_text
from sekisho.model.names import ContractId, PartyId
from sekisho.store.connections import Readers
from sekisho.store.database import Connection
from sekisho.store.ledger_store import LedgerStore
from sekisho.store.transaction import Transaction

_SELECT = "SELECT id, contract, name, digest, size, recorded_at, dropped_at, named FROM lookups"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A table as it was brought, once it has been read."""

    name: str
    digest: str
    rows: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLookup:
    """What is kept of a table beside its content."""

    number: int
    contract: ContractId
    name: str
    digest: str
    rows: int
    recorded_at: str
    dropped_at: str
    """When its content was deleted; empty while it is kept."""
    is_named: bool
    """Whether a request that was answered or refused here has named it."""
    parties: tuple[PartyId, ...]
    """At a provider who brought it, at a consumer who has it; in the order in which they did."""


class LookupStore:
    """Tables by contract and name."""

    def __init__(self, readers: Readers, ledger: LedgerStore) -> None:
        self._readers = readers
        self._ledger = ledger

    def find(self, contract: ContractId, name: str) -> StoredLookup | None:
        """Look a table up."""
        with self._readers.connection() as db:
            return _find(db, contract, name)

    def of_contract(self, contract: ContractId) -> tuple[StoredLookup, ...]:
        """List the tables of a contract by name."""
        with self._readers.connection() as db:
            rows = db.execute(f"{_SELECT} WHERE contract = ? ORDER BY name", (contract,)).fetchall()
            return tuple(_stored(db, row) for row in rows)

    def content(self, contract: ContractId, name: str) -> bytes | None:
        """Read a table's content; None where none is kept."""
        with self._readers.connection() as db:
            row = db.execute(
                "SELECT content FROM lookups WHERE contract = ? AND name = ?", (contract, name)
            ).fetchone()
        return row[0] if row else None

    def contracts(self) -> tuple[ContractId, ...]:
        """List the contracts of which content is kept."""
        with self._readers.connection() as db:
            rows = db.execute(
                "SELECT DISTINCT contract FROM lookups WHERE content IS NOT NULL"
            ).fetchall()
        return tuple(ContractId(row[0]) for row in rows)

    def keep(
        self, tx: Transaction, contract: ContractId, content: Content, *, now: datetime
    ) -> StoredLookup:
        """Keep the first content of a name.

        Returns:
            What is kept of that name, whichever content came first.
        """
        found = _find(tx.db, contract, content.name)
        if found is None:
            tx.db.execute(
                "INSERT INTO lookups (contract, name, digest, size, content, recorded_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    contract,
                    content.name,
                    content.digest,
                    content.rows,
                    content.data,
                    moment_text(now),
                ),
            )
            found = _find(tx.db, contract, content.name)
        if found is None:
            raise RuntimeError("what was kept is not there")
        return found

    def take(
        self, tx: Transaction, content: Content, *, channel: Channel, now: datetime
    ) -> tuple[StoredLookup, bool]:
        """Take over what a consumer brings.

        Returns:
            What is kept of that name, which is another content where that is fixed already; and
            whether an earlier one that this consumer alone had brought was dropped for it.
        """
        found = _find(tx.db, channel.contract, content.name)
        is_replaced = (
            found is not None
            and found.digest != content.digest
            and not (found.is_named or found.dropped_at)
            and found.parties == (channel.consumer,)
        )
        if found is not None and is_replaced:
            self._record_drop(tx, found, provider=channel.provider, now=now)
            tx.db.execute("DELETE FROM lookup_parties WHERE lookup = ?", (found.number,))
            tx.db.execute("DELETE FROM lookups WHERE id = ?", (found.number,))
        stored = self.keep(tx, channel.contract, content, now=now)
        size = len(content.data)
        if stored.digest == content.digest:
            self.record(
                tx, stored, party=channel.consumer, channel=channel, size_bytes=size, now=now
            )
        return stored, is_replaced

    def record(
        self,
        tx: Transaction,
        stored: StoredLookup,
        *,
        party: PartyId,
        channel: Channel,
        size_bytes: int,
        now: datetime,
    ) -> bool:
        """Record that a table has been handed over, once for each other party.

        Args:
            tx: Of the entry as well.
            stored: As `keep` gives it.
            party: The other one: who brought it here, or who has taken it over.
            channel: Of the entry.
            size_bytes: Of the content.
            now: When.

        Returns:
            Whether it is that party's first time.
        """
        kept = tx.db.execute(
            "INSERT INTO lookup_parties (lookup, party, recorded_at) VALUES (?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (stored.number, party, moment_text(now)),
        ).rowcount
        if not kept:
            return False
        kind = Taken if party == channel.consumer else Brought
        body = kind(lookup=stored.name, digest=stored.digest, rows=stored.rows, bytes=size_bytes)
        self._ledger.append(tx, body, channel=channel, now=now)
        return True

    def withdraw(
        self, tx: Transaction, contract: ContractId, name: str, *, digest: str | None = None
    ) -> None:
        """Forget a table that nobody has taken over; of a digest, only if it is that one."""
        tx.db.execute(
            "DELETE FROM lookups WHERE contract = ? AND name = ? AND digest = coalesce(?, digest)"
            " AND id NOT IN (SELECT lookup FROM lookup_parties)",
            (contract, name, digest),
        )

    def keep_taken(
        self, tx: Transaction, contract: ContractId, content: Content, *, now: datetime
    ) -> StoredLookup:
        """Keep a content that a provider has, in the place of one that none has yet.

        Returns:
            What is kept of that name: another content where another provider has that.
        """
        found = _find(tx.db, contract, content.name)
        if found is not None and found.digest != content.digest:
            self.withdraw(tx, contract, content.name)
        return self.keep(tx, contract, content, now=now)

    def drop(
        self, tx: Transaction, contract: ContractId, *, provider: PartyId | None, now: datetime
    ) -> None:
        """Delete the content of a contract's tables.

        Args:
            tx: Of the entries as well.
            contract: Whose.
            provider: This node's party, where the tables are consumers'; None for its own.
            now: When.
        """
        rows = tx.db.execute(
            f"{_SELECT} WHERE contract = ? AND content IS NOT NULL ORDER BY name", (contract,)
        ).fetchall()
        for stored in [_stored(tx.db, row) for row in rows]:
            tx.db.execute(
                "UPDATE lookups SET content = NULL, dropped_at = ? WHERE id = ?",
                (moment_text(now), stored.number),
            )
            if provider is not None:
                self._record_drop(tx, stored, provider=provider, now=now)

    def _record_drop(
        self, tx: Transaction, stored: StoredLookup, *, provider: PartyId, now: datetime
    ) -> None:
        for consumer in stored.parties:
            channel = Channel(provider=provider, consumer=consumer, contract=stored.contract)
            body = Dropped(lookup=stored.name, digest=stored.digest)
            self._ledger.append(tx, body, channel=channel, now=now)


def name_lookups(tx: Transaction, contract: ContractId, lookups: Mapping[str, str] | None) -> bool:
    """Fix the tables that a request names, in the transaction that records the request.

    Returns:
        Whether each of them is kept under the digest that the request names.
    """
    named = [
        tx.db.execute(
            "UPDATE lookups SET named = 1 WHERE contract = ? AND name = ? AND digest = ?",
            (contract, name, digest),
        ).rowcount
        for name, digest in (lookups or {}).items()
    ]
    return all(named)


_Row = tuple[int, str, str, str, int, str, str | None, int]


def _find(db: Connection, contract: ContractId, name: str) -> StoredLookup | None:
    row = db.execute(f"{_SELECT} WHERE contract = ? AND name = ?", (contract, name)).fetchone()
    return _stored(db, row) if row else None


def _stored(db: Connection, row: _Row) -> StoredLookup:
    number, contract, name, digest, rows, recorded_at, dropped_at, named = row
    parties = db.execute(
        "SELECT party FROM lookup_parties WHERE lookup = ? ORDER BY recorded_at, party", (number,)
    ).fetchall()
    return StoredLookup(
        number=number,
        contract=ContractId(contract),
        name=name,
        digest=digest,
        rows=rows,
        recorded_at=recorded_at,
        dropped_at=dropped_at or "",
        is_named=bool(named),
        parties=tuple(PartyId(party) for (party,) in parties),
    )
