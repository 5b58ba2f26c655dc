"""One thread that writes, and commits together what waits together.

A disk makes one commit durable in about the time it takes for thirty. So callers hand over a
function and wait; the thread takes all that waits, runs each function behind its own savepoint in
one transaction, commits, and only then lets the callers go on. A function that raises is undone
alone and its caller gets the error; a commit that fails undoes the whole batch and every caller of
it is told. Nobody is ever told yes before the bytes are on disk.
"""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar, cast

from sekisho.errors import LedgerError, SekishoError
from sekisho.ledger.merkle import Tree, frontier_bytes, parse_frontier
from sekisho.model.limits import Limits
from sekisho.store.connections import open_writer

T = TypeVar("T")


class Transaction:
    """What a submitted function works with; it must not outlive the function."""

    __slots__ = ("db", "last_at", "limits", "random", "tree")

    def __init__(
        self, db: sqlite3.Connection, *, limits: Limits, random: Callable[[int], bytes]
    ) -> None:
        self.db = db
        self.limits = limits
        self.random = random
        size, frontier, last_at = db.execute("SELECT size, frontier, last_at FROM head").fetchone()
        self.tree: Tree = parse_frontier(size, frontier)
        """The ledger's head with what this batch has appended so far."""
        self.last_at: str = last_at
        """Instant of the last entry; empty when there is none."""

    def save_head(self) -> None:
        """Write the head once for all that the batch appended."""
        self.db.execute(
            "UPDATE head SET size = ?, frontier = ?, last_at = ?",
            (self.tree.size, frontier_bytes(self.tree), self.last_at),
        )


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
            work: Called once, in the writer's thread; it should only compute and write. What it
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
        try:
            while len(batch) < self._limits.max_batch_writes:
                job = self._jobs.get_nowait()
                if job is None:
                    return True
                batch.append(job)
        except Empty:
            pass
        return False

    def _commit(self, batch: list[_Job[Any]]) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            transaction = Transaction(self._db, limits=self._limits, random=self._random)
            before = transaction.tree
            for job in batch:
                _run_job(job, transaction)
            if transaction.tree is not before:
                transaction.save_head()
            self._db.execute("COMMIT")
        except Exception as error:  # noqa: BLE001  whatever it is, the callers must not wait for ever
            self._undo(batch, error)
        finally:
            for job in batch:
                job.done.release()

    def _undo(self, batch: list[_Job[Any]], error: Exception) -> None:
        for job in batch:
            job.error = job.error or _failure(error)
        try:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            if not _is_disk_full(error):
                # An I/O error may have left the connection's view of the file in doubt.
                self._db.close()
                self._db = open_writer(self._path)
        except sqlite3.Error:
            pass  # the next batch meets the same trouble and is told


def _run_job(job: _Job[Any], transaction: Transaction) -> None:
    db = transaction.db
    tree, last_at = transaction.tree, transaction.last_at
    db.execute("SAVEPOINT job")
    try:
        job.result = job.work(transaction)
    except Exception as error:
        # SQLite gives up the whole transaction by itself on some failures of the disk.
        if not db.in_transaction:
            raise
        db.execute("ROLLBACK TO job")
        transaction.tree, transaction.last_at = tree, last_at
        job.error = _failure(error) if isinstance(error, sqlite3.OperationalError) else error
    db.execute("RELEASE job")


def _is_disk_full(error: Exception) -> bool:
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def _failure(error: Exception) -> Exception:
    """Say what a failed commit means to whoever waited for it."""
    failure: SekishoError
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
