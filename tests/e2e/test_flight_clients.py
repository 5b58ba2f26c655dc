"""Arrow's own Flight client on both faces: a statement, a ticket, a stream."""

import pytest
from google.protobuf.any_pb2 import Any
from pyarrow import flight

from sekisho.wire.gen.arrow.flight import flight_sql_pb2
from support.nodes import contract_text

pytestmark = pytest.mark.e2e

SQL = "SELECT origin, count(*) AS n FROM flights GROUP BY origin ORDER BY origin"


def command(sql: str) -> flight.FlightDescriptor:
    packed = Any()
    packed.Pack(flight_sql_pb2.CommandStatementQuery(query=sql))
    return flight.FlightDescriptor.for_command(packed.SerializeToString())


def headers(**values: str) -> flight.FlightCallOptions:
    names = {"contract": "x-sekisho-contract", "purpose": "x-sekisho-purpose"}
    named = [(names.get(name, name).encode(), value.encode()) for name, value in values.items()]
    return flight.FlightCallOptions(headers=named)


def fetch(client: flight.FlightClient, sql: str, options: flight.FlightCallOptions):
    info = client.get_flight_info(command(sql), options)
    return client.do_get(info.endpoints[0].ticket, options).read_all()


@pytest.fixture(scope="module")
def unsigned(pair) -> str:
    """A contract that takes the connection as evidence."""
    return pair.companies.agree(contract_text(extra="evidence: {requests: tls}"))


def partner(pair) -> flight.FlightClient:
    """A partner without a node, with the consumer's certificate."""
    maker = pair.maker
    return flight.FlightClient(
        f"grpc+tls://{pair.ua.config.listen.peers}",
        tls_root_certs=pair.ua.folder.certificate("anchor").read_bytes(),
        cert_chain=maker.folder.certificate("tls").read_bytes(),
        private_key=maker.folder.key("tls").read_bytes(),
        override_hostname="ua.example",
    )


def test_the_users_face_serves_arrows_flight_client(pair):
    maker = pair.maker
    client = flight.FlightClient(
        f"grpc+tls://{maker.config.listen.users}",
        tls_root_certs=maker.folder.certificate("anchor").read_bytes(),
    )
    token = maker.folder.token("operator").read_text().strip()
    options = headers(authorization=f"Bearer {token}", contract=pair.contract)
    rows = fetch(client, SQL, options).to_pylist()
    assert [row["origin"] for row in rows] == ["EWR", "JFK", "LGA"]
    assert sum(row["n"] for row in rows) == 1_800
    client.close()


def test_the_peers_face_serves_a_partner_without_a_node(pair, unsigned):
    client = partner(pair)
    options = headers(contract=unsigned, purpose="reliability")
    info = client.get_flight_info(command(SQL), options)
    assert info.schema.names == ["origin", "n"]
    rows = client.do_get(info.endpoints[0].ticket, options).read_all().to_pylist()
    assert sum(row["n"] for row in rows) == 1_800
    client.close()


def test_a_ticket_is_used_once(pair, unsigned):
    client = partner(pair)
    options = headers(contract=unsigned, purpose="reliability")
    info = client.get_flight_info(command(SQL), options)
    client.do_get(info.endpoints[0].ticket, options).read_all()
    with pytest.raises(flight.FlightUnauthenticatedError, match="NOT_TRUSTED"):
        client.do_get(info.endpoints[0].ticket, options).read_all()
    client.close()


def test_a_contract_for_signed_requests_is_not_answered_without_one(pair):
    client = partner(pair)
    with pytest.raises(flight.FlightUnauthorizedError, match="signed requests only"):
        fetch(client, SQL, headers(contract=pair.contract, purpose="reliability"))
    client.close()


def test_a_refusal_keeps_its_reason_through_a_standard_client(pair, unsigned):
    client = partner(pair)
    with pytest.raises(flight.FlightUnauthorizedError, match="COLUMN_NOT_GRANTED"):
        fetch(client, "SELECT note FROM flights", headers(contract=unsigned, purpose="reliability"))
    client.close()
