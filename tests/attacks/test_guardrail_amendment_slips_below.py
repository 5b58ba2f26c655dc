"""A contract that meets the guardrails, and an amendment of it that does not.

expect: the provider's node does not sign the amendment; brought in signed, it is not served
effect: the contract that it amends goes on until the amendment's day, then nothing is answered
source: an amendment is a whole contract, and is held to the floors as one
"""

from datetime import UTC, datetime, timedelta

import pytest

from sekisho.errors import RefusalReason
from support.asking import fetch
from support.border import offer, refused
from support.flights import flights_section, write_flights
from support.guardrails import guard
from support.nodes import Companies, contract_text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SECTION = "    columns: {Tail_Number: {class: identifier}}\n"
MASKED = "{tail_number: {mask: {pseudonym: this-contract-and-provider}}, origin: {}}"
SQL = "SELECT count(*) AS n FROM flights"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    root = tmp_path_factory.mktemp("amended")
    with Companies(root) as companies:
        path = write_flights(root / "flights.parquet")
        ua = companies.found("ua", flights_section(path) + SECTION)
        guard(ua, "when: {column_class: [identifier]}, require: {masks: [pseudonym]}")
        companies.found("maker")
        companies.introduce()
        companies.start()
        yield companies


def _amending(contract, *, days):
    effective = datetime.now(UTC).date() + timedelta(days=days)
    extra = f'amends: {{contract: "{contract}", effective: {effective}, because: "More."}}'
    return contract_text(columns="{tail_number: {}, origin: {}}", extra=extra)


def test_an_amendment_that_slips_below_is_not_signed(guarded, tmp_path):
    contract = guarded.agree(contract_text(columns=MASKED))
    assert fetch(guarded["maker"], guarded["ua"], contract, SQL).num_rows == 1
    path = tmp_path / "amended.yaml"
    path.write_text(_amending(contract, days=5))
    proposed = guarded["maker"].run("contract", "propose", str(path))
    assert proposed.code == 0, proposed.err
    ran = guarded["ua"].run("contract", "sign", proposed.out.strip())
    assert ran.code == 1
    assert "grants[0].columns.tail_number: `tail_number` is shown as it is" in ran.err
    assert "guardrails/floors.yaml:4 requires the mask pseudonym" in ran.err
    assert fetch(guarded["maker"], guarded["ua"], contract, SQL).num_rows == 1


def test_an_amendment_that_both_signed_all_the_same_is_not_served(guarded):
    contract = guarded.agree(contract_text(columns=MASKED))
    payload = guarded.proposal(_amending(contract, days=0))
    amended = guarded.signed_by(payload, "ua", "maker")
    offer(guarded, amended, by="maker", to="ua")
    assert refused(guarded, amended.digest) is RefusalReason.SUSPENDED
    assert refused(guarded, contract) is RefusalReason.NOT_IN_FORCE
