"""replicas, terminate_replica: two processes of one node over one state in PostgreSQL.

`replicas`: small governed answers a second from two replicas, by 16 callers, against one replica
over the same database. Where one replica fills the cores, what is measured is what sharing costs.
`terminate_replica`: from handing one replica a termination to the end of an answer that runs at the
other, milliseconds. Needs PostgreSQL's own programs (`initdb`, `postgres`, `psql`).
"""

import re
import shutil
import statistics
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from companies import PROVIDER, Asker, Company, Pair, asking, found_pair, serving
from figures import Figure, alternate, figure
from flights import STREAM_ROWS, write_flights
from measure_terminate import terminate

from sekisho.store.addresses import settle_ports
from sekisho.store.folder import NodeFolder
from sekisho.store.locating import postgres_database
from sekisho.store.moving import move_state
from support.postgres import running_server

CALLERS, SECONDS, ROUNDS = 16, 3.0, 3
TERMINATIONS = 15
SQL = "SELECT flight_date, tail_number, departure_delay FROM flights LIMIT 10"


def measure(root: Path) -> list[Figure]:
    """Give both figures."""
    pair = found_pair(root, write_flights(root / "flights.parquet", STREAM_ROWS))
    with ExitStack() as stack:
        _move(pair.provider, stack.enter_context(running_server()).url())
        other = _replica(pair)
        for company in (pair.provider, other.provider):
            stack.enter_context(serving(company))
        askers = [stack.enter_context(asking(item)) for item in (pair, other)]
        for asker in askers:
            asker.read(SQL)
        two, one = alternate(
            lambda: _rate(askers),
            lambda: _rate(askers[:1]),
            rounds=ROUNDS,
        )
        times = [terminate(other, pair.provider) for _ in range(TERMINATIONS)]
    return [
        figure("replicas", two, peer=one, unit="answers/s", aim=">= 0.8"),
        figure("terminate_replica", statistics.median(times), unit="ms", aim="<= 50"),
    ]


def _move(company: Company, url: str) -> None:
    folder = company.folder
    move_state(folder.state_file(), postgres_database(folder, url, party=PROVIDER))
    settings = folder.config.read_text().replace("sqlite:state/node.db", f"'{url}'")
    # As many as a company's calls may hold, so that none is started while it is measured.
    folder.config.write_text(settings.replace("workers: 2", "workers: 6"))


def _replica(pair: Pair) -> Pair:
    """Copy the provider's folder, to be served at ports of its own."""
    folder = NodeFolder(pair.provider.folder.root.with_name("replica"))
    shutil.copytree(pair.provider.folder.root, folder.root)
    peers, users = settle_ports("127.0.0.1:0", "127.0.0.1:0")
    listen = f'listen: {{peers: "{peers}", users: "{users}"}}'
    folder.config.write_text(re.sub(r"(?m)^listen: .*$", listen, folder.config.read_text()))
    return replace(pair, provider=Company(folder=folder))


def _rate(askers: list[Asker]) -> float:
    """Ask from all threads for a while; give answers a second."""
    counts = [0] * CALLERS
    until = time.perf_counter() + SECONDS

    def run(number: int) -> None:
        while time.perf_counter() < until:
            askers[number % len(askers)].read(SQL)
            counts[number] += 1

    threads = [threading.Thread(target=run, args=(number,)) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / SECONDS
