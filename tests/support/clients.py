"""Standard clients on a node's two faces, connected as the guide says."""

import adbc_driver_flightsql.dbapi as flight_sql
import adbc_driver_manager.dbapi as adbc
from adbc_driver_flightsql import DatabaseOptions
from google.protobuf.any_pb2 import Any
from pyarrow import flight

from sekisho.wire.gen.arrow.flight import flight_sql_pb2
from support.nodes import Company

CONTRACT = DatabaseOptions.RPC_CALL_HEADER_PREFIX.value + "x-sekisho-contract"
PURPOSE = DatabaseOptions.RPC_CALL_HEADER_PREFIX.value + "x-sekisho-purpose"
NAMED = {"contract": "x-sekisho-contract", "purpose": "x-sekisho-purpose"}


def token_of(company: Company, user: str = "operator") -> str:
    return company.folder.token(user).read_text().strip()


def user_by_adbc(
    company: Company, contract: str = "", *, token: str = "", purpose: str = ""
) -> adbc.Connection:
    """A user of a company at its own node, through ADBC."""
    options = {
        DatabaseOptions.TLS_ROOT_CERTS.value: company.folder.certificate("anchor").read_text(),
        DatabaseOptions.AUTHORIZATION_HEADER.value: f"Bearer {token or token_of(company)}",
    }
    options |= {CONTRACT: contract} if contract else {}
    options |= {PURPOSE: purpose} if purpose else {}
    uri = f"grpc+tls://{company.config.listen.users}"
    return flight_sql.connect(uri, db_kwargs=options, autocommit=True)


def partner_by_adbc(partner: Company, provider: Company, contract: str = "") -> adbc.Connection:
    """A partner that shows its certificate at a provider's node, through ADBC."""
    options = {
        DatabaseOptions.TLS_ROOT_CERTS.value: provider.folder.certificate("anchor").read_text(),
        DatabaseOptions.MTLS_CERT_CHAIN.value: partner.folder.certificate("tls").read_text(),
        DatabaseOptions.MTLS_PRIVATE_KEY.value: partner.folder.key("tls").read_text(),
    }
    options |= {CONTRACT: contract} if contract else {}
    uri = f"grpc+tls://{provider.config.listen.peers}"
    return flight_sql.connect(uri, db_kwargs=options, autocommit=True)


def user_by_flight(company: Company) -> flight.FlightClient:
    """A user of a company at its own node, through Arrow's C++ client."""
    return flight.FlightClient(
        f"grpc+tls://{company.config.listen.users}",
        tls_root_certs=company.folder.certificate("anchor").read_bytes(),
    )


def partner_by_flight(partner: Company, provider: Company) -> flight.FlightClient:
    """A partner at a provider's node, through Arrow's C++ client."""
    return flight.FlightClient(
        f"grpc+tls://{provider.config.listen.peers}",
        tls_root_certs=provider.folder.certificate("anchor").read_bytes(),
        cert_chain=partner.folder.certificate("tls").read_bytes(),
        private_key=partner.folder.key("tls").read_bytes(),
        override_hostname=provider.party,
    )


def headers(**values: str) -> flight.FlightCallOptions:
    named = [(NAMED.get(name, name).encode(), value.encode()) for name, value in values.items()]
    return flight.FlightCallOptions(headers=named)


def user_headers(company: Company, *, user: str = "operator", **values: str):
    return headers(authorization=f"Bearer {token_of(company, user)}", **values)


def packed(message: Any) -> bytes:
    command = Any()
    command.Pack(message)
    return command.SerializeToString()


def described(message: Any) -> flight.FlightDescriptor:
    return flight.FlightDescriptor.for_command(packed(message))


def statement(sql: str) -> flight.FlightDescriptor:
    return described(flight_sql_pb2.CommandStatementQuery(query=sql))


def fetch(client: flight.FlightClient, message: Any, options: flight.FlightCallOptions):
    """Ask GetFlightInfo, then DoGet, and read everything."""
    descriptor = statement(message) if isinstance(message, str) else described(message)
    info = client.get_flight_info(descriptor, options)
    return client.do_get(info.endpoints[0].ticket, options).read_all()


def tables(client: flight.FlightClient, options: flight.FlightCallOptions, **wanted: Any):
    return fetch(client, flight_sql_pb2.CommandGetTables(**wanted), options).to_pylist()


def act(
    client: flight.FlightClient, name: str, body: bytes, options: flight.FlightCallOptions
) -> list[bytes]:
    found = client.do_action(flight.Action(name, body), options)
    return [item.body.to_pybytes() for item in found]


def prepare(client: flight.FlightClient, sql: str, options: flight.FlightCallOptions) -> Any:
    """Prepare a query; gives what the node says of it."""
    request = flight_sql_pb2.ActionCreatePreparedStatementRequest(query=sql)
    (body,) = act(client, "CreatePreparedStatement", packed(request), options)
    result, created = Any(), flight_sql_pb2.ActionCreatePreparedStatementResult()
    result.ParseFromString(body)
    assert result.Unpack(created)
    return created


def prepared(handle: bytes) -> Any:
    return flight_sql_pb2.CommandPreparedStatementQuery(prepared_statement_handle=handle)


def close(client: flight.FlightClient, handle: bytes, options: flight.FlightCallOptions) -> None:
    request = flight_sql_pb2.ActionClosePreparedStatementRequest(prepared_statement_handle=handle)
    act(client, "ClosePreparedStatement", packed(request), options)


def bind(client: flight.FlightClient, handle: bytes, row: Any, options: flight.FlightCallOptions):
    """Bind a record batch to a prepared query."""
    writer, reader = client.do_put(described(prepared(handle)), row.schema, options)
    writer.write_batch(row)
    writer.done_writing()
    reader.read()
    writer.close()
