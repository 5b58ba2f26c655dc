"""A company that browses the catalog for what is between others.

expect: CONTRACT_NOT_FOUND at the peers' face, as for an id that nobody has (`guard.in_force`);
    at one's own node, no relation of a contract that gives the company nothing
effect: names of tables, columns or schemas of a contract that the caller is no party of
source: DESIGN 8: one and the same refusal for what is not there and what is not granted
"""

import pytest
from pyarrow import flight

from support.clients import (
    headers,
    partner_by_flight,
    prepare,
    tables,
    user_by_flight,
    user_headers,
)

pytestmark = pytest.mark.e2e

SQL = "SELECT count(*) FROM flights"
NOBODYS = "sha256:" + "0" * 64


@pytest.fixture
def other(partners):
    """`dl`, at the provider's peers' face."""
    with partner_by_flight(partners.companies["dl"], partners.ua) as client:
        yield client


def said(call):
    with pytest.raises(flight.FlightUnauthorizedError) as caught:
        call()
    return str(caught.value)


def test_anothers_contract_looks_like_none(partners, other):
    for use in (
        lambda contract: tables(other, headers(contract=contract), include_schema=True),
        lambda contract: prepare(other, SQL, headers(contract=contract)),
    ):
        foreign = said(lambda use=use: use(partners.contracts["maker"]))
        assert "CONTRACT_NOT_FOUND" in foreign
        assert foreign == said(lambda use=use: use(NOBODYS))


def test_without_a_contract_only_ones_own_is_chosen(partners, other):
    (found,) = tables(other, headers())
    assert found["db_schema_name"] == "ua"
    (found,) = tables(other, headers(contract=partners.contracts["dl"]))
    assert found["db_schema_name"] == "ua"


def test_a_provider_does_not_see_its_own_grants_as_if_it_were_a_consumer(partners):
    ua = partners.ua
    with user_by_flight(ua) as client:
        options = user_headers(ua, contract=partners.contracts["maker"])
        assert {item["db_schema_name"] for item in tables(client, options)} == {"local"}


def test_a_user_without_a_token_browses_nothing(partners):
    with (
        user_by_flight(partners.ua) as client,
        pytest.raises(flight.FlightUnauthenticatedError, match="NOT_TRUSTED"),
    ):
        tables(client, headers(authorization="Bearer guessed"))
