"""A state in one SQLite file, changed by one process, which a lock beside the file tells."""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, cast

from sekisho.errors import LedgerError, NodeError
from sekisho.store.database import Connection
from sekisho.store.folder import SECRET_MODE, StateLock, is_locked
from sekisho.store.log_check import check_log
from sekisho.store.schema import MIGRATIONS, check_ledger, keep_checked

APPLICATION_ID: Final = 0x53454B49
"""`SEKI`: marks a SQLite file as a node's state."""
BUSY_MILLISECONDS: Final = 5_000
"""How long to wait for another process's lock; only a reading command beside a node meets one."""
CHECKPOINT_PAGES: Final = 4_000
"""Write-ahead log of 16 MB before it is folded back; folding stalls the writer."""


class SqliteDatabase:
    """One file; see `database.Database` for what each method is for."""

    is_shared = False
    most_readers: int | None = None
    integrity_errors: tuple[type[Exception], ...] = (sqlite3.IntegrityError,)
    replica = 0

    def __init__(self, path: Path) -> None:
        """Name a file; nothing is opened yet."""
        self.path = path
        self.name = str(path)
        self._lock: StateLock | None = None

    def exists(self) -> bool:
        """Tell whether the file is there."""
        return self.path.is_file()

    def is_held(self) -> bool:
        """Tell whether a node holds the file.

        Raises:
            NodeError: There is no file.
        """
        if not self.exists():
            raise NodeError(
                f"`{self.path}` is not there",
                hint="restore the latest backup; without its state a node serves nothing",
            )
        return is_locked(self.path)

    def hold(self) -> None:
        """Take the file's lock."""
        self._lock = StateLock(self.path)

    def release(self) -> None:
        """Give the file's lock back."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def prepare(self, *, founding: bool) -> None:
        """Bring the file forward, and check it; make it only where a node is founded."""
        if not founding:
            _check_there(self.path)
        check_log(self.path)
        try:
            # Made before SQLite does, so that nobody else can read it for an instant.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, SECRET_MODE))
            with contextlib.closing(_open_writer(self.path)) as db:
                if not founding and not version_of(db):
                    raise NodeError(f"`{self.path}` is not a node's state")
                migrate(db, path=self.path)
                check_pages(db)
                keep_checked(db, check_ledger(db))
        except OSError as error:
            words = (error.strerror or "").lower()
            raise NodeError(f"`{self.path}` cannot be opened: {words}") from error
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
                raise _damaged(error) from error
            raise NodeError(
                f"`{self.path}` cannot be opened: {error}", hint="check the disk"
            ) from error

    def check_version(self) -> None:
        """Refuse a file whose tables are not this release's."""
        if not self.exists():
            raise NodeError(f"`{self.path}` is not there", hint="run `sekisho init` in this folder")
        with contextlib.closing(_open_reader(self.path)) as db:
            try:
                found = _pragma(db, "user_version"), _pragma(db, "application_id")
            except sqlite3.DatabaseError as error:
                raise _damaged(error) from error
        if found != (len(MIGRATIONS), APPLICATION_ID):
            raise NodeError(
                f"`{self.path}` is not a node's state of this release",
                hint="start the node once with it",
            )

    def for_reading(self) -> "SqliteDatabase":
        """Name the same file, without its lock."""
        return SqliteDatabase(self.path)

    def open_reader(self) -> Connection:
        """Open a connection that cannot write."""
        return _open_reader(self.path)

    def open_writer(self) -> Connection:
        """Open the connection that writes: every commit is on disk before it returns."""
        return _open_writer(self.path)

    def is_usable(self, _db: Connection) -> bool:
        """A file does not go away."""
        return True

    def begin(self, db: Connection) -> None:
        """Begin a transaction that writes."""
        db.execute("BEGIN IMMEDIATE")

    def begin_snapshot(self, db: Connection) -> None:
        """Begin a transaction that reads."""
        db.execute("BEGIN")

    def commit(self, db: Connection, *, news: int | None) -> None:  # noqa: ARG002  nobody listens
        """Make a transaction durable."""
        db.execute("COMMIT")

    def concerns_all(self, error: Exception) -> bool:
        """Tell a failure of the disk from a function's own."""
        code = getattr(error, "sqlite_errorcode", None)
        return code is not None and code & 0xFF not in {
            sqlite3.SQLITE_ERROR,
            sqlite3.SQLITE_CONSTRAINT,
            sqlite3.SQLITE_MISMATCH,
            sqlite3.SQLITE_RANGE,
        }

    def recover(self, db: Connection, error: Exception) -> Connection | None:
        """Undo, and open the file anew unless the disk is only full."""
        # What fails here fails again with the next batch, whose callers are told then.
        with contextlib.suppress(sqlite3.Error):
            if cast("sqlite3.Connection", db).in_transaction:
                db.execute("ROLLBACK")
            if _is_disk_full(error):
                return db
            # An I/O error may have left the connection's view of the file in doubt.
            db.close()
        return None

    def failure(self, error: Exception) -> LedgerError:
        """Say what a failed commit means."""
        if _is_disk_full(error):
            failure = LedgerError(
                "the state cannot be written: the disk is full",
                hint="free some space; the node goes on by itself",
            )
        else:
            failure = LedgerError(
                f"the state cannot be written: {error}", hint="check the disk and the node's log"
            )
        failure.__cause__ = error
        return failure

    def gone(self, _db: Connection, replicas: Iterable[int]) -> frozenset[int]:
        """Whoever had the file before is gone, since this process holds it."""
        return frozenset(replicas)

    def others(self, _db: Connection) -> tuple[str, ...]:
        """One process has the file."""
        return ()

    def lead(self, _db: Connection) -> bool:
        """The one process does everything."""
        return True

    def watch(
        self,
        on_news: Callable[[int], None],
        *,
        on_lost: Callable[[], None],
        on_found: Callable[[], None],
    ) -> None:
        """Nobody else changes the file."""


