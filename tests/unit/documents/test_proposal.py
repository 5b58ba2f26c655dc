"""A proposal says what its terms come to, and everything in it that follows is computed again."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sekisho.documents.canonical import canonical_json
from sekisho.documents.contract import parse_contract
from sekisho.documents.proposal import build_proposal, parse_proposal, proposed_terms
from sekisho.errors import DocumentError

VECTORS = Path(__file__).parents[2] / "vectors" / "contracts"
NONCE = "00112233445566778899aabbccddeeff"
MEMBER = "sha256:" + "ab" * 32


@pytest.fixture
def authored():
    return parse_contract((VECTORS / "valid" / "smallest.yaml").read_bytes())


@pytest.fixture
def payload(authored):
    members = {item.party: MEMBER for item in authored.contract.parties}
    return build_proposal(authored, nonce_hex=NONCE, members=members)


def _changed(payload, **changes):
    return canonical_json(json.loads(payload) | changes)


def test_days_become_half_open_instants_in_the_contracts_time_zone(payload):
    signed = parse_proposal(payload)
    assert signed.starts_at == datetime(2026, 12, 31, 15, tzinfo=UTC)
    assert signed.ends_at == datetime(2027, 12, 31, 15, tzinfo=UTC)
    assert signed.sign_by_at == signed.ends_at


def test_amendment_starts_on_the_day_it_takes_effect():
    authored = parse_contract((VECTORS / "valid" / "every-field.yaml").read_bytes())
    members = {item.party: MEMBER for item in authored.contract.parties}
    signed = parse_proposal(build_proposal(authored, nonce_hex=NONCE, members=members))
    assert signed.starts_at == datetime(2027, 7, 1, 4, tzinfo=UTC)
    assert signed.sign_by_at == datetime(2027, 1, 1, 5, tzinfo=UTC)


def test_terms_are_signed_as_written_without_defaults(authored, payload):
    assert proposed_terms(payload) == authored.value
    assert parse_proposal(payload).contract == authored.contract


def test_id_is_the_digest_of_the_payload(payload):
    assert parse_proposal(payload).id == (
        "sha256:0b9a6bf9cf65bea4bec415eea90df3345d69d7d9b69ecb8abd24c545efc4642d"
    )


def test_another_nonce_makes_another_contract(authored, payload):
    members = {item.party: MEMBER for item in authored.contract.parties}
    other = build_proposal(authored, nonce_hex="f" * 32, members=members)
    assert parse_proposal(other).id != parse_proposal(payload).id


@pytest.mark.parametrize("place", ["starts_at", "ends_at"])
def test_instant_that_does_not_follow_from_the_term_is_refused(payload, place):
    term = json.loads(payload)["term"] | {place: "2027-06-01T00:00:00Z"}
    with pytest.raises(DocumentError, match=f"`term.{place}` says 2027-06-01T00:00:00Z"):
        parse_proposal(_changed(payload, term=term))


def test_signing_time_that_does_not_follow_is_refused(payload):
    with pytest.raises(DocumentError, match="`sign_by_at` says"):
        parse_proposal(_changed(payload, sign_by_at="2029-01-01T00:00:00Z"))


def test_party_without_a_member_is_refused(payload):
    with pytest.raises(DocumentError, match=r"no member document is known of `supplier\.example`"):
        parse_proposal(_changed(payload, members={"maker.example": MEMBER}))


def test_member_who_is_no_party_is_refused(payload):
    members = json.loads(payload)["members"] | {"other.example": MEMBER}
    with pytest.raises(DocumentError, match=r"`other\.example` is a member but no party"):
        parse_proposal(_changed(payload, members=members))


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "sekisho.contract/v1"},
        {"nonce": "xyz"},
        {"nonce": NONCE.upper()},
        {"extra": 1},
        {"contract": []},
        {"contract": {}},
        {"members": {"maker.example": "abc"}},
        {"term": {"starts_at": "2026-12-31T15:00:00Z"}},
    ],
    ids=str,
)
def test_proposal_of_another_shape_is_refused(payload, changes):
    with pytest.raises(DocumentError):
        parse_proposal(_changed(payload, **changes))


def test_contract_with_a_finding_cannot_be_smuggled_into_a_proposal(payload):
    terms = json.loads(payload)["contract"]
    terms["grants"][0]["columns"]["part"] = {"clamp": [0, 1]}
    with pytest.raises(DocumentError, match="`clamp` does nothing"):
        parse_proposal(_changed(payload, contract=terms))


def test_bytes_that_are_not_canonical_are_refused(payload):
    with pytest.raises(DocumentError):
        parse_proposal(json.dumps(json.loads(payload), indent=1).encode())


def test_proposal_with_wrong_members_is_never_built(authored):
    with pytest.raises(DocumentError, match="no member document"):
        build_proposal(authored, nonce_hex=NONCE, members={})
