"""How often a statement reads each relation, so that a stream which is read once is enough."""

import json
from collections import Counter
from collections.abc import Iterator

import duckdb

MANY = 2
"""Stands for any number of times above one."""


def _tables(node: object) -> Iterator[str]:
    stack: list[object] = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack += item
        elif isinstance(item, dict):
            if item.get("type") == "BASE_TABLE":
                yield str(item.get("table_name", "")).casefold()
            if item.get("type") == "RECURSIVE_CTE_NODE":
                yield "\0recursive"
            stack += item.values()


def _common(node: object) -> Iterator[str]:
    """Name the common table expressions."""
    stack: list[object] = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack += item
        elif isinstance(item, dict):
            named = item.get("cte_map")
            if isinstance(named, dict):
                yield from (str(entry.get("key", "")).casefold() for entry in named["map"])
            stack += item.values()


def reads_of(cursor: duckdb.DuckDBPyConnection, sql: str) -> dict[str, int]:
    """Count how often a statement names each relation, at least.

    Where a common table expression is read more than once, or recursion occurs, every relation
    counts as read many times: DuckDB may then scan what is inside again.
    """
    (text,) = cursor.execute("SELECT json_serialize_sql($sql)", {"sql": sql}).fetchall()[0]
    tree = json.loads(text)
    counts = Counter(_tables(tree))
    is_repeated = any(counts[name] > 1 for name in _common(tree)) or counts["\0recursive"] > 0
    return {name: MANY if is_repeated else count for name, count in counts.items()}
