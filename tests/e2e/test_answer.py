"""A provider's node answers a consumer's signed request, and what either side keeps of it."""

import json

import duckdb
import pytest

from sekisho.errors import PeerError, Refusal, RefusalReason
from support.asking import ask, fetch, request, sealed, table_of
from support.flights import CANARY

pytestmark = pytest.mark.e2e

SQL = (
    "SELECT origin, count(*) AS n, avg(departure_delay) AS d FROM flights"
    " GROUP BY origin ORDER BY origin"
)


def ledger(company):
    ran = company.run("ledger", "list", "--format", "json")
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def test_an_answer_equals_the_query_over_the_filtered_file(pair):
    found = fetch(pair.maker, pair.ua, pair.contract, SQL)
    path = pair.companies.root / "flights.parquet"
    rows = duckdb.sql(
        SQL.replace("FROM flights", f"FROM '{path}' WHERE NOT cancelled")
    ).to_arrow_table()
    assert found.to_pylist() == rows.to_pylist()


def test_rows_that_the_filter_hides_never_leave(pair):
    found = fetch(pair.maker, pair.ua, pair.contract, "SELECT tail_number FROM flights")
    assert found.num_rows == 1_800
    assert CANARY not in found["tail_number"].to_pylist()


def test_a_receipt_says_what_arrived_and_is_in_the_ledger(pair):
    peer = pair.maker.peer_at(pair.ua)
    asked = request(pair.maker, pair.ua, pair.contract, "SELECT origin FROM flights")
    asking = ask(peer, sealed(pair.maker, asked), asked)
    table = table_of(asking)
    assert asking.receipt.rows == table.num_rows == 1_800
    assert asking.receipt.blake3 == asking.tally.hasher.hexdigest()
    entry = pair.ua.run("ledger", "show", str(asking.receipt.ledger.index))
    assert entry.code == 0
    assert any(row["state"] == "answered" and row["rows"] == 1_800 for row in ledger(pair.ua))
    peer.close()


def test_a_column_that_is_not_granted_is_refused_with_its_clause_and_left_in_the_ledger(pair):
    before = len(ledger(pair.ua))
    with pytest.raises(Refusal) as refused:
        fetch(pair.maker, pair.ua, pair.contract, "SELECT flight_number FROM flights")
    assert refused.value.reason is RefusalReason.COLUMN_NOT_GRANTED
    assert refused.value.clause == "grants.delays.columns"
    assert (refused.value.line, refused.value.column) == (1, 8)
    rows = ledger(pair.ua)
    assert len(rows) == before + 1
    assert rows[-1]["state"] == "refused"
    assert rows[-1]["reason"] == "COLUMN_NOT_GRANTED"
    assert rows[-1]["rows"] == rows[-1]["bytes"] == 0


def test_a_refusal_is_signed(pair):
    peer = pair.maker.peer_at(pair.ua)
    asked = request(pair.maker, pair.ua, pair.contract, "SELECT note FROM flights")
    asking = ask(peer, sealed(pair.maker, asked), asked)
    with pytest.raises(Refusal):
        table_of(asking)
    assert asking.receipt_envelope is not None
    peer.close()


def test_a_request_that_comes_again_gets_its_receipt_and_no_data(pair):
    peer = pair.maker.peer_at(pair.ua)
    asked = request(pair.maker, pair.ua, pair.contract, "SELECT origin FROM flights LIMIT 5")
    envelope = sealed(pair.maker, asked)
    first = ask(peer, envelope, asked)
    table_of(first)
    before = ledger(pair.ua)
    again = ask(peer, envelope, asked)
    with pytest.raises(PeerError, match="answered before"):
        table_of(again)
    assert again.tally.rows == 0
    assert again.tally.bytes == 0
    assert again.receipt == first.receipt
    assert ledger(pair.ua) == before
    peer.close()


def test_both_ledgers_verify(pair):
    for company in (pair.ua, pair.maker):
        ran = company.run("ledger", "verify")
        assert ran.code == 0, ran.err
