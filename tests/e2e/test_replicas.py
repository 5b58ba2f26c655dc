"""Two processes of one node over one PostgreSQL: one ledger, one budget, whatever falls."""

import json
import re
import shutil
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Self

import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from sekisho.errors import PeerError, Refusal, RefusalReason, SekishoError
from sekisho.server.bounds import MAX_CALLS_PER_PARTY
from support import asking
from support.asking import ask, sealed, table_of
from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text
from support.postgres import running_server
from support.replicas import move, replicate

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SQL = "SELECT origin FROM hops LIMIT 3"
LONG = "SELECT tail_number, origin, departure_delay FROM flights"
ROWS = 3_000_000
CALLERS = 64
PLACES = MAX_CALLS_PER_PARTY - 4
"""So many callers ask a process at once, the others wait their turn: their company's own node calls
it as well, to look at its ledger, and one call too many is refused without an entry."""
LIMIT = 1_000
PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def server():
    with running_server() as server:
        yield server


@pytest.fixture(scope="module")
def datasets(tmp_path_factory):
    """A dataset with more rows than any buffer holds, and a small one."""
    root = tmp_path_factory.mktemp("data")
    long = flights_section(write_flights(root / "flights.parquet", ROWS))
    return long + flights_section(write_flights(root / "hops.parquet")).replace("flights:", "hops:")


@pytest.fixture(scope="module")
def world(tmp_path_factory, server, datasets):
    """A provider whose node is two processes, and a consumer."""
    with Companies(tmp_path_factory.mktemp("replicas")) as companies:
        found(companies, datasets)
        move(companies["ua"], server)
        replicate(companies, "ua", "ua2")
        companies.start()
        yield companies


@pytest.fixture(scope="module")
def single(tmp_path_factory, datasets):
    """The same with one process and a file."""
    with Companies(tmp_path_factory.mktemp("single")) as companies:
        found(companies, datasets)
        companies.start()
        yield companies


def found(companies, datasets):
    """Found a provider with engine workers for as many callers as it lets run, and a consumer."""
    settings = companies.found("ua", datasets).folder.config
    settings.write_text(settings.read_text().replace("workers: 1", "workers: 6"))
    companies.found("maker")
    companies.introduce()


def agree(world, dataset="hops", limits="{}"):
    text = contract_text(limits=limits)
    return world.agree(text.replace("ua.example/flights", f"ua.example/{dataset}"))


def states(company, contract):
    """Count the contract's answers by how they stand."""
    ran = company.run("ledger", "list", "--format", "json")
    assert ran.code == 0, ran.err
    rows = [row for row in json.loads(ran.out) if row["kind"] == "answer"]
    return Counter(row["state"] for row in rows if row["contract"] == contract)


def used(server, company, contract):
    """Read what the contract's limit of queries has been charged."""
    database = company.config.state.split("?")[0].rpartition("/")[2]
    sql = f"SELECT used FROM charges WHERE name = 'queries' AND root = '{contract}'"
    return int(server.ask(sql, database))


class Callers:
    """Ask at several processes of a node, over one connection each."""

    def __init__(self, world, contract: str, stack: ExitStack, *names: str) -> None:
        self.consumer = world["maker"]
        self.contract = contract
        self.providers = [world[name] for name in names]
        self.peers = [self.consumer.peer_at(item) for item in self.providers]
        for peer in self.peers:
            stack.callback(peer.close)

    def begin(self, at: int, sql: str):
        number = at % len(self.peers)
        asked = asking.request(self.consumer, self.providers[number], self.contract, sql)
        return ask(self.peers[number], sealed(self.consumer, asked), asked)

    def health(self) -> list[int]:
        """Ask each process whether it serves, as a balancer does."""
        ask_health = [HealthStub(peer._channel).Check for peer in self.peers]
        return [check(HealthCheckRequest()).status for check in ask_health]

    def once(self, at: int) -> None:
        """Ask one query and read its answer whole."""
        running = self.begin(at, SQL)
        assert table_of(running).num_rows == 3
        assert running.receipt is not None


@pytest.mark.parametrize("kind", ["replicas", "one process"])
def test_a_limit_is_exact_whoever_asks_where(request, kind):
    world = request.getfixturevalue("world" if kind == "replicas" else "single")
    names = ("ua", "ua2") if kind == "replicas" else ("ua",)
    places = threading.BoundedSemaphore(PLACES * len(names))
    contract = agree(world, limits=f"{{queries: {{max: {LIMIT}, per: term}}}}")
    with ExitStack() as stack, ThreadPoolExecutor(CALLERS) as pool:
        callers = Callers(world, contract, stack, *names)

        def until_refused(number):
            answered = 0
            while True:
                try:
                    with places:
                        callers.once(number)
                except Refusal as refusal:
                    return answered, (refusal.reason, refusal.clause)
                answered += 1

        outcome = list(pool.map(until_refused, range(CALLERS)))
    assert {why for _, why in outcome} == {(RefusalReason.LIMIT_REACHED, "limits.queries")}
    assert sum(answered for answered, _ in outcome) == LIMIT
    assert states(world["ua"], contract) == {"answered": LIMIT, "refused": CALLERS}
    assert world[names[-1]].run("ledger", "verify").code == 0


