"""Generates the rows that are measured with: flights, with the columns of the demo's and a fare."""

from pathlib import Path

import duckdb

COLUMNS = (
    "flight_date",
    "scheduled_departure",
    "departure_delay",
    "flight_number",
    "tail_number",
    "origin",
    "destination",
    "distance",
    "fare",
)
"""Those that the contract grants."""
STREAM_ROWS = 7_200_000
"""About 370 MB of Arrow once the cancelled ones are filtered out."""
SMALL_ROWS = 50_000

_ROWS = """
COPY (
    SELECT
        DATE '2025-01-01' + (i % 365)::INTEGER AS flight_date,
        TIMESTAMP '2025-01-01 05:00:00' + to_minutes(i % 525000) AS scheduled_departure,
        CASE WHEN h % 50 = 0 THEN NULL ELSE (h % 240)::SMALLINT - 20 END::SMALLINT
            AS departure_delay,
        (h % 7000)::INTEGER AS flight_number,
        'N' || (10000 + h // 7 % 4000) AS tail_number,
        ['EWR', 'JFK', 'LGA'][1 + h % 3] AS origin,
        chr(65 + (h // 3 % 26)::INTEGER) || chr(65 + (h // 79 % 10)::INTEGER) || 'X'
            AS destination,
        (80 + h % 4900)::SMALLINT AS distance,
        round(40 + (h % 90000) / 100, 2)::DOUBLE AS fare,
        h % 40 = 0 AS cancelled
    FROM (SELECT i, (hash(i) >> 8)::BIGINT AS h FROM range($rows) AS r(i))
) TO '$path' (FORMAT parquet)
"""


def write_flights(path: Path, rows: int) -> Path:
    """Write a Parquet file of so many flights, the same at every call."""
    text = _ROWS.replace("$rows", str(rows)).replace("$path", str(path))
    duckdb.connect().execute(text)
    return path
