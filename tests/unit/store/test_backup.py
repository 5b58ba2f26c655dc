"""A backup is the state of one instant, whole, and put back only where it belongs."""

import os
import resource
import sqlite3
import stat
from contextlib import closing
from hashlib import sha256

import pytest

from sekisho.errors import LedgerError, NodeError
from sekisho.store.backup import back_up, restore
from support.state import (
    CONSUMER,
    DECISION,
    NOW,
    PLAN,
    PROVIDER,
    append_many,
    held,
    opened,
    received,
)


@pytest.fixture
def state(path):
    """A state in a file: a database has backups of its own."""
    with opened(path) as state:
        yield state


@pytest.fixture
def backup(tmp_path):
    return tmp_path / "monday.backup"


def change(path, sql):
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(sql)


def test_a_running_node_s_state_is_copied_as_it_is_on_disk(path, state, backup):
    append_many(state, 3)
    done = back_up(path, backup)
    append_many(state, 2)
    assert (done.entries, done.path) == (3, backup)
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    with opened(backup) as copy:
        assert copy.ledger.verify().size == 3
        assert copy.ledger.head().root().hex() == done.root
    assert list(backup.parent.glob(".*.new")) == []


def test_what_lies_in_the_write_ahead_log_is_in_the_backup(path, backup):
    with opened(path) as state:
        append_many(state, 3)
        assert path.with_name("node.db-wal").stat().st_size
        back_up(path, backup)
    backup.rename(path.with_name("alone.db"))
    with closing(sqlite3.connect(path.with_name("alone.db"))) as db:
        assert db.execute("SELECT count(*) FROM entries").fetchone() == (3,)


@pytest.mark.usefixtures("state")
def test_a_file_that_is_there_is_not_written_over(path, backup):
    backup.write_bytes(b"mine")
    with pytest.raises(NodeError, match="is there already"):
        back_up(path, backup)
    assert backup.read_bytes() == b"mine"


def test_a_full_disk_leaves_no_part_of_a_backup(path, backup):
    with opened(path) as state:
        append_many(state, 50)
        old = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, old[1]))
        try:
            with pytest.raises(NodeError, match="cannot be read or copied"):
                back_up(path, backup)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert list(backup.parent.glob("*backup*")) == []


@pytest.mark.usefixtures("state")
def test_there_has_to_be_a_state_and_a_folder(path, tmp_path):
    with pytest.raises(NodeError, match="is not there"):
        back_up(tmp_path / "none.db", tmp_path / "b")
    with pytest.raises(NodeError, match="cannot be written: no such file"):
        back_up(path, tmp_path / "none" / "b")


def test_a_ledger_that_does_not_hold_makes_no_backup(path, backup):
    with opened(path) as state:
        append_many(state, 3)
    change(path, "UPDATE entries SET body = zeroblob(9) WHERE idx = 1")
    with pytest.raises(LedgerError, match="entry 1 was altered") as caught:
        back_up(path, backup)
    assert caught.value.index == 1
    assert not backup.exists()


def test_a_restored_state_is_the_one_that_was_backed_up(path, backup):
    with opened(path) as state:
        append_many(state, 3)
        before = state.ledger.head()
        back_up(path, backup)
        append_many(state, 1)
    done = restore(backup, path, party=PROVIDER, replace=True)
    assert done.entries == 3
    with opened(path) as state:
        assert state.ledger.head() == before
    with opened(path.parent / "replaced-1" / "node.db") as replaced:
        assert replaced.ledger.verify().size == 4


def test_a_backup_of_an_answer_in_mid_stream_ends_it_as_interrupted(path, backup):
    with opened(path) as state:
        signed = held(state, "{rows: {max: 1000, per: term}}")
        answer = state.answers.open(
            received(signed=signed), signed, decision=DECISION, plan=PLAN, now=NOW
        )
        back_up(path, backup)
    restore(backup, path, party=PROVIDER, replace=True)
    with opened(path) as state:
        assert state.interrupted == (answer.index,)


def test_a_state_that_is_there_is_not_replaced_unasked(path, backup):
    with opened(path) as state:
        append_many(state, 1)
        back_up(path, backup)
        append_many(state, 1)
    with pytest.raises(NodeError, match="there is a state at") as caught:
        restore(backup, path, party=PROVIDER, replace=False)
    assert "--replace" in caught.value.hint
    with opened(path) as state:
        assert state.ledger.verify().size == 2


