"""Nodes and workers that are killed, and contracts that end, while an answer is on its way."""

import json

import psutil
import pytest

from sekisho.errors import PeerError, Refusal, RefusalReason, SekishoError
from support.asking import ask, fetch, request, sealed
from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SQL = "SELECT tail_number, origin, departure_delay FROM flights"
ROWS = 6_000_000


@pytest.fixture(scope="module")
def big_file(tmp_path_factory):
    return write_flights(tmp_path_factory.mktemp("big") / "flights.parquet", ROWS)


@pytest.fixture
def world(tmp_path, big_file):
    """A provider with more data than any buffer holds, and a consumer."""
    with Companies(tmp_path) as companies:
        companies.found("ua", flights_section(big_file))
        companies.found("maker")
        companies.introduce()
        companies.start()
        yield companies


class Reading:
    """An answer of which the first frames were read."""

    def __init__(self, companies, contract: str, frames: int = 3) -> None:
        self.peer = companies["maker"].peer_at(companies["ua"])
        asked = request(companies["maker"], companies["ua"], contract, SQL)
        self.asking = ask(self.peer, sealed(companies["maker"], asked), asked)
        self.frames = iter(self.asking)
        for _ in range(frames):
            next(self.frames)

    def read_on(self) -> SekishoError:
        """Read until the stream fails, which it must."""
        with pytest.raises(SekishoError) as failed:
            for _ in self.frames:
                pass
        assert self.asking.receipt is None
        assert self.asking.tally.rows < ROWS * 9 // 10
        self.peer.close()
        return failed.value


def answers(company) -> list[dict]:
    ran = company.run("ledger", "list", "--format", "json")
    assert ran.code == 0, ran.err
    return [row for row in json.loads(ran.out) if row["kind"] == "answer"]


def test_a_node_killed_in_mid_stream_leaves_an_interrupted_answer_and_a_whole_ledger(world):
    contract = world.agree(contract_text())
    reading = Reading(world, contract)
    world["ua"].kill()
    assert isinstance(reading.read_on(), PeerError)
    world["ua"].start().wait_ready()
    (answer,) = answers(world["ua"])
    assert answer["state"] == "interrupted"
    assert answer["rows"] >= reading.asking.tally.rows
    assert answer["bytes"] >= reading.asking.tally.bytes
    assert world["ua"].run("ledger", "verify").code == 0
    found = fetch(world["maker"], world["ua"], contract, "SELECT count(*) AS n FROM flights")
    assert found.to_pylist() == [{"n": ROWS * 9 // 10}]


def test_a_worker_killed_in_mid_stream_costs_one_answer_and_not_the_node(world):
    contract = world.agree(contract_text())
    reading = Reading(world, contract)
    node = psutil.Process(world["ua"].process.pid)
    for worker in node.children(recursive=True):
        worker.kill()
    failed = reading.read_on()
    assert isinstance(failed, PeerError)
    assert "did not finish" in failed.message
    (answer,) = answers(world["ua"])
    assert answer["state"] == "cut"
    found = fetch(world["maker"], world["ua"], contract, "SELECT count(*) AS n FROM flights")
    assert found.to_pylist() == [{"n": ROWS * 9 // 10}]
    assert world["ua"].process.poll() is None


def test_a_termination_cuts_the_running_answer_before_its_command_returns(world):
    contract = world.agree(contract_text())
    reading = Reading(world, contract)
    ended = world["ua"].run("contract", "terminate", contract, "--reason", "enough")
    assert ended.code == 0, ended.err
    (answer,) = answers(world["ua"])
    assert answer["state"] == "cut"
    assert answer["reason"] == "terminated"
    reading.read_on()
    with pytest.raises(Refusal) as refused:
        fetch(world["maker"], world["ua"], contract, "SELECT origin FROM flights")
    assert refused.value.reason is RefusalReason.NOT_IN_FORCE


def test_a_suspension_cuts_and_a_resumption_lets_go_on(world):
    contract = world.agree(contract_text())
    reading = Reading(world, contract)
    assert world["ua"].run("contract", "suspend", contract, "--reason", "a check").code == 0
    reading.read_on()
    with pytest.raises(Refusal) as refused:
        fetch(world["maker"], world["ua"], contract, "SELECT origin FROM flights LIMIT 1")
    assert refused.value.reason is RefusalReason.SUSPENDED
    assert world["ua"].run("contract", "resume", contract, "--reason", "checked").code == 0
    found = fetch(world["maker"], world["ua"], contract, "SELECT count(*) AS n FROM flights")
    assert found.num_rows == 1
    assert [row["state"] for row in answers(world["ua"])] == ["cut", "refused", "answered"]


def test_a_consumer_that_goes_away_stops_the_work_and_is_recorded(world):
    contract = world.agree(contract_text())
    reading = Reading(world, contract)
    reading.asking.cancel()
    reading.peer.close()
    assert world["ua"].stop() == 0
    (answer,) = answers(world["ua"])
    assert answer["state"] == "cut"
    assert answer["reason"] == "cancelled"
    assert 0 < answer["rows"] < ROWS * 9 // 10


def test_a_limit_met_in_mid_stream_is_an_error_and_never_a_short_answer(world):
    contract = world.agree(contract_text(limits="{rows: {max: 1000000, per: day}}"))
    reading = Reading(world, contract)
    failed = reading.read_on()
    assert isinstance(failed, Refusal)
    assert failed.reason is RefusalReason.LIMIT_REACHED
    (answer,) = answers(world["ua"])
    assert answer["state"] == "cut"
    assert answer["reason"] == "limit"
    assert answer["rows"] <= 1_000_000


def test_a_node_that_stops_gracefully_tells_its_peers_and_leaves_nothing_open(world):
    contract = world.agree(contract_text())
    reading = Reading(world, contract)
    assert world["ua"].stop() == 0
    reading.read_on()
    (answer,) = answers(world["ua"])
    assert answer["state"] == "cut"
