"""Somebody with the state file changes one byte of one entry, and its leaf with it.

expect: ledger verification, steps 1 to 7, naming the entry
effect: an answer that was never given, or one that was, is argued away
source: RFC 9162; docs/spec/ledger.md, verification
"""

import sqlite3

import pytest

from sekisho.errors import LedgerError
from sekisho.ledger.merkle import entry_hash
from sekisho.store.state import read_state
from support.state import append_many, opened

ENTRIES = 12


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "node.db"
    with opened(path) as state:
        append_many(state, ENTRIES)
    return path


def change(path, sql, *values):
    db = sqlite3.connect(path)
    with db:
        db.execute(sql, values)
    db.close()


def verify(path):
    with read_state(path) as records:
        return records.ledger.verify()


@pytest.mark.parametrize("index", range(ENTRIES))
def test_one_byte_of_an_entry_is_found(path, index):
    with read_state(path) as records:
        body = bytearray(records.ledger.stored(index).body)
    body[len(body) // 2] ^= 1
    change(path, "UPDATE entries SET body = ? WHERE idx = ?", bytes(body), index)
    with pytest.raises(LedgerError, match=f"entry {index} was altered") as caught:
        verify(path)
    assert caught.value.index == index


def test_an_entry_with_its_leaf_made_new_breaks_its_channel(path):
    with read_state(path) as records:
        stored = records.ledger.stored(4)
    body = stored.body.replace(b"reliability", b"reliabilitx")
    leaf = entry_hash(stored.salt, body)
    change(path, "UPDATE entries SET body = ?, leaf = ? WHERE idx = 4", body, leaf)
    with pytest.raises(LedgerError, match="entry 5 does not continue its channel"):
        verify(path)


def test_the_last_entry_with_its_leaf_made_new_breaks_the_root(path):
    with read_state(path) as records:
        stored = records.ledger.stored(ENTRIES - 1)
    body = stored.body.replace(b"reliability", b"reliabilitx")
    leaf = entry_hash(stored.salt, body)
    change(path, "UPDATE entries SET body = ?, leaf = ? WHERE idx = 11", body, leaf)
    with pytest.raises(LedgerError, match="do not lead to the root"):
        verify(path)


def test_entries_that_were_cut_off_are_missed(path):
    change(path, "DELETE FROM entries WHERE idx >= 10")
    with pytest.raises(LedgerError, match="counts 12 entries, found 10") as caught:
        verify(path)
    assert caught.value.index == 10


def test_an_entry_that_was_taken_out_is_missed(path):
    change(path, "DELETE FROM entries WHERE idx = 3")
    with pytest.raises(LedgerError, match="entry 3 is missing") as caught:
        verify(path)
    assert caught.value.index == 3