def test_commits_of_the_old_state_do_not_reach_the_new_one(path, backup):
    with opened(path) as state:
        append_many(state, 2)
        back_up(path, backup)
        append_many(state, 2)
        log = path.with_name("node.db-wal").read_bytes()
    path.unlink()
    path.with_name("node.db-wal").write_bytes(log)
    restore(backup, path, party=PROVIDER, replace=False)
    with opened(path) as state:
        assert state.ledger.verify().size == 2
    assert (path.parent / "replaced-1" / "node.db-wal").read_bytes() == log


def test_a_running_node_s_state_is_not_replaced(path, state, backup):
    append_many(state, 1)
    back_up(path, backup)
    with pytest.raises(NodeError, match="in use by process"):
        restore(backup, path, party=PROVIDER, replace=True)


@pytest.mark.parametrize("party", [PROVIDER, CONSUMER])
def test_both_sides_of_a_channel_may_restore(path, backup, party):
    with opened(path) as state:
        append_many(state, 1)
        back_up(path, backup)
    restore(backup, path, party=party, replace=True)


def test_another_company_s_backup_is_not_restored(path, backup):
    with opened(path) as state:
        append_many(state, 1)
        back_up(path, backup)
        append_many(state, 1)
    with pytest.raises(NodeError, match=r"is not of `dl\.example`"):
        restore(backup, path, party="dl.example", replace=True)
    with opened(path) as state:
        assert state.ledger.verify().size == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not a node's state"),
        (b"no database" * 900, "is damaged"),
    ],
)
def test_what_is_no_backup_is_not_restored(path, backup, content, words):
    with opened(path) as state:
        append_many(state, 1)
    backup.write_bytes(content)
    with pytest.raises((NodeError, LedgerError), match=words):
        restore(backup, path, party=PROVIDER, replace=True)
    with opened(path) as state:
        assert state.ledger.verify().size == 1
    with pytest.raises(NodeError, match="is not there"):
        restore(backup.with_name("none"), path, party=PROVIDER, replace=True)


def test_an_altered_backup_is_not_restored_and_its_first_bad_entry_named(path, backup):
    with opened(path) as state:
        append_many(state, 5)
        back_up(path, backup)
    change(backup, "UPDATE entries SET body = zeroblob(9) WHERE idx >= 2")
    with pytest.raises(LedgerError, match="entry 2 was altered"):
        restore(backup, path, party=PROVIDER, replace=True)
    with opened(path) as state:
        assert state.ledger.verify().size == 5


def test_a_backup_is_only_read(path, backup):
    with opened(path) as state:
        append_many(state, 3)
        back_up(path, backup)
    # As a state that was copied by hand while its node was stopped: opened to be written, it grows
    # a log beside it, and the medium has to take that.
    with closing(sqlite3.connect(backup)) as db:
        db.execute("PRAGMA journal_mode = WAL").fetchone()
    medium = backup.parent / "medium"
    medium.mkdir()
    kept = backup.rename(medium / backup.name)
    digest = sha256(kept.read_bytes()).digest()
    kept.chmod(0o400)
    medium.chmod(0o500)
    for place in (kept, medium):
        os.utime(place, (0, 0))
    done = restore(kept, path, party=PROVIDER, replace=True)
    assert done.entries == 3
    assert sha256(kept.read_bytes()).digest() == digest
    # Where the test runs as somebody who may write everywhere, the times tell.
    assert [place.stat().st_mtime for place in (kept, medium)] == [0, 0]
    with opened(path) as state:
        assert state.ledger.verify().size == 3


def test_a_backup_with_a_part_of_it_beside_is_not_restored(path, backup):
    with opened(path) as state:
        append_many(state, 1)
        back_up(path, backup)
    for end in ("-wal", "-journal"):
        beside = backup.with_name(f"{backup.name}{end}")
        beside.write_bytes(b"commits")
        with pytest.raises(NodeError, match=f"`monday.backup{end}` beside it holds a part"):
            restore(backup, path, party=PROVIDER, replace=True)
        beside.unlink()


def test_a_backup_that_breaks_off_is_not_restored(path, backup):
    with opened(path) as state:
        append_many(state, 200)
        back_up(path, backup)
    data = backup.read_bytes()
    backup.write_bytes(data[: len(data) // 2])
    with pytest.raises(LedgerError, match="damaged"):
        restore(backup, path, party=PROVIDER, replace=True)
