"""Hardened DuckDB instances, one for each set of sources, inside a worker.

The order matters and is that of `docs/concept/engine-workers.md`: switch off everything that
loads or persists, set the bounds, make the sources' views, then close the outside world, then lock.
After that reading other files, HTTP, INSTALL, LOAD, SET and ATTACH of a file are denied by DuckDB
itself; what is still open (catalog functions, `query()`, DDL in memory) only the gate's allow-list
keeps out. DuckDB's `memory_limit` is not a cap: the process limit is.
"""

import os
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import Final

import duckdb

from sekisho.engine.engine import Source

MAX_INSTANCES = 4
"""Kept open in one worker; each holds its buffers and one thread pool."""
MAX_EXPRESSION_DEPTH = 250
_SWITCHED_OFF: Final = (
    "autoinstall_known_extensions",
    "autoload_known_extensions",
    "allow_community_extensions",
    "python_enable_replacements",
    "allow_persistent_secrets",
)
_ENDING: Final = {"parquet": "*.parquet", "csv": "*.csv"}

Stamp = tuple[tuple[str, int, int], ...]
"""Path, size and time of each file: another stamp makes another instance."""


class SourceError(Exception):
    """A source cannot be opened; `name` is the dataset's."""

    def __init__(self, name: str, detail: str) -> None:
        """Keep the engine's text, which names paths, for our own log."""
        super().__init__(detail)
        self.name = name


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What an instance may use."""

    memory_bytes: int
    threads: int
    spill_bytes: int
    private: str
    """The worker's own folder."""


def quote(name: str) -> str:
    """Quote an identifier."""
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def files_of(source: Source) -> tuple[str, ...]:
    """List a source's files: itself, all of its kind in a folder, or what a glob matches."""
    path = source.path
    if not has_magic(path) or Path(path).exists():
        if source.kind in _ENDING and os.path.isdir(path):  # noqa: PTH112  every query
            return tuple(sorted(map(str, Path(path).rglob(_ENDING[source.kind]))))
        return (path,)
    return tuple(sorted(glob(path, recursive=True)))  # noqa: PTH207  absolute patterns


def _stamp(source: Source) -> Stamp:
    try:
        stats = [(file, os.stat(file)) for file in files_of(source)]  # noqa: PTH116  every query
    except OSError as error:
        raise SourceError(source.name, str(error)) from error
    if not stats:
        raise SourceError(source.name, "no file matches")
    return tuple((file, stat.st_size, stat.st_mtime_ns) for file, stat in stats)


def _relation(source: Source, files: Sequence[str], index: int) -> str:
    """Write what the source's view selects from."""
    if source.kind == "duckdb":
        schema, _, table = (source.table or source.name).rpartition(".")
        return f"{quote(f'source_{index}')}.{quote(schema or 'main')}.{quote(table)}"
    listed = ", ".join(map(_text, files))
    partitioned = str(len(files) > 1).lower()
    return f"read_{source.kind}([{listed}], hive_partitioning = {partitioned})"


def _plain(kind: duckdb.sqltypes.DuckDBPyType) -> str | None:
    """Write a type without enumerations in it; None when there are none.

    A filtered enumeration still ships its whole dictionary: values of rows that were filtered out.
    """
    name = str(kind)
    if "ENUM(" not in name:
        return None
    children = dict(kind.children) if kind.id in {"list", "array", "struct", "map"} else {}
    inner = {
        key: _plain(child) or str(child)
        for key, child in children.items()
        if isinstance(child, duckdb.sqltypes.DuckDBPyType)
    }
    if kind.id == "struct":
        return f"STRUCT({', '.join(f'{quote(key)} {text}' for key, text in inner.items())})"
    if kind.id == "map":
        return f"MAP({inner['key']}, {inner['value']})"
    if kind.id in {"list", "array"}:
        size = children.get("size", "")
        return f"{inner['child']}[{size}]"
    return "VARCHAR"


def _select(connection: duckdb.DuckDBPyConnection, relation: str) -> str:
    """Write the view's query, with enumerations as text."""
    bound = connection.sql(f"SELECT * FROM {relation}")  # noqa: S608  built from our own settings
    casts = [
        f"CAST({quote(name)} AS {plain}) AS {quote(name)}"
        for name, kind in zip(bound.columns, bound.types, strict=True)
        if (plain := _plain(kind)) is not None
    ]
    replace = f" REPLACE ({', '.join(casts)})" if casts else ""
    return f"SELECT *{replace} FROM {relation}"  # noqa: S608


def _make_view(connection: duckdb.DuckDBPyConnection, source: Source, index: int) -> None:
    files = files_of(source)
    try:
        if source.kind == "duckdb":
            attached = quote(f"source_{index}")
            connection.execute(f"ATTACH {_text(files[0])} AS {attached} (READ_ONLY, TYPE duckdb)")
        query = _select(connection, _relation(source, files, index))
        connection.execute(f'CREATE VIEW "data".{quote(source.name)} AS {query}')
    except duckdb.Error as error:
        raise SourceError(source.name, str(error)) from error


def open_hardened(sources: Sequence[Source], bounds: Bounds) -> duckdb.DuckDBPyConnection:
    """Open an instance that shows these sources and nothing else.

    Raises:
        SourceError: A source's file is away or is not what its kind says.
    """
    memory = bounds.memory_bytes * 4 // 5
    connection = duckdb.connect(
        ":memory:",
        config={
            **dict.fromkeys(_SWITCHED_OFF, "false"),
            "memory_limit": f"{memory}B",
            "threads": str(bounds.threads),
            "async_threads": "1",
            "temp_directory": bounds.private,
            "max_temp_directory_size": f"{bounds.spill_bytes}B",
        },
    )
    connection.execute(f"SET GLOBAL max_expression_depth = {MAX_EXPRESSION_DEPTH}")
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    # It moves what two expressions share out of TRY, where nothing holds a failure back. The gate
    # writes casts that cannot fail; this keeps a second lock on the same door.
    connection.execute("SET GLOBAL disabled_optimizers = 'common_subexpressions'")
    connection.execute("SET GLOBAL enable_external_file_cache = false")
    connection.execute("SET GLOBAL parquet_metadata_cache = true")
    connection.execute('CREATE SCHEMA "data"')
    for index, source in enumerate(sources):
        _make_view(connection, source, index)
    paths = [file for source in sources if source.kind != "duckdb" for file in files_of(source)]
    connection.execute(f"SET GLOBAL allowed_paths = [{', '.join(map(_text, paths))}]")
    connection.execute("SET GLOBAL enable_external_access = false")
    connection.execute("SET GLOBAL lock_configuration = true")
    return connection


class Instances:
    """The open instances of a worker, least recently used closed first."""

    def __init__(self, bounds: Bounds) -> None:
        """Open none yet."""
        self._bounds = bounds
        self._open: OrderedDict[
            tuple[tuple[Source, ...], tuple[Stamp, ...]], duckdb.DuckDBPyConnection
        ] = OrderedDict()

    def cursor(self, sources: tuple[Source, ...]) -> duckdb.DuckDBPyConnection:
        """Give a fresh connection to the instance of these sources, as their files are now."""
        key = (sources, tuple(map(_stamp, sources)))
        found = self._open.get(key)
        if found is None:
            found = self._open[key] = open_hardened(sources, self._bounds)
        self._open.move_to_end(key)
        while len(self._open) > MAX_INSTANCES:
            self._open.popitem(last=False)[1].close()
        return found.cursor()
