"""A contract with an id answers who is who and who offers what."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sekisho.documents.contract import parse_contract
from sekisho.model.contract import Role
from sekisho.model.lifecycle import role_of
from sekisho.model.signed import SignedContract

VECTORS = Path(__file__).parents[2] / "vectors" / "contracts" / "valid"


@pytest.fixture
def signed():
    return SignedContract(
        id="sha256:" + "ab" * 32,
        contract=parse_contract((VECTORS / "every-field.yaml").read_bytes()).contract,
        starts_at=datetime(2026, 12, 1, 5, tzinfo=UTC),
        ends_at=datetime(2027, 12, 1, 5, tzinfo=UTC),
        sign_by_at=datetime(2027, 1, 1, 5, tzinfo=UTC),
        nonce="0" * 32,
        members={},
    )


def test_parties_are_told_by_role(signed):
    assert signed.providers == ("ua.example", "dl.example", "aa.example")
    assert signed.consumers == ("maker.example",)
    assert signed.parties == (*signed.providers, *signed.consumers)
    assert role_of(signed, "ua.example") is Role.PROVIDER
    assert role_of(signed, "other.example") is None


def test_grants_are_told_by_provider(signed):
    assert [grant.grant for grant in signed.grants_of("ua.example")] == ["delays", "planes"]
    assert [grant.grant for grant in signed.grants_of("dl.example")] == ["delays"]
    assert signed.grants_of("maker.example") == ()
    assert signed.contract.grants[0].datasets_of("dl.example") == ("dl.example/flights",)


def test_alias_is_the_written_one(signed):
    assert signed.alias_of("ua.example") == "ua"
    with pytest.raises(KeyError):
        signed.alias_of("other.example")


def test_purpose_must_be_listed(signed):
    assert signed.has_purpose("reliability-engineering")
    assert not signed.has_purpose("marketing")


def test_consumer_without_affiliates_here_is_counted_alone(signed):
    assert signed.counted_with("maker.example") == ("maker.example",)


def test_affiliates_that_are_consumers_here_are_counted_together(signed):
    contract = signed.contract
    lab = contract.parties[-1].model_copy(update={"party": "maker-labs.example", "alias": "labs"})
    both = replace(
        signed, contract=contract.model_copy(update={"parties": (*contract.parties, lab)})
    )
    assert both.counted_with("maker.example") == ("maker.example", "maker-labs.example")
    assert both.counted_with("maker-labs.example") == ("maker.example", "maker-labs.example")
