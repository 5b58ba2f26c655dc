"""What a submitted function works with: one open transaction and the ledger's head inside it.

Entries and the rows that go with them are collected and written in one go when the batch is
complete: the database is entered as seldom as possible, because every time other threads get in
between. Whatever else reads or writes finds those rows in their tables: they are written before it.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

from sekisho.errors import OutdatedError
from sekisho.ledger.entry import Channel, Entry, Link
from sekisho.ledger.merkle import SALT_BYTES, Tree, entry_hash, frontier_bytes, parse_frontier
from sekisho.ledger.tiles import WIDTH, Subtree, completed_by
from sekisho.model.limits import Limits
from sekisho.store.counts import Counts
from sekisho.store.database import Connection
from sekisho.store.pending import OpenRows, RequestRows

T = TypeVar("T")
_SALTS = 16


class Transaction:
    """An open transaction; it must not outlive the function that was given it."""

    __slots__ = (
        "_channels",
        "_db",
        "_entries",
        "_links",
        "_once",
        "_salts",
        "_subtrees",
        "_written",
        "counts",
        "last_at",
        "limits",
        "open_rows",
        "random",
        "replica",
        "requests",
        "tree",
        "version",
    )

    def __init__(
        self,
        db: Connection,
        *,
        limits: Limits,
        random: Callable[[int], bytes],
        replica: int = 0,
    ) -> None:
        self._db = db
        self.limits = limits
        self.random = random
        self.counts = Counts(db)
        """What limits have counted, with what this batch has charged so far."""
        self.open_rows = OpenRows(db)
        """What runs, with what this batch has begun and ended so far."""
        self.requests = RequestRows(db)
        """What was asked, with what this batch has taken and concluded so far."""
        self._written = 0
        """Of the rows above, which count as changes when they are collected."""
        self._once: dict[str, Any] = {}
        self.replica = replica
        """Who writes, see `Database.replica`."""
        self.tree = Tree()
        """The ledger's head with what this batch has appended so far."""
        self.last_at = ""
        """Instant of the last entry; empty when there is none."""
        self.version = 0
        """Of contracts and members: the ledger's size after the last entry about one of them."""
        self._entries: list[tuple[object, ...]] = []
        self._channels: dict[Channel, tuple[int, str]] = {}
        self._links: set[Channel] = set()
        self._salts: list[bytes] = []
        self._subtrees: list[Subtree] = []
        self.load_head()

    @property
    def db(self) -> Connection:
        """For statements that only read or change rows; never to begin or end the transaction."""
        self._write_rows()
        self._once.clear()
        return self._db

    def once(self, what: str, read: Callable[[Connection], T]) -> T:
        """Read what only a statement through `db` changes: once, until there is one.

        Args:
            what: Names it.
            read: Is given the database without the rows that are collected.
        """
        if what not in self._once:
            self._once[what] = read(self._db)
        return cast("T", self._once[what])

    @property
    def changes(self) -> int:
        """A count that grows with everything that is written."""
        collected = self.counts.changes + self.open_rows.changes + self.requests.changes
        return self._db.total_changes - self._written + len(self._entries) + collected

    def load_head(self) -> None:
        """Take the ledger's head from the database, forgetting what was not written."""
        self.open_rows.forget()
        self.requests.forget()
        self._once.clear()
        row = self._db.execute("SELECT size, frontier, last_at, version FROM head").fetchone()
        self.tree = parse_frontier(row[0], row[1])
        self.last_at, self.version = row[2:]
        self._entries.clear()
        self._channels.clear()
        self._links.clear()
        self._subtrees.clear()
        self.counts.forget()

    def check_version(self, decided_at: int) -> None:
        """Hold a decision to what it was made on.

        Raises:
            OutdatedError: Contracts or members have changed since that version.
        """
        if self.version != decided_at:
            raise OutdatedError

    def next_link(self, channel: Channel) -> Link:
        """Find the place of a channel's next entry."""
        if channel not in self._channels:
            row = self._db.execute(
                "SELECT seq, leaf FROM channels"
                " WHERE contract = ? AND consumer = ? AND provider = ?",
                (channel.contract, channel.consumer, channel.provider),
            ).fetchone()
            self._channels[channel] = (row[0] + 1, row[1]) if row else (0, "")
        seq, previous = self._channels[channel]
        return Link(channel=channel, seq=seq, previous=previous)

    def add_entry(self, entry: Entry, data: bytes, *, note: str) -> bytes:
        """Take an entry's bytes as the next leaf; returns the leaf's hash."""
        salt = self._next_salt()
        leaf = entry_hash(salt, data)
        ends = getattr(entry.body, "ends", None)
        # An engine's words may hold what no database takes as text.
        note = note.replace("\0", "\N{REPLACEMENT CHARACTER}")
        self._entries.append((entry.index, entry.kind, ends, salt, data, leaf, note))
        if entry.link:
            self._channels[entry.link.channel] = (entry.link.seq + 1, leaf.hex())
            self._links.add(entry.link.channel)
        if self.tree.size % WIDTH == WIDTH - 1:
            self._subtrees.extend(completed_by(self.tree, leaf))
        self.tree = self.tree.append(leaf)
        if entry.link is None:
            self.version = self.tree.size
        self.last_at = entry.at
        return leaf

    def _next_salt(self) -> bytes:
        # Drawn by the dozen: the system gives way to other threads at every draw.
        if not self._salts:
            drawn = self.random(SALT_BYTES * _SALTS)
            cuts = range(0, len(drawn), SALT_BYTES)
            self._salts = [drawn[start : start + SALT_BYTES] for start in cuts]
        return self._salts.pop()

    def flush(self) -> None:
        """Write all that was collected: counts, rows, entries, their channels, the head."""
        self.counts.flush()
        self._write_rows()
        if not self._entries:
            return
        self._db.executemany(
            "INSERT INTO entries (idx, kind, ends, salt, body, leaf, note)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            self._entries,
        )
        self._db.executemany(
            "INSERT INTO channels (provider, consumer, contract, seq, leaf) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (contract, consumer, provider) DO UPDATE"
            " SET seq = excluded.seq, leaf = excluded.leaf",
            [self._link_row(channel) for channel in self._links],
        )
        add_subtrees(self._db, self._subtrees)
        self._db.execute(
            "UPDATE head SET size = ?, frontier = ?, last_at = ?, version = ?",
            (self.tree.size, frontier_bytes(self.tree), self.last_at, self.version),
        )
        self._entries.clear()
        self._links.clear()
        self._subtrees.clear()

    def _write_rows(self) -> None:
        before = self._db.total_changes
        self.open_rows.flush()
        self.requests.flush()
        self._written += self._db.total_changes - before

    def _link_row(self, channel: Channel) -> tuple[object, ...]:
        seq, leaf = self._channels[channel]
        return (channel.provider, channel.consumer, channel.contract, seq - 1, leaf)


def add_subtrees(db: Connection, subtrees: Iterable[Subtree]) -> None:
    """Keep the roots of whole subtrees, for proofs."""
    db.executemany(
        "INSERT INTO subtrees (level, idx, root) VALUES (?, ?, ?)",
        [(item.level, item.index, item.root) for item in subtrees],
    )
