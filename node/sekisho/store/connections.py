"""Open SQLite connections: one that writes durably, and a few that only read."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

KEPT_READERS: Final = 16
"""Idle reading connections that are kept; more are opened when needed and closed after."""
BUSY_MILLISECONDS: Final = 5_000
"""How long to wait for another process's lock; only a reading command beside a node meets one."""
CHECKPOINT_PAGES: Final = 4_000
"""Write-ahead log of 16 MB before it is folded back; folding stalls the writer."""


def open_writer(path: Path) -> sqlite3.Connection:
    """Open the connection that writes: every commit is on disk before it returns.

    What is deleted is overwritten: a table that another company brought is gone when it is dropped.
    """
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    for pragma in (
        f"busy_timeout = {BUSY_MILLISECONDS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "trusted_schema = OFF",
        "cell_size_check = ON",
        "secure_delete = ON",
        f"wal_autocheckpoint = {CHECKPOINT_PAGES}",
    ):
        db.execute(f"PRAGMA {pragma}")
    return db


class Readers:
    """A pool of connections that cannot write; one thread uses one at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._is_open = True

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection; it sees everything that was committed before."""
        db = self._take()
        try:
            yield db
        finally:
            self._give_back(db)

    def close(self) -> None:
        """Close every idle connection now, and those on loan when they come back."""
        with self._lock:
            self._is_open = False
            idle, self._idle = self._idle, []
        for db in idle:
            db.close()

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return _open_reader(self.path)

    def _give_back(self, db: sqlite3.Connection) -> None:
        with self._lock:
            if self._is_open and len(self._idle) < KEPT_READERS:
                self._idle.append(db)
                return
        db.close()


def _open_reader(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
    )
    db.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    db.execute("PRAGMA query_only = ON")
    db.execute("PRAGMA trusted_schema = OFF")
    return db
