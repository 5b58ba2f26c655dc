"""The consumer's word about answers: signed, batched, delivered, compared, in both ledgers."""

import json

import pytest

from sekisho.errors import Refusal, RefusalReason, SekishoError
from sekisho.ledger.bodies import AcknowledgementCompared, AcknowledgementSent
from support.acknowledging import differences, until
from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


SQL = "SELECT origin FROM flights"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Two providers, a consumer that acknowledges within a second, and one that takes its time."""
    root = tmp_path_factory.mktemp("world")
    with Companies(root) as companies:
        for name in ("ua", "dl"):
            path = write_flights(root / f"{name}.parquet", 600)
            companies.found(name, flights_section(path))
        for name, seconds in (("maker", 1), ("slow", 86_400)):
            config = companies.found(name).folder.config
            config.write_text(f"{config.read_text()}acknowledge_seconds: {seconds}\n")
        companies.introduce()
        companies.start()
        yield companies


def ask(company, contract, times=1, sql=SQL):
    with company.node() as node:
        for _ in range(times):
            node.query(sql, contract=contract).to_arrow()


def channels(company, contract):
    """What `contract show` says of answers, by consumer and provider."""
    ran = company.run("contract", "show", contract, "--format", "json")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)["acknowledgements"]
    return {(item["consumer"], item["provider"]): item for item in found}


def settled(company, contract):
    """Whether everything is acknowledged, and something was."""
    found = channels(company, contract).values()
    return found and all(item["said"] and not item["unacknowledged"] for item in found)


def status(company, name):
    lines = json.loads(company.run("status", "--format", "json").out)
    return next(item for item in lines if item["name"] == name)


def documents(company, kind, contract):
    """Acknowledgements under one contract in a company's ledger."""
    with company.records() as records:
        return [
            entry.body.document
            for entry in records.ledger.entries()
            if isinstance(entry.body, kind) and entry.link.channel.contract == contract
        ]


def test_all_ledgers_hold_the_consumers_word(world):
    contract = world.agree(contract_text(providers=("ua", "dl")))
    maker = world["maker"]
    ask(maker, contract, times=3)
    assert world["ua"].run("contract", "suspend", contract, "--reason", "a review").code == 0
    with pytest.raises(Refusal) as failed:
        ask(maker, contract)
    assert failed.value.reason is RefusalReason.SUSPENDED
    for name in ("ua", "dl", "maker"):
        until(lambda name=name: settled(world[name], contract), "not all was acknowledged")
    sent = documents(maker, AcknowledgementSent, contract)
    taken = [documents(world[name], AcknowledgementCompared, contract) for name in ("ua", "dl")]
    assert sorted(sent) == sorted(taken[0] + taken[1])
    for name in ("ua", "dl", "maker"):
        ran = world[name].run("ledger", "verify", "--format", "json")
        assert ran.code == 0, ran.err
        held = sent if name == "maker" else taken[("ua", "dl").index(name)]
        assert json.loads(ran.out)["acknowledgements"] >= len(held)
    # The maker gives up on one provider when the other one refuses.
    assert set(differences(world["ua"])) <= {"not-arrived"}
    assert status(world["ua"], "differences")["healthy"]


def test_what_a_provider_missed_is_said_when_it_is_back(world):
    contract = world.agree(contract_text(providers=("dl",)))
    dl, maker = world["dl"], world["maker"]
    ask(maker, contract)
    dl.kill()
    until(lambda: documents(maker, AcknowledgementSent, contract), "nothing was said")
    with pytest.raises(SekishoError):
        ask(maker, contract)
    world.start("dl")
    until(lambda: settled(maker, contract) and settled(dl, contract), "not all was acknowledged")
    sent = documents(maker, AcknowledgementSent, contract)
    assert sent == documents(dl, AcknowledgementCompared, contract)
    assert set(differences(dl)) <= {"not-arrived"}
    assert dl.run("ledger", "verify").code == maker.run("ledger", "verify").code == 0


def test_a_consumer_that_says_nothing_is_seen_and_goes_on_being_answered(world):
    contract = world.agree(contract_text(providers=("ua",), consumer="slow"))
    ask(world["slow"], contract, times=2)
    found = channels(world["ua"], contract)["slow.example", "ua.example"]
    assert (found["said"], found["unacknowledged"]) == (0, 2)
    assert found["since"] is not None
    line = status(world["ua"], "unacknowledged")
    assert "slow.example 2 since" in line["value"]
    shown = world["ua"].run("contract", "show", contract).out
    assert "ua.example to slow.example: never acknowledged, 2 unacknowledged since" in shown
    ask(world["slow"], contract)
    assert channels(world["slow"], contract)["slow.example", "ua.example"]["unacknowledged"] == 3


def test_after_a_termination_the_last_answers_are_still_acknowledged(world):
    contract = world.agree(contract_text(providers=("ua",)))
    ask(world["maker"], contract)
    ended = world["ua"].run("contract", "terminate", contract, "--reason", "enough")
    assert ended.code == 0, ended.err
    until(lambda: settled(world["ua"], contract), "the last answer was not acknowledged")