@pytest.mark.parametrize(
    ("command", "state"), [("suspend", "SUSPENDED"), ("terminate", "NOT_IN_FORCE")]
)
def test_what_is_ended_at_one_process_is_cut_at_the_other_before_the_command_returns(
    world, command, state
):
    contract = agree(world, "flights")
    with ExitStack() as stack:
        callers = Callers(world, contract, stack, "ua2")
        running = callers.begin(0, LONG)
        frames = iter(running)
        for _ in range(3):
            next(frames)
        ended = world["ua"].run("contract", command, contract, "--reason", "a check")
        assert ended.code == 0, ended.err
        assert states(world["ua"], contract) == {"cut": 1}
        with pytest.raises(SekishoError):
            list(frames)
        assert running.receipt is None
        with pytest.raises(Refusal) as refused:
            table_of(callers.begin(0, LONG))
        assert refused.value.reason == state


class Load:
    """Callers that go on whatever happens, and count what came back whole."""

    def __init__(self, callers: Callers, pool: ThreadPoolExecutor, count: int) -> None:
        self._stop = threading.Event()
        self.callers = callers
        self._lock = threading.Lock()
        self.answered: Counter = Counter()
        """By the process that answered."""
        self.failed: Counter = Counter()
        self._futures = [pool.submit(self._run, number) for number in range(count)]

    def _run(self, number: int) -> None:
        at = number % len(self.callers.peers)
        while not self._stop.is_set():
            try:
                self.callers.once(at)
            except PeerError:
                with self._lock:
                    self.failed[at] += 1
            else:
                with self._lock:
                    self.answered[at] += 1

    def wait(self, is_reached) -> None:
        """Wait until the counts are as far as that."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_reached(self):
            assert time.monotonic() < deadline, (self.answered, self.failed)
            for future in self._futures:
                assert not future.done() or future.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for future in self._futures:
            future.result()


def settled(world, contract):
    """Wait until nothing is open any more."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := states(world["ua"], contract))["open"]:
        assert time.monotonic() < deadline, found
    return found


def test_a_process_that_is_killed_under_load_loses_nothing_and_the_other_goes_on(world, server):
    contract = agree(world, limits="{queries: {max: 100000, per: term}}")
    with (
        ExitStack() as stack,
        ThreadPoolExecutor(12) as pool,
        Load(Callers(world, contract, stack, "ua", "ua2"), pool, 12) as load,
    ):
        load.wait(lambda found: min(found.answered[0], found.answered[1]) >= 10)
        world["ua2"].kill()
        before = load.answered[0]
        load.wait(lambda found: found.answered[0] >= before + 30 and found.failed[1])
    assert not load.failed[0]
    found = settled(world, contract)
    # Some were closed whose receipt had not arrived; none that arrived is missing.
    assert found["answered"] >= sum(load.answered.values())
    assert found["interrupted"] <= 6
    assert set(found) <= {"answered", "interrupted"}
    assert used(server, world["ua"], contract) == found.total()
    assert world["ua"].run("ledger", "verify").code == 0
    world["ua2"].start().wait_ready()


def test_a_database_that_stops_and_comes_back_stops_the_node_and_costs_no_entry(world, server):
    contract = agree(world, limits="{queries: {max: 100000, per: term}}")
    with (
        ExitStack() as stack,
        ThreadPoolExecutor(8) as pool,
        Load(Callers(world, contract, stack, "ua", "ua2"), pool, 8) as load,
    ):
        load.wait(lambda found: min(found.answered[0], found.answered[1]) >= 10)
        server.stop()
        load.wait(lambda found: min(found.failed[0], found.failed[1]) >= 8)
        during = load.answered.copy()
        load.wait(lambda found: min(found.failed[0], found.failed[1]) >= 16)
        assert load.answered == during
        assert load.callers.health() == [HealthCheckResponse.NOT_SERVING] * 2
        server.start()
        load.wait(lambda found: all(found.answered[at] >= during[at] + 10 for at in (0, 1)))
        assert load.callers.health() == [HealthCheckResponse.SERVING] * 2
    found = settled(world, contract)
    assert found["answered"] >= sum(load.answered.values())
    assert set(found) <= {"answered", "interrupted", "cut"}
    assert used(server, world["ua"], contract) == found.total()
    assert world["ua2"].run("ledger", "verify").code == 0


def test_a_person_sees_which_process_answers(world):
    said = [world[name].run("status").out.splitlines()[-1] for name in ("ua", "ua2")]
    numbers = [re.fullmatch(r"state +replica (\d+) of postgresql://\S+", line)[1] for line in said]
    assert len(set(numbers)) == 2


def test_keys_are_renewed_where_no_replica_runs_and_copied_to_the_others(world):
    one, two = world["ua"], world["ua2"]
    contract = agree(world)
    assert one.stop() == 0
    ran = one.run("member", "rotate", "--yes")
    assert ran.code == 1
    assert "other replicas of the node are running" in ran.err
    assert not (one.folder.root / "keys" / "next").exists()

    assert two.stop() == 0
    assert one.run("member", "rotate", "--yes").code == 0
    left_behind = two.run("serve")
    assert left_behind.code != 0
    assert "copy member.json, keys/ and certs/" in left_behind.err
    shutil.copy(one.folder.member, two.folder.member)
    for name in ("keys", "certs"):
        shutil.copytree(one.folder.root / name, two.folder.root / name, dirs_exist_ok=True)
    world.start("ua", "ua2")
    with world["maker"].node() as node:
        assert node.query(SQL, contract=contract).to_arrow().num_rows == 3