def migrate(db: sqlite3.Connection, *, path: Path) -> None:
    """Bring a file to this release's tables, all of the way or not at all.

    Raises:
        NodeError: The file is another program's, or a newer release's.
    """
    version = _pragma(db, "user_version")
    if version == 0 and db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise NodeError(f"`{path}` is not a node's state")
    if version and _pragma(db, "application_id") != APPLICATION_ID:
        raise NodeError(f"`{path}` is not a node's state")
    if version > len(MIGRATIONS):
        raise NodeError(
            f"`{path}` was written by a newer release (tables {version}, known {len(MIGRATIONS)})",
            hint="install that release or a later one",
        )
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        db.executescript(
            f"BEGIN IMMEDIATE; {script} PRAGMA application_id = {APPLICATION_ID};"
            f" PRAGMA user_version = {number}; COMMIT;"
        )


def _open_writer(path: Path) -> sqlite3.Connection:
    """What is deleted is overwritten: a table that a company brought is gone when dropped."""
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


def check_pages(db: sqlite3.Connection) -> None:
    """Check that a file's pages fit together.

    Raises:
        LedgerError: They do not.
    """
    found = [row[0] for row in db.execute("PRAGMA quick_check(1)")]
    if found != ["ok"]:
        raise _damaged(str(found[0]).splitlines()[0])


def version_of(db: sqlite3.Connection) -> int:
    """Tell which version a file's tables are of; 0 where this is not a node's state."""
    is_state = _pragma(db, "application_id") == APPLICATION_ID
    return _pragma(db, "user_version") if is_state else 0


def _check_there(path: Path) -> None:
    hint = "restore the latest backup; without its state a node serves nothing"
    try:
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise NodeError(f"`{path}` is not there", hint=hint) from error
    except OSError as error:
        raise NodeError(f"`{path}` cannot be opened: {(error.strerror or '').lower()}") from error
    if size == 0:
        raise LedgerError(f"the state file is damaged: `{path}` is empty", hint=hint)


def _is_disk_full(error: Exception) -> bool:
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def _damaged(words: object) -> LedgerError:
    return LedgerError(
        f"the state file is damaged: {words}",
        hint="keep the file as it is and restore the latest backup beside it",
    )


def _pragma(db: sqlite3.Connection, name: str) -> int:
    return int(db.execute(f"PRAGMA {name}").fetchone()[0])
