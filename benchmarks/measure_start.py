"""start_help: `sekisho --help`. start_node: `sekisho serve` to its line `ready`. Seconds."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from companies import found_pair, serving
from figures import Figure, figure
from flights import SMALL_ROWS, write_flights

ROUNDS = 7


def measure(root: Path) -> list[Figure]:
    """Give the median of both."""
    pair = found_pair(root, write_flights(root / "flights.parquet", SMALL_ROWS))
    helps, nodes = [], []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "sekisho", "--help"], check=True, stdout=subprocess.DEVNULL
        )
        helps.append(time.perf_counter() - started)
        started = time.perf_counter()
        with serving(pair.provider):
            nodes.append(time.perf_counter() - started)
    return [
        figure("start_help", statistics.median(helps), unit="s", aim="<= 0.3"),
        figure("start_node", statistics.median(nodes), unit="s", aim="<= 1.5"),
    ]
