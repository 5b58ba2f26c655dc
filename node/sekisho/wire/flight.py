"""The Flight and Flight SQL messages of the data plane: commands and tickets.

Numbers and names follow Arrow's specification, restated in `proto/arrow/flight/`.
"""

import struct

from google.protobuf.any_pb2 import Any
from google.protobuf.message import DecodeError

from sekisho.documents.envelope import Envelope
from sekisho.errors import DocumentError, Finding
from sekisho.model.query import QueryText
from sekisho.wire.envelopes import envelope_from_proto, envelope_to_proto
from sekisho.wire.flight_sql import (
    Listing,
    Prepared,
    PreparedUpdate,
    Statement,
    Upload,
    parse_command,
)
from sekisho.wire.frames import parse_frame
from sekisho.wire.gen.arrow.flight import flight_pb2, flight_sql_pb2
from sekisho.wire.gen.sekisho.v1 import parameters_pb2, ticket_pb2
from sekisho.wire.parameters import parameters_to_proto

SERVICE = "arrow.flight.protocol.FlightService"
GET_FLIGHT_INFO = f"/{SERVICE}/GetFlightInfo"
DO_GET = f"/{SERVICE}/DoGet"
GET_SCHEMA = f"/{SERVICE}/GetSchema"
DO_PUT = f"/{SERVICE}/DoPut"
DO_ACTION = f"/{SERVICE}/DoAction"
LIST_ACTIONS = f"/{SERVICE}/ListActions"
HANDSHAKE = f"/{SERVICE}/Handshake"
CONTRACT_HEADER = "x-sekisho-contract"
PURPOSE_HEADER = "x-sekisho-purpose"
PROGRESS_HEADER = "x-sekisho-progress"
"""A client that sends `1` gets progress as metadata on zero-row batches."""


def pack_statement(text: QueryText) -> bytes:
    """Build the FlightDescriptor of a query: Flight SQL's own where it has no parameters."""
    command = Any()
    if text.parameters:
        command.Pack(
            parameters_pb2.ParameterizedQuery(
                query=text.sql, parameters=parameters_to_proto(text.parameters)
            )
        )
    else:
        command.Pack(flight_sql_pb2.CommandStatementQuery(query=text.sql))
    return flight_pb2.FlightDescriptor(
        type=flight_pb2.FlightDescriptor.CMD, cmd=command.SerializeToString()
    ).SerializeToString()


def pack_info(descriptor: bytes, handle: bytes, schema: bytes) -> bytes:
    """Build the FlightInfo that names one ticket.

    Args:
        descriptor: As the client sent it.
        handle: The sealed statement handle.
        schema: An encapsulated IPC schema message, empty when it is not known yet.
    """
    ticket = Any()
    ticket.Pack(flight_sql_pb2.TicketStatementQuery(statement_handle=handle))
    info = flight_pb2.FlightInfo(schema=schema, total_records=-1, total_bytes=-1, ordered=True)
    info.flight_descriptor.ParseFromString(descriptor)
    info.endpoint.add().ticket.ticket = ticket.SerializeToString()
    return info.SerializeToString()


def parse_info(data: bytes) -> bytes:
    """Read the serialised Ticket of the only endpoint out of a FlightInfo."""
    info = flight_pb2.FlightInfo()
    try:
        info.ParseFromString(data)
    except DecodeError:
        info.Clear()
    if len(info.endpoint) != 1:
        raise _unreadable("the node's answer names no ticket", "check that both sides run Sekisho")
    return info.endpoint[0].ticket.SerializeToString()


def encapsulated(frame: bytes) -> bytes:
    """Give a framed schema as the encapsulated IPC message that FlightInfo carries.

    Empty where there is no frame: the schema is not known yet.
    """
    if not frame:
        return b""
    header = bytes(parse_frame(frame).header)
    padded = header + bytes(-len(header) % 8)
    return struct.pack("<II", 0xFFFFFFFF, len(padded)) + padded


def pack_request_ticket(request: Envelope) -> bytes:
    """Build the Flight ticket that holds one signed request."""
    content = Any()
    content.Pack(ticket_pb2.RequestTicket(request=envelope_to_proto(request)))
    return flight_pb2.Ticket(ticket=content.SerializeToString()).SerializeToString()


def parse_ticket(data: bytes) -> Envelope | bytes | Listing:
    """Read a Flight ticket: a signed request, the handle of an earlier statement, or a listing.

    Raises:
        DocumentError: It is none of them.
    """
    ticket = flight_pb2.Ticket()
    content = Any()
    signed = ticket_pb2.RequestTicket()
    handle = flight_sql_pb2.TicketStatementQuery()
    try:
        ticket.ParseFromString(data)
        content.ParseFromString(ticket.ticket)
        if content.Unpack(signed):
            return envelope_from_proto(signed.request)
        if content.Unpack(handle):
            return handle.statement_handle
    except DecodeError:
        pass
    else:
        command = parse_command(ticket.ticket)
        if not isinstance(command, Statement | Prepared | PreparedUpdate | Upload):
            return command
    raise _unreadable("the Flight ticket is not one of this node's", "ask GetFlightInfo for one")


def _unreadable(message: str, hint: str) -> DocumentError:
    return DocumentError((Finding(message=message, hint=hint),), name="message")
