"""One thread that writes, and commits together what waits together.

A disk makes one commit durable in about the time it takes for thirty. So callers hand over a
function and wait; the thread takes all that waits, runs the functions in one transaction, commits,
and only then lets the callers go on. Nobody is ever told yes before the bytes are on disk.

A function that raises is undone alone. Most that raise have written nothing, and then there is
nothing to undo; when one has, the batch is rolled back and run once more with a savepoint around
each function. A commit that fails undoes the whole batch, and every caller of it is told.

A session that is lost while it commits leaves in doubt whether it did. Every caller is told no; the
next session has another registration, and what the lost one left open is ended as interrupted.
"""

import contextlib
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar, cast

from sekisho.errors import LedgerError
from sekisho.model.limits import Limits
from sekisho.store.database import Connection, Database
from sekisho.store.transaction import Transaction
from sekisho.store.version import Version

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
    """The only way to change a state."""

    def __init__(
        self, database: Database, *, limits: Limits, random: Callable[[int], bytes]
    ) -> None:
        self._database = database
        self._limits = limits
        self._random = random
        self.version = Version()
        """The newest that this process has met, see `Transaction.version`."""
        self.on_lost: Callable[[], None] = _nothing
        """Called when the session is lost, in a thread of its own."""
        self.on_renewed: Callable[[], None] = _nothing
        """Called when another session has taken its place, likewise."""
        self._is_renewed = False
        self._db: Connection | None = database.open_writer()
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
        """Finish what was submitted, then end the session."""
        with self._lock:
            was_open, self._is_open = self._is_open, False
        if was_open:
            self._jobs.put(None)
            self._thread.join()
            if self._db is not None:
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
        undo: tuple[type[Exception], ...] = (_UndoneError, *self._database.integrity_errors)
        try:
            db = self._session()
            try:
                self._transact(db, batch, _run_freely)
            except undo:
                db.execute("ROLLBACK")
                self._transact(db, batch, _run_apart)
        except Exception as error:  # noqa: BLE001  whatever it is, no caller must wait for ever
            self._abandon(batch, error)
        finally:
            for job in batch:
                job.done.release()

    def _session(self) -> Connection:
        """Give the session, a new one where the last was lost."""
        if self._db is None:
            self._db = self._database.open_writer()
            self.version.reset()
            self._is_renewed = True
        return self._db

    def _transact(
        self,
        db: Connection,
        batch: list[_Job[Any]],
        run: Callable[[Database, _Job[Any], Transaction], None],
    ) -> None:
        database = self._database
        database.begin(db)
        transaction = Transaction(
            db, limits=self._limits, random=self._random, replica=database.replica
        )
        before = transaction.version
        self.version.advance(before)
        for job in batch:
            job.error = None
            run(database, job, transaction)
        transaction.flush()
        after = transaction.version
        database.commit(db, news=None if after == before else after)
        self.version.advance(after)
        if self._is_renewed:
            self._is_renewed = False
            threading.Thread(target=self.on_renewed, name="state-renewed", daemon=True).start()

    def _abandon(self, batch: list[_Job[Any]], error: Exception) -> None:
        for job in batch:
            job.error = job.error or self._database.failure(error)
        if self._db is None:
            return
        self._db = self._database.recover(self._db, error)
        if self._db is None:
            threading.Thread(target=self.on_lost, name="state-lost", daemon=True).start()


def _nothing() -> None:
    """Nobody has to be told."""


def _run_freely(database: Database, job: _Job[Any], transaction: Transaction) -> None:
    """Run a function without a way to undo it alone."""
    before = transaction.changes
    try:
        job.result = job.work(transaction)
    except Exception as error:
        if database.concerns_all(error):
            raise
        if transaction.changes != before:
            raise _UndoneError from error
        job.error = error


def _run_apart(database: Database, job: _Job[Any], transaction: Transaction) -> None:
    """Run a function behind a savepoint."""
    db = transaction.db
    db.execute("SAVEPOINT job")
    try:
        job.result = job.work(transaction)
        transaction.flush()
    except Exception as error:
        if database.concerns_all(error):
            raise
        db.execute("ROLLBACK TO job")
        transaction.load_head()
        job.error = error
    db.execute("RELEASE job")
