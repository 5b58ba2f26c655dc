"""Two processes of one node over one PostgreSQL: one ledger, one budget, whatever falls."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from sekisho.errors import Refusal, RefusalReason
from support import asking
from support.asking import ask, sealed, table_of
from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text
from support.postgres import running_server
from support.replicas import move, replicate

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SQL = "SELECT origin FROM flights LIMIT 3"
LONG = "SELECT tail_number, origin, departure_delay FROM flights"
ROWS = 4_000_000
CALLERS = {"replicas": 64, "one process": 40}
"""A process takes 48 calls of a company at once."""
LIMIT = 1_000
PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def server():
    with running_server() as server:
        yield server


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return write_flights(tmp_path_factory.mktemp("big") / "flights.parquet", ROWS)


@pytest.fixture(scope="module")
def world(tmp_path_factory, server, file):
    """A provider whose node is two processes, and a consumer."""
    with Companies(tmp_path_factory.mktemp("replicas")) as companies:
        companies.found("ua", flights_section(file))
        companies.found("maker")
        companies.introduce()
        move(companies["ua"], server)
        replicate(companies, "ua", "ua2")
        companies.start()
        yield companies


def rows(company, kind="answer"):
    ran = company.run("ledger", "list", "--format", "json")
    assert ran.code == 0, ran.err
    return [row for row in json.loads(ran.out) if row["kind"] == kind]


def answers(company, contract):
    return [row["state"] for row in rows(company) if row["contract"] == contract]


class Callers:
    """Ask at several nodes' processes at once, each caller one query after the other."""

    def __init__(self, consumer, providers, contract, stack: ExitStack) -> None:
        self.consumer = consumer
        self.contract = contract
        self.providers = providers
        self.peers = [consumer.peer_at(item) for item in providers]
        for peer in self.peers:
            stack.callback(peer.close)

    def once(self, at: int, sql: str = SQL) -> int:
        asked = asking.request(self.consumer, self.providers[at], self.contract, sql)
        return table_of(ask(self.peers[at], sealed(self.consumer, asked), asked)).num_rows


@pytest.mark.parametrize("kind", CALLERS)
def test_a_limit_is_exact_whoever_asks_where(request, kind):
    world = request.getfixturevalue("world" if kind == "replicas" else "single")
    names, count = ("ua", "ua2") if kind == "replicas" else ("dl",), CALLERS[kind]
    contract = world.agree(
        contract_text(providers=(names[0],), limits=f"{{queries: {{max: {LIMIT}, per: term}}}}")
    )
    with ExitStack() as stack:
        callers = Callers(world["maker"], [world[name] for name in names], contract, stack)

        def until_refused(number):
            answered = 0
            while True:
                try:
                    assert callers.once(number % len(names)) == 3
                except Refusal as refusal:
                    return answered, refusal.reason
                answered += 1

        with ThreadPoolExecutor(count) as pool:
            outcome = list(pool.map(until_refused, range(count)))
    assert {reason for _, reason in outcome} == {RefusalReason.LIMIT_REACHED}
    assert sum(answered for answered, _ in outcome) == LIMIT
    found = answers(world[names[0]], contract)
    assert (found.count("answered"), found.count("refused")) == (LIMIT, count)
    assert len(found) == LIMIT + count
    assert world[names[0]].run("ledger", "verify").code == 0


@pytest.fixture(scope="module")
def single(tmp_path_factory, file):
    with Companies(tmp_path_factory.mktemp("single")) as companies:
        companies.found("dl", flights_section(file))
        companies.found("maker")
        companies.introduce()
        companies.start()
        yield companies
