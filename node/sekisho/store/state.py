"""Everything durable of one node, behind one writer."""

import os
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from sekisho.errors import LedgerError, NodeError
from sekisho.model.limits import DEFAULT_LIMITS, Limits
from sekisho.store.acknowledgements import AcknowledgementStore
from sekisho.store.answers import AnswerStore
from sekisho.store.connections import Readers, open_writer
from sekisho.store.contracts import ContractStore
from sekisho.store.folder import SECRET_MODE, StateLock
from sekisho.store.ledger_store import LedgerStore
from sekisho.store.lookups import LookupStore
from sekisho.store.members import MemberStore
from sekisho.store.open_answers import all_open
from sekisho.store.outbox import Outbox
from sekisho.store.published import PublishedStore
from sekisho.store.questions import QuestionStore
from sekisho.store.requests import RequestStore
from sekisho.store.schema import check_state, check_version, migrate
from sekisho.store.transaction import Transaction
from sekisho.store.unacknowledged import UnacknowledgedStore
from sekisho.store.writer import Writer

T = TypeVar("T")


class Records:
    """What a node remembers, for reading."""

    def __init__(self, path: Path) -> None:
        self._readers = Readers(path)
        self.ledger = LedgerStore(self._readers)
        self.members = MemberStore(self._readers, self.ledger)
        self.contracts = ContractStore(self._readers, self.ledger)
        self.outbox = Outbox(self._readers)
        self.requests = RequestStore(self._readers)
        self.published = PublishedStore(self._readers, self.ledger)
        self.lookups = LookupStore(self._readers, self.ledger)
        self.unacknowledged = UnacknowledgedStore(self._readers)
        self.acknowledgements = AcknowledgementStore(self._readers, self.ledger)

    def check_version(self, path: Path) -> None:
        """Refuse a file whose tables are not this release's.

        Raises:
            NodeError: They are older, newer, or not there.
        """
        with self._readers.connection() as db:
            check_version(db, path=path)

    def close(self) -> None:
        """Close the file."""
        self._readers.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class State(Records):
    """What a node remembers, for the one process that may change it."""

    def __init__(self, path: Path, *, lock: StateLock, writer: Writer) -> None:
        super().__init__(path)
        self._lock = lock
        self._writer = writer
        self.answers = AnswerStore(writer, self.ledger, self.requests)
        self.questions = QuestionStore(writer, self.ledger)
        self.interrupted: tuple[int, ...] = ()
        """Answers and questions that were found open when the file was opened."""

    def submit(self, work: Callable[[Transaction], T]) -> T:
        """Run a function in a transaction and return once that is on disk.

        Raises:
            LedgerError: Nothing of it could be kept.
        """
        return self._writer.submit(work)

    def interrupt_open(self, now: datetime) -> tuple[int, ...]:
        """End what a fall left open as `interrupted`, charged with all that it reserved.

        Returns:
            Indexes of the entries that began them.

        Raises:
            LedgerError: The clock is behind the ledger, or nothing can be recorded.
        """

        def work(tx: Transaction) -> tuple[int, ...]:
            left = all_open(tx)
            for answer in left:
                if answer.side == "provider":
                    self.answers.interrupt(tx, answer, now=now)
                else:
                    self.questions.interrupt(tx, answer, now=now)
            return tuple(answer.index for answer in left)

        return self._writer.submit(work)

    def close(self) -> None:
        """Finish what was submitted, close the file, and let another process have it."""
        self._writer.close()
        super().close()
        self._lock.close()


def open_state(
    path: Path,
    *,
    now: datetime,
    random: Callable[[int], bytes] = os.urandom,
    limits: Limits = DEFAULT_LIMITS,
) -> State:
    """Open a node's state for its one process: lock, check, bring forward, end what a fall left.

    Args:
        path: The SQLite file; made when it is not there, its folder must be.
        now: For entries about what a fall left open.
        random: Gives salts.
        limits: Bounds of writing and charging.

    Raises:
        NodeError: Another process has it open, or it is not a node's state.
        LedgerError: It is damaged, or the clock is behind its last entry.
    """
    lock = StateLock(path)
    try:
        _prepare(path)
        writer = Writer(path, limits=limits, random=random)
    except BaseException:
        lock.close()
        raise
    state = State(path, lock=lock, writer=writer)
    try:
        state.interrupted = state.interrupt_open(now)
    except BaseException:
        state.close()
        raise
    return state


def read_state(path: Path) -> Records:
    """Open a node's state for reading alone; a running node is not disturbed.

    Raises:
        NodeError: There is none, or it is another release's.
        LedgerError: It is damaged.
    """
    if not path.is_file():
        raise NodeError(f"`{path}` is not there", hint="run `sekisho init` in this folder")
    records = Records(path)
    try:
        records.check_version(path)
    except sqlite3.DatabaseError as error:
        records.close()
        raise _damaged(error) from error
    except NodeError:
        records.close()
        raise
    return records


def _prepare(path: Path) -> None:
    try:
        # Made before SQLite does, so that nobody else can read it for an instant.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, SECRET_MODE))
        db = open_writer(path)
        try:
            migrate(db, path=path)
            check_state(db)
        finally:
            db.close()
    except OSError as error:
        raise NodeError(f"`{path}` cannot be opened: {(error.strerror or '').lower()}") from error
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            raise _damaged(error) from error
        raise NodeError(f"`{path}` cannot be opened: {error}", hint="check the disk") from error


def _damaged(error: sqlite3.DatabaseError) -> LedgerError:
    return LedgerError(
        f"the state file is damaged: {error}",
        hint="keep the file as it is and restore the latest backup beside it",
    )
