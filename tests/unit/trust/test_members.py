"""Members: first contact, succession, and who owns which key."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sekisho.documents.canonical import canonical_json
from sekisho.documents.envelope import EnvelopeSignature, PayloadType, digest_of, seal
from sekisho.errors import DocumentError, TrustError
from sekisho.model.member import Purpose
from sekisho.trust.keys import generate_signing_key, load_signer
from sekisho.trust.members import Members, verify_member
from support.parties import NOW, Party, members_of

UA = Party(name="ua.example")
DL = Party(name="dl.example")


def refuse(envelope, step, *, known=None, **options):
    known = known or Members()
    before = (dict(known.by_party), dict(known.owners))
    with pytest.raises(TrustError) as caught:
        known.add(verify_member(envelope, known=known, now=NOW, **options))
    assert caught.value.step == step
    assert (dict(known.by_party), dict(known.owners)) == before
    return caught.value


def key(signer, *purposes):
    return {"public": signer.public, "purposes": list(purposes)}


def second(**changes):
    """Version 2 of UA's document, after the first that `members_of` believes."""
    return {"version": 2, "first": FIRST.digest} | changes


FIRST = UA.member()
KNOWN = Members().add(verify_member(FIRST, known=Members(), now=NOW))


def test_a_first_document_is_believed_and_named_by_its_fingerprint():
    trusted = verify_member(FIRST, known=Members(), now=NOW, fingerprint=FIRST.digest)

    assert trusted.party == "ua.example"
    assert trusted.fingerprint == trusted.first == digest_of(FIRST.payload)
    assert trusted.envelope == FIRST
    assert verify_member(FIRST, known=Members(), now=NOW, fingerprint=FIRST.digest[7:])


def test_members_are_a_value_that_grows_by_copies():
    more = KNOWN.add(verify_member(DL.member(), known=KNOWN, now=NOW))

    assert (len(KNOWN), len(more)) == (1, 2)
    assert "dl.example" in more
    assert "dl.example" not in KNOWN
    assert [item.party for item in more] == ["ua.example", "dl.example"]
    assert more.owner_of(DL.node.public) == "dl.example"
    assert KNOWN.owner_of(DL.node.public) is None
    assert not KNOWN.is_revoked(DL.node.public)
    assert KNOWN.purposes_now(DL.node.public) == KNOWN.purposes_ever(DL.node.public) == frozenset()


def test_the_same_document_is_believed_again_and_changes_nothing():
    again = verify_member(FIRST, known=KNOWN, now=NOW + timedelta(days=9999))

    assert KNOWN.add(again) is KNOWN


def test_an_unknown_party_has_no_document():
    with pytest.raises(TrustError, match=r"`dl\.example` is not a known member") as caught:
        KNOWN.latest("dl.example")

    assert caught.value.step == "member.unknown"


def test_a_fingerprint_that_people_compared_must_fit():
    error = refuse(FIRST, "member.fingerprint", fingerprint="sha256:" + "0" * 64)

    assert "telephone" in error.hint


def test_an_envelope_of_another_kind_is_no_member():
    refuse(replace(FIRST, payload_type=PayloadType.CONTRACT), "member.type")


def test_an_envelope_without_signatures_is_refused():
    refuse(replace(FIRST, signatures=()), "member.signatures")
    refuse(replace(FIRST, signatures=FIRST.signatures * 129), "member.signatures")


def test_a_signature_that_does_not_hold_is_refused():
    swapped = tuple(
        EnvelopeSignature(key_id=left.key_id, signature=right.signature)
        for left, right in zip(FIRST.signatures, reversed(FIRST.signatures), strict=True)
    )
    refuse(replace(FIRST, signatures=swapped), "member.signature")
    nameless = replace(FIRST.signatures[0], key_id="somebody")
    refuse(replace(FIRST, signatures=(nameless,)), "member.signature")


