"""tpch_fdw: the 22 queries over three nodes, against postgres_fdw over three databases, seconds.

The peer is what a company would otherwise set up: one PostgreSQL with foreign tables in three
others, all on this machine without TLS, analysed, with `fetch_size` and `use_remote_estimate` as
its manual advises for large tables. A query that takes it longer than `MOST_SECONDS` counts with
so many. Rows are held to ours. Needs PostgreSQL's own programs (`initdb`, `postgres`, `psql`).
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import sqlglot
from figures import Figure, figure
from measure_tpch import HOLDERS, Ask, generated, nodes, told

from support.tpch import read_queries

MOST_SECONDS = 120
SOCKET_SECONDS = 30
OPTIONS = "fetch_size '50000', use_remote_estimate 'true'"
TYPES = {"BIGINT": "bigint", "INTEGER": "integer", "VARCHAR": "text", "DATE": "date"}


def measure(root: Path) -> list[Figure]:
    """Give the sums over the queries; the peer runs each once, as its times are long."""
    files = generated(root)
    with nodes(root, files) as ours, _postgres(root) as psql:
        _load(psql, files, root)
        times = [_both(sql, ours, psql) for sql in read_queries()]
    own, other = told(times)
    return [figure("tpch_fdw", own, peer=other, unit="s", aim="<= 0.2")]


class _Psql:
    """Runs statements in a database of the one server."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, database: str, *statements: str) -> str:
        command = ["psql", "-h", str(self._folder), "-U", "postgres", "-d", database, "-qAtX"]
        text = "\\set ON_ERROR_STOP on\n" + "\n".join(statements)
        ran = subprocess.run(
            _unprivileged(command), input=text, capture_output=True, text=True, check=False
        )
        if ran.returncode:
            raise RuntimeError(ran.stderr)
        return ran.stdout


def _unprivileged(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


@contextmanager
def _postgres(root: Path) -> Iterator[_Psql]:
    folder = root / "postgres"
    folder.mkdir()
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
        root.chmod(0o755)  # only the temporary folder itself: what it stands in is not ours
    data = folder / "data"
    quiet = subprocess.DEVNULL
    init = ["initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-N"]
    subprocess.run(_unprivileged(init), check=True, stdout=quiet)
    settings = ("shared_buffers=512MB", "work_mem=256MB", "jit=off", "listen_addresses=")
    options = [word for item in settings for word in ("-c", item)]
    run = ["postgres", "-D", str(data), "-k", str(folder), *options]
    with subprocess.Popen(_unprivileged(run), stdout=quiet, stderr=quiet) as server:
        try:
            psql = _Psql(folder)
            _wait(psql)
            yield psql
        finally:
            server.terminate()


def _wait(psql: _Psql) -> None:
    deadline = time.monotonic() + SOCKET_SECONDS
    while True:
        try:
            psql("postgres", "SELECT 1;")
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
        else:
            return


def _load(psql: _Psql, files: Mapping[str, Path], root: Path) -> None:
    """Make a database for each holder, and one that reaches them all."""
    psql("postgres", *(f"CREATE DATABASE {name};" for name in (*HOLDERS, "analyst")))
    psql("analyst", "CREATE EXTENSION postgres_fdw;")
    folder = root / "postgres"
    for name, tables in HOLDERS.items():
        where = f"host '{folder}', dbname '{name}'"
        psql(
            "analyst",
            f"CREATE SERVER {name} FOREIGN DATA WRAPPER postgres_fdw OPTIONS ({where}, {OPTIONS});",
            f"CREATE USER MAPPING FOR postgres SERVER {name};",
        )
        for table in tables:
            text = folder / f"{table}.csv"
            duckdb.execute(f"COPY (FROM '{files[table]}') TO '{text}' (HEADER false)")
            columns = ", ".join(
                f"{row[0]} {TYPES.get(row[1], row[1].lower())}"
                for row in duckdb.sql(f"DESCRIBE FROM '{files[table]}'").fetchall()
            )
            psql(
                name,
                f"CREATE TABLE {table} ({columns});",
                f"\\copy {table} FROM '{text}' (FORMAT csv)",
                f"ANALYZE {table};",
            )
            psql("analyst", f"CREATE FOREIGN TABLE {table} ({columns}) SERVER {name};")
            text.unlink()
    psql("analyst", "ANALYZE;")


def _both(sql: str, ours: Ask, psql: _Psql) -> tuple[float, float]:
    started = time.perf_counter()
    found = ours(sql)
    between = time.perf_counter()
    limit = f"SET statement_timeout = '{MOST_SECONDS}s';"
    try:
        (text,) = sqlglot.transpile(sql, read="duckdb", write="postgres")
        rows = psql("analyst", limit, f"{text};").splitlines()
    except RuntimeError as error:
        if "statement timeout" not in str(error):
            raise
        print(f"  the peer gave up after {MOST_SECONDS} s", file=sys.stderr)
        return between - started, float(MOST_SECONDS)
    other = time.perf_counter() - between
    assert len(rows) == found.num_rows, sql
    return between - started, other
