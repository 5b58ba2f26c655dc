"""gate_cold, gate_remembered: a decision, milliseconds, over TPC-H's 22 queries and 100 small ones.

Cold: read twice (by DuckDB's parser in a worker too), checked and written anew, for texts that were
never seen, under a contract whose row filter was read before. Remembered: the second time, with the
look at the datasets' files that comes before.
"""

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from companies import CONSUMER, PROVIDER, PURPOSE, found_pair, sign_contract
from figures import Figure, figure
from flights import SMALL_ROWS, write_flights
from tpch import grant_of, read_queries, write_tables

from sekisho.documents.proposal import parse_proposal
from sekisho.gate.decide import decide
from sekisho.model.plan import Plan
from sekisho.model.query import Query
from sekisho.server.node import RunningNode
from sekisho.server.plans import Plans, RememberedParser

SMALL = (
    "SELECT origin, destination, distance FROM flights WHERE distance > {}",
    "SELECT count(*) FROM flights WHERE flight_number = {} AND origin = 'JFK'",
    "SELECT origin, count(*) AS n FROM flights WHERE distance > {} GROUP BY origin ORDER BY n DESC",
    "SELECT avg(departure_delay), max(fare) FROM flights WHERE fare < {}",
    "SELECT DISTINCT tail_number FROM flights WHERE flight_number = {} ORDER BY 1 LIMIT 10",
    "SELECT month(flight_date) AS m, sum(fare) FROM flights WHERE fare > {} GROUP BY m",
    "SELECT origin FROM flights WHERE distance > {} QUALIFY rank() OVER (ORDER BY fare DESC) = 1",
    "SELECT origin FROM flights WHERE fare > {} UNION SELECT destination FROM flights",
    "SELECT flight_number, CASE WHEN departure_delay > {} THEN 'late' ELSE 'ok' END FROM flights",
    "SELECT a.origin FROM flights AS a JOIN flights AS b USING (tail_number) WHERE b.fare > {}",
)
"""Each is asked with ten numbers."""
ROUNDS = 5


def measure(root: Path) -> list[Figure]:
    """Give the mean of both over all texts, the median of several rounds."""
    tables = write_tables(root)
    pair = found_pair(root, write_flights(root / "flights.parquet", SMALL_ROWS), more=tables)
    signed = parse_proposal(sign_contract(pair, grant_of(PROVIDER)).payload)

    def query(sql: str) -> Query:
        return Query(
            sql=sql, contract=signed.id, purpose=PURPOSE, consumer=CONSUMER, provider=PROVIDER
        )

    large = [query(sql) for sql in read_queries()]
    small = [query(sql.format(number)) for sql in SMALL for number in range(1, 11)]
    with RunningNode(pair.provider.folder.root) as node:
        parts = node.parts
        datasets = parts.datasets.present()

        def cold(queries: Sequence[Query]) -> float:
            parser = RememberedParser(parts.engine)
            decide(query(SMALL[0].format(0)), signed, datasets, parser=parser)

            def once(asked: Query) -> None:
                decision = decide(asked, signed, datasets, parser=parser)
                assert isinstance(decision, Plan), (asked.sql, decision)

            return _mean(once, queries)

        plans = Plans(parts)
        for asked in (*large, *small):
            plans.plan(asked, signed)
        by_size = [[cold(queries) for _ in range(ROUNDS)] for queries in (large, small)]
        remembered = [
            _mean(lambda q: plans.plan(q, signed), (*large, *small)) for _ in range(ROUNDS)
        ]
    means = [statistics.median(rounds) for rounds in by_size]
    print(
        f"gate_cold: {means[0]:.2f} ms of TPC-H, {means[1]:.2f} ms of small ones", file=sys.stderr
    )
    both = (means[0] * len(large) + means[1] * len(small)) / (len(large) + len(small))
    return [
        figure("gate_cold", both, unit="ms", aim="<= 5"),
        figure("gate_remembered", statistics.median(remembered), unit="ms", aim="<= 0.05"),
    ]


def _mean(call: Callable[[Query], object], queries: Sequence[Query]) -> float:
    started = time.perf_counter()
    for item in queries:
        call(item)
    return (time.perf_counter() - started) * 1e3 / len(queries)
