"""A small provider's data, with values that must never be seen elsewhere."""

from pathlib import Path

import duckdb

CANARY = "CANARY-7f3a"
"""Stands in hidden columns and in rows that the row filter hides."""


def write_flights(path: Path, rows: int = 2_000) -> Path:
    """Write flights; every tenth is cancelled and carries the canary in a visible column."""
    duckdb.sql(
        f"""
        COPY (
          SELECT CASE WHEN i % 10 = 0 THEN '{CANARY}' ELSE printf('N%03d', i % 97) END
                   AS tail_number,
                 ['JFK', 'LGA', 'EWR'][i % 3 + 1] AS origin,
                 (i % 180 - 30)::SMALLINT AS departure_delay,
                 i::INTEGER AS flight_number,
                 '{CANARY}-' || i AS note,
                 DATE '2026-01-01' + (i % 300)::INTEGER AS flight_date,
                 i % 10 = 0 AS cancelled
          FROM range({rows}) AS rows(i)
        ) TO '{path}' (FORMAT parquet)
        """
    )
    return path


def flights_section(path: Path) -> str:
    """The datasets section of a node that offers the file."""
    return f'  flights:\n    source: {{parquet: "{path}"}}\n'
