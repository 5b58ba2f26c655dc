"""A consumer that moves, or whose affiliate nobody knows, under a guardrail of named countries.

expect: answering step 2 refuses (SUSPENDED) from the member document on that says another country
effect: no byte leaves for a company in another country, or in none that is known
source: DESIGN 8, consumer_countries: an unknown country means no
"""

import pytest

from sekisho.documents.canonical import canonical_json, parse_canonical
from sekisho.documents.envelope import PayloadType, envelope_to_json, seal
from sekisho.errors import RefusalReason
from sekisho.trust.keys import load_signer
from support.asking import fetch
from support.border import refused
from support.flights import flights_section, write_flights
from support.guardrails import guard
from support.nodes import Companies, contract_text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SQL = "SELECT count(*) AS n FROM flights"
NAMED = "require: {consumer_countries: [JP]}"


def _moved(company, version, country):
    """Sign the next version of a company's member document, with another country or none."""
    before = parse_canonical(company.member.payload)
    after = before | {"version": version, "first": company.member.digest, "country": country}
    payload = canonical_json({name: item for name, item in after.items() if item is not None})
    request = load_signer(company.folder.key("request").read_bytes())
    return seal(payload, PayloadType.MEMBER, [company.signer, request])


def _tell(company, envelope, path):
    path.write_bytes(envelope_to_json(envelope))
    ran = company.run("member", "add", str(path))
    assert ran.code == 0, ran.err


def test_a_consumer_is_served_for_as_long_as_it_says_a_named_country(tmp_path):
    with Companies(tmp_path) as companies:
        path = write_flights(tmp_path / "flights.parquet")
        guard(companies.found("ua", flights_section(path)), NAMED)
        companies.found("maker")
        companies.introduce()
        companies.start()
        ua, maker = companies["ua"], companies["maker"]
        file = tmp_path / "not-said.yaml"
        file.write_text(contract_text())
        proposed = maker.run("contract", "propose", str(file))
        not_signed = ua.run("contract", "sign", proposed.out.strip())
        assert not_signed.code == 1
        assert "parties[1].party: nobody knows where `maker.example` is" in not_signed.err

        _tell(ua, _moved(maker, 2, "JP"), tmp_path / "2.json")
        contract = companies.agree(contract_text())
        assert fetch(maker, ua, contract, SQL).num_rows == 1

        _tell(ua, _moved(maker, 3, "DE"), tmp_path / "3.json")
        assert refused(companies, contract) is RefusalReason.SUSPENDED
        assert "`maker.example` is in DE, and guardrails/floors.yaml:4" in ua.run("status").out

        _tell(ua, _moved(maker, 4, "JP"), tmp_path / "4.json")
        assert fetch(maker, ua, contract, SQL).num_rows == 1

        affiliates = "affiliates: [branch.example]"
        extra = f"obligations: {{onward_transfer: {{allowed: listed, {affiliates}}}}}"
        file.write_text(contract_text(extra=extra))
        proposed = maker.run("contract", "propose", str(file))
        not_signed = ua.run("contract", "sign", proposed.out.strip())
        assert "nobody knows where `branch.example` is" in not_signed.err
