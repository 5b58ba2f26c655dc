"""Deletes what entries of contracts that ended long ago said; their leaves and order stay proven.

What is deleted is named by an entry `pruned`, in the same transaction. Salts go with the bodies:
without them, nobody can test a guess against a leaf.
"""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from sekisho.errors import LedgerError
from sekisho.ledger.bodies import Pruned
from sekisho.ledger.entry import parse_entry
from sekisho.ledger.indexes import Indexes
from sekisho.model.names import ContractId
from sekisho.store.connections import Readers
from sekisho.store.ledger_store import LedgerStore
from sekisho.store.transaction import Transaction

MAX_PRUNED: Final = 10_000
"""Entries of one transaction: the one that names them stays far below what an entry may hold."""


class PruningStore:
    """What retention rules have deleted, and are to delete."""

    def __init__(self, readers: Readers, ledger: LedgerStore) -> None:
        self._readers = readers
        self._ledger = ledger

    def contracts(self, since: int = 0) -> frozenset[ContractId]:
        """Name the contracts of which entries were pruned, by entries from some index on."""
        with self._readers.connection() as db:
            rows = db.execute(
                "SELECT idx, body FROM entries WHERE kind = 'pruned' AND idx >= ?", (since,)
            ).fetchall()
        bodies = (parse_entry(body, index=index).body for index, body in rows)
        return frozenset(body.contract for body in bodies if isinstance(body, Pruned))

    def entries_of(self, contracts: Collection[ContractId]) -> Mapping[ContractId, Indexes]:
        """List what each contract's answers and lookups left in the ledger and still has a body."""
        found = {contract: Indexes() for contract in contracts}
        for entry in self._ledger.entries():
            if entry.link is not None and entry.link.channel.contract in found:
                found[entry.link.channel.contract].add(entry.index)
        return found

    def prune(
        self, tx: Transaction, contract: ContractId, entries: Indexes, *, now: datetime
    ) -> int:
        """Delete bodies, salts and notes of entries, and the requests that they were about.

        Another replica may have pruned them since they were listed: an entry is named once.

        Args:
            tx: All of it is durable when this is.
            contract: Theirs; it must have ended.
            entries: At most `MAX_PRUNED` of what `entries_of` gave.
            now: For the entry that names them.

        Returns:
            How many entries still had a body.

        Raises:
            LedgerError: An answer under the contract still runs.
        """
        if tx.db.execute("SELECT 1 FROM open_answers WHERE contract = ?", (contract,)).fetchone():
            raise LedgerError("an answer under the contract still runs")
        left = _with_bodies(tx, entries)
        if not left:
            return 0
        body = Pruned(contract=contract, entries=left.texts())
        self._ledger.append(tx, body, now=now)
        tx.db.executemany(
            "UPDATE entries SET salt = ?, body = ?, note = '' WHERE idx = ?",
            [(b"", b"", index) for index in left],
        )
        tx.db.execute("DELETE FROM unacknowledged WHERE contract = ?", (contract,))
        tx.db.execute(
            "DELETE FROM requests WHERE contract = ? AND start <= ?", (contract, max(left))
        )
        return len(left)


def _with_bodies(tx: Transaction, entries: Indexes) -> Indexes:
    rows = tx.db.execute(
        "SELECT idx FROM entries WHERE length(salt) > 0"
        " AND idx IN (SELECT CAST(value AS INTEGER) FROM json_each(?)) ORDER BY idx",
        (json.dumps(list(entries)),),
    ).fetchall()
    return Indexes(index for (index,) in rows)
