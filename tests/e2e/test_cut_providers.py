"""A provider's node that is killed at any point of its answer: an exact answer, or it is named."""

from collections import Counter

import pytest

from sekisho.errors import PeerError, SekishoError
from sekisho.ledger.bodies import Asked, Failed, Interrupted, Received
from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text
from support.relay import Relay

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ROWS = "SELECT tail_number, origin, departure_delay, provider FROM flights"
GROUPS = "SELECT origin, count(*) AS n, sum(departure_delay) AS s FROM flights GROUP BY origin"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Two providers, one of them behind a line that can be cut, and a consumer."""
    root = tmp_path_factory.mktemp("cut")
    with Companies(root) as companies:
        path = write_flights(root / "flights.parquet", 300_000)
        for name in ("ua", "dl"):
            companies.found(name, flights_section(path))
        companies.found("maker")
        companies.introduce()
        relay = Relay(companies["dl"])
        companies.start()
        contract = companies.agree(contract_text(providers=("ua", "dl")))
        try:
            yield companies, relay, contract
        finally:
            relay.close()


def answer(companies, contract, sql):
    with companies["maker"].node() as node, node.query(sql, contract=contract) as found:
        return Counter(tuple(row.values()) for row in found.to_arrow().to_pylist())


def outcome(companies, contract, sql):
    """Give the answer, or why there is none."""
    try:
        return answer(companies, contract, sql), None
    except SekishoError as error:
        return None, error


@pytest.fixture(scope="module")
def whole(world):
    """What each query gives when nobody is killed, and how many bytes that takes."""
    companies, relay, contract = world
    found = {}
    for sql in (ROWS, GROUPS):
        answer(companies, contract, sql)
        relay.count()
        rows = answer(companies, contract, sql)
        found[sql] = rows, relay.carried
    return found


def bodies(company, *kinds):
    with company.records() as records:
        return [entry.body for entry in records.ledger.entries() if isinstance(entry.body, kinds)]


@pytest.mark.parametrize("sql", [ROWS, GROUPS], ids=["rows", "groups"])
@pytest.mark.parametrize("part", [0.0, 0.02, 0.1, 0.5, 0.9, 0.99, 0.999, 2.0])
def test_a_provider_killed_at_any_point_is_named_or_the_answer_is_whole(world, whole, sql, part):
    companies, relay, contract = world
    expected, size = whole[sql]
    relay.count(kill_at=int(size * part))
    found, failed = outcome(companies, contract, sql)
    if failed is None:
        assert found == expected
        assert part > 0.5
    else:
        assert isinstance(failed, PeerError)
        assert failed.party == "dl.example"
        assert part < 2
    relay.count()
    if companies["dl"].process.poll() is not None:
        companies["dl"].start().wait_ready()
    asked = bodies(companies["maker"], Asked)
    assert len(bodies(companies["maker"], Received, Failed, Interrupted)) == len(asked)
    assert answer(companies, contract, sql) == expected
    assert companies["dl"].run("ledger", "verify").code == 0
