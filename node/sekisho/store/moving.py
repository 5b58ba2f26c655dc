"""Moves a node's state from its file into PostgreSQL: everything, or nothing.

The file is set aside when the database has it all: were it served again, every budget that was
spent since would be open once more.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from sekisho.errors import LedgerError
from sekisho.ledger.merkle import Tree
from sekisho.store.database import Connection
from sekisho.store.postgres import PostgresDatabase
from sekisho.store.schema import check_ledger
from sekisho.store.sqlite import SqliteDatabase

SET_ASIDE: Final = ".moved"
"""Ends the name of a file whose state is elsewhere."""


def move_state(path: Path, target: PostgresDatabase) -> Tree:
    """Move a state; gives its ledger.

    Args:
        path: The file, which no process may have open.
        target: A database that is empty.

    Raises:
        NodeError: A node has the file, or there is something in the database.
        LedgerError: What the file or the database holds is damaged, or the server went away.
    """
    with _held(path) as source, target.filled() as db:
        tree = check_ledger(source)
        for table, columns in _tables(source):
            rows = source.execute(f"SELECT {', '.join(columns)} FROM {table}")  # noqa: S608  ours
            target.put(db, table, columns=columns, rows=rows)
        if check_ledger(db) != tree:
            raise LedgerError("the ledger in the database is not the one in the file")
    path.rename(path.with_name(path.name + SET_ASIDE))
    return tree


@contextmanager
def _held(path: Path) -> Iterator[Connection]:
    """Open a file that nobody else has; closing it folds its write-ahead log back."""
    source = SqliteDatabase(path)
    source.hold()
    try:
        source.prepare(founding=False)
        with closing(source.open_writer()) as db:
            yield db
    finally:
        source.release()


def _tables(source: Connection) -> Iterator[tuple[str, tuple[str, ...]]]:
    """List the tables in the order in which they were made: what others refer to comes first."""
    names = source.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        " ORDER BY rowid"
    ).fetchall()
    for (name,) in names:
        columns = source.execute("SELECT name FROM pragma_table_info(?)", (name,)).fetchall()
        yield name, tuple(f'"{column}"' for (column,) in columns)
