"""What is owed after the end: reminders, warnings, and a certificate that everybody can show."""

import json

import pytest

from support.acknowledging import until
from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text, run

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SQL = "SELECT origin FROM flights LIMIT 3"
TEXT = "All answers and what was made of them were deleted on 3 systems; backups end in 30 days."


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("duties")
    with Companies(root) as companies:
        for name in ("ua", "dl"):
            path = write_flights(root / f"{name}.parquet", 60)
            companies.found(name, flights_section(path))
        companies.found("maker")
        companies.introduce()
        companies.start()
        yield companies


def agreed(world, days, certificate="required", providers=("ua", "dl")):
    """A contract under which every provider has answered."""
    delete = f"{{within_days: {days}, certificate: {certificate}}}"
    text = contract_text(providers=providers, extra=f"obligations: {{delete: {delete}}}")
    contract = world.agree(text)
    with world["maker"].node() as node:
        for name in providers:
            node.query(f"SELECT origin FROM {name}.flights LIMIT 3", contract=contract).to_arrow()
    return contract


def end(company, contract):
    ran = company.run("contract", "terminate", contract, "--reason", "enough")
    assert ran.code == 0, ran.err


def certify(company, contract, text=TEXT):
    return company.run("contract", "certify", contract, "--text", text, "--format", "json")


def duties(company, contract):
    shown = json.loads(company.run("contract", "show", contract, "--format", "json").out)
    return {item["provider"]: item for item in shown["deletion"]}


def reminders(company, contract):
    lines = json.loads(company.run("status", "--format", "json").out)
    return [item for item in lines if item["name"] == f"deletion {contract[7:19]}"]


def test_a_contract_in_force_owes_nothing_yet(world):
    contract = agreed(world, days=30)
    assert duties(world["maker"], contract) == {}
    assert reminders(world["maker"], contract) == []
    ran = certify(world["maker"], contract)
    assert ran.code != 0
    assert "no provider's part of the contract has ended" in ran.err


def test_the_consumer_is_reminded_of_each_provider_that_has_left(world):
    contract = agreed(world, days=30)
    end(world["ua"], contract)
    until(lambda: duties(world["maker"], contract), "the maker does not know")
    assert list(duties(world["maker"], contract)) == ["ua.example"]
    (line,) = reminders(world["maker"], contract)
    assert line["healthy"]
    assert "maker.example deletes what ua.example gave by" in line["value"]
    assert "certificate required" in line["value"]
    assert reminders(world["ua"], contract) == []


def test_a_certificate_reaches_every_party_and_ends_the_warnings(world, tmp_path):
    contract = agreed(world, days=0)
    maker = world["maker"]
    end(maker, contract)
    for name in ("ua", "dl", "maker"):
        until(lambda name=name: duties(world[name], contract), "nobody told it")
        assert all(item["is_overdue"] for item in duties(world[name], contract).values())
        late = reminders(world[name], contract)
        assert late
        assert not any(item["healthy"] for item in late)
    world["dl"].kill()
    ran = certify(maker, contract)
    assert ran.code == 0, ran.err
    told = {item["party"]: item["acknowledged"] for item in json.loads(ran.out)["deliveries"]}
    assert told == {"ua.example": True, "dl.example": False}
    world.start("dl")
    until(
        lambda: all(item["certified_at"] for item in duties(world["dl"], contract).values()),
        "the certificate did not come",
    )
    for name in ("ua", "dl", "maker"):
        assert all(item["certified_at"] for item in duties(world[name], contract).values())
        assert reminders(world[name], contract) == []
        shown = world[name].run("contract", "show", contract).out
        assert "certified 20" in shown
        assert "deletion by maker.example" in shown
        assert TEXT in shown
        listed = json.loads(world[name].run("ledger", "list", "--format", "json").out)
        steps = [item for item in listed if item["contract"] == contract]
        assert ("contract", "certified") in {(item["kind"], item["reason"]) for item in steps}
    path = tmp_path / "ua.evidence"
    ran = world["ua"].run("evidence", "export", "--contract", contract, "--out", str(path))
    assert ran.code == 0, ran.err
    known = [f"{world[name].party}={world[name].member.digest}" for name in ("ua", "maker")]
    members = [word for item in known for word in ("--member", item)]
    verified = json.loads(run("evidence", "verify", str(path), *members, "--format", "json").out)
    (file,) = verified["files"]
    assert ("deletion", TEXT) in {(item["kind"], item["reason"]) for item in file["notices"]}
    page = run("evidence", "verify", str(path), *members, "--format", "html").out
    assert "certificate of deletion" in page
    assert TEXT in page


def test_a_provider_certifies_nothing(world):
    contract = agreed(world, days=0, providers=("ua",))
    end(world["ua"], contract)
    ran = certify(world["ua"], contract)
    assert ran.code != 0
    assert "receives nothing that could be deleted" in ran.err


@pytest.mark.parametrize("certificate", ["on-request", "not-required"])
def test_without_a_required_certificate_nobody_is_warned(world, certificate):
    contract = agreed(world, days=0, certificate=certificate, providers=("ua",))
    end(world["maker"], contract)
    until(lambda: duties(world["ua"], contract), "ua does not know")
    for name in ("ua", "maker"):
        assert reminders(world[name], contract) == []
        assert not any(item["is_overdue"] for item in duties(world[name], contract).values())


def test_certifying_asks_for_the_digits(world):
    contract = agreed(world, days=30, providers=("ua",))
    end(world["maker"], contract)
    ran = world["maker"].run("contract", "certify", contract[7:19], "--text", TEXT)
    assert ran.code == 2
    assert "32 digits" in ran.err
