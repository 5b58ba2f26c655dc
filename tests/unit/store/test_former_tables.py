"""State files that former releases have written: brought forward whole, by this release's start.

`tests/vectors/state/tables-N.db.gz` is what a node of that release left when it was killed in the
middle of an answer: contracts, one of them terminated, answers, a refusal, charges.
"""

import gzip
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sekisho.documents.envelope import parse_envelope_json
from sekisho.ledger.bodies import Interrupted
from sekisho.server.members import MemberBook
from sekisho.store.evidence import verify_evidence
from sekisho.store.schema import MIGRATIONS
from sekisho.store.state import open_state
from support.state import PROVIDER, opened

FILES = Path(__file__).parents[2] / "vectors" / "state"
LATER = datetime(2026, 12, 1, tzinfo=UTC)


def rows(path, sql):
    with closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchall()


@pytest.fixture(params=range(1, len(MIGRATIONS) + 1))
def former(request, tmp_path):
    """Every version of the tables that there was has its file, this release's among them."""
    path = tmp_path / "former.db"
    path.write_bytes(gzip.decompress((FILES / f"tables-{request.param}.db.gz").read_bytes()))
    member = parse_envelope_json((FILES / f"tables-{request.param}.member.json").read_bytes())
    assert rows(path, "PRAGMA user_version") == [(request.param,)]
    return path, member


def test_a_former_release_s_file_is_brought_forward_whole(former, tmp_path):
    path, member = former
    entries = rows(path, "SELECT * FROM entries ORDER BY idx")
    charges = rows(path, "SELECT * FROM charges")
    (left,) = rows(path, "SELECT idx, reserved_rows FROM open_answers")
    with open_state(path, now=LATER) as state:
        assert state.interrupted == (left[0],)
        assert verify_evidence(state, MemberBook(state, member)(), party=PROVIDER).ledger.open == ()
        end = state.ledger.end_of(left[0])
        assert isinstance(end.body, Interrupted)
        assert end.body.reserved_rows == left[1]
    assert rows(path, "SELECT * FROM entries ORDER BY idx")[: len(entries)] == entries
    assert rows(path, "SELECT * FROM charges") == charges
    opened(tmp_path / "new.db").close()
    tables = "SELECT name, sql FROM sqlite_master ORDER BY name"
    assert rows(path, tables) == rows(tmp_path / "new.db", tables)
    assert rows(path, "PRAGMA user_version") == [(len(MIGRATIONS),)]


def test_a_file_is_as_whole_after_a_second_start(former):
    path, _ = former
    open_state(path, now=LATER).close()
    with open_state(path, now=LATER) as state:
        assert state.interrupted == ()
        assert state.ledger.verify().open == ()