def test_every_key_of_a_first_document_signs_it():
    refuse(UA.member(signers=(UA.people,)), "member.possession")
    refuse(UA.member(signers=(UA.node,)), "member.possession")


def test_nobody_else_signs_a_member_document():
    refuse(UA.member(signers=(UA.people, UA.node, DL.people)), "member.stray")


@pytest.mark.parametrize(
    ("valid", "step"),
    [
        ({"from": "2026-12-02T00:00:00Z", "until": "2027-12-01T00:00:00Z"}, "member.validity"),
        ({"from": "2025-12-01T00:00:00Z", "until": "2026-12-01T12:00:00Z"}, "member.validity"),
    ],
)
def test_a_document_that_does_not_hold_now_is_refused(valid, step):
    refuse(UA.member(valid=valid), step)


def test_a_later_version_is_signed_by_an_old_member_key_and_every_new_key():
    new = load_signer(generate_signing_key())
    keys = [key(UA.people, "member", "contract"), key(new, "request", "receipt")]
    good = UA.member(**second(keys=keys), signers=(UA.people, new))

    later = KNOWN.add(verify_member(good, known=KNOWN, now=NOW))

    assert later.latest("ua.example").member.version == 2
    assert later.latest("ua.example").first == FIRST.digest
    assert later.owner_of(UA.node.public) == "ua.example"
    assert later.purposes_now(UA.node.public) == frozenset()
    assert Purpose.REQUEST in later.purposes_ever(UA.node.public)
    refuse(UA.member(**second(keys=keys), signers=(UA.people,)), "member.possession", known=KNOWN)
    refuse(UA.member(**second(keys=keys), signers=(new,)), "member.authority", known=KNOWN)
    refuse(UA.member(**second(keys=keys), signers=(UA.node, new)), "member.authority", known=KNOWN)


def test_a_lost_people_key_is_replaced_by_the_old_one_vouching():
    new = load_signer(generate_signing_key())
    keys = [key(new, "member"), key(UA.node, "request")]
    signed = UA.member(**second(keys=keys, revoked=[UA.people.public]), signers=(UA.people, new))

    later = KNOWN.add(verify_member(signed, known=KNOWN, now=NOW))

    assert later.is_revoked(UA.people.public)
    assert not later.is_revoked(new.public)
    back = UA.member(**second(version=3, keys=keys), signers=(new, UA.node))
    refuse(back, "member.revoked", known=later)


def test_versions_may_be_skipped_while_an_old_member_key_vouches():
    third = UA.member(**second(version=3))

    assert KNOWN.add(verify_member(third, known=KNOWN, now=NOW)).latest("ua.example")


def test_a_later_version_names_the_same_first_one():
    refuse(UA.member(**second(first=digest_of(b"x"))), "member.first", known=KNOWN)


def test_first_contact_with_a_later_version_asks_for_every_key():
    later = UA.member(**second())

    assert verify_member(later, known=Members(), now=NOW).first == FIRST.digest
    error = refuse(UA.member(**second(), signers=(UA.people,)), "member.possession")
    assert "first version" in error.hint


@pytest.mark.parametrize(
    ("change", "step"),
    [
        ({"keys": "weak"}, "key.point"),
        ({"agreement": "00" * 32}, "key.point"),
        ({"tls_anchor": "no certificate"}, "certificate.read"),
        ({"tls_anchor": UA.leaf().decode()}, "anchor.self_signed"),
        ({"tls_anchor": (UA.anchor + UA.anchor).decode()}, "certificate.read"),
    ],
)
def test_weak_keys_and_anchors_are_refused(change, step):
    if change.get("keys") == "weak":
        weak = {"public": (1).to_bytes(32, "little").hex(), "purposes": ["request"]}
        change = {"keys": [key(UA.people, "member"), weak]}
    refuse(UA.member(**change), step)


