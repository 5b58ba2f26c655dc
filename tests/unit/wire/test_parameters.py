"""A query with parameters travels in a command of its own; one without, in Flight SQL's."""

import pytest
from google.protobuf.any_pb2 import Any

from sekisho.errors import DocumentError
from sekisho.model.parameters import Parameter
from sekisho.model.query import QueryText
from sekisho.wire.flight import pack_statement
from sekisho.wire.flight_sql import Statement, parse_descriptor
from sekisho.wire.gen.arrow.flight import flight_pb2
from sekisho.wire.gen.sekisho.v1 import parameters_pb2


def command_of(descriptor):
    found, command = flight_pb2.FlightDescriptor(), Any()
    found.ParseFromString(descriptor)
    command.ParseFromString(found.cmd)
    return command.TypeName()


@pytest.mark.parametrize(
    ("parameters", "command"),
    [
        ((), "arrow.flight.protocol.sql.CommandStatementQuery"),
        (
            (Parameter(name="x", type="date", value="2026-12-01"),),
            "sekisho.v1.ParameterizedQuery",
        ),
    ],
)
def test_statement_comes_back_as_it_was(parameters, command):
    statement = QueryText(sql="SELECT 1", parameters=parameters)
    descriptor = pack_statement(statement)
    assert command_of(descriptor) == command
    assert parse_descriptor(descriptor) == Statement(text=statement)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ([("x", "date", "tomorrow")], "is not of the type `date`"),
        ([("x", "json", "{}")], "is no type of a parameter"),
        ([("X", "text", "")], "is no name of a parameter"),
        ([("x", "text", "a"), ("x", "text", "b")], "two parameters bear one name"),
        ([(f"a{n}", "text", "") for n in range(101)], "more than 100 parameters"),
    ],
)
def test_parameters_that_do_not_hold_are_refused(parameters, message):
    command = Any()
    command.Pack(
        parameters_pb2.ParameterizedQuery(
            query="SELECT 1",
            parameters=[
                parameters_pb2.Parameter(name=name, type=kind, value=value)
                for name, kind, value in parameters
            ],
        )
    )
    descriptor = flight_pb2.FlightDescriptor(
        type=flight_pb2.FlightDescriptor.CMD, cmd=command.SerializeToString()
    )
    with pytest.raises(DocumentError, match=message):
        parse_descriptor(descriptor.SerializeToString())
