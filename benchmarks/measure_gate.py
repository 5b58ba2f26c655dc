"""gate_cold, gate_remembered: a decision, milliseconds.

Cold: read twice (by DuckDB's parser in a worker too), checked and written anew, for a text that was
never seen, under a contract whose row filter was read before. Remembered: the second time, with the
look at the datasets' files that comes before.
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from companies import CONSUMER, PROVIDER, PURPOSE, found_pair, sign_contract
from figures import Figure, figure
from flights import SMALL_ROWS, write_flights

from sekisho.documents.proposal import parse_proposal
from sekisho.gate.decide import decide
from sekisho.model.plan import Plan
from sekisho.model.query import Query
from sekisho.server.node import RunningNode
from sekisho.server.plans import Plans, RememberedParser

SQL = """
SELECT origin, destination, count(*) AS n, avg(departure_delay) AS delay, max(fare) AS highest
FROM flights
WHERE flight_date BETWEEN DATE '2025-02-01' AND DATE '2025-07-31' AND distance > {number}
GROUP BY origin, destination HAVING count(*) > 10 ORDER BY delay DESC, origin LIMIT 50
"""
ROUNDS = 200


def measure(root: Path) -> list[Figure]:
    """Give the median of both."""
    pair = found_pair(root, write_flights(root / "flights.parquet", SMALL_ROWS))
    signed = parse_proposal(sign_contract(pair).payload)

    def query(number: int) -> Query:
        return Query(
            sql=SQL.format(number=number),
            contract=signed.id,
            purpose=PURPOSE,
            consumer=CONSUMER,
            provider=PROVIDER,
        )

    with RunningNode(pair.provider.folder.root) as node:
        parts = node.parts
        datasets = parts.datasets.present()
        parser = RememberedParser(parts.engine)
        first = decide(query(0), signed, datasets, parser=parser)
        assert isinstance(first, Plan), first
        cold = _median(lambda n: decide(query(n), signed, datasets, parser=parser))
        plans = Plans(parts)
        known = query(0)
        plans.plan(known, signed)
        remembered = _median(lambda _: plans.plan(known, signed))
    return [
        figure("gate_cold", cold, unit="ms", aim="<= 5"),
        figure("gate_remembered", remembered, unit="ms", aim="<= 0.05"),
    ]


def _median(call: Callable[[int], object]) -> float:
    times = []
    for number in range(1, ROUNDS + 1):
        started = time.perf_counter()
        call(number)
        times.append((time.perf_counter() - started) * 1e3)
    return statistics.median(times)
