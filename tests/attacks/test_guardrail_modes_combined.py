"""Rows under one contract to undo the thresholds of another: by one consumer, or by its affiliate.

expect: the second contract is not signed, with a finding that names the first; brought in signed,
    its dataset is refused (MODE_NOT_SERVED) in the contract that was signed later
effect: no row leaves beside figures; the refusal names no other contract's terms
source: DESIGN 8, one access mode for a consumer and its affiliates over all their contracts
"""

import pytest

from sekisho.errors import Refusal, RefusalReason
from sekisho.ledger.bodies import Refused
from sekisho.model.query import QueryText
from support.asking import fetch
from support.border import offer
from support.flights import flights_section, write_flights
from support.guardrails import guard, restart
from support.nodes import Companies, contract_text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SQL = "SELECT origin, departure_delay FROM flights LIMIT 3"
MEASURED = "{origin: {use: [group]}, departure_delay: {use: [measure]}}"
LINKED = "obligations: {onward_transfer: {allowed: listed, affiliates: [branch.example]}}"


def _figures(**terms):
    text = contract_text(columns=MEASURED, **terms)
    return text.replace("access: rows", "access: aggregate\n    privacy_units: [tail_number]")


@pytest.fixture
def four(tmp_path):
    """A provider, a consumer, its affiliate and a stranger."""
    with Companies(tmp_path) as companies:
        path = write_flights(tmp_path / "flights.parquet")
        companies.found("ua", flights_section(path))
        for name in ("maker", "branch", "stranger"):
            companies.found(name)
        companies.introduce()
        companies.start()
        yield companies


def _bring(companies, text, consumer):
    """Bring a contract into force past the provider's own check, in an envelope."""
    envelope = companies.signed_by(companies.proposal(text), "ua", consumer)
    offer(companies, envelope, by=consumer, to="ua")
    return envelope.digest


def _refused(companies, contract, consumer) -> Refusal:
    with pytest.raises(Refusal) as failed:
        fetch(companies[consumer], companies["ua"], contract, SQL)
    with companies["ua"].records() as records:
        body = records.ledger.get(records.ledger.head().size - 1).body
    assert isinstance(body, Refused)
    assert body.reason == failed.value.reason
    return failed.value


def _counted(companies, contract, consumer):
    """Ask for figures; gives the number of cells."""
    sql = "SELECT origin, count(*) AS n FROM flights GROUP BY origin"
    return fetch(companies[consumer], companies["ua"], contract, sql).num_rows


def _rows(companies, contract, consumer):
    return fetch(companies[consumer], companies["ua"], contract, SQL).num_rows


def test_rows_beside_figures_are_neither_signed_nor_served(four, tmp_path):
    figures = four.agree(_figures(extra=LINKED))
    path = tmp_path / "rows.yaml"
    for consumer in ("maker", "branch"):
        path.write_text(contract_text(consumer=consumer))
        proposed = four[consumer].run("contract", "propose", str(path))
        assert proposed.code == 0, proposed.err
        ran = four["ua"].run("contract", "sign", proposed.out.strip())
        assert ran.code == 1
        assert "`ua.example/flights` is granted for `rows` here, and for `aggregate`" in ran.err
        assert f"({figures[7:19]})" in ran.err
        assert "combine: allowed" in ran.err

        brought = _bring(four, contract_text(consumer=consumer), consumer)
        refusal = _refused(four, brought, consumer)
        assert refusal.reason is RefusalReason.MODE_NOT_SERVED
        assert refusal.clause == "grants.delays.access"
        told = f"{refusal.message} {refusal.clause} {refusal.hint} {refusal.allowed}"
        assert "aggregate" not in told
        assert figures[7:19] not in told
        peer = four[consumer].peer_at(four["ua"])
        with pytest.raises(Refusal, match="another access mode"):
            peer.explain(brought, "reliability", QueryText(sql=SQL))
        peer.close()
        assert "is granted for `rows` here" in four["ua"].run("contract", "show", brought).out
        assert "is granted for `rows` here" in four["ua"].run("status").out

    served = _bring(four, contract_text(consumer="stranger"), "stranger")
    assert _rows(four, served, "stranger") == 3
    assert _counted(four, figures, "maker") == 3

    # What was signed first is served on, and the mode is free again when it has ended.
    ended = four["ua"].run("contract", "terminate", figures, "--reason", "done")
    assert ended.code == 0, ended.err
    assert _rows(four, brought, "branch") == 3


def test_a_guardrail_may_let_modes_stand_side_by_side_and_never_wins(four):
    guard(four["ua"], "require: {combine: allowed}")
    restart(four["ua"])
    figures = four.agree(_figures())
    rows = four.agree(contract_text())
    assert _rows(four, rows, "maker") == 3
    assert _counted(four, figures, "maker") == 3

    guard(
        four["ua"],
        "require: {combine: allowed}",
        "when: {access: [aggregate]}, require: {combine: never}",
    )
    restart(four["ua"])
    assert _refused(four, rows, "maker").reason is RefusalReason.MODE_NOT_SERVED
    assert _counted(four, figures, "maker") == 3
    shown = four["ua"].run("contract", "show", rows)
    assert "guardrails/floors.yaml:5 says `never`" in shown.out
