"""A client that prepares queries without end and closes none.

expect: nothing refuses; beyond its number the least recently used goes (`server/prepared.py`)
effect: memory that grows without bound, or handles of others that are pushed out
source: DESIGN 13: bounded everything
"""

import pytest
from pyarrow import flight

from sekisho.errors import TrustError
from sekisho.server.prepared import MAX_STATEMENTS_EACH, Asked, PreparedStatement, Statements
from support.clients import fetch, headers, partner_by_flight, prepare, prepared

MANY = 10_000
SQL = "SELECT count(*) AS n FROM flights"


def test_only_the_last_are_kept_and_only_ones_own_go():
    statements = Statements(lambda: 0.0)
    asked = Asked(contract="", purpose="")
    kept = statements.open(PreparedStatement(asked=asked, sql="kept", names=()), bound_to="dl")
    handles = [
        statements.open(PreparedStatement(asked=asked, sql=str(n), names=()), bound_to="maker")
        for n in range(MANY)
    ]
    found = 0
    for handle in handles:
        try:
            statements.find(handle, bound_to="maker")
        except TrustError:
            continue
        found += 1
    assert found == MAX_STATEMENTS_EACH
    assert statements.find(kept, bound_to="dl").sql == "kept"


@pytest.mark.e2e
def test_a_flood_at_the_peers_face_pushes_out_ones_own_handles_alone(partners):
    companies, contracts = partners.companies, partners.contracts
    with (
        partner_by_flight(companies["dl"], partners.ua) as other,
        partner_by_flight(companies["maker"], partners.ua) as flood,
    ):
        his, own = headers(contract=contracts["dl"]), headers(contract=contracts["maker"])
        kept = prepare(other, SQL, his).prepared_statement_handle
        handles = [
            prepare(flood, SQL, own).prepared_statement_handle
            for _ in range(MAX_STATEMENTS_EACH + 50)
        ]
        with pytest.raises(flight.FlightUnauthenticatedError, match="NOT_TRUSTED"):
            fetch(flood, prepared(handles[49]), own)
        assert fetch(flood, prepared(handles[50]), own).num_rows == 1
        assert fetch(other, prepared(kept), his).to_pylist() == [{"n": 1_800}]
