"""A state in PostgreSQL, shared by the replicas of one node.

A writing session registers itself: it takes the next number and holds an advisory lock of that
number for as long as it lives. Whoever finds the lock free knows that the session has gone, and
that nobody will end what it left open. Every transaction that writes begins by locking the ledger's
one head row, so that the replicas' transactions come one after the other.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, cast

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from sekisho.errors import LedgerError, NodeError
from sekisho.model.names import PartyId
from sekisho.store.database import Connection, Cursor, Watch
from sekisho.store.postgres_sql import statement
from sekisho.store.postgres_tables import (
    check_tables,
    has_tables,
    lock_class,
    make_tables,
    migrate,
    put_rows,
    register,
    running,
)
from sekisho.store.postgres_url import server_name
from sekisho.store.postgres_watch import PostgresWatch
from sekisho.store.schema import check_ledger, keep_checked

LEADER: Final = -1
"""The number whose lock the leading replica holds; those of replicas begin at 1."""
OWN_CLASSES: Final = ("0A", "22", "23", "42")
"""Errors of one statement: a feature, a value, a rule of the tables, a mistake in its text."""
_SETTINGS: Final = {
    "synchronous_commit": "on",
    "default_transaction_isolation": r"read\ committed",
    # The session that holds a replica's lock may wait for work as long as it likes.
    "idle_session_timeout": "0",
    "statement_timeout": "0",
    # A replica that stands still inside a transaction holds up the others, but not for ever.
    "idle_in_transaction_session_timeout": "10s",
    "lock_timeout": "30s",
    # So that the server notices within seconds that a replica's machine is gone.
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}
_LINE: Final = {
    # So that this side notices within seconds that the server's machine is gone, or the way to it.
    "connect_timeout": "5",
    "tcp_user_timeout": "5000",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
}
"""Unless the URL says otherwise; of no effect on a Unix socket, but for the first."""


class PostgresConnection:
    """One session of a server, speaking the stores' SQL."""

    def __init__(self, raw: psycopg.Connection[Any], *, is_registered: bool = False) -> None:
        """Take an open session, of which every statement is a transaction unless one is begun.

        Args:
            raw: The session.
            is_registered: Whether it holds locks that say so.
        """
        self.raw = raw
        self._is_registered = is_registered
        self.total_changes = 0

    def execute(self, sql: str, values: Any = (), /) -> Cursor:  # noqa: ANN401  as sqlite3's
        """Run a statement.

        Raises:
            LedgerError: The session is lost.
        """
        return self._run(lambda: self.raw.execute(statement(sql), values))

    def executemany(self, sql: str, rows: Any, /) -> Cursor:  # noqa: ANN401  as sqlite3's
        """Run a statement for each of some rows; raises as `execute`."""
        if isinstance(rows, list) and len(rows) == 1:
            return self.execute(sql, rows[0])  # without the pipeline, which is for many

        def run() -> psycopg.Cursor[Any]:
            cursor = self.raw.cursor()
            cursor.executemany(statement(sql), rows)
            return cursor

        return self._run(run)

    def plain(self, sql: str) -> str:
        """Run statements of PostgreSQL's own, in one way to the server; gives its first word."""
        return self._run(lambda: self.raw.execute(sql, prepare=False)).statusmessage or ""

    def close(self) -> None:
        """End the session; what it held is free when this returns."""
        # The server ends a session a little after the last word of it, and only then frees what
        # it held: a node that is started at once would take this one for running still.
        if self._is_registered:
            with suppress(psycopg.Error):
                self.raw.execute("SELECT pg_advisory_unlock_all()")
        self.raw.close()

    def _run(self, work: Callable[[], psycopg.Cursor[Any]]) -> psycopg.Cursor[Any]:
        try:
            cursor = work()
        except psycopg.Error as error:
            # After an error nothing more is taken before a rollback, whatever had been written.
            self.total_changes += 1
            if self.raw.closed:
                raise _away(error) from error
            raise
        if cursor.rowcount > 0 and not (cursor.statusmessage or "").startswith("SELECT"):
            self.total_changes += cursor.rowcount
        return cursor


