"""Small relations in a worker: what comes with a job, what is computed first, what is sent back.

Cells and lookups are a few thousand rows at the most. They travel as JSON, so that a node needs no
Arrow to make or to read them.
"""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from sekisho.engine.instances import quote


def make_tables(cursor: duckdb.DuckDBPyConnection, tables: Iterable[Mapping[str, Any]]) -> None:
    """Make a relation of each table that came with a job."""
    for table in tables:
        columns = ", ".join(
            f"TRY_CAST(item[{at}] AS {kind}) AS {quote(name)}"
            for at, (name, kind) in enumerate(table["columns"], 1)
        )
        rows = "SELECT unnest(from_json($rows, '[[\"VARCHAR\"]]')) AS item"
        cursor.execute(
            f"CREATE TEMP TABLE {quote(table['name'])} AS SELECT {columns} FROM ({rows})",  # noqa: S608  our own names and types
            {"rows": json.dumps(table["rows"])},
        )


def make_steps(
    cursor: duckdb.DuckDBPyConnection,
    steps: Iterable[Sequence[str]],
    parameters: Mapping[str, str],
) -> None:
    """Compute relations one after the other; each takes the parameters that it names."""
    for name, sql in steps:
        statement, named = _bound(cursor, f"CREATE TEMP TABLE {quote(name)} AS {sql}", parameters)
        cursor.execute(statement, named)


def answers_of(
    cursor: duckdb.DuckDBPyConnection,
    outputs: Iterable[Sequence[str]],
    parameters: Mapping[str, str],
) -> dict[str, dict[str, list[Any] | str]]:
    """Compute small answers: values by column, or unsigned numbers as bytes in base 64."""
    answers = {}
    for name, sql in outputs:
        statement, named = _bound(cursor, sql, parameters)
        table = cursor.sql(statement, params=named).to_arrow_table()
        answers[name] = {column: _sent(table.column(column)) for column in table.column_names}
    return answers


def _bound(
    cursor: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, str]
) -> tuple[duckdb.Statement, dict[str, str] | None]:
    """Read one statement, with the parameters that it names."""
    (statement,) = cursor.extract_statements(sql)
    return statement, {key: parameters[key] for key in statement.named_parameters} or None


def _sent(column: pa.ChunkedArray) -> list[Any] | str:
    if column.type != pa.uint64():
        return list(column.to_pylist())
    # The buffer as it is: turning each number into an object costs more than the query.
    whole = column.combine_chunks()
    if len(whole) == 0:
        return ""
    data = memoryview(whole.buffers()[1])
    return b64encode(data[8 * whole.offset : 8 * (whole.offset + len(whole))]).decode()
