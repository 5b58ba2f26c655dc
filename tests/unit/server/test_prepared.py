"""Prepared queries: kept for their caller, used, bound anew, closed."""

import pytest

from sekisho.errors import TrustError
from sekisho.model.parameters import Parameter
from sekisho.server.prepared import (
    IDLE_SECONDS,
    MAX_STATEMENTS_EACH,
    Asked,
    PreparedStatement,
    Statements,
)

VALUES = (Parameter(name="1", type="text", value="JFK"),)


def statement(sql="SELECT ?"):
    return PreparedStatement(asked=Asked(contract="", purpose=""), sql=sql, names=("1",))


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def statements(clock):
    return Statements(lambda: clock[0])


def test_values_are_bound_to_one_handle(statements):
    first, second = (statements.open(statement(), bound_to="anna") for _ in range(2))
    statements.bind(first, VALUES, bound_to="anna")
    assert statements.find(first, bound_to="anna").text.parameters == VALUES
    assert statements.find(second, bound_to="anna").text.parameters == ()


def test_use_keeps_a_query_open(statements, clock):
    handle = statements.open(statement(), bound_to="anna")
    idle = statements.open(statement(), bound_to="anna")
    clock[0] += IDLE_SECONDS
    statements.find(handle, bound_to="anna")
    clock[0] += 1
    assert statements.find(handle, bound_to="anna").sql == "SELECT ?"
    with pytest.raises(TrustError, match="not one of this caller's"):
        statements.find(idle, bound_to="anna")


def test_the_least_recently_used_makes_room(statements):
    first, second = (statements.open(statement(), bound_to="anna") for _ in range(2))
    statements.find(first, bound_to="anna")
    for _ in range(MAX_STATEMENTS_EACH - 1):
        statements.open(statement(), bound_to="anna")
    assert statements.find(first, bound_to="anna")
    with pytest.raises(TrustError):
        statements.find(second, bound_to="anna")


def test_a_closed_query_cannot_be_bound(statements):
    handle = statements.open(statement(), bound_to="anna")
    statements.close(handle, bound_to="anna")
    with pytest.raises(TrustError):
        statements.bind(handle, VALUES, bound_to="anna")
