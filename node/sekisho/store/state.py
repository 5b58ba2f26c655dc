"""Everything durable of one node, behind one writer."""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from sekisho.errors import LedgerError, NodeError, OutdatedError
from sekisho.ledger.recounting import Recount
from sekisho.model.limits import DEFAULT_LIMITS, Limits
from sekisho.model.names import ContractId, PartyId
from sekisho.store.acknowledgements import AcknowledgementStore
from sekisho.store.answers import AnswerStore
from sekisho.store.checkpoints import CheckpointStore
from sekisho.store.connections import Readers
from sekisho.store.contracts import ContractStore
from sekisho.store.database import Database, Watch
from sekisho.store.ledger_store import LedgerStore
from sekisho.store.lookups import LookupStore
from sekisho.store.members import MemberStore
from sekisho.store.open_answers import all_open
from sekisho.store.outbox import Outbox
from sekisho.store.pruning import PruningStore
from sekisho.store.published import PublishedStore
from sekisho.store.questions import QuestionStore
from sekisho.store.recount import payload_of, read_kept
from sekisho.store.requests import RequestStore
from sekisho.store.sqlite import SqliteDatabase
from sekisho.store.standing import StandingStore
from sekisho.store.transaction import Transaction
from sekisho.store.tree import TreeStore, complete_subtrees
from sekisho.store.unacknowledged import UnacknowledgedStore
from sekisho.store.writer import Writer

T = TypeVar("T")
MOST_DECISIONS = 10
"""How often a step is decided anew because contracts or members change under it."""


class Records:
    """What a node remembers, for reading."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._readers = Readers(database)
        self.ledger = LedgerStore(self._readers)
        self.members = MemberStore(self._readers, self.ledger)
        self.contracts = ContractStore(self._readers, self.ledger)
        self.outbox = Outbox(self._readers)
        self.requests = RequestStore(self._readers)
        self.published = PublishedStore(self._readers, self.ledger)
        self.lookups = LookupStore(self._readers, self.ledger)
        self.pruning = PruningStore(self._readers, self.ledger)
        self.tree = TreeStore(self._readers)
        self.checkpoints = CheckpointStore(self._readers)
        self.standing = StandingStore(self._readers)
        self.unacknowledged = UnacknowledgedStore(self._readers)
        self.acknowledgements = AcknowledgementStore(self._readers, self.ledger)

    def recount(self) -> Recount:
        """Begin to hold what is kept beside the ledger's entries now to the entries."""
        with self._readers.snapshot() as db:
            kept = read_kept(db)

        def payload(contract: ContractId) -> bytes | None:
            with self._readers.connection() as db:
                return payload_of(db, contract)

        return Recount(kept, payload)

    @property
    def version(self) -> int:
        """Of contracts and members: what was read of them holds as long as it is the same."""
        return 0

    def close(self) -> None:
        """Close every connection."""
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
    """What a node remembers, for a process that may change it."""

    def __init__(self, database: Database, *, writer: Writer) -> None:
        super().__init__(database)
        self._writer = writer
        self._watch: Watch | None = None
        self.answers = AnswerStore(writer, self.ledger, self.requests)
        self.questions = QuestionStore(writer, self.ledger)
        self.interrupted: tuple[int, ...] = ()
        """Answers and questions that were found open when the state was opened."""

    @property
    def version(self) -> int:
        """The newest version of contracts and members that this process knows of."""
        return self._writer.version()

    @property
    def shared_as(self) -> str:
        """Name the database that others share, and this process among them; empty for a file."""
        database = self._database
        return f"replica {database.replica} of {database.name}" if database.is_shared else ""

    def check_in_touch(self) -> None:
        """Refuse to go on while this process may miss what others change.

        Raises:
            LedgerError: It does not hear of it now.
        """
        if self._watch is not None and not self._watch.is_listening:
            raise LedgerError(
                "the state is out of reach, so nothing is served",
                hint="check PostgreSQL; the node goes on by itself",
            )

    def submit(self, work: Callable[[Transaction], T]) -> T:
        """Run a function in a transaction and return once that is on disk.

        Raises:
            LedgerError: Nothing of it could be kept.
        """
        return self._writer.submit(work)

    def decide(self, step: Callable[[int], T]) -> T:
        """Take a step that rests on contracts and members, anew while they change under it.

        Args:
            step: Given the version that it may rest on, which its transaction checks.

        Raises:
            LedgerError: This process is out of touch, or they changed all the time.
        """
        self.check_in_touch()
        for _ in range(MOST_DECISIONS):
            try:
                return step(self.version)
            except OutdatedError:
                continue
        raise OutdatedError

    def watch(
        self,
        *,
        on_news: Callable[[], None],
        on_lost: Callable[[], None],
        on_found: Callable[[], None],
    ) -> None:
        """Be told what other processes change, where any can.

        Args:
            on_news: Called when contracts or members may have changed; `version` says so already.
            on_lost: Called when this process does not hear of changes any more, or what it left
                open is not its own any more: whatever streams must end.
            on_found: Called when it hears of changes, at first and again after `on_lost`.

        Raises:
            LedgerError: The database cannot be reached.
        """

        def hear(version: int) -> None:
            self._writer.version.advance(version)
            on_news()

        def lose() -> None:
            self._readers.drop_idle()
            on_lost()

        self._writer.on_lost = lose
        self._writer.on_renewed = on_news
        self._watch = self._database.watch(hear, on_lost=lose, on_found=on_found)

    def check_alone(self, tx: Transaction | None = None) -> None:
        """Refuse to go on while another process serves the same node.

        Args:
            tx: What must not happen beside another; one that starts meanwhile waits for its end.

        Raises:
            NodeError: One does, or is starting.
            LedgerError: The database cannot be reached.
        """
        if tx is None:
            self._writer.submit(self.check_alone)
            return
        if others := self._database.others(tx.db):
            raise NodeError(
                f"other replicas of the node are running: {', '.join(others)}",
                hint="stop them all first; one that fell is gone after some seconds",
            )

    def leads(self) -> bool:
        """Tell whether this process does what only one of all shall do.

        Raises:
            LedgerError: The database cannot be reached.
        """
        if not self._database.is_shared:
            return True
        return self._writer.submit(lambda tx: self._database.lead(tx.db))

    def interrupt_open(self, now: datetime) -> tuple[int, ...]:
        """End what sessions left open that are gone as `interrupted`, charged with all reserved.

        Returns:
            Indexes of the entries that began them.

        Raises:
            LedgerError: The clock is behind the ledger, or nothing can be recorded.
        """

        def work(tx: Transaction) -> tuple[int, ...]:
            found = all_open(tx.db)
            gone = self._database.gone(tx.db, {answer.replica for answer in found})
            left = [answer for answer in found if answer.replica in gone]
            for answer in left:
                if answer.side == "provider":
                    self.answers.interrupt(tx, answer, now=now)
                else:
                    self.questions.interrupt(tx, answer, now=now)
            return tuple(answer.index for answer in left)

        return self._writer.submit(work)

    def sweep(self, now: datetime) -> tuple[int, ...]:
        """End what other processes left open that have fallen meanwhile; see `interrupt_open`."""
        return self.interrupt_open(now) if self._database.is_shared else ()

    def running_elsewhere(self, contract: ContractId) -> frozenset[PartyId]:
        """Name the consumers to whom other processes answer under a contract now."""
        if not self._database.is_shared:
            return frozenset()
        with self._readers.connection() as db:
            found = all_open(db)
        return frozenset(
            answer.channel.consumer
            for answer in found
            if answer.side == "provider"
            and answer.channel.contract == contract
            and answer.replica != self._database.replica
        )

    def close(self) -> None:
        """Finish what was submitted, close every connection, and let another process have it."""
        if self._watch is not None:
            self._watch.close()
        self._writer.close()
        super().close()
        self._database.release()


