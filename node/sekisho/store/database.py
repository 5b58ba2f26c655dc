"""What the stores need of a database: connections that speak one SQL, and who may write when.

Statements are written once, in what SQLite and PostgreSQL share: `?` for a value, conflicts by
`ON CONFLICT`, no `rowid`. Lists are handed over as JSON and read by `json_each(?)`, whose numbers
are cast to `INTEGER`. What still differs is translated where it is sent, see `store.postgres_sql`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, Protocol

from sekisho.errors import LedgerError

HEARING_SECONDS: Final = 2.0
"""A process that has no word for so long that it hears what others record answers nothing more.

So much later than at the others a contract may end at one that cannot be reached. Less would cut
answers wherever a machine is busy for a moment.
"""


class Cursor(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""

    def fetchone(self) -> Any:  # noqa: ANN401  a row is what the statement selects
        """Give the next row, or None."""

    def fetchall(self) -> list[Any]:
        """Give the rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """One session, used by one thread at a time; `sqlite3.Connection` is one as it stands."""

    def execute(self, sql: str, values: Any = (), /) -> Cursor:  # noqa: ANN401  sqlite3's own type
        """Run a statement with a sequence of values."""

    def executemany(self, sql: str, rows: Any, /) -> Cursor:  # noqa: ANN401  the same
        """Run a statement for each of some sequences of values."""

    @property
    def total_changes(self) -> int:
        """A count that grows with everything that is written."""

    def close(self) -> None:
        """End the session."""


class Watch(Protocol):
    """Hears what other processes change."""

    @property
    def is_listening(self) -> bool:
        """Tell whether it has heard everything up to less than `HEARING_SECONDS` ago."""

    def close(self) -> None:
        """Stop."""


class Database(Protocol):
    """Where a node's state is kept."""

    name: str
    """As people are told of it; holds no secret."""
    is_shared: bool
    """Whether several processes may change the state at once."""
    most_readers: int | None
    """Connections for reading that a process opens at once; None for any number."""
    integrity_errors: tuple[type[Exception], ...]
    """What a row that the tables refuse raises."""

    @property
    def replica(self) -> int:
        """Number of the writing session among those that share the state; 0 where none can.

        A session that is lost comes back under another number: what it left open is not its own.
        """

    def exists(self) -> bool:
        """Tell whether there is a state."""

    def is_held(self) -> bool:
        """Tell whether another process alone may change it."""

    def hold(self) -> None:
        """Keep other processes from changing it, where only one may.

        Raises:
            NodeError: Another process has it.
        """

    def release(self) -> None:
        """Let another process have it."""

    def prepare(self, *, founding: bool) -> None:
        """Bring the tables to this release, and check what they hold.

        Args:
            founding: Whether a file may be made where there is none.

        Raises:
            NodeError: It is not there, not a node's state, a newer release's, or out of reach.
            LedgerError: It is damaged.
        """

    def check_version(self) -> None:
        """Refuse to read tables that are not this release's.

        Raises:
            NodeError: They are older, newer, or not there.
            LedgerError: They are damaged.
        """

    def for_reading(self) -> "Database":
        """Give a copy that another process can be handed, to open readers with."""

    def open_reader(self) -> Connection:
        """Open a connection that cannot write."""

    def open_writer(self) -> Connection:
        """Open the connection that writes, and register it; every commit is durable."""

    def is_usable(self, db: Connection) -> bool:
        """Tell whether a connection can be lent again."""

    def begin(self, db: Connection) -> None:
        """Begin a transaction that writes; no other one is at work until it ends."""

    def begin_snapshot(self, db: Connection) -> None:
        """Begin a transaction that reads one state of everything."""

    def commit(self, db: Connection, *, news: int | None) -> None:
        """Make a transaction durable.

        Args:
            db: The writing connection.
            news: What all who watch are told of it: the new version of contracts and members.
        """

    def concerns_all(self, error: Exception) -> bool:
        """Tell a failure of the whole transaction from one of a single function's own."""

    def recover(self, db: Connection, error: Exception) -> Connection | None:
        """Undo what a failed transaction left; gives the connection, or None when it is lost."""

    def failure(self, error: Exception) -> LedgerError:
        """Say what a failed commit means to whoever waited for it."""

    def gone(self, db: Connection, replicas: Iterable[int]) -> frozenset[int]:
        """Tell which of some registrations have no session any more; inside a transaction."""

    def others(self, db: Connection) -> tuple[str, ...]:
        """Name the other processes that may change the state now, as people are told of them."""

    def lead(self, db: Connection) -> bool:
        """Tell whether this process does what only one of all shall do; it stays so if it can."""

    def watch(
        self,
        on_news: Callable[[int], None],
        *,
        on_lost: Callable[[], None],
        on_found: Callable[[], None],
    ) -> Watch | None:
        """Hear of what others change, from now on; None where nobody else can.

        Args:
            on_news: Given the version of contracts and members, whenever it may have changed; it
                may be called again while it is still at work.
            on_lost: Called when news may be missed from now on.
            on_found: Called when none is missed from now on, after `on_news`; it must not wait.
        """


def chunks(db: Connection, sql: str, *, after: int, size: int) -> Iterator[Sequence[Any]]:
    """Read a long table in pieces by its first column, a number that rises.

    Args:
        db: Where.
        sql: Selects what is greater than a first value, in order, at most a second value of rows.
        after: Where to begin.
        size: Rows of a piece.
    """
    while rows := db.execute(sql, (after, size)).fetchall():
        yield from rows
        after = rows[-1][0]
