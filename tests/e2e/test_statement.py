"""Statements of use: both sides of a contract print the same figures, each from its own ledger."""

import json
from datetime import UTC, datetime

import pytest

from sekisho.errors import Refusal
from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Two providers; three answers of one, one of the other, and two refusals."""
    root = tmp_path_factory.mktemp("statement")
    with Companies(root) as companies:
        for name in ("ua", "dl"):
            path = write_flights(root / f"{name}.parquet", 600)
            companies.found(name, flights_section(path))
        companies.found("maker")
        companies.introduce()
        companies.start()
        limits = "{queries: {max: 3, per: day}, rows: {max: 5000, per: day}}"
        text = contract_text(providers=("ua", "dl"), limits=limits)
        companies.contract = companies.agree(text)
        companies.other = companies.agree(contract_text(providers=("ua",)))
        with companies["maker"].node() as node:
            for alias in ("ua", "ua", "ua", "dl"):
                sql = f"SELECT origin FROM {alias}.flights WHERE departure_delay > 10"
                node.query(sql, contract=companies.contract).to_arrow()
            node.query("SELECT origin FROM ua.flights", contract=companies.other).to_arrow()
            step(companies["ua"], "suspend", companies.contract)
            for column in ("origin", "tail_number"):
                with pytest.raises(Refusal, match="suspended"):
                    node.query(
                        f"SELECT {column} FROM ua.flights", contract=companies.contract
                    ).to_arrow()
            step(companies["ua"], "resume", companies.contract)
        yield companies


def step(company, verb, contract):
    ran = company.run("contract", verb, contract, "--reason", "a review")
    assert ran.code == 0, ran.err


def stated(company, contract, *options):
    ran = company.run("contract", "statement", contract, *options, "--format", "json")
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def test_both_sides_state_the_same(world):
    got = stated(world["maker"], world.contract)
    given = [line for name in ("dl", "ua") for line in stated(world[name], world.contract)]
    assert got == given
    dl, ua = got
    assert (ua["provider"], ua["consumer"]) == ("ua.example", "maker.example")
    assert ua["month"] == datetime.now(UTC).strftime("%Y-%m")
    assert (ua["answered"], ua["refused"], ua["broken"]) == (3, 2, 0)
    assert ua["rows"] == 3 * dl["rows"] > 0
    assert ua["bytes"] == 3 * dl["bytes"]
    assert ua["limits_left"] == {"queries": 0, "rows": 5000 - ua["rows"]}
    assert dl["limits_left"] == {"queries": 2, "rows": 5000 - dl["rows"]}


def test_days_bound_a_statement(world):
    assert stated(world["ua"], world.contract, "--until", "2020-12-31") == []
    assert stated(world["ua"], world.contract, "--since", "2020-01-01") == stated(
        world["ua"], world.contract
    )
    ran = world["ua"].run("contract", "statement", world.contract, "--since", "soon")
    assert ran.code == 2
    assert "write a day as" in ran.err


def test_people_read_a_table(world):
    ran = world["ua"].run("contract", "statement", world.contract)
    assert ran.code == 0
    assert "queries 0, rows" in ran.out
