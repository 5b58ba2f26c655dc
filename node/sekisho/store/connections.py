"""A pool of connections that only read."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sekisho.errors import LedgerError
from sekisho.store.database import Connection, Database

KEPT_READERS: Final = 16
"""Idle reading connections that are kept; more are opened when needed and closed after."""
WAIT_SECONDS: Final = 30.0
"""How long to wait for a connection where the number of them is bounded."""


class Readers:
    """A pool of connections that cannot write; one thread uses one at a time."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self._is_open = True
        most = database.most_readers
        self._room = threading.BoundedSemaphore(most) if most else None

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Lend a connection; it sees everything that was committed before.

        Raises:
            LedgerError: The database cannot be reached, or the disk under it fails, also within
                the block. Threads that read go on when it is mended: this is what they wait out.
        """
        if self._room is not None and not self._room.acquire(timeout=WAIT_SECONDS):
            raise LedgerError("the state cannot be read: too many read it at once")
        try:
            with self._told():
                db = self._take()
                is_sound = True
                try:
                    yield db
                except Exception as error:
                    # What it holds is in doubt, an open transaction perhaps.
                    is_sound = not self.database.concerns_all(error)
                    raise
                finally:
                    self._give_back(db, is_sound=is_sound)
        finally:
            if self._room is not None:
                self._room.release()

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Lend a connection that sees everything as it was at one instant."""
        with self.connection() as db:
            self.database.begin_snapshot(db)
            try:
                yield db
            finally:
                if self.database.is_usable(db):
                    db.execute("ROLLBACK")

    def drop_idle(self) -> None:
        """Close every idle connection."""
        with self._lock:
            idle, self._idle = self._idle, []
        for db in idle:
            db.close()

    def close(self) -> None:
        """Close every idle connection now, and those on loan when they come back."""
        with self._lock:
            self._is_open = False
        self.drop_idle()

    def _take(self) -> Connection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self.database.open_reader()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Let a database's own error that is not one statement's be the ledger's."""
        try:
            yield
        except LedgerError:
            raise
        except Exception as error:
            if not self.database.concerns_all(error):
                raise
            raise LedgerError(
                f"the state cannot be read: {error}", hint="check the disk and the node's log"
            ) from error

    def _give_back(self, db: Connection, *, is_sound: bool) -> None:
        is_usable = is_sound and self.database.is_usable(db)
        with self._lock:
            if is_usable and self._is_open and len(self._idle) < KEPT_READERS:
                self._idle.append(db)
                return
        db.close()
        if not is_usable:
            # What ended one session has probably ended the others.
            self.drop_idle()
