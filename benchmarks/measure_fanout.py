"""fanout_64: one query over 64 providers' nodes, against the slowest single one of them, ms.

The same query is asked of all of them as a union, and of each by its own schema, through the
consumer's node. `PROVIDERS=16` measures with fewer nodes, which is then said on stderr: the figure
keeps its name.
"""

import os
import statistics
import sys
import time
from pathlib import Path

import duckdb
from figures import Figure, figure
from measure_tpch import contract_of

from sekisho.client.node import Node
from support.nodes import Companies

ROWS = 20_000
ROUNDS = 5
SQL = "SELECT origin, count(*) AS n, sum(delay) AS s FROM {} GROUP BY origin ORDER BY origin"


def measure(root: Path) -> list[Figure]:
    """Give the medians of some rounds, the slowest single one of each round."""
    count = int(os.environ.get("PROVIDERS", "64"))
    names = tuple(f"p{number}" for number in range(count))
    path = root / "flights.parquet"
    duckdb.execute(
        "COPY (SELECT ['A', 'B', 'C'][range % 3 + 1] AS origin, (range % 180)::SMALLINT AS delay"
        f" FROM range({ROWS})) TO '{path}'"
    )
    with Companies(root) as companies:
        for name in names:
            companies.found(name, f'  flights:\n    source: {{parquet: "{path}"}}\n')
        companies.found("analyst")
        companies.introduce()
        companies.start()
        datasets = ", ".join(f"{name}.example/flights" for name in names)
        grants = (
            f"  - {{grant: flights, datasets: [{datasets}], access: rows,"
            " columns: {origin: {}, delay: {}}}"
        )
        contract = companies.agree(contract_of(names, "analyst", grants))
        with companies["analyst"].node() as node:
            for schema in ("shared", *names):
                _ask(node, contract, schema)
            together = [_ask(node, contract, "shared") for _ in range(ROUNDS)]
            single = [max(_ask(node, contract, name) for name in names) for _ in range(ROUNDS)]
    print(f"  {count} providers", file=sys.stderr)
    ours, peer = (statistics.median(item) * 1e3 for item in (together, single))
    return [figure("fanout_64", ours, peer=peer, unit="ms", aim="<= 1.5")]


def _ask(node: Node, contract: str, schema: str) -> float:
    started = time.perf_counter()
    answer = node.query(SQL.format(f"{schema}.flights"), contract=contract).to_arrow()
    assert answer.num_rows == 3
    return time.perf_counter() - started
