"""A throwaway PostgreSQL server for tests, and databases in it."""

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from sekisho.store.postgres import PostgresDatabase
from sekisho.store.postgres_tables import has_tables
from sekisho.store.postgres_url import read_url
from support.state import PROVIDER

START_SECONDS = 30
OTHER_PLACES = "/usr/lib/postgresql/*/bin"
"""Where Debian puts the programs."""


def program(name: str) -> str | None:
    """Find one of PostgreSQL's programs."""
    found = shutil.which(name)
    if found is None:
        places = sorted(Path("/").glob(f"{OTHER_PLACES[1:]}/{name}"))
        found = str(places[-1]) if places else None
    return found


class Server:
    """One server on a Unix socket."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._numbers = itertools.count()
        self._process: subprocess.Popen | None = None
        if os.geteuid() == 0:
            shutil.chown(root, "postgres")
        self._run("initdb", "-D", str(root / "data"), "-U", "postgres", "-A", "trust", "-N")

    def start(self) -> None:
        """Start, and wait until it answers."""
        settings = ("listen_addresses=", "max_connections=200", "shared_buffers=32MB")
        options = [word for item in settings for word in ("-c", item)]
        command = ["postgres", "-D", str(self.root / "data"), "-k", str(self.root), *options]
        with (self.root / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command(*command), stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while self.ask("SELECT 1") != "1":
            assert time.monotonic() < deadline, (self.root / "log").read_text()

    def stop(self, how: int = signal.SIGINT) -> None:
        """Stop at once: SIGINT ends every session, SIGQUIT as a power cut would."""
        pid = int((self.root / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, how)
        self._process.wait()

    def ask(self, sql: str, database: str = "postgres") -> str:
        """Run a statement; gives what psql prints, or nothing where it fails."""
        command = ("psql", "-h", str(self.root), "-U", "postgres", "-d", database, "-qAtXc", sql)
        ran = subprocess.run(self._command(*command), capture_output=True, text=True, check=False)
        return ran.stdout.strip()

    def url(self) -> str:
        """Make a database, and say where it is."""
        name = f"node{next(self._numbers)}"
        self.ask(f"CREATE DATABASE {name}")
        return f"postgresql://postgres@/{name}?host={self.root}"

    def _run(self, *command: str) -> None:
        subprocess.run(self._command(*command), check=True, stdout=subprocess.DEVNULL)

    def _command(self, name: str, *rest: str) -> list[str]:
        """PostgreSQL refuses to run as root."""
        found = program(name)
        as_other = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        return [*as_other, str(found), *rest]


@contextlib.contextmanager
def running_server() -> Iterator[Server]:
    """Run a server for as long as the block; skip where there is none, but not in CI."""
    if program("initdb") is None or program("psql") is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed")
        pytest.skip("PostgreSQL is not installed")
    # A socket's path has a bound that a test's own folder may pass.
    root = Path(tempfile.mkdtemp(prefix="pg"))
    server = Server(root)
    server.start()
    try:
        yield server
    finally:
        with contextlib.suppress(FileNotFoundError):
            server.stop(signal.SIGQUIT)
        shutil.rmtree(root)


def empty_database(url: str) -> PostgresDatabase:
    """Give a database with an empty state, whatever was in it."""
    database = PostgresDatabase(read_url(url, root=Path()), party=PROVIDER)
    with psycopg.connect(url, autocommit=True) as raw:
        if not has_tables(raw):
            database.create()
        tables = raw.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        names = {name for (name,) in tables} - {"sekisho_state", "head"}
        last = ("lookups", "contracts")  # others refer to them
        ordered = [*sorted(names.difference(last)), *last]
        raw.execute("; ".join(f"DELETE FROM {name}" for name in ordered))
        raw.execute(
            "UPDATE head SET size = 0, frontier = '', last_at = '', checked_size = 0,"
            " checked_frontier = '', version = 0"
        )
    return database
