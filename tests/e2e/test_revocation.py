"""A company revokes keys that were stolen: nothing goes on by them, and nothing proven is lost."""

import json

import pytest

from sekisho.errors import Refusal, RefusalReason
from sekisho.model.lifecycle import ContractState
from sekisho.trust.keys import load_signer
from support.acknowledging import acknowledgement, answered, hand_over, signed, until
from support.asking import fetch
from support.border import not_believed
from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text, run

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
SQL = "SELECT count(*) AS n FROM flights"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A provider that revoked all its keys, and a consumer that revoked its node's; both asked."""
    root = tmp_path_factory.mktemp("revoked")
    with Companies(root) as companies:
        companies.found("ua", flights_section(write_flights(root / "ua.parquet", 1_000)))
        companies.found("maker")
        companies.introduce()
        companies.start()
        companies.contract = companies.agree(contract_text())
        companies.before = counted(companies)
        companies.told = revoke(companies, "ua", other="maker")
        companies.refused = refusal(companies)
        signed = companies["ua"].run("contract", "sign", companies.contract)
        assert signed.code == 0, signed.err
        until(lambda: is_in_force(companies), "the contract was not signed again at the consumer")
        companies.again = counted(companies)
        companies.stolen = companies["maker"].folder.key("request").read_bytes()
        revoke(companies, "maker", "--keep-signing", other="ua")
        companies.last = counted(companies)
        yield companies


def counted(world):
    with world["maker"].node() as node:
        return node.query(SQL, contract=world.contract).to_arrow().to_pylist()


def refusal(world):
    with pytest.raises(Refusal) as failed:
        fetch(world["maker"], world["ua"], world.contract, SQL)
    return failed.value.reason


def is_in_force(world):
    shown = world["maker"].run("contract", "show", world.contract, "--format", "json")
    return json.loads(shown.out)["state"] == ContractState.IN_FORCE


def revoke(world, name, *options, other):
    """Stop, revoke, start, and wait until the other company has heard; gives what was said."""
    company = world[name]
    assert company.stop() == 0
    ran = company.run("member", "rotate", "--revoke", "--yes", *options)
    assert ran.code == 0, ran.err
    company.start().wait_ready()

    def version():
        listed = json.loads(world[other].run("member", "list", "--format", "json").out)
        return next(item["version"] for item in listed if item["party"] == company.party)

    until(lambda: version() == 2, f"{other} has not heard of {name}'s keys")
    return ran.err


def test_contracts_are_out_of_force_until_they_are_signed_again(world):
    assert "sekisho contract sign" in world.told
    assert "does nothing any more on the word of the old keys" in world.told
    assert world.refused is RefusalReason.NOT_IN_FORCE
    assert world.before == world.again == world.last


def test_the_stolen_key_asks_for_nothing(world):
    maker = world["maker"]
    new = maker.folder.key("request").read_bytes()
    maker.folder.key("request").write_bytes(world.stolen)
    try:
        with not_believed(world["ua"]):
            fetch(maker, world["ua"], world.contract, SQL)
    finally:
        maker.folder.key("request").write_bytes(new)


def test_the_stolen_key_acknowledges_nothing(world):
    maker, ua = world["maker"], world["ua"]
    said = acknowledgement(
        *(maker, ua, world.contract, answered(maker, ua, world.contract, SQL)),
        number=99,
        through=999,
        previous="sha256:" + "0" * 64,
    )
    new = maker.folder.key("request").read_bytes()
    maker.folder.key("request").write_bytes(world.stolen)
    try:
        envelope = signed(maker, said)
    finally:
        maker.folder.key("request").write_bytes(new)
    with not_believed(ua):
        hand_over(maker, ua, envelope)


def test_both_ledgers_and_both_files_hold_and_name_the_keys(world, tmp_path):
    ua, maker = world["ua"], world["maker"]
    files = []
    for company in (ua, maker):
        ran = company.run("ledger", "verify", "--format", "json")
        assert ran.code == 0, ran.err
        assert {item["party"] for item in json.loads(ran.out)["revoked"]} == {ua.party, maker.party}
        path = tmp_path / f"{company.party}.evidence"
        ran = company.run("evidence", "export", "--contract", world.contract, "--out", str(path))
        assert ran.code == 0, ran.err
        files.append(str(path))
    members = [f"--member={item.party}={item.member.digest}" for item in (ua, maker)]
    ran = run("evidence", "verify", *files, *members, "--format", "json")
    assert ran.code in {0, 1}, ran.err  # what this test asked beside the node is a difference
    facts = json.loads(ran.out)
    assert {item["kind"] for item in facts["differences"]} <= {"not-asked"}
    at_provider, at_consumer = facts["files"]
    stolen = load_signer(world.stolen).public
    held = {item["public"]: item for item in at_provider["revoked"]}
    assert held[stolen]["held"] >= 2
    assert held[stolen]["index"] is not None
    # The provider's old keys: its receipts in the consumer's file, and what it signed itself.
    assert sum(item["held"] for item in at_consumer["revoked"]) >= 1
    for lang, word in (("en", "Revoked key"), ("ja", "失効した鍵")):
        page = run("evidence", "verify", *files, *members, "--format", "html", "--lang", lang)
        assert word in page.out
    table = run("evidence", "verify", files[0], *members)
    assert "look here: maker.example revoked the key" in table.out


def test_without_a_yes_nothing_is_revoked(world):
    maker = world["maker"]
    assert "the node is running" in maker.run("member", "rotate", "--revoke", "--yes").err