def open_state(
    place: Path | Database,
    *,
    now: datetime,
    random: Callable[[int], bytes] = os.urandom,
    limits: Limits = DEFAULT_LIMITS,
    founding: bool = False,
) -> State:
    """Open a node's state for changing it: lock, check, bring forward, end what a fall left.

    Args:
        place: A SQLite file, whose folder must be there; or a database.
        now: For entries about what a fall left open.
        random: Gives salts.
        limits: Bounds of writing and charging.
        founding: Make the file when it is not there. A node that has lost its state must not go on
            with an empty one: limits that were used up would be open again.

    Raises:
        NodeError: Another process has it open, it is not there, or it is not a node's state.
        LedgerError: It is damaged, or the clock is behind its last entry.
    """
    database = _database(place)
    database.hold()
    try:
        database.prepare(founding=founding)
        writer = Writer(database, limits=limits, random=random)
    except BaseException:
        database.release()
        raise
    state = State(database, writer=writer)
    try:
        writer.submit(lambda tx: complete_subtrees(tx.db))
        state.interrupted = state.interrupt_open(now)
    except BaseException:
        state.close()
        raise
    return state


def read_state(place: Path | Database) -> Records:
    """Open a node's state for reading alone; a running node is not disturbed.

    Raises:
        NodeError: There is none, or it is another release's.
        LedgerError: It is damaged.
    """
    database = _database(place)
    database.check_version()
    return Records(database)


def _database(place: Path | Database) -> Database:
    return SqliteDatabase(place) if isinstance(place, Path) else place
