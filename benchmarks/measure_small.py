"""small_p50, small_p99: ten governed rows, the plan remembered, request to verified receipt.

Against the same ten rows from the ungoverned C++ Flight server and client over the same TLS.
"""

import time
from collections.abc import Callable
from pathlib import Path

from arrow_server import arrow_serving
from companies import asking, found_pair, serving
from figures import Figure, figure, percentile
from flights import SMALL_ROWS, write_flights

SQL = "SELECT flight_date, tail_number, departure_delay FROM flights LIMIT 10"
ROUNDS, WARM_UP = 400, 30


def measure(root: Path) -> list[Figure]:
    """Give both percentiles in milliseconds."""
    parquet = write_flights(root / "flights.parquet", SMALL_ROWS)
    pair = found_pair(root, parquet)
    with (
        serving(pair.provider),
        asking(pair) as asker,
        arrow_serving(pair, parquet) as client,
    ):
        times = [
            (_milliseconds(lambda: asker.read(SQL)), _milliseconds(lambda: client.read(SQL)))
            for _ in range(WARM_UP + ROUNDS)
        ][WARM_UP:]
    ours, peer = zip(*times, strict=True)
    return [
        figure(
            f"small_p{percent}",
            percentile(ours, percent / 100),
            peer=percentile(peer, percent / 100),
            unit="ms",
            aim="<= 1.5",
        )
        for percent in (50, 99)
    ]


def _milliseconds(read: Callable[[], object]) -> float:
    started = time.perf_counter()
    read()
    return (time.perf_counter() - started) * 1e3
