"""A question over two providers that one of them, or the analyst, leaves in the middle.

expect: the query fails and names the provider; the work at every provider stops
effect: no `asked` stays open at the consumer, no `opened` at a provider; nothing partial is whole
source: DESIGN 10, 13; docs/spec/answering.md
"""

import time

import pytest

from sekisho.errors import SekishoError
from sekisho.ledger.bodies import Asked, Closed, Cut, Failed, Interrupted, Received
from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

PATIENCE_SECONDS = 60
EVERYTHING = "SELECT tail_number, origin, departure_delay, provider FROM shared.flights"
FIRST = f"SELECT * FROM ({EVERYTHING}) LIMIT 3"


@pytest.fixture
def world(tmp_path):
    """Two providers with more data than any buffer holds, and a consumer."""
    with Companies(tmp_path) as companies:
        path = write_flights(tmp_path / "flights.parquet", 3_000_000)
        companies.found("ua", flights_section(path))
        companies.found("dl", flights_section(path))
        companies.found("maker")
        companies.introduce()
        companies.start()
        yield companies, companies.agree(contract_text(providers=("ua", "dl")))


def open_answers(company) -> int:
    with company.records() as records, records._readers.connection() as db:
        return db.execute("SELECT count(*) FROM open_answers").fetchone()[0]


def bodies(company, *kinds):
    with company.records() as records:
        return [entry.body for entry in records.ledger.entries() if isinstance(entry.body, kinds)]


def nothing_is_left(companies) -> None:
    """Wait until every answer and question has its end in the ledger."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    for name in ("ua", "dl", "maker"):
        company = companies[name]
        while company.process.poll() is None and open_answers(company):
            assert time.monotonic() < deadline, name
        assert company.run("ledger", "verify").code == 0
    asked = bodies(companies["maker"], Asked)
    assert len(bodies(companies["maker"], Received, Failed, Interrupted)) == len(asked)


def test_an_analyst_who_goes_away_stops_the_work_at_every_provider(world):
    companies, contract = world
    with companies["maker"].node() as node, node.query(EVERYTHING, contract=contract) as answer:
        next(iter(answer))
    nothing_is_left(companies)
    assert bodies(companies["maker"], Received) == []
    for name in ("ua", "dl"):
        assert bodies(companies[name], Closed) == []
        assert len(bodies(companies[name], Cut)) == 1


def test_a_residual_that_needs_little_still_holds_every_provider_to_its_receipt(world):
    companies, contract = world
    with companies["maker"].node() as node, node.query(FIRST, contract=contract) as answer:
        table = answer.to_arrow()
        receipts = answer.receipts
    assert table.num_rows == 3
    assert {item.provider for item in receipts} == {"ua.example", "dl.example"}
    nothing_is_left(companies)


def test_a_provider_that_is_away_fails_the_query_and_stops_the_other(world):
    companies, contract = world
    companies["dl"].kill()
    with pytest.raises(SekishoError, match=r"dl\.example"), companies["maker"].node() as node:
        node.query(EVERYTHING, contract=contract).to_arrow()
    nothing_is_left(companies)
    assert len(bodies(companies["maker"], Failed)) == 2


def test_a_provider_that_dies_in_mid_answer_fails_the_query_and_stops_the_other(world):
    companies, contract = world
    with companies["maker"].node() as node, node.query(EVERYTHING, contract=contract) as answer:
        batches = iter(answer)
        next(batches)
        companies["dl"].kill()
        with pytest.raises(SekishoError, match=r"dl\.example"):
            for _ in batches:
                pass
        assert answer.receipts == ()
    nothing_is_left(companies)
