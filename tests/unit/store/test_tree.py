"""The tree on disk: proofs after every restart, and for files of an earlier release."""

import sqlite3

import pytest

from sekisho.errors import LedgerError
from sekisho.ledger.proofs import is_consistent, is_included
from sekisho.store.state import read_state
from support.state import CHANNEL, NOW, append_many, opened, refused

SIZE = 600


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("state") / "node.db"
    with opened(path) as state:
        append_many(state, 200)

        def many(tx):
            for number in range(SIZE - 200):
                state.ledger.append(tx, refused(number), channel=CHANNEL, now=NOW)

        state.submit(many)
    return path


def check(records):
    head = records.ledger.head()
    assert records.tree.root(head.size) == head.root()
    assert records.tree.root(0) != records.tree.root(1)
    for index in (0, 255, 256, head.size - 1):
        leaf = records.ledger.stored(index).leaf
        proof = records.tree.inclusion(index, head.size)
        assert is_included(leaf, index=index, size=head.size, proof=proof, root=head.root())
    for old in (0, 1, 256, 300, head.size):
        proof = records.tree.consistency(old, head.size)
        old_root = records.tree.root(old)
        assert is_consistent(proof, old=old, new=head.size, old_root=old_root, new_root=head.root())


def test_proofs_hold_after_a_restart(path):
    with opened(path) as state:
        check(state)
    with read_state(path) as records:
        check(records)


def test_a_file_without_subtrees_gets_them_when_it_is_opened(path):
    db = sqlite3.connect(path)
    with db:
        before = db.execute("SELECT * FROM subtrees ORDER BY level, idx").fetchall()
        assert len(before) == SIZE // 256
        db.execute("DELETE FROM subtrees WHERE idx = 0")
    with read_state(path) as records, pytest.raises(LedgerError, match="tree is not whole"):
        records.tree.inclusion(SIZE - 1, SIZE)
    with opened(path) as state:
        check(state)
    with db:
        assert db.execute("SELECT * FROM subtrees ORDER BY level, idx").fetchall() == before
    db.close()


def test_a_file_of_an_earlier_release_gets_its_subtrees(path, tmp_path):
    copy = tmp_path / "node.db"
    copy.write_bytes(path.read_bytes())
    db = sqlite3.connect(copy)
    with db:
        db.execute("DELETE FROM subtrees")
    db.close()
    with opened(copy) as state:
        check(state)
        append_many(state, 200)
        check(state)
        assert state.ledger.verify().size == SIZE + 200


def test_a_subtree_that_was_altered_is_found_by_verification(path, tmp_path):
    copy = tmp_path / "node.db"
    copy.write_bytes(path.read_bytes())
    db = sqlite3.connect(copy)
    with db:
        db.execute("UPDATE subtrees SET root = zeroblob(32) WHERE idx = 1")
    db.close()
    words = "entry 511 ends a subtree that is kept otherwise"
    with read_state(copy) as records, pytest.raises(LedgerError, match=words):
        records.ledger.verify()


def test_a_write_that_is_undone_leaves_no_subtree(tmp_path):
    with opened(tmp_path / "node.db") as state:

        def fail(tx):
            for number in range(300):
                state.ledger.append(tx, refused(number), channel=CHANNEL, now=NOW)
            tx.flush()
            raise RuntimeError

        with pytest.raises(RuntimeError):
            state.submit(fail)
        append_many(state, 257)
        check_size = state.ledger.head().size
        assert check_size == 257
        assert state.tree.root(257) == state.ledger.head().root()
