"""A small provider's data, with values that must never be seen elsewhere."""

from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

CANARY = "CANARY-7f3a"
"""Stands in hidden columns and in rows that the row filter hides."""


def write_flights(path: Path, rows: int = 2_000) -> Path:
    """Write flights; every tenth is cancelled and carries the canary in a visible column."""
    cancelled = [index % 10 == 0 for index in range(rows)]
    table = pa.table(
        {
            "tail_number": [
                CANARY if hidden else f"N{index % 97:03}" for index, hidden in enumerate(cancelled)
            ],
            "origin": [("JFK", "LGA", "EWR")[index % 3] for index in range(rows)],
            "departure_delay": pa.array([index % 180 - 30 for index in range(rows)], pa.int16()),
            "flight_number": pa.array(range(rows), pa.int32()),
            "note": [f"{CANARY}-{index}" for index in range(rows)],
            "flight_date": [date(2026, 1, 1) + timedelta(days=index % 300) for index in range(rows)],
            "cancelled": cancelled,
        }
    )
    pq.write_table(table, path, row_group_size=max(1, rows // 4))
    return path


def flights_section(path: Path) -> str:
    """The datasets section of a node that offers the file."""
    return f'  flights:\n    source: {{parquet: "{path}"}}\n'
