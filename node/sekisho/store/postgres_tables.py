"""The tables in PostgreSQL: made once, brought forward, and checked to be this node's.

Nothing is made by opening: a slip in node.yaml must not begin a second ledger.
"""

import os
import socket
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg

from sekisho.errors import NodeError
from sekisho.ledger.instants import moment_text
from sekisho.model.names import PartyId
from sekisho.store.postgres_sql import script
from sekisho.store.schema import MIGRATIONS

_MARK = """
CREATE TABLE sekisho_state (
    "only" BIGINT PRIMARY KEY CHECK ("only" = 0), version BIGINT NOT NULL, party TEXT NOT NULL
);
"""
_HELD = (
    "locktype = 'advisory' AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND classid = 'sekisho_state'::regclass"
)
"""Tells the locks of this state's sessions among all of `pg_locks`."""


def lock_class(raw: psycopg.Connection[Any]) -> int:
    """Give the number that tells this state's advisory locks from others in the same database."""
    row = raw.execute("SELECT 'sekisho_state'::regclass::oid::integer").fetchone()
    return int(row[0]) if row else 0


def has_tables(raw: psycopg.Connection[Any]) -> bool:
    """Tell whether a database holds a state."""
    row = raw.execute("SELECT to_regclass('sekisho_state')").fetchone()
    return row is not None and row[0] is not None


def make_tables(raw: psycopg.Connection[Any], party: PartyId) -> None:
    """Make the tables of this release, inside a transaction.

    Raises:
        NodeError: There are tables already, or what is committed could be lost here.
    """
    _check_server(raw)
    row = raw.execute(
        "SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
    ).fetchone()
    if row is None or row[0]:
        raise NodeError(
            "there are tables in the database already",
            hint="make a database for this node alone: CREATE DATABASE",
        )
    _run(raw, _MARK)
    raw.execute("INSERT INTO sekisho_state VALUES (0, %s, %s)", (len(MIGRATIONS), party))
    for item in MIGRATIONS:
        _run(raw, script(item))


def put_rows(
    raw: psycopg.Connection[Any],
    table: str,
    columns: Sequence[str],
    *,
    rows: Iterable[Sequence[Any]],
) -> None:
    """Replace all rows of a table; numbers that it gives go on after the last."""
    _run(raw, f"DELETE FROM {table}")  # noqa: S608  our own names
    with (
        raw.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)
    if '"id"' not in columns:
        return
    given = raw.execute(
        "SELECT pg_get_serial_sequence(%s, 'id') FROM information_schema.columns"
        " WHERE table_name = %s AND column_name = 'id' AND is_identity = 'YES'",
        (table, table),
    ).fetchone()
    if given is not None:
        last = f"coalesce(max(id), 1), count(*) > 0) FROM {table}"
        raw.execute(f"SELECT setval(%s, {last}", given)


def migrate(raw: psycopg.Connection[Any], party: PartyId) -> None:
    """Bring the tables to this release, all of the way or not at all.

    Raises:
        NodeError: They are not there, another node's, or a newer release's; or replicas of an
            older release are running.
    """
    _check_server(raw)
    with raw.transaction():
        version = _version(raw, party, is_locked=True)
        if version > len(MIGRATIONS):
            raise NodeError(
                f"the state was written by a newer release (tables {version}, known"
                f" {len(MIGRATIONS)})",
                hint="install that release or a later one",
            )
        if version == len(MIGRATIONS):
            return
        _check_alone(raw)
        for item in MIGRATIONS[version:]:
            _run(raw, script(item))
        raw.execute("UPDATE sekisho_state SET version = %s", (len(MIGRATIONS),))


def check_tables(raw: psycopg.Connection[Any], party: PartyId) -> None:
    """Refuse tables that are not this release's.

    Raises:
        NodeError: They are older, newer, another node's, or not there.
    """
    if _version(raw, party) != len(MIGRATIONS):
        raise NodeError(
            "the state is not of this release", hint="start the node once with this release"
        )


def register(raw: psycopg.Connection[Any], number_class: int) -> int:
    """Give a session a number, whose lock it holds from now on."""
    row = raw.execute(
        "INSERT INTO replicas (host, registered_at) VALUES (%s, %s) RETURNING id",
        (f"{socket.gethostname()}:{os.getpid()}", moment_text(datetime.now(UTC))),
    ).fetchone()
    number = int(row[0]) if row else 0
    raw.execute("SELECT pg_advisory_lock(%s, %s)", (number_class, number))
    return number


def running(raw: psycopg.Connection[Any], *, besides: int) -> tuple[str, ...]:
    """Name the registered sessions that are alive, but one."""
    rows = raw.execute(
        f"SELECT id, host FROM replicas JOIN pg_locks ON objid::bigint = id WHERE {_HELD}"  # noqa: S608  ours
        " AND id <> %s ORDER BY id",
        (besides,),
    ).fetchall()
    return tuple(f"replica {number} ({host})" for number, host in rows)


def _version(raw: psycopg.Connection[Any], party: PartyId, *, is_locked: bool = False) -> int:
    if not has_tables(raw):
        raise NodeError(
            "there is no node's state in the database",
            hint="bring the state there first: sekisho state move URL",
        )
    if is_locked:
        raw.execute("LOCK TABLE sekisho_state IN EXCLUSIVE MODE")
    row = raw.execute("SELECT version, party FROM sekisho_state").fetchone()
    if row is None or row[1] != party:
        raise NodeError(
            "the state in the database is another node's",
            hint="correct `state:` in node.yaml",
        )
    return int(row[0])


def _check_alone(raw: psycopg.Connection[Any]) -> None:
    """New tables are for a new release: no replica of an older one may go on beside it."""
    row = raw.execute(f"SELECT count(*) FROM pg_locks WHERE {_HELD}").fetchone()  # noqa: S608  ours
    if row is None or row[0]:
        raise NodeError(
            "replicas of an older release are running",
            hint="stop them all, then start one with this release",
        )


def _check_server(raw: psycopg.Connection[Any]) -> None:
    """What is committed must last, and every text must fit."""
    for name, wanted in (("fsync", "on"), ("full_page_writes", "on"), ("server_encoding", "UTF8")):
        row = raw.execute("SELECT current_setting(%s)", (name,)).fetchone()
        if row is None or row[0] != wanted:
            raise NodeError(
                f"PostgreSQL runs with `{name}` other than `{wanted}`",
                hint="a ledger needs it; change the server's settings",
            )


def _run(raw: psycopg.Connection[Any], text: str) -> None:
    raw.execute(text, prepare=False)
