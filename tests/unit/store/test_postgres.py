"""A database that is not what it must be is not served, and what is moved there is all of it."""

import stat
from functools import partial
from pathlib import Path

import psycopg
import pytest

from sekisho.errors import LedgerError, NodeError
from sekisho.model.names import PartyId
from sekisho.store import moving
from sekisho.store.postgres import PostgresDatabase
from sekisho.store.postgres_sql import script, statement
from sekisho.store.postgres_url import read_url, server_name
from sekisho.store.schema import MIGRATIONS
from sekisho.store.state import open_state, read_state
from support.state import CHANNEL, NOW, PROVIDER, append_many, asked, opened


@pytest.fixture
def fresh(server):
    """A database with nothing in it."""
    return server.url()


def database(url, party=PROVIDER):
    return PostgresDatabase(read_url(url, root=Path()), party=party)


def change(url, sql):
    with psycopg.connect(url, autocommit=True) as raw:
        raw.execute(sql)


def test_a_state_is_never_begun_by_opening(fresh):
    assert not database(fresh).exists()
    for open_it in (lambda: opened(database(fresh)), lambda: read_state(database(fresh))):
        with pytest.raises(NodeError, match="no node's state in the database"):
            open_it()
    assert not database(fresh).exists()


def test_another_program_s_database_is_not_touched(fresh):
    change(fresh, "CREATE TABLE theirs (a int)")
    with pytest.raises(NodeError, match="tables in the database already"):
        database(fresh).create()


def test_another_node_s_state_is_not_served(fresh):
    database(fresh).create()
    with pytest.raises(NodeError, match="another node's"):
        opened(database(fresh, PartyId("dl.example")))


def test_tables_of_another_release_are_brought_forward_or_refused(fresh):
    database(fresh).create()
    change(fresh, f"UPDATE sekisho_state SET version = {len(MIGRATIONS) + 1}")
    with pytest.raises(NodeError, match="newer release"):
        opened(database(fresh))
    with pytest.raises(NodeError, match="not of this release"):
        read_state(database(fresh))


def test_tables_are_brought_forward_when_no_replica_runs(fresh, monkeypatch):
    database(fresh).create()
    newer = (*MIGRATIONS, "CREATE TABLE more (id INTEGER PRIMARY KEY, a TEXT NOT NULL) STRICT;")
    with opened(database(fresh)):
        monkeypatch.setattr("sekisho.store.postgres_tables.MIGRATIONS", newer)
        with pytest.raises(NodeError, match="older release are running"):
            opened(database(fresh))
    with opened(database(fresh)) as state:
        assert state.submit(lambda tx: tx.db.execute("SELECT * FROM more").fetchall()) == []


def test_a_ledger_that_does_not_hold_is_not_opened(fresh):
    database(fresh).create()
    with opened(database(fresh)) as state:
        append_many(state, 3)
    change(fresh, "UPDATE entries SET body = 'x' WHERE idx = 1")
    with pytest.raises(LedgerError, match="entry 1 was altered"):
        opened(database(fresh))


