"""A standard client that stops a running answer stops the work at the provider."""

import time

import pytest
from pyarrow import flight

from sekisho.ledger.bodies import Closed, Cut, Failed, Received
from sekisho.wire.gen.arrow.flight import flight_pb2, flight_sql_pb2
from support.clients import act, packed, statement, user_by_adbc, user_by_flight, user_headers
from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

PATIENCE_SECONDS = 60
EVERYTHING = "SELECT tail_number, origin, departure_delay FROM flights"


@pytest.fixture
def world(tmp_path):
    """A provider with more data than any buffer holds, and a consumer."""
    with Companies(tmp_path) as companies:
        path = write_flights(tmp_path / "flights.parquet", 3_000_000)
        companies.found("ua", flights_section(path))
        companies.found("maker")
        companies.introduce()
        companies.start()
        companies.agree(contract_text())
        yield companies


def ends(company, *kinds):
    with company.records() as records:
        return [entry.body for entry in records.ledger.entries() if isinstance(entry.body, kinds)]


def is_stopped(companies) -> None:
    """Wait for the end of the one answer, which is that it was cut."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not ends(companies["ua"], Cut, Closed) or not ends(companies["maker"], Failed, Received):
        assert time.monotonic() < deadline
    assert len(ends(companies["ua"], Cut)) == 1
    assert ends(companies["maker"], Received) == []


def test_adbc_cancels(world):
    with user_by_adbc(world["maker"]) as connection, connection.cursor() as cursor:
        cursor.execute(EVERYTHING)
        answer = cursor.fetch_record_batch()
        answer.read_next_batch()
        cursor.adbc_cancel()
        is_stopped(world)


@pytest.mark.parametrize("action", ["CancelFlightInfo", "CancelQuery"])
def test_an_action_cancels(world, action):
    with user_by_flight(world["maker"]) as client, user_by_flight(world["maker"]) as second:
        options = user_headers(world["maker"])
        info = client.get_flight_info(statement(EVERYTHING), options)
        answer = client.do_get(info.endpoints[0].ticket, options)
        answer.read_chunk()
        body = packed(flight_sql_pb2.ActionCancelQueryRequest(info=info.serialize()))
        if action == "CancelFlightInfo":
            request = flight_pb2.CancelFlightInfoRequest()
            request.info.ParseFromString(info.serialize())
            body = request.SerializeToString()
        (said,) = act(second, action, body, options)
        assert said
        # pyarrow takes a cancelled call for Ctrl-C.
        with pytest.raises((flight.FlightCancelledError, KeyboardInterrupt)):
            answer.read_all()
        is_stopped(world)
