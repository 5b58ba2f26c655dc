"""Steps in a contract's life while a party's node is away: who knows of them, until all do."""

import json
from datetime import UTC, datetime

import pytest

from sekisho.errors import Refusal, RefusalReason
from support.acknowledging import until
from support.asking import fetch
from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SQL = "SELECT count(*) AS n FROM flights"
THREE = ("ua", "dl", "maker")


@pytest.fixture
def world(tmp_path):
    """Two providers and a consumer with a contract in force."""
    with Companies(tmp_path) as companies:
        for name in ("ua", "dl"):
            path = write_flights(tmp_path / f"{name}.parquet", 60)
            companies.found(name, flights_section(path))
        companies.found("maker")
        companies.introduce()
        companies.start()
        companies.contract = companies.agree(contract_text(providers=("ua", "dl")))
        yield companies


def step(company, *words):
    """Take a step; gives the state and who has acknowledged it, by the company's name."""
    ran = company.run("contract", *words, "--format", "json")
    assert ran.code == 0, ran.err
    done = json.loads(ran.out)
    told = {item["party"].split(".")[0]: item["acknowledged"] for item in done["deliveries"]}
    return done["state"], told


def shown(company, contract):
    ran = company.run("contract", "show", contract, "--format", "json")
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def parts(world, contract):
    """How each node sees each provider's part."""
    return [shown(world[name], contract)["parts"] for name in THREE]


def all_see(world, contract, ua, dl):
    expected = {"ua.example": ua, "dl.example": dl}
    until(lambda: parts(world, contract) == [expected] * 3, "not all nodes know")


def not_told(company, contract):
    return [(item["party"], item["document"]) for item in shown(company, contract)["not_told"]]


def refusal(world, provider, contract):
    with pytest.raises(Refusal) as failed:
        fetch(world["maker"], world[provider], contract, SQL)
    return failed.value.reason


def answers(world, provider, contract):
    return fetch(world["maker"], world[provider], contract, SQL).num_rows == 1


def test_a_suspension_and_its_end_reach_who_was_away(world):
    world["maker"].kill()
    state, told = step(world["ua"], "suspend", world.contract, "--reason", "a review")
    assert (state, told) == ("suspended", {"dl": True, "maker": False})
    assert ("maker.example", "suspension") in not_told(world["ua"], world.contract)
    assert (
        "not told    maker.example: suspension"
        in world["ua"].run("contract", "show", world.contract).out
    )
    assert refusal(world, "ua", world.contract) is RefusalReason.SUSPENDED
    world.start("maker")
    all_see(world, world.contract, "suspended", "in-force")
    until(lambda: not not_told(world["ua"], world.contract), "it was not acknowledged")
    world["dl"].kill()
    state, told = step(world["ua"], "resume", world.contract)
    assert (state, told) == ("in-force", {"dl": False, "maker": True})
    assert answers(world, "ua", world.contract)
    world.start("dl")
    all_see(world, world.contract, "in-force", "in-force")


def test_a_termination_outlives_the_fall_of_who_gave_it(world):
    world["dl"].kill()
    state, told = step(world["ua"], "terminate", world.contract, "--reason", "enough")
    assert (state, told) == ("terminated", {"dl": False, "maker": True})
    assert refusal(world, "ua", world.contract) is RefusalReason.NOT_IN_FORCE
    world["ua"].kill()
    world.start("ua", "dl")
    all_see(world, world.contract, "terminated", "in-force")
    assert refusal(world, "ua", world.contract) is RefusalReason.NOT_IN_FORCE
    assert answers(world, "dl", world.contract)
    until(lambda: not not_told(world["ua"], world.contract), "it was not acknowledged")


def test_a_consumers_termination_ends_answers_where_it_arrives(world):
    world["dl"].kill()
    state, told = step(world["maker"], "terminate", world.contract, "--reason", "enough")
    assert (state, told) == ("terminated", {"ua": True, "dl": False})
    assert refusal(world, "ua", world.contract) is RefusalReason.NOT_IN_FORCE
    with world["maker"].node() as node, pytest.raises(Refusal) as failed:
        node.query(SQL, contract=world.contract).to_arrow()
    assert failed.value.reason is RefusalReason.NOT_IN_FORCE
    world.start("dl")
    all_see(world, world.contract, "terminated", "terminated")
    assert refusal(world, "dl", world.contract) is RefusalReason.NOT_IN_FORCE


def test_an_amendment_takes_the_contracts_place_where_its_signatures_arrive(world):
    today = datetime.now(UTC).date()
    amends = f'amends: {{contract: "{world.contract}", effective: {today}, because: "More."}}'
    path = world.root / "amended.contract.yaml"
    path.write_text(contract_text(providers=("ua", "dl"), extra=amends))
    proposed = world["maker"].run("contract", "propose", str(path))
    assert proposed.code == 0, proposed.err
    amended = proposed.out.strip()
    assert step(world["dl"], "sign", amended)[0] == "proposed"
    world["dl"].kill()
    state, told = step(world["ua"], "sign", amended)
    assert (state, told) == ("in-force", {"dl": False, "maker": True})
    assert shown(world["ua"], world.contract)["state"] == "superseded"
    assert refusal(world, "ua", world.contract) is RefusalReason.NOT_IN_FORCE
    assert answers(world, "ua", amended)
    world.start("dl")
    all_see(world, amended, "in-force", "in-force")
    for name in THREE:
        before = shown(world[name], world.contract)
        assert (before["state"], before["successor"]) == ("superseded", amended)
    assert refusal(world, "dl", world.contract) is RefusalReason.NOT_IN_FORCE
    assert answers(world, "dl", amended)
    until(lambda: not not_told(world["ua"], amended), "it was not acknowledged")
