"""Connections that read: a disk that fails under them is the ledger's error, and is waited out."""

import sqlite3

import pytest

from sekisho.errors import LedgerError
from sekisho.store.connections import Readers
from sekisho.store.sqlite import SqliteDatabase
from support.state import opened


class FailingDisk(SqliteDatabase):
    """A file whose reading can be made to fail, as a disk does it."""

    fails = False
    count = 0

    def open_reader(self):
        if self.fails:
            raise failure()
        self.count += 1
        return super().open_reader()


def failure(code: int = sqlite3.SQLITE_IOERR):
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    return error


@pytest.fixture
def database(tmp_path):
    opened(tmp_path / "node.db").close()
    return FailingDisk(tmp_path / "node.db")


def read(readers):
    with readers.connection() as db:
        return db.execute("SELECT size FROM head").fetchone()[0]


def test_disk_that_fails_at_opening_is_the_ledgers_error_and_waited_out(database):
    readers = Readers(database)
    database.fails = True
    with pytest.raises(LedgerError, match="the state cannot be read: disk I/O error"):
        read(readers)
    database.fails = False
    assert read(readers) == 0
    readers.close()


def test_connection_on_which_the_disk_failed_is_not_lent_again(database):
    readers = Readers(database)
    read(readers)
    with pytest.raises(LedgerError, match="the state cannot be read"), readers.snapshot():
        raise failure()
    assert read(readers) == 0
    assert database.count == 2
    readers.close()


def test_mistake_of_one_statement_stays_what_it_is(database):
    readers = Readers(database)
    with pytest.raises(sqlite3.OperationalError, match="no such table"):  # noqa: SIM117
        with readers.connection() as db:
            db.execute("SELECT * FROM elsewhere")
    assert read(readers) == 0
    assert database.count == 1
    readers.close()
