"""Two replicas over one PostgreSQL that are killed, frozen, and lose their server: what must hold.

Strikes come by the number of answers, so that a seed's run depends on no clock.
"""

import os
import random
import signal
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress

import pytest

from faults.invariants import ENDS, size_of
from sekisho.errors import SekishoError
from sekisho.ledger.bodies import Opened
from sekisho.server.members import MemberBook
from sekisho.store.evidence import verify_evidence
from sekisho.store.locating import find_database
from sekisho.store.state import read_state
from support import asking
from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text
from support.postgres import running_server
from support.replicas import move, replicate

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(240),
    # gRPC's own thread may look at a channel once more that was closed while it reconnects; what
    # the callers' threads raise is raised by their futures.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]

SQL = "SELECT origin FROM flights LIMIT 30"
STRIKES = ("kill", "freeze", "server")
CALLERS = 4
SEED = int(os.environ.get("SEED", "1"))
"""One that does not change, unless `make faults` is given another."""


class Seen:
    """What callers got, counted as it came."""

    def __init__(self) -> None:
        self.bytes: Counter[str] = Counter()
        self.receipts: set[str] = set()
        self.changed = threading.Condition()

    def wait(self, more: int) -> None:
        """Wait until so many more answers have come whole."""
        with self.changed:
            enough = len(self.receipts) + more
            assert self.changed.wait_for(lambda: len(self.receipts) >= enough, 60)


@pytest.fixture
def world(tmp_path):
    with running_server() as server, Companies(tmp_path) as companies:
        companies.found("ua", flights_section(write_flights(tmp_path / "flights.parquet")))
        companies.found("maker")
        companies.introduce()
        move(companies["ua"], server)
        replicate(companies, "ua", "ua2")
        companies.start()
        companies.server = server
        yield companies


def call(world, contract, name, seen, is_over):
    maker, provider = world["maker"], world[name]
    with closing(maker.peer_at(provider)) as peer:
        while not is_over.is_set():
            asked = asking.request(maker, provider, contract, SQL)
            envelope = asking.sealed(maker, asked)
            running = asking.ask(peer, envelope, asked)
            with suppress(SekishoError, OSError):
                asking.table_of(running)
            with seen.changed:
                seen.bytes[envelope.digest] += running.tally.bytes
                if running.receipt is not None:
                    seen.receipts.add(envelope.digest)
                seen.changed.notify_all()


def strike(world, kind, name, seen):
    node = world[name]
    match kind:
        case "kill":
            node.kill()
            seen.wait(5)
            node.start().wait_ready()
        case "freeze":
            node.process.send_signal(signal.SIGSTOP)
            try:
                seen.wait(3)
            finally:
                node.process.send_signal(signal.SIGCONT)
        case "server":
            world.server.stop(signal.SIGQUIT)
            world.server.start()


def test_replicas_that_are_struck_under_load_keep_their_promises(world):
    chance, seen, is_over = random.Random(SEED), Seen(), threading.Event()
    contract = world.agree(contract_text(limits="{queries: {max: 100000, per: term}}"))
    with ThreadPoolExecutor(CALLERS) as pool:
        names = ("ua", "ua2") * (CALLERS // 2)
        calls = [pool.submit(call, world, contract, name, seen, is_over) for name in names]
        try:
            for kind in STRIKES:
                seen.wait(chance.randrange(5, 15))
                strike(world, kind, chance.choice(("ua", "ua2")), seen)
                seen.wait(5)
        finally:
            is_over.set()
        for item in calls:
            item.result()
    for name in ("ua", "ua2"):
        assert world[name].stop() == 0
    world.start("ua")  # whoever starts ends what a fall left open
    check(world, contract, seen)


def check(world, contract, seen):
    ua = world["ua"]
    with read_state(find_database(ua.folder, ua.config)) as records:
        report = verify_evidence(records, MemberBook(records, ua.member)(), party=ua.party)
        entries = list(records.ledger.entries())
    assert report.ledger.open == ()
    opened = [entry for entry in entries if isinstance(entry.body, Opened)]
    ends = {entry.body.ends: entry.body for entry in entries if isinstance(entry.body, ENDS)}
    assert len({entry.body.nonce for entry in opened}) == len(opened)
    by_request = {entry.body.request: ends[entry.index] for entry in opened}
    for request, size in seen.bytes.items():
        assert not size or size <= size_of(by_request[request]), request
    assert seen.receipts <= by_request.keys()
    database = ua.config.state.split("?")[0].rpartition("/")[2]
    sql = f"SELECT used FROM charges WHERE name = 'queries' AND root = '{contract}'"
    assert int(world.server.ask(sql, database)) == len(opened)