class PostgresDatabase:
    """One database; see `database.Database` for what each method is for."""

    is_shared = True
    most_readers: int | None = 16
    integrity_errors: tuple[type[Exception], ...] = (psycopg.IntegrityError,)

    def __init__(self, connection: str, *, party: PartyId) -> None:
        """Name a database; nothing is opened yet.

        Args:
            connection: As `postgres_url.read_url` gives it.
            party: Whose node's state it is.
        """
        self._connection = connection
        self._party = party
        self._class = 0
        self._replica = 0
        self._leads = False
        self.name = server_name(connection)

    @property
    def replica(self) -> int:
        """Number of the writing session, as it is registered now."""
        return self._replica

    def exists(self) -> bool:
        """Tell whether there is a state."""
        with self._opened() as raw:
            return has_tables(raw)

    def is_held(self) -> bool:
        """Whoever reaches the database may change it, beside those who do."""
        return False

    def hold(self) -> None:
        """Nobody has to be kept out."""

    def release(self) -> None:
        """Nobody was kept out."""

    def create(self) -> None:
        """Make empty tables in a database that has none; raises as `filled`."""
        with self.filled():
            pass

    @contextmanager
    def filled(self) -> Iterator[Connection]:
        """Make tables in a database that has none, and keep them if the block ends well.

        Raises:
            NodeError: There is something in it, or it would lose what is committed.
        """
        with self._opened() as raw, raw.transaction():
            make_tables(raw, self._party)
            yield PostgresConnection(raw)

    def put(
        self,
        db: Connection,
        table: str,
        *,
        columns: Sequence[str],
        rows: Iterable[Sequence[Any]],
    ) -> None:
        """Replace all rows of a table, inside `filled`."""
        put_rows(_own(db).raw, table, columns, rows=rows)

    def prepare(self, *, founding: bool) -> None:
        """Bring the tables to this release, and check what they hold; `create` makes them."""
        del founding
        with self._opened() as raw:
            migrate(raw, self._party)
            db = PostgresConnection(raw)
            self.begin_snapshot(db)
            tree = check_ledger(db)
            db.execute("ROLLBACK")
            keep_checked(db, tree)

    def check_version(self) -> None:
        """Refuse to read tables that are not this release's."""
        with self._opened() as raw:
            check_tables(raw, self._party)

    def for_reading(self) -> "PostgresDatabase":
        """Name the same database, without a session."""
        return PostgresDatabase(self._connection, party=self._party)

    def open_reader(self) -> Connection:
        """Open a connection that cannot write."""
        return PostgresConnection(self._connect(default_transaction_read_only="on"))

    def open_writer(self) -> Connection:
        """Open the connection that writes, and register it."""
        raw = self._connect()
        try:
            with _told(raw):
                check_tables(raw, self._party)
                self._class = lock_class(raw)
                self._replica, self._leads = register(raw, self._class), False
        except BaseException:
            raw.close()
            raise
        return PostgresConnection(raw, is_registered=True)

    def is_usable(self, db: Connection) -> bool:
        """Tell whether the session is still there."""
        return not _own(db).raw.closed

    def begin(self, db: Connection) -> None:
        """Begin a transaction, and wait until no other one that writes is at work."""
        _own(db).plain("BEGIN; SELECT 1 FROM head FOR UPDATE")

    def begin_snapshot(self, db: Connection) -> None:
        """Begin a transaction that reads."""
        _own(db).plain("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def commit(self, db: Connection, *, news: int | None) -> None:
        """Make a transaction durable; those who watch hear of it in the same instant."""
        if news is not None:
            _own(db).plain(f"NOTIFY {self._channel}, '{news:d}'")
        done = _own(db).plain("COMMIT")
        if done != "COMMIT":
            # What PostgreSQL says, without an error, where a statement had failed before.
            raise LedgerError("the state cannot be written: the transaction had failed")

    def concerns_all(self, error: Exception) -> bool:
        """Tell a failure of the server or the way to it from a statement's own."""
        if isinstance(error, psycopg.Error):
            return (error.sqlstate or "")[:2] not in OWN_CLASSES
        return isinstance(error.__cause__, psycopg.Error)

    def recover(self, db: Connection, error: Exception) -> Connection | None:  # noqa: ARG002
        """Undo; a session that cannot is lost."""
        try:
            db.execute("ROLLBACK")
        except (psycopg.Error, LedgerError):
            db.close()
            return None
        return db

    def failure(self, error: Exception) -> LedgerError:
        """Say what a failed commit means."""
        if isinstance(error, LedgerError):
            return error
        failure = LedgerError(
            f"the state cannot be written: {_words(error)}", hint="check PostgreSQL and its log"
        )
        failure.__cause__ = error
        return failure

    def gone(self, db: Connection, replicas: Iterable[int]) -> frozenset[int]:
        """Tell whose locks are free; they stay so until the transaction ends."""
        return frozenset(
            number
            for number in replicas
            if number != self._replica and self._try("pg_try_advisory_xact_lock", db, number)
        )

    def others(self, db: Connection) -> tuple[str, ...]:
        """Name the sessions whose locks are held, but this one's."""
        return running(_own(db).raw, besides=self._replica)

    def lead(self, db: Connection) -> bool:
        """Take the leader's lock, which its session holds for as long as it lives."""
        self._leads = self._leads or self._try("pg_try_advisory_lock", db, LEADER)
        return self._leads

    def watch(
        self,
        on_news: Callable[[int], None],
        *,
        on_lost: Callable[[], None],
        on_found: Callable[[], None],
    ) -> Watch:
        """Listen in a session of its own."""
        return PostgresWatch(
            self._connect, self._channel, on_news=on_news, on_lost=on_lost, on_found=on_found
        )

    @property
    def _channel(self) -> str:
        return f"sekisho_{self._class % 2**32}"

    def _try(self, function: str, db: Connection, number: int) -> bool:
        row = db.execute(f"SELECT {function}(?, ?)", (self._class, number)).fetchone()
        return bool(row[0])

    @contextmanager
    def _opened(self) -> Iterator[psycopg.Connection[Any]]:
        with self._connect() as raw, _told(raw):
            yield raw

    def _connect(self, **more: str) -> psycopg.Connection[Any]:
        named = conninfo_to_dict(self._connection)
        given = named.get("options") or ""
        line = {name: value for name, value in _LINE.items() if name not in named}
        own = (f"-c {name}={value}" for name, value in (_SETTINGS | more).items())
        settings = " ".join((str(given), *own)).strip()
        try:
            return psycopg.connect(
                make_conninfo(self._connection, **line),
                autocommit=True,
                prepare_threshold=2,
                options=settings,
            )
        except psycopg.Error as error:
            raise _away(error) from error


@contextmanager
def _told(raw: psycopg.Connection[Any]) -> Iterator[None]:
    """Say what a server did not do, where it is still to be found out whether it serves."""
    try:
        yield
    except psycopg.Error as error:
        if raw.closed:
            raise _away(error) from error
        raise NodeError(
            f"PostgreSQL refused: {_words(error)}",
            hint="the role of the URL must own the database; see the server's log",
        ) from error


def _own(db: Connection) -> PostgresConnection:
    return cast("PostgresConnection", db)


def _words(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:1].lower() + lines[0][1:]


def _away(error: psycopg.Error) -> LedgerError:
    return LedgerError(
        f"the state cannot be reached: {_words(error)}",
        hint="check PostgreSQL and `state:` in node.yaml; the node goes on by itself",
    )
