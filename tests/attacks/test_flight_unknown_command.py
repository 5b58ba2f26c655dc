"""Commands, tickets and actions that no node knows, or that are no messages at all.

expect: DOCUMENT_UNREADABLE, or NOT_SERVED for what Flight SQL has and no node serves
effect: a traceback or any text of the node's own at the caller; a node that does not go on
source: DESIGN 8: errors that cross a border carry a fixed text
"""

import pyarrow as pa
import pytest
from google.protobuf.any_pb2 import Any
from pyarrow import flight

from sekisho.wire.flight_sql import MAX_COMMAND_BYTES, MAX_PATTERN
from sekisho.wire.gen.arrow.flight import flight_sql_pb2
from support.clients import (
    act,
    described,
    fetch,
    headers,
    packed,
    partner_by_flight,
    user_by_flight,
    user_headers,
)

pytestmark = pytest.mark.e2e

SQL = "SELECT count(*) AS n FROM flights"
PREFIX = "type.googleapis.com/arrow.flight.protocol.sql."


def of_type(name: str, value: bytes = b"") -> bytes:
    return Any(type_url=name, value=value).SerializeToString()


UNKNOWN = {
    "nothing": b"",
    "garbage": b"\xff" * 64,
    "unknown type": of_type(f"{PREFIX}CommandDropEverything"),
    "another protocol": of_type("type.googleapis.com/google.rpc.Status"),
    "no type": of_type(""),
    "garbage inside": of_type(f"{PREFIX}CommandGetTables", b"\xff\xff"),
    "oversized": of_type(f"{PREFIX}CommandStatementQuery", b"x" * MAX_COMMAND_BYTES),
    "nested": of_type("type.googleapis.com/google.protobuf.Any", packed(Any()) * 100),
}
UNSERVED = {
    "update": of_type(f"{PREFIX}CommandStatementUpdate"),
    "ingest": of_type(f"{PREFIX}CommandStatementIngest"),
    "substrait": of_type(f"{PREFIX}CommandStatementSubstraitPlan"),
    "transaction": packed(flight_sql_pb2.CommandStatementQuery(query=SQL, transaction_id=b"t")),
}


@pytest.fixture(params=["users", "peers"])
def caller(request, partners):
    """A user at its own node, and a partner at the provider's."""
    maker = partners.companies["maker"]
    contract = partners.contracts["maker"]
    if request.param == "users":
        with user_by_flight(maker) as client:
            yield client, user_headers(maker, contract=contract)
    else:
        with partner_by_flight(maker, partners.ua) as client:
            yield client, headers(contract=contract)


@pytest.fixture(autouse=True)
def node_goes_on(request, caller):
    yield
    if "peers" in request.node.name:
        assert fetch(caller[0], SQL, caller[1]).to_pylist() == [{"n": 1_800}]


@pytest.mark.parametrize("command", UNKNOWN.values(), ids=UNKNOWN)
def test_an_unknown_command_is_unreadable(caller, command):
    client, options = caller
    descriptor = flight.FlightDescriptor.for_command(command)
    for call in (client.get_flight_info, client.get_schema):
        with pytest.raises(pa.ArrowInvalid, match="DOCUMENT_UNREADABLE") as caught:
            call(descriptor, options)
        assert "Traceback" not in str(caught.value)
    with pytest.raises(pa.ArrowInvalid, match="DOCUMENT_UNREADABLE"):
        client.do_get(flight.Ticket(command), options).read_all()


@pytest.mark.parametrize("command", UNSERVED.values(), ids=UNSERVED)
def test_what_no_node_serves_is_said_to_be_so(caller, command):
    client, options = caller
    descriptor = flight.FlightDescriptor.for_command(command)
    with pytest.raises(NotImplementedError, match="NOT_SERVED"):
        client.get_flight_info(descriptor, options)


@pytest.mark.parametrize("name", ["BeginTransaction", "BeginSavepoint", "EndTransaction", "", "x"])
def test_an_unknown_action_is_not_served(caller, name):
    with pytest.raises(NotImplementedError, match="NOT_SERVED"):
        act(caller[0], name, b"\xff" * 10, caller[1])


@pytest.mark.parametrize(
    "name", ["CreatePreparedStatement", "ClosePreparedStatement", "CancelFlightInfo", "CancelQuery"]
)
def test_an_actions_body_that_is_none_is_unreadable(caller, name):
    with pytest.raises(pa.ArrowInvalid, match="DOCUMENT_UNREADABLE"):
        act(caller[0], name, b"\xff" * 10, caller[1])


def test_a_pattern_that_is_too_long_is_not_looked_at(caller):
    wanted = flight_sql_pb2.CommandGetTables(table_name_filter_pattern="%" * (MAX_PATTERN + 1))
    with pytest.raises(pa.ArrowInvalid, match="DOCUMENT_UNREADABLE"):
        caller[0].get_flight_info(described(wanted), caller[1])
