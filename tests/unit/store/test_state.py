"""Opening a state file: this release's, whole, and one process's."""

import resource
import sqlite3
import stat
from datetime import timedelta

import pytest

from sekisho.errors import LedgerError, NodeError
from sekisho.store.schema import MIGRATIONS
from sekisho.store.state import open_state, read_state
from support.state import CHANNEL, NOW, append_many, asked, opened


@pytest.fixture
def place(path):
    return path


def change(path, sql, *values):
    db = sqlite3.connect(path)
    with db:
        db.execute(sql, values)
    db.close()


def read(path, sql):
    db = sqlite3.connect(path)
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


def test_a_new_file_is_its_owner_s_alone(path, state):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert state.ledger.verify().size == 0


def test_a_command_reads_beside_a_running_node(path, state):
    with read_state(path) as records:
        append_many(state, 2)
        assert records.ledger.verify().size == 2


def test_a_command_reads_without_a_running_node(path):
    with opened(path) as state:
        append_many(state, 2)
    with read_state(path) as records:
        assert records.ledger.verify().size == 2


def test_there_has_to_be_a_file_to_read(path):
    with pytest.raises(NodeError, match="is not there"):
        read_state(path)


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough" * 50])
def test_what_is_no_state_is_not_read(path, content):
    path.write_bytes(content)
    with pytest.raises((NodeError, LedgerError)):
        read_state(path)
    assert path.read_bytes() == content


def test_what_is_no_database_is_not_opened(path):
    path.write_bytes(b"not a database at all, but long enough" * 50)
    with pytest.raises(LedgerError, match="damaged"):
        opened(path)


def test_another_program_s_database_is_not_touched(path):
    change(path, "CREATE TABLE theirs (a)")
    with pytest.raises(NodeError, match="is not a node's state"):
        opened(path)
    change(path, "PRAGMA user_version = 1")
    with pytest.raises(NodeError, match="is not a node's state"):
        opened(path)


def test_a_newer_release_s_file_is_not_touched(path):
    opened(path).close()
    change(path, f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(NodeError, match="newer release"):
        opened(path)
    with pytest.raises(NodeError, match="not a node's state of this release"):
        read_state(path)


def test_a_node_that_lost_its_state_does_not_go_on_with_an_empty_one(path):
    opened(path).close()
    path.unlink()
    with pytest.raises(NodeError, match="is not there") as caught:
        open_state(path, now=NOW)
    assert "restore the latest backup" in caught.value.hint
    assert not path.exists()


@pytest.mark.parametrize(
    ("left", "words"), [(0, "is empty"), (100, "damaged"), (4096, "damaged"), (3 * 4096, "damaged")]
)
def test_a_state_that_was_cut_short_is_not_begun_anew(path, left, words):
    with opened(path) as state:
        append_many(state, 5)
    path.write_bytes(path.read_bytes()[:left])
    for _ in range(2):
        with pytest.raises(LedgerError, match=words):
            open_state(path, now=NOW)
        assert path.stat().st_size == left


def test_a_database_without_tables_is_no_node_s_state(path):
    change(path, "PRAGMA journal_mode = WAL")
    with pytest.raises(NodeError, match="is not a node's state"):
        open_state(path, now=NOW)


def test_a_disk_that_takes_nothing_is_said_so(path):
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, old[1]))
    try:
        with pytest.raises(NodeError, match="cannot be opened: disk I/O error"):
            opened(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    with opened(path) as state:
        assert state.ledger.verify().size == 0


def test_a_folder_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(NodeError, match="cannot be opened"):
        opened(tmp_path / "none" / "node.db")


def test_a_file_that_cannot_be_opened_leaves_no_lock_behind(path):
    path.mkdir()
    for _ in range(2):
        with pytest.raises(NodeError, match="is a directory"):
            opened(path)


@pytest.mark.parametrize(
    ("sql", "words", "index"),
    [
        ("UPDATE entries SET body = zeroblob(9) WHERE idx = 2", "entry 2 was altered", 2),
        ("DELETE FROM entries WHERE idx = 1", "entry 1 is missing", 1),
        ("DELETE FROM entries WHERE idx = 4", "head counts 5 entries", None),
        ("UPDATE head SET size = 4", "does not follow", None),
        ("UPDATE head SET frontier = zeroblob(64)", "does not follow", None),
        ("UPDATE head SET checked_size = 1", "cannot be read", None),
    ],
)
def test_a_ledger_that_does_not_hold_is_not_opened_and_not_mended(path, sql, words, index):
    with opened(path) as state:
        append_many(state, 5)
    change(path, sql)
    before = read(path, "SELECT * FROM head")
    for _ in range(2):
        with pytest.raises(LedgerError, match=words) as caught:
            opened(path)
        assert caught.value.index == index
    assert read(path, "SELECT * FROM head") == before


def test_pages_that_were_overwritten_are_noticed(path):
    with opened(path) as state:
        append_many(state, 200)
    data = bytearray(path.read_bytes())
    data[3 * 4096 : 4 * 4096] = b"\xff" * 4096
    path.write_bytes(data)
    with pytest.raises(LedgerError, match="damaged"):
        opened(path)


def test_what_one_start_has_checked_the_next_does_not_read_again(path):
    with opened(path) as state:
        append_many(state, 3)
    opened(path).close()
    assert read(path, "SELECT checked_size FROM head") == [(3,)]


def test_a_clock_behind_what_a_fall_left_open_does_not_open(path):
    with opened(path) as state:
        state.questions.ask(asked(), channel=CHANNEL, now=NOW)
    with pytest.raises(LedgerError, match="clock is behind"):
        opened(path, now=NOW - timedelta(hours=1))
    with opened(path) as state:
        assert state.interrupted == (0,)
