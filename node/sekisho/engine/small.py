"""Small relations in a worker: what comes with a job, what is computed first, what is sent back.

Cells and lookups are a few thousand rows at the most. They travel as JSON, so that a node needs no
Arrow to make or to read them.
"""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
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
        text = f"CREATE TEMP TABLE {quote(name)} AS {sql}"
        (statement,) = cursor.extract_statements(text)
        named = {key: parameters[key] for key in statement.named_parameters}
        cursor.execute(statement, named or None)


def columns_of(table: pa.Table) -> list[tuple[str, dict[str, list[Any]]]]:
    """Write a table's columns as JSON values; lists of unsigned numbers as bytes in base 64."""
    return [(name, _column(table.column(name).combine_chunks())) for name in table.column_names]


def _column(column: pa.Array) -> dict[str, list[Any]]:
    if not pa.types.is_list(column.type):
        return {"values": column.to_pylist()}
    # The child's buffer as it is: turning each number into an object costs more than the query.
    whole = memoryview(column.values.buffers()[1] or b"")
    start = column.values.offset
    bounds = column.offsets.to_pylist()
    return {
        "bytes": [
            b64encode(whole[8 * (start + low) : 8 * (start + high)]).decode() if is_there else None
            for (low, high), is_there in zip(
                pairwise(bounds), column.is_valid().to_pylist(), strict=True
            )
        ]
    }
