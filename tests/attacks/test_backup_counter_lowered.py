"""Whoever can write a backup lowers what a limit has counted, and has the node restored from it.

expect: `docs/spec/ledger.md`, section 7, step 12: what limits have counted follows from the entries
effect: a limit that is spent gives once more, under a ledger in which every entry holds
source: the backup's own form: counters lie beside the entries that they follow from
"""

import sqlite3
from contextlib import closing

import pytest

from sekisho.errors import LedgerError, Refusal
from sekisho.store.answers import Sent
from sekisho.store.backup import back_up, restore
from support.state import DECISION, NOW, PLAN, PROVIDER, held, opened, received


def ask(state, signed, number):
    request = received(number, signed=signed)
    return state.answers.open(request, signed, decision=DECISION, plan=PLAN, now=NOW)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE charges SET used = 0", "the counter `queries` of `maker.example` .* says 0"),
        ("DELETE FROM charges", "the counter `queries` .* the entries come to 1"),
        ("UPDATE charges SET started = '2020-01-01T00:00:00.000Z'", "the counter `queries`"),
        ("UPDATE contracts SET root = 'sha256:0'", "is counted with"),
    ],
)
def test_a_limit_is_not_opened_by_a_backup(tmp_path, sql, said):
    path, backup = tmp_path / "node.db", tmp_path / "monday.backup"
    with opened(path) as state:
        signed = held(state, "{queries: {max: 1, per: term}}")
        index = ask(state, signed, 0).index
        state.answers.close(index, Sent(rows=1, bytes=1, blake3="ab"), now=NOW)
        back_up(path, backup)
    with closing(sqlite3.connect(backup)) as db, db:
        db.execute(sql)

    with pytest.raises(LedgerError, match=said) as refused:
        restore(backup, path, party=PROVIDER, replace=True)

    assert "put the latest backup that holds in its place" in refused.value.hint
    assert not (tmp_path / "replaced-1").exists()
    with opened(path) as state, pytest.raises(Refusal, match="limit of 1 queries"):
        ask(state, signed, 1)