def test_a_server_that_could_lose_what_it_took_is_refused(server):
    name = "plain"
    server.ask(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
    with pytest.raises(NodeError, match="`server_encoding` other than `UTF8`"):
        database(f"postgresql://postgres@/{name}?host={server.root}").create()


def test_a_role_without_rights_is_said_so(server, fresh):
    database(fresh).create()
    server.ask("CREATE ROLE stranger LOGIN")
    stranger = database(fresh.replace("postgres@", "stranger@"))
    for step in (
        partial(stranger.prepare, founding=False),
        stranger.check_version,
        stranger.open_writer,
    ):
        with pytest.raises(NodeError, match="PostgreSQL refused: permission denied"):
            step()


def test_a_server_that_is_away_is_said_so(tmp_path):
    away = database(f"postgresql:///x?host={tmp_path}")
    for step in (
        away.exists,
        partial(away.prepare, founding=False),
        away.check_version,
        away.open_writer,
        away.open_reader,
    ):
        with pytest.raises(LedgerError, match="the state cannot be reached"):
            step()


def test_what_is_moved_is_all_there_and_the_file_is_set_aside(fresh, path):
    with opened(path) as state:
        append_many(state, 50)
        state.questions.ask(asked(), channel=CHANNEL, now=NOW)
        for number in range(3):
            state.submit(
                lambda tx, n=number: state.outbox.put(
                    tx, PROVIDER, kind="notice", document=f"sha256:{n}", now=NOW
                )
            )
        entries = list(state.ledger.stored_entries())
        open_now = state.submit(lambda tx: tx.db.execute("SELECT * FROM open_answers").fetchall())
    tree = moving.move_state(path, database(fresh))
    assert tree.size == 51
    assert not path.exists()
    aside = path.with_name("node.db.moved")
    assert stat.S_IMODE(aside.stat().st_mode) == 0o600
    with read_state(database(fresh)) as records:
        assert list(records.ledger.stored_entries()) == entries
        assert records.ledger.verify().size == 51
    with opened(database(fresh)) as state:
        # Whoever had it open is gone.
        assert len(open_now) == 1
        assert state.interrupted == (50,)
        state.submit(
            lambda tx: state.outbox.put(tx, PROVIDER, kind="notice", document="sha256:9", now=NOW)
        )
        assert [item.id for item in state.outbox.due(NOW)] == [1, 2, 3, 4]


def test_a_state_is_not_moved_twice_nor_away_from_a_node(fresh, path):
    with opened(path), pytest.raises(NodeError, match="in use by process"):
        moving.move_state(path, database(fresh))
    database(fresh).create()
    with pytest.raises(NodeError, match="tables in the database already"):
        moving.move_state(path, database(fresh))
    assert path.exists()


def test_a_move_that_fails_leaves_both_as_they_were(fresh, path, monkeypatch):
    with opened(path) as state:
        append_many(state, 2)

    monkeypatch.setattr(moving, "check_ledger", lambda _db: object())
    with pytest.raises(LedgerError, match="not the one in the file"):
        moving.move_state(path, database(fresh))
    assert path.exists()
    assert not database(fresh).exists()


def test_a_url_holds_no_password(tmp_path):
    for url in ("postgresql://u:geheim@db/x", "postgresql://db/x?password=geheim"):
        with pytest.raises(NodeError, match="holds a password") as failed:
            read_url(url, root=tmp_path)
        assert "geheim" not in f"{failed.value.message}{failed.value.hint}"


def test_a_url_that_cannot_be_read_is_said_so(tmp_path):
    with pytest.raises(NodeError, match="cannot be read"):
        read_url("postgresql://db/x?no=such", root=tmp_path)


@pytest.mark.parametrize(
    ("url", "mode"),
    [
        ("postgresql://u@db.example/x", "verify-full"),
        ("postgresql://u@db.example/x?sslmode=verify-ca", "verify-ca"),
        ("postgresql://u@localhost,db.example/x", "verify-full"),
        ("postgresql://u@127.0.0.1/x", None),
        ("postgresql:///x?host=/run/postgresql", None),
    ],
)
def test_a_server_elsewhere_is_believed_by_its_certificate(url, mode, tmp_path):
    assert psycopg.conninfo.conninfo_to_dict(read_url(url, root=tmp_path)).get("sslmode") == mode


def test_files_are_the_node_s(tmp_path):
    url = "postgresql://u@db/x?passfile=keys/postgres.pass&sslrootcert=system"
    read = psycopg.conninfo.conninfo_to_dict(read_url(url, root=tmp_path))
    assert read["passfile"] == str(tmp_path / "keys" / "postgres.pass")
    assert read["sslrootcert"] == "system"
    assert server_name(read_url(url, root=tmp_path)) == "postgresql://db/x"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("SELECT a FROM t WHERE b = ?", "SELECT a FROM t WHERE b = %s"),
        ("SELECT a FROM t WHERE b LIKE 'x%'", "SELECT a FROM t WHERE b LIKE 'x%%'"),
        (
            "IN (SELECT CAST(value AS INTEGER) FROM json_each(?))",
            (
                "IN (SELECT CAST(value AS BIGINT) FROM"
                " json_array_elements_text(CAST(%s AS json)) AS each(value))"
            ),
        ),
        (
            "FROM json_each(?) AS j CROSS JOIN t",
            "FROM json_array_elements_text(CAST(%s AS json)) AS j(value) CROSS JOIN t",
        ),
    ],
)
def test_statements_are_translated(ours, theirs):
    assert statement(ours) == theirs


def test_scripts_are_translated():
    ours = "CREATE TABLE t (id INTEGER PRIMARY KEY, b BLOB NOT NULL, c TEXT) STRICT, WITHOUT ROWID;"
    assert script(ours) == (
        "CREATE TABLE t (id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,"
        ' b BYTEA NOT NULL, c TEXT COLLATE "C");'
    )


def test_salts_come_from_what_was_handed_in(fresh):
    database(fresh).create()
    with open_state(database(fresh), now=NOW, random=lambda count: b"s" * count) as state:
        append_many(state, 1)
        assert state.ledger.stored(0).salt == b"s" * 32


def test_acknowledgements_from_before_there_were_epochs_are_of_the_first(fresh, monkeypatch):
    with monkeypatch.context() as older:
        older.setattr("sekisho.store.postgres_tables.MIGRATIONS", MIGRATIONS[:3])
        database(fresh).create()
    with psycopg.connect(fresh, autocommit=True) as raw:
        raw.execute(
            "INSERT INTO acknowledgements VALUES (%s, %s, %s, 4, 'sha256:cd', 9, 17, '', 2)",
            (CHANNEL.provider, CHANNEL.consumer, CHANNEL.contract),
        )
    with opened(database(fresh)) as state:
        assert state.acknowledgements.last(CHANNEL).position == (0, 4)
        assert state.acknowledgements.following(CHANNEL) == (0, 5, "sha256:cd")
