"""A node whose port somebody else holds, on either face.

expect: `serve` ends with exit code 1, the address and a hint, before it says that it is ready
effect: no half of a node serves; the state is whole and free for the next start
source: DESIGN 13, 15
"""

import socket

import pytest

from support.border import unchanged
from support.flights import flights_section, write_flights
from support.nodes import Companies

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


@pytest.fixture
def company(tmp_path):
    with Companies(tmp_path) as companies:
        yield companies.found("ua", flights_section(write_flights(tmp_path / "flights.parquet")))


@pytest.mark.parametrize("face", ["peers", "users"])
def test_a_port_in_use_is_said_and_nothing_is_served(company, face):
    address = getattr(company.config.listen, face)
    host, _, port = address.rpartition(":")
    with socket.create_server((host, int(port))), unchanged(company):
        company.start()
        assert company.process.stdout.read() == ""
        assert company.process.wait(30) == 1
        company.process.stdout.close()
    said = company.log()
    assert address in said
    assert "Traceback" not in said
    other = "users" if face == "peers" else "peers"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(
            (host, int(getattr(company.config.listen, other).rpartition(":")[2])), timeout=5
        )
    company.start().wait_ready()
    assert company.stop() == 0


def test_a_second_node_in_the_same_folder_does_not_start(company):
    company.start().wait_ready()
    first = company.process
    company.start()
    second = company.process
    assert second.stdout.read() == ""
    assert second.wait(30) == 1
    second.stdout.close()
    company.process = first
    assert "Traceback" not in company.log()
    assert first.poll() is None
    assert company.stop() == 0
