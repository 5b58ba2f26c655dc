"""A partner asks the replica that cannot have heard yet that its contract has ended.

The replica is stopped while another one of the same node records the termination; the request lies
in its socket when it wakes. Nothing may leave: what it decides holds for one version of contracts,
and the transaction that would open the answer finds another.
"""

import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from sekisho.errors import Refusal, RefusalReason
from support import asking
from support.asking import ask, sealed, table_of
from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text
from support.postgres import running_server
from support.replicas import move, replicate

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
SQL = "SELECT origin FROM flights LIMIT 3"


@pytest.fixture
def world(tmp_path):
    with running_server() as server, Companies(tmp_path) as companies:
        companies.found("ua", flights_section(write_flights(tmp_path / "flights.parquet")))
        companies.found("maker")
        companies.introduce()
        move(companies["ua"], server)
        replicate(companies, "ua", "ua2")
        companies.start()
        companies.contract = companies.agree(contract_text())
        yield companies


def begin(world, peer):
    asked = asking.request(world["maker"], world["ua2"], world.contract, SQL)
    return ask(peer, sealed(world["maker"], asked), asked)


def test_a_replica_that_slept_through_a_termination_answers_nothing(world):
    sleeper = world["ua2"].process
    peer = world["maker"].peer_at(world["ua2"])
    with ThreadPoolExecutor(1) as other:
        assert table_of(begin(world, peer)).num_rows == 3
        sleeper.send_signal(signal.SIGSTOP)
        try:
            waiting = other.submit(lambda: table_of(begin(world, peer)))
            ended = world["ua"].run("contract", "terminate", world.contract, "--reason", "enough")
        finally:
            sleeper.send_signal(signal.SIGCONT)
        assert ended.code == 0, ended.err
        with pytest.raises(Refusal) as refused:
            waiting.result()
    peer.close()
    assert refused.value.reason is RefusalReason.NOT_IN_FORCE