def test_an_anchor_must_be_able_to_issue():
    lone = DL.leaf()
    assert lone != UA.anchor
    refuse(DL.member(tls_anchor=lone.decode()), "anchor.self_signed")


def test_anchors_and_agreement_keys_belong_to_one_party_too():
    copied = DL.member(tls_anchor=UA.document()["tls_anchor"])
    refuse(copied, "member.ownership", known=KNOWN)
    copied = DL.member(agreement=UA.document()["agreement"])
    refuse(copied, "member.ownership", known=KNOWN)


def test_a_rotated_key_still_belongs_to_its_party():
    new = load_signer(generate_signing_key())
    keys = [key(UA.people, "member"), key(new, "request")]
    later = KNOWN.add(
        verify_member(
            UA.member(**second(keys=keys), signers=(UA.people, new)), known=KNOWN, now=NOW
        )
    )
    thief = Party(name="dl.example", people=DL.people, node=UA.node)

    refuse(thief.member(), "member.ownership", known=later)


BAD_DOCUMENTS = [
    ({"format": "sekisho.member/v2"}, "is not sekisho.member/v1"),
    ({"party": "UA.example"}, "not a party's name"),
    ({"country": "jp"}, "not a country"),
    ({"endpoints": ["ua.example"]}, "not an endpoint"),
    ({"endpoints": ["ua.example:99999"]}, "not an endpoint"),
    ({"valid": {"from": "2026-12-01", "until": "2027-12-01T00:00:00Z"}}, "not an instant"),
    ({"valid": {"from": "2027-12-01T00:00:00Z", "until": "2026-12-01T00:00:00Z"}}, "not after"),
    ({"version": 0}, "less than 1"),
    ({"version": 2}, "`first` belongs"),
    ({"first": digest_of(b"")}, "`first` belongs"),
    ({"keys": [key(UA.people, "request")]}, "no key has the purpose `member`"),
    ({"keys": [key(UA.people, "member"), key(UA.people, "request")]}, "listed twice"),
    ({"keys": [key(UA.people, "member", "member")]}, "a purpose twice"),
    ({"keys": [{"public": "AB" * 32, "purposes": ["member"]}]}, "does not fit"),
    ({"keys": [key(UA.people, "everything")]}, "is not"),
    ({"revoked": [UA.people.public]}, "both listed and revoked"),
    ({"surname": "x"}, "not a field"),
    ({"agreement": None}, "missing"),
    ({"legal_name": "a\u202eb"}, "reading direction"),
]


@pytest.mark.parametrize(("change", "message"), BAD_DOCUMENTS)
def test_what_is_no_member_document_is_refused_with_its_finding(change, message):
    payload = canonical_json(UA.document(**change))
    envelope = seal(payload, PayloadType.MEMBER, [UA.people, UA.node])

    with pytest.raises(DocumentError, match="member: ") as caught:
        verify_member(envelope, known=Members(), now=NOW)

    assert any(message in item.message for item in caught.value.findings), caught.value.findings


def test_ports_and_addresses_are_endpoints():
    endpoints = ["ua.example:7443", "127.0.0.1:1", "[::1]:65535"]

    trusted = verify_member(UA.member(endpoints=endpoints), known=Members(), now=NOW)

    assert trusted.member.endpoints == tuple(endpoints)
    assert members_of(DL).latest("dl.example").member.party_id == "dl.example"


def test_a_first_contact_after_a_rotation_passes_over_the_keys_before():
    new = load_signer(generate_signing_key())
    keys = [key(new, "member"), key(UA.node, "request")]
    rotated = UA.member(
        **second(keys=keys, revoked=[UA.people.public]), signers=(UA.people, new, UA.node)
    )

    met = verify_member(rotated, known=Members(), now=NOW)

    assert met.first == FIRST.digest
    assert Members().add(met).owner_of(UA.people.public) is None
    refuse(UA.member(keys=keys, signers=(UA.people, new, UA.node)), "member.stray", known=Members())
