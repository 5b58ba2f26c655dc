"""One thread that writes, and commits together what waits together.

A disk makes one commit durable in about the time it takes for thirty. So callers hand over a
function and wait; the thread takes all that waits, runs the functions in one transaction, commits,
and only then lets the callers go on. Nobody is ever told yes before the bytes are on disk.

A function that raises is undone alone. Most that raise have written nothing, and then there is
nothing to undo; when one has, the batch is rolled back and run once more with a savepoint around
each function. A commit that fails undoes the whole batch, and every caller of it is told.
"""

import contextlib
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar, cast

from sekisho.errors import LedgerError
from sekisho.model.limits import Limits
from sekisho.store.connections import open_writer
from sekisho.store.transaction import Transaction

T = TypeVar("T")


class _UndoneError(Exception):
    """A function failed after it had written."""


class _Job(Generic[T]):
    __slots__ = ("done", "error", "result", "work")

    def __init__(self, work: Callable[[Transaction], T]) -> None:
        self.work = work
        self.result: T | None = None
        self.error: Exception | None = None
        # A bare lock as a one-time signal: an Event costs ten times as much.
        self.done = threading.Lock()
        self.done.acquire()


class Writer:
    """The only way to change a state file."""

    def __init__(self, path: Path, *, limits: Limits, random: Callable[[int], bytes]) -> None:
        self._path = path
        self._limits = limits
        self._random = random
        self._db = open_writer(path)
        self._jobs: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._is_open = True
        self._thread = threading.Thread(target=self._run, name="state-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Transaction], T]) -> T:
        """Run a function inside a transaction and return once that is on disk.

        Args:
            work: Called in the writer's thread, and once more if another function of the same
                batch fails, so it must only compute, and write through its transaction. What it
                raises undoes what it wrote, and nothing else.

        Raises:
            LedgerError: The disk is full or failed, too many callers wait, or the node is stopping;
                nothing of `work` was kept.
        """
        if threading.current_thread() is self._thread:
            raise RuntimeError("a submitted function cannot submit")
        job = _Job(work)
        with self._lock:
            if not self._is_open:
                raise LedgerError("the state is closed")
            if self._jobs.qsize() >= self._limits.max_waiting_writes:
                raise LedgerError(
                    f"{self._limits.max_waiting_writes} writes are waiting for the disk already",
                    hint="check the disk under the node's state folder",
                )
            self._jobs.put(job)
        job.done.acquire()
        if job.error is not None:
            raise job.error
        return cast("T", job.result)

    def close(self) -> None:
        """Finish what was submitted, then close the file."""
        with self._lock:
            was_open, self._is_open = self._is_open, False
        if was_open:
            self._jobs.put(None)
            self._thread.join()
            self._db.close()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            batch = [job]
            is_last = self._gather(batch)
            self._commit(batch)
            if is_last:
                return

    def _gather(self, batch: list[_Job[Any]]) -> bool:
        """Add what waits; tell whether the writer shall stop after it."""
        with contextlib.suppress(Empty):
            while len(batch) < self._limits.max_batch_writes:
                job = self._jobs.get_nowait()
                if job is None:
                    return True
                batch.append(job)
        return False

    def _commit(self, batch: list[_Job[Any]]) -> None:
        try:
            try:
                self._transact(batch, _run_freely)
            except (_UndoneError, sqlite3.IntegrityError):
                self._db.execute("ROLLBACK")
                self._transact(batch, _run_apart)
        except Exception as error:  # noqa: BLE001  whatever it is, no caller must wait for ever
            self._abandon(batch, error)
        finally:
            for job in batch:
                job.done.release()

    def _transact(
        self, batch: list[_Job[Any]], run: Callable[[_Job[Any], Transaction], None]
    ) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        transaction = Transaction(self._db, limits=self._limits, random=self._random)
        for job in batch:
            job.error = None
            run(job, transaction)
        transaction.flush()
        self._db.execute("COMMIT")

    def _abandon(self, batch: list[_Job[Any]], error: Exception) -> None:
        for job in batch:
            job.error = job.error or _failure(error)
        # What fails here fails again with the next batch, whose callers are told then.
        with contextlib.suppress(sqlite3.Error):
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            if not _is_disk_full(error):
                # An I/O error may have left the connection's view of the file in doubt.
                self._db.close()
                self._db = open_writer(self._path)


def _run_freely(job: _Job[Any], transaction: Transaction) -> None:
    """Run a function without a way to undo it alone."""
    before = transaction.changes
    try:
        job.result = job.work(transaction)
    except Exception as error:
        if _is_of_the_disk(error):
            raise
        if transaction.changes != before:
            raise _UndoneError from error
        job.error = error


def _run_apart(job: _Job[Any], transaction: Transaction) -> None:
    """Run a function behind a savepoint."""
    db = transaction.db
    db.execute("SAVEPOINT job")
    try:
        job.result = job.work(transaction)
        transaction.flush()
    except Exception as error:
        if _is_of_the_disk(error):
            raise
        db.execute("ROLLBACK TO job")
        transaction.load_head()
        job.error = error
    db.execute("RELEASE job")


def _is_of_the_disk(error: Exception) -> bool:
    """Tell a failure that concerns every function from one that is the function's own."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF not in {
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_RANGE,
    }


def _is_disk_full(error: Exception) -> bool:
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def _failure(error: Exception) -> LedgerError:
    """Say what a failed commit means to whoever waited for it."""
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
