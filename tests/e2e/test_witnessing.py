"""Nodes watch over each other's ledgers: cosigned heads, a backup put back, a fork, a recovery."""

import json
import shutil

import pytest

from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

QUERY = "SELECT origin, count(*) AS n FROM flights GROUP BY origin"
LIMITS = "{queries: {max: 50, per: day}}"


@pytest.fixture
def world(tmp_path):
    """A provider and a consumer with a contract, both running."""
    with Companies(tmp_path) as companies:
        path = write_flights(tmp_path / "ua.parquet", 200)
        companies.found("ua", flights_section(path))
        companies.found("maker")
        companies.introduce()
        companies.start()
        companies.contract = companies.agree(contract_text(limits=LIMITS))
        yield companies


def status(company):
    ran = company.run("status", "--format", "json")
    assert ran.code == 0, ran.err
    return {row["name"]: row for row in json.loads(ran.out)}


def ask(world):
    with world["maker"].node() as node:
        return node.query(QUERY, contract=world.contract).to_arrow()


def until_cosigned(company, by, *, at_least=0):
    """Wait until a neighbour has cosigned a ledger's head; gives how many entries."""
    while True:
        with company.records() as records:
            size = max(at_least, 1)
            for item in records.checkpoints.cosignatures():
                if item.party == by and item.size >= size:
                    return item


def test_neighbours_cosign_each_others_heads(world):
    ask(world)
    for one, other in (("ua", "maker"), ("maker", "ua")):
        with world[one].records() as records:
            head = records.ledger.head().size
        until_cosigned(world[one], world[other].party, at_least=head)
        line = status(world[one])[f"cosigned by {world[other].party}"]
        assert line["healthy"]
        assert f"of {head}" in line["value"] or "entries" in line["value"]
    for name in ("ua", "maker"):
        ran = world[name].run("ledger", "verify", "--format", "json")
        assert ran.code == 0, ran.err
        assert json.loads(ran.out)["cosignatures"] == 1
