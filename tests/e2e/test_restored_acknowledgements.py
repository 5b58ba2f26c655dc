"""Acknowledgements after a company's ledger was put back from a backup, and recovered."""

import json
import shutil

import pytest

from sekisho.documents.envelope import parse_envelope_json
from sekisho.ledger.acknowledgement import parse_acknowledgement
from sekisho.ledger.bodies import AcknowledgementCompared, AcknowledgementSent
from support.acknowledging import answered, until
from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text, run

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SQL = "SELECT origin FROM flights LIMIT 3"
A_DAY, AT_ONCE = "acknowledge_seconds: 86400\n", "acknowledge_seconds: 1\n"


@pytest.fixture
def world(tmp_path):
    """A provider, and a consumer that takes a day to acknowledge."""
    with Companies(tmp_path) as companies:
        path = write_flights(tmp_path / "ua.parquet", 60)
        companies.found("ua", flights_section(path))
        config = companies.found("maker").folder.config
        config.write_text(config.read_text() + A_DAY)
        companies.introduce()
        companies.start()
        yield companies


def ask(company, contract):
    """Ask once; gives the request's digest."""
    with company.node() as node:
        node.query(SQL, contract=contract).to_arrow()
    with company.records() as records:
        asked = [item for item in records.ledger.entries() if item.kind == "asked"]
    return asked[-1].body.request


def documents(company, kind, contract):
    """Read the acknowledgements under a contract in a company's ledger, in their order."""
    with company.records() as records:
        found = [item for item in records.ledger.entries() if isinstance(item.body, kind)]
    return [
        parse_acknowledgement(parse_envelope_json(item.body.document.encode()).payload)
        for item in found
        if item.link.channel.contract == contract
    ]


def differences(company, contract):
    """List what a provider recorded under a contract: kind, request, the consumer's side."""
    ran = company.run("ledger", "list", "--differences", "--format", "json")
    return [
        (row["kind"], row["request"], row["consumer"])
        for row in json.loads(ran.out)
        if row["contract"] == contract
    ]


def until_taken(company, contract, *requests):
    """Wait until the newest documents that a provider holds name some requests."""

    def is_taken():
        held = documents(company, AcknowledgementCompared, contract)
        newest = [said for said in held if said.epoch == held[-1].epoch]
        return set(requests) <= {item.request for said in newest for item in said.answers}

    until(is_taken, "not all was acknowledged")


def until_seen(company, by):
    """Wait until a neighbour has cosigned all of a ledger."""

    def is_seen():
        with company.records() as records:
            size = records.ledger.head().size
            return any(
                item.party == by.party and item.size == size
                for item in records.checkpoints.cosignatures()
            )

    until(is_seen, "nobody saw the ledger grow")


def backed_up(company):
    """Copy a stopped company's state; gives a function that puts it back and recovers."""
    assert company.stop() == 0
    copy = company.folder.root / "backup"
    shutil.copytree(company.folder.state, copy)

    def put_back():
        assert company.stop() == 0
        shutil.rmtree(company.folder.state)
        shutil.move(copy, company.folder.state)
        ran = company.run("ledger", "recover", "--yes")
        assert ran.code == 0, ran.err

    return put_back


def acknowledge_at_once(company):
    """Have a consumer acknowledge within a second from now on."""
    config = company.folder.config
    text = config.read_text()
    if A_DAY in text:
        assert company.stop() == 0
        config.write_text(text.replace(A_DAY, AT_ONCE))
        company.start().wait_ready()


def verified(world, contract, *names):
    """Verify ledgers and each one's evidence; gives what the sides' files say differently."""
    members = [
        word
        for company in world.by_name.values()
        for word in ("--member", f"{company.party}={company.member.digest}")
    ]
    files = []
    for name in names:
        ran = world[name].run("ledger", "verify")
        assert ran.code == 0, ran.err
        files.append(str(world.root / f"{name}-{contract[-12:]}.evidence"))
        ran = world[name].run("evidence", "export", "--contract", contract, "--out", files[-1])
        assert ran.code == 0, ran.err
    ran = run("evidence", "verify", *files, *members, "--format", "json")
    facts = json.loads(ran.out)
    assert facts["holds"], ran.err
    return [(item["kind"], item["request"]) for item in facts["differences"]]


def test_a_consumer_that_was_put_back_acknowledges_anew(world):
    ua, maker = world["ua"], world["maker"]
    contract = world.agree(contract_text())
    kept = ask(maker, contract)
    put_back = backed_up(maker)
    acknowledge_at_once(maker)
    until_taken(ua, contract, kept)
    # Asked by hand: it is nowhere in the consumer's ledger, as if it had been lost with it.
    lost = answered(maker, ua, contract, SQL).request
    said = ask(maker, contract)
    until_taken(ua, contract, said)
    until_seen(maker, ua)
    put_back()

    world.start("maker")
    later = ask(maker, contract)
    until_taken(ua, contract, kept, later)
    held = documents(ua, AcknowledgementCompared, contract)
    assert [item.position for item in held[:3]] == [(0, 0), (0, 1), (1, 0)]
    until(lambda: documents(maker, AcknowledgementSent, contract) == held[2:], "one is on its way")
    named = [item.request for document in held for item in document.answers]
    assert named == [kept, said, kept, later], "what was said before the fall stands"
    assert differences(ua, contract) == [("not-asked", lost, "nothing, in epoch 1")]
    apart = verified(world, contract, "ua", "maker")
    assert apart == [("not-asked", lost), ("not-asked", said)]


def test_a_provider_that_was_put_back_names_what_it_missed_and_goes_on(world):
    ua, maker = world["ua"], world["maker"]
    acknowledge_at_once(maker)
    contract = world.agree(contract_text())
    until_taken(ua, contract, ask(maker, contract))
    put_back = backed_up(ua)
    world.start("ua")
    lost = ask(maker, contract)
    until_taken(ua, contract, lost)
    until_seen(ua, maker)
    put_back()

    world.start("ua")
    for _ in range(2):
        until_taken(ua, contract, ask(maker, contract))
    held = documents(ua, AcknowledgementCompared, contract)
    assert [item.number for item in held] == [0, 2, 3]
    assert differences(ua, contract) == [("missing", "", "2 said")]
    assert verified(world, contract, "ua", "maker") == [("not-recorded", lost)]
