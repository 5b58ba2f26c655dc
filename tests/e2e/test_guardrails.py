"""A provider writes a guardrail once, and no contract below it is signed or served by its node."""

import json

import pytest

from sekisho.errors import Refusal, RefusalReason
from sekisho.ledger.bodies import Refused
from support.asking import fetch
from support.guardrails import guard, restart
from support.nodes import contract_text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SQL = "SELECT origin, count(*) AS n FROM flights GROUP BY origin"
NO_ROWS = "require: {access: [aggregate]}"
BOTH = "`access` is rows, and guardrails/floors.yaml:4 requires aggregate"


def _refused(pair) -> Refusal:
    with pytest.raises(Refusal) as failed:
        fetch(pair.maker, pair.ua, pair.contract, SQL)
    return failed.value


def _words(refusal):
    return (refusal.message, refusal.clause, refusal.line, refusal.allowed, refusal.hint)


def test_a_contract_in_force_is_suspended_by_a_guardrail_and_back_without_it(pair, tmp_path):
    assert fetch(pair.maker, pair.ua, pair.contract, SQL).num_rows == 3
    suspended = pair.ua.run("contract", "suspend", pair.contract, "--reason", "ours")
    assert suspended.code == 0, suspended.err
    by_people = _refused(pair)
    assert pair.ua.run("contract", "resume", pair.contract, "--reason", "ours").code == 0

    guard(pair.ua, NO_ROWS)
    assert fetch(pair.maker, pair.ua, pair.contract, SQL).num_rows == 3, "until the node restarts"
    restart(pair.ua)
    _is_served_to_nobody(pair, by_people)
    _is_told_to_the_providers_people(pair)
    _is_not_signed_either(pair, tmp_path)

    guard(pair.ua)
    restart(pair.ua)
    assert fetch(pair.maker, pair.ua, pair.contract, SQL).num_rows == 3
    shown = pair.ua.run("contract", "show", pair.contract, "--format", "json")
    assert json.loads(shown.out)["not_served"] == []


def _is_served_to_nobody(pair, by_people):
    refusal = _refused(pair)
    assert refusal.reason is RefusalReason.SUSPENDED
    assert _words(refusal) == _words(by_people), "nothing tells a peer which of the two it was"
    with pair.ua.records() as records:
        body = records.ledger.get(records.ledger.head().size - 1).body
    assert isinstance(body, Refused)
    assert body.reason == "SUSPENDED"
    for command in (("explain", SQL), ("query", SQL)):
        ran = pair.maker.run(*command, "--contract", pair.contract)
        assert ran.code == 3
        assert "SUSPENDED" in ran.err
        assert "guardrail" not in ran.err + ran.out
    peer = pair.maker.peer_at(pair.ua)
    with pytest.raises(Refusal):
        peer.list_granted_datasets(pair.contract)
    peer.close()


def _is_told_to_the_providers_people(pair):
    status = pair.ua.run("status")
    assert f"not served: grants[0].access: {BOTH}" in status.out
    assert "1 rule in guardrails/floors.yaml" in status.out
    assert (
        f"not served  grants[0].access: {BOTH}"
        in pair.ua.run("contract", "show", pair.contract).out
    )
    assert BOTH in pair.ua.run("doctor").out
    assert BOTH in pair.ua.log()
    theirs = pair.maker.run("contract", "show", pair.contract, "--format", "json")
    assert json.loads(theirs.out)["not_served"] == []
    assert "guardrails/floors" not in pair.maker.run("status").out


def _is_not_signed_either(pair, folder):
    path = folder / "more.contract.yaml"
    path.write_text(contract_text())
    proposed = pair.maker.run("contract", "propose", str(path))
    assert proposed.code == 0, proposed.err
    contract = proposed.out.strip()
    signed = pair.ua.run("contract", "sign", contract)
    assert signed.code == 1
    assert f"grants[0].access: {BOTH}" in signed.err
    refused = pair.ua.run("contract", "propose", str(path))
    assert refused.code == 1
    assert f"{path}:" in refused.err
    assert BOTH in refused.err
    shown = pair.ua.run("contract", "show", contract, "--format", "json")
    assert json.loads(shown.out)["state"] == "proposed"
