"""Rows of running answers and of requests, during one batch of writes: written once at its end.

An answer touches both tables when it begins and when it ends, and many begin and end in a batch.
Written one by one, each row enters the database by itself: other threads get in between, and a
database that is reached over a network is waited for each time.
"""

from collections.abc import Collection
from typing import Any

from sekisho.store.database import Connection

OpenRow = tuple[int, str, str, str, str, str, str, bytes, int, int, str, int]
"""Of `open_answers`, in the order of `SELECT_OPEN`."""
SELECT_OPEN = (
    "SELECT idx, side, provider, consumer, contract, request, nonce, terms, reserved_rows,"
    " reserved_bytes, root, replica FROM open_answers"
)
RequestRow = tuple[str, str, str, str, bytes, str, int, bytes | None, int | None]
"""Of `requests`, in the order of `SELECT_REQUEST`."""
SELECT_REQUEST = (
    "SELECT consumer, nonce, digest, contract, envelope, received_at, start, receipt, acknowledged"
    " FROM requests"
)


class OpenRows:
    """The table `open_answers` inside one transaction."""

    __slots__ = ("_added", "_db", "_removed", "_reserves", "_running", "changes")

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._added: dict[int, OpenRow] = {}
        self._removed: set[int] = set()
        self._reserves: dict[int, tuple[int, int]] = {}
        self._running: dict[str, list[tuple[int, str]]] = {}
        """As they stand in the table, by the root of their contract."""
        self.changes = 0
        """Grows with everything that is changed."""

    def add(self, row: OpenRow) -> None:
        """Add a row."""
        self._added[row[0]] = row
        self.changes += 1

    def get(self, index: int) -> OpenRow | None:
        """Find a row by its index."""
        if index in self._removed:
            return None
        if index in self._added:
            return self._added[index]
        row: Any = self._db.execute(f"{SELECT_OPEN} WHERE idx = ?", (index,)).fetchone()
        return _reserving(row, self._reserves[index]) if index in self._reserves else row

    def count(self, root: str, consumers: Collection[str]) -> int:
        """Count the answers of some consumers that run under a contract and its amendments."""
        if root not in self._running:
            self._running[root] = self._db.execute(
                "SELECT idx, consumer FROM open_answers WHERE side = 'provider' AND root = ?",
                (root,),
            ).fetchall()
        rows = self._running[root]
        running = {index for index, consumer in rows if consumer in consumers} - self._removed
        return len(running) + sum(
            row[1] == "provider" and row[10] == root and row[3] in consumers
            for row in self._added.values()
        )

    def reserve(self, index: int, rows: int, size: int) -> None:
        """Set what a row has reserved."""
        if index in self._added:
            self._added[index] = _reserving(self._added[index], (rows, size))
        else:
            self._reserves[index] = (rows, size)
        self.changes += 1

    def remove(self, index: int) -> None:
        """Remove a row."""
        if self._added.pop(index, None) is None:
            self._removed.add(index)
            self._reserves.pop(index, None)
        self.changes += 1

    def flush(self) -> None:
        """Write what has changed."""
        if self._added:
            self._db.executemany(
                "INSERT INTO open_answers (idx, side, provider, consumer, contract, request, nonce,"
                " terms, reserved_rows, reserved_bytes, root, replica)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                list(self._added.values()),
            )
        if self._reserves:
            self._db.executemany(
                "UPDATE open_answers SET reserved_rows = ?, reserved_bytes = ? WHERE idx = ?",
                [(*reserve, index) for index, reserve in self._reserves.items()],
            )
        if self._removed:
            self._db.executemany(
                "DELETE FROM open_answers WHERE idx = ?", [(index,) for index in self._removed]
            )
        self.forget()

    def forget(self) -> None:
        """Drop what was not written."""
        for kept in (self._added, self._reserves, self._removed, self._running):
            kept.clear()


class RequestRows:
    """The table `requests` inside one transaction."""

    __slots__ = ("_added", "_concluded", "_db", "changes")

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._added: dict[tuple[str, str], RequestRow] = {}
        self._concluded: dict[tuple[str, str], bytes] = {}
        self.changes = 0
        """Grows with everything that is changed."""

    def add(self, row: RequestRow) -> None:
        """Add a row."""
        self._added[row[:2]] = row
        self.changes += 1

    def find(self, consumer: str, nonce: str) -> RequestRow | None:
        """Find a row by its consumer and nonce."""
        key = (consumer, nonce)
        row: Any = self._added.get(key)
        if row is None:
            row = self._db.execute(
                f"{SELECT_REQUEST} WHERE consumer = ? AND nonce = ?", key
            ).fetchone()
        return _concluded(row, self._concluded[key]) if row and key in self._concluded else row

    def conclude(self, consumer: str, nonce: str, receipt: bytes) -> None:
        """Set a row's receipt."""
        key = (consumer, nonce)
        if key in self._added:
            self._added[key] = _concluded(self._added[key], receipt)
        else:
            self._concluded[key] = receipt
        self.changes += 1

    def flush(self) -> None:
        """Write what has changed."""
        if self._added:
            self._db.executemany(
                "INSERT INTO requests (consumer, nonce, digest, contract, envelope, received_at,"
                " start, receipt, acknowledged) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                list(self._added.values()),
            )
        if self._concluded:
            self._db.executemany(
                "UPDATE requests SET receipt = ? WHERE consumer = ? AND nonce = ?",
                [(receipt, *key) for key, receipt in self._concluded.items()],
            )
        self.forget()

    def forget(self) -> None:
        """Drop what was not written."""
        self._added.clear()
        self._concluded.clear()


def _concluded(row: RequestRow, receipt: bytes) -> RequestRow:
    return (*row[:7], receipt, row[8])


def _reserving(row: OpenRow, reserve: tuple[int, int]) -> OpenRow:
    return (*row[:8], *reserve, *row[10:])
