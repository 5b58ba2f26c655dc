"""The ledger's entries on disk: appended inside a transaction, read past it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sekisho.errors import LedgerError
from sekisho.ledger.bodies import Body
from sekisho.ledger.entry import Channel, Entry, entry_bytes, parse_entry
from sekisho.ledger.instants import moment_text, parse_moment
from sekisho.ledger.merkle import Tree, parse_frontier
from sekisho.ledger.receipt import LedgerPosition
from sekisho.ledger.spans import StoredEntry
from sekisho.ledger.tiles import Subtree
from sekisho.ledger.verify import LedgerReport
from sekisho.store.connections import Readers
from sekisho.store.ledger_check import check_entries
from sekisho.store.transaction import Transaction

_PAGE = 1_000
"""Entries that are read at once; a long list does not hold the write-ahead log back."""
_SELECT = "SELECT idx, salt, body, leaf FROM entries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """Where a new entry stands; true on disk once the transaction is."""

    index: int
    at: str
    """The instant that the entry carries."""
    leaf: bytes
    tree: Tree
    """The ledger with this entry as its last."""

    def position(self) -> LedgerPosition:
        """Say the same as receipts do."""
        return LedgerPosition(index=self.index, size=self.tree.size, root=self.tree.root().hex())


class LedgerStore:
    """Entries by index."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def append(
        self,
        tx: Transaction,
        body: Body,
        *,
        now: datetime,
        channel: Channel | None = None,
        note: str = "",
    ) -> Appended:
        """Add an entry as the ledger's last.

        Args:
            tx: The entry is durable when this is.
            body: What happened.
            now: When; an instant that callers passing each other have put slightly behind the last
                entry is recorded as the last entry's.
            channel: For every body but contract and member events.
            note: For this node's own people, such as an engine's error text; kept beside the
                entry, neither hashed nor shown to anybody else.

        Raises:
            LedgerError: The clock is behind the last entry.
        """
        at = _time(tx, now)
        link = tx.next_link(channel) if channel else None
        entry = Entry(index=tx.tree.size, at=at, link=link, body=body)
        data = entry_bytes(entry)
        if len(data) > tx.limits.max_entry_bytes:
            raise LedgerError(f"an entry of {len(data)} bytes is too large for the ledger")
        leaf = tx.add_entry(entry, data, note=note)
        return Appended(index=entry.index, at=at, leaf=leaf, tree=tx.tree)

    def time(self, tx: Transaction, now: datetime) -> datetime:
        """Give the instant that an entry would carry; raises as `append`."""
        return parse_moment(_time(tx, now))

    def head(self) -> Tree:
        """Give the ledger's tree as it stands on disk."""
        with self._readers.connection() as db:
            row = db.execute("SELECT size, frontier FROM head").fetchone()
        return parse_frontier(*row)

    def get(self, index: int) -> Entry:
        """Read one entry.

        Raises:
            LedgerError: There is none of that index, it was pruned, or it cannot be read.
        """
        stored = self.stored(index)
        if stored.is_pruned:
            raise LedgerError(
                f"entry {index} was pruned: its leaf is kept, and nothing of what it said",
                index=index,
                hint="its contract ended longer ago than `retention` in node.yaml keeps entries",
            )
        return parse_entry(stored.body, index=index)

    def stored(self, index: int) -> StoredEntry:
        """Read one entry as it lies there, with its salt.

        Raises:
            LedgerError: There is none of that index.
        """
        with self._readers.connection() as db:
            row = db.execute(f"{_SELECT} WHERE idx = ?", (index,)).fetchone()
        if row is None:
            raise LedgerError(f"the ledger has no entry {index}", index=index)
        return _stored(row)

    def note(self, index: int) -> str:
        """Read what was noted beside an entry for this node's own people."""
        with self._readers.connection() as db:
            row = db.execute("SELECT note FROM entries WHERE idx = ?", (index,)).fetchone()
        return str(row[0]) if row else ""

    def end_of(self, index: int) -> Entry | None:
        """Read the entry that ends an `opened` or `asked`, if there is one."""
        with self._readers.connection() as db:
            row = db.execute("SELECT idx, body FROM entries WHERE ends = ?", (index,)).fetchone()
        return parse_entry(row[1], index=row[0]) if row and row[1] else None

    def stored_entries(self, start: int = 0, stop: int | None = None) -> Iterator[StoredEntry]:
        """Read entries as they lie there, in order, a page at a time."""
        stop = self.head().size if stop is None else stop
        while start < stop:
            with self._readers.connection() as db:
                page = db.execute(
                    f"{_SELECT} WHERE idx >= ? AND idx < ? ORDER BY idx LIMIT ?",
                    (start, stop, _PAGE),
                ).fetchall()
            if not page:
                return
            yield from map(_stored, page)
            start = page[-1][0] + 1

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[Entry]:
        """Read entries in order; those that were pruned are left out.

        Raises:
            LedgerError: One of them cannot be read.
        """
        for stored in self.stored_entries(start, stop):
            if not stored.is_pruned:
                yield parse_entry(stored.body, index=stored.index)

    def verify(self) -> LedgerReport:
        """Check every entry against the head; the node may go on, and prune, meanwhile.

        Raises:
            LedgerError: With the index of the first entry that does not hold.
        """
        return check_entries(self._readers, keeps=self._keeps)

    def _keeps(self, subtree: Subtree) -> bool:
        with self._readers.connection() as db:
            row = db.execute(
                "SELECT root FROM subtrees WHERE level = ? AND idx = ?",
                (subtree.level, subtree.index),
            ).fetchone()
        return row is not None and bytes(row[0]) == subtree.root


def _time(tx: Transaction, now: datetime) -> str:
    at = moment_text(now)
    if at >= tx.last_at:
        return at
    behind = parse_moment(tx.last_at) - now
    if behind > timedelta(seconds=tx.limits.max_clock_back_seconds):
        raise LedgerError(
            f"the clock is behind the ledger: it says {at}, the last entry is from {tx.last_at}",
            hint="set the clock right; nothing is answered until it has passed the last entry",
        )
    return tx.last_at


def _stored(row: tuple[int, bytes, bytes, bytes]) -> StoredEntry:
    index, salt, body, leaf = row
    return StoredEntry(index=index, salt=salt, body=body, leaf=leaf)
