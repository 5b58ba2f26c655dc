"""The ledger on the command line: listed, shown, and not believed once it was touched."""

import sqlite3

import pytest


@pytest.fixture
def kept(make_node, introduce):
    node, other = make_node("ua.example"), make_node("maker.example")
    introduce(node, other)
    return node


def test_each_row_has_the_promised_fields(sekisho, kept):
    row = sekisho("ledger", "list", "--dir", kept, "--format", "json").json[0]
    assert list(row) == [
        *("index", "at", "kind", "contract", "party", "state", "reason", "rows", "bytes")
    ]
    assert (row["index"], row["kind"], row["party"]) == (0, "member", "maker.example")


def test_a_new_node_has_an_empty_ledger_that_holds(sekisho, node):
    assert sekisho("ledger", "list", "--dir", node, "--format", "json").json == []
    ran = sekisho("ledger", "verify", "--dir", node, "--format", "json")
    assert (ran.code, ran.json["entries"]) == (0, 0)


def test_an_entry_is_shown_whole(sekisho, kept):
    shown = sekisho("ledger", "show", 0, "--dir", kept, "--format", "json").json
    assert shown["entry"]["format"] == "sekisho.entry/v1"
    assert len(shown["leaf"]) == 64
    assert "maker.example" in sekisho("ledger", "show", 0, "--dir", kept).out


def test_an_entry_that_is_not_there_is_a_failure(sekisho, kept):
    ran = sekisho("ledger", "show", 7, "--dir", kept)
    assert ran.code == 1
    assert "no entry 7" in ran.err


def test_an_index_is_a_number(sekisho, kept):
    assert sekisho("ledger", "show", "x", "--dir", kept).code == 2


def test_an_altered_entry_is_named_and_not_trusted(sekisho, kept):
    with sqlite3.connect(kept / "state" / "node.db") as db:
        (body,) = db.execute("SELECT body FROM entries WHERE idx = 0").fetchone()
        altered = body.replace(b"maker.example", b"other.example")
        db.execute("UPDATE entries SET body = ? WHERE idx = 0", (altered,))
    db.close()
    ran = sekisho("ledger", "verify", "--dir", kept)
    assert ran.code == 4
    assert "entry 0 was altered" in ran.err
    assert "holds" not in ran.out
    said = sekisho("ledger", "verify", "--dir", kept, "--format", "json").json
    assert (said["holds"], said["index"]) == (False, 0)


def test_a_state_that_is_away_does_not_read_as_an_empty_ledger(sekisho, kept):
    (kept / "state" / "node.db").unlink()
    assert sekisho("ledger", "verify", "--dir", kept).code == 1
