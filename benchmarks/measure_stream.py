"""stream: governed rows from the provider's file to the consumer's Arrow, receipt verified.

Against the same query in an ungoverned C++ Flight server and client over the same mutual TLS.
"""

import time
from collections.abc import Callable
from pathlib import Path

from arrow_server import arrow_serving
from companies import asking, found_pair, serving
from figures import Figure, alternate, figure
from flights import COLUMNS, STREAM_ROWS, write_flights

SQL = f"SELECT {', '.join(COLUMNS)} FROM flights"
ROUNDS = 7


def measure(root: Path) -> list[Figure]:
    """Give the throughput in MB/s of Arrow."""
    parquet = write_flights(root / "flights.parquet", STREAM_ROWS)
    pair = found_pair(root, parquet)
    with (
        serving(pair.provider),
        asking(pair) as asker,
        arrow_serving(pair, parquet) as client,
    ):
        rows, size = asker.read(SQL)
        assert client.read(SQL) == rows
        ours, peer = alternate(
            lambda: _rate(lambda: asker.read(SQL)[0], rows, size),
            lambda: _rate(lambda: client.read(SQL), rows, size),
            rounds=ROUNDS,
        )
    return [figure("stream", ours, peer=peer, unit="MB/s", aim=">= 1.0")]


def _rate(read: Callable[[], int], rows: int, size: int) -> float:
    started = time.perf_counter()
    assert read() == rows
    return size / (time.perf_counter() - started) / 1e6
