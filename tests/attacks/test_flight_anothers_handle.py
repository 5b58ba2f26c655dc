"""A caller that has come by another's handle or ticket, makes one up, or uses one that is closed.

expect: NOT_TRUSTED, alike in each case (`server/prepared.py`, `server/tickets.py`)
effect: no row, no other values bound, nothing of another's closed or cancelled; the owner goes on
source: DESIGN 6: a partner is who its certificate says; ADR 0009
"""

import secrets

import pyarrow as pa
import pytest
from google.protobuf.any_pb2 import Any
from pyarrow import flight

from sekisho.errors import TrustError
from sekisho.server.prepared import IDLE_SECONDS, Asked, PreparedStatement, Statements
from sekisho.wire.gen.arrow.flight import flight_pb2, flight_sql_pb2
from support.clients import (
    act,
    bind,
    close,
    fetch,
    headers,
    partner_by_flight,
    prepare,
    prepared,
    statement,
)
from support.nodes import contract_text

pytestmark = pytest.mark.e2e

SQL = "SELECT count(*) AS n FROM flights WHERE origin = ?"
JFK, OTHER = pa.record_batch({"0": ["JFK"]}), pa.record_batch({"0": ["NRT"]})


@pytest.fixture
def both(partners):
    """The owner and the attacker, each at the provider's peers' face under its own contract."""
    companies = partners.companies
    with (
        partner_by_flight(companies["maker"], partners.ua) as owner,
        partner_by_flight(companies["dl"], partners.ua) as attacker,
    ):
        contracts = partners.contracts
        yield (
            (owner, headers(contract=contracts["maker"])),
            (attacker, headers(contract=contracts["dl"])),
        )


def ticket_of(handle: bytes) -> flight.Ticket:
    content = Any()
    content.Pack(flight_sql_pb2.TicketStatementQuery(statement_handle=handle))
    return flight.Ticket(content.SerializeToString())


def refused():
    return pytest.raises(flight.FlightUnauthenticatedError, match="NOT_TRUSTED")


def test_anothers_prepared_query_is_neither_run_nor_bound_nor_closed(both):
    (owner, his), (attacker, other) = both
    handle = prepare(owner, SQL, his).prepared_statement_handle
    bind(owner, handle, JFK, his)
    with refused():
        fetch(attacker, prepared(handle), other)
    with refused():
        bind(attacker, handle, OTHER, other)
    close(attacker, handle, other)
    assert fetch(owner, prepared(handle), his).to_pylist() == [{"n": 600}]


def test_anothers_ticket_is_neither_used_nor_cancelled(both):
    (owner, his), (attacker, other) = both
    sql = "SELECT count(*) AS n FROM flights"
    info = owner.get_flight_info(statement(sql), his)
    request, result = flight_pb2.CancelFlightInfoRequest(), flight_pb2.CancelFlightInfoResult()
    request.info.ParseFromString(info.serialize())
    (body,) = act(attacker, "CancelFlightInfo", request.SerializeToString(), other)
    result.ParseFromString(body)
    assert result.status == flight_pb2.CANCEL_STATUS_NOT_CANCELLABLE
    ticket = info.endpoints[0].ticket
    with refused():
        attacker.do_get(ticket, other).read_all()
    assert owner.do_get(ticket, his).read_all().to_pylist() == [{"n": 1_800}]


def test_a_closed_query_is_gone(both):
    client, options = both[0]
    handle = prepare(client, SQL, options).prepared_statement_handle
    close(client, handle, options)
    close(client, handle, options)
    with refused():
        bind(client, handle, JFK, options)
    with refused():
        fetch(client, prepared(handle), options)


@pytest.mark.parametrize(
    "handle",
    [b"", b"\0" * 32, secrets.token_bytes(32), b"a" * 100_000],
    ids=["empty", "zeros", "random", "long"],
)
def test_a_forged_handle_or_ticket_is_nobodys(both, handle):
    client, options = both[0]
    with refused():
        fetch(client, prepared(handle), options)
    with refused():
        client.do_get(ticket_of(handle), options).read_all()


def test_the_contract_is_looked_at_whenever_a_prepared_query_runs(both, partners):
    client = both[0][0]
    contract = partners.companies.agree(contract_text(extra="evidence: {requests: tls}"))
    options = headers(contract=contract)
    created = prepare(client, "SELECT 1 AS n FROM flights LIMIT 1", options)
    ended = partners.companies["maker"].run("contract", "terminate", contract, "--reason", "test")
    assert ended.code == 0, ended.err
    with pytest.raises(flight.FlightUnauthorizedError, match="NOT_IN_FORCE"):
        fetch(client, prepared(created.prepared_statement_handle), options)


def test_one_users_handle_is_not_anothers():
    now = [0.0]
    statements = Statements(lambda: now[0])
    asked = Asked(contract="", purpose="")
    handle = statements.open(PreparedStatement(asked=asked, sql=SQL, names=()), bound_to="anna")
    with pytest.raises(TrustError):
        statements.find(handle, bound_to="ben")
    statements.close(handle, bound_to="ben")
    assert statements.find(handle, bound_to="anna").sql == SQL
    now[0] += IDLE_SECONDS + 1
    with pytest.raises(TrustError):
        statements.find(handle, bound_to="anna")
