"""The consumer's word about answers: signed, batched, delivered, compared, in both ledgers."""

import json

import pytest

from sekisho.ledger.bodies import AcknowledgementCompared, AcknowledgementSent
from support.acknowledging import bodies, until
from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


@pytest.fixture
def world(tmp_path):
    with Companies(tmp_path) as companies:
        path = write_flights(tmp_path / "ua.parquet", 600)
        companies.found("ua", flights_section(path))
        maker = companies.found("maker")
        config = maker.folder.config
        config.write_text(config.read_text() + "acknowledge_seconds: 1\n")
        companies.introduce()
        companies.start()
        companies.contract = companies.agree(contract_text(providers=("ua",)))
        yield companies


def test_both_ledgers_hold_the_consumers_word(world):
    with world["maker"].node() as node:
        for _ in range(3):
            node.query("SELECT origin FROM flights", contract=world.contract).to_arrow()
    compared = until(
        lambda: bodies(world["ua"], AcknowledgementCompared), "nothing was acknowledged"
    )
    sent = bodies(world["maker"], AcknowledgementSent)
    assert [item.document for item in sent][: len(compared)] == [item.document for item in compared]
    assert all(item.differences == () for item in compared)
    for name in ("ua", "maker"):
        ran = world[name].run("ledger", "verify", "--format", "json")
        assert ran.code == 0, ran.err
        assert json.loads(ran.out)["holds"] is True
