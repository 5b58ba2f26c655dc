"""Signatures: counted per party, by current keys with the purpose, over the bytes received."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sekisho.documents.envelope import EnvelopeSignature, PayloadType, seal
from sekisho.errors import DocumentError, TrustError
from sekisho.model.limits import Limits
from sekisho.model.member import Purpose
from sekisho.trust.keys import generate_signing_key, load_signer
from sekisho.trust.members import verify_member
from sekisho.trust.verify import sift_signatures, verify_recorded, verify_signatures
from support.parties import NOW, Party, members_of

UA, DL, STRANGER = (Party(name=f"{name}.example") for name in ("ua", "dl", "stranger"))
MEMBERS = members_of(UA, DL)
CONTRACT = {"payload_type": PayloadType.CONTRACT, "purpose": Purpose.CONTRACT}
PAYLOAD = b'{"title":"x"}'
SIGNED = seal(PAYLOAD, PayloadType.CONTRACT, [UA.people, DL.people])


def verify(envelope, *, members=MEMBERS, now=NOW, **options):
    return verify_signatures(envelope, members=members, now=now, **(CONTRACT | options))


def refuse(envelope, step, **options):
    with pytest.raises(TrustError) as caught:
        verify(envelope, **options)
    assert caught.value.step == step
    return caught.value


def rotated(**changes):
    """Members after UA has replaced its people's key."""
    new = load_signer(generate_signing_key())
    first = MEMBERS.latest(UA.name).fingerprint
    keys = [{"public": new.public, "purposes": ["member", "contract"]}]
    envelope = UA.member(version=2, first=first, keys=keys, signers=(UA.people, new), **changes)
    return MEMBERS.add(verify_member(envelope, known=MEMBERS, now=NOW)), new


def test_each_party_that_signed_is_named():
    assert verify(SIGNED) == {"ua.example", "dl.example"}


def test_an_envelope_nobody_signed_is_refused():
    refuse(replace(SIGNED, signatures=()), "signature.none")


def test_signatures_are_bounded_in_number():
    refuse(replace(SIGNED, signatures=SIGNED.signatures * 129), "signature.many")


def test_a_strangers_signature_is_refused():
    error = refuse(
        seal(PAYLOAD, PayloadType.CONTRACT, [UA.people, STRANGER.people]), "signature.key"
    )

    assert "member document" in error.hint


def test_a_signature_of_another_length_is_refused():
    short = replace(SIGNED.signatures[0], signature=b"")
    refuse(replace(SIGNED, signatures=(short,)), "signature.value")


def test_a_payload_beyond_its_bound_is_refused():
    with pytest.raises(DocumentError, match="more than 4"):
        verify(SIGNED, limits=Limits(max_document_bytes=4))


def test_keys_of_a_document_that_has_run_out_are_not_current():
    refuse(SIGNED, "signature.current", now=NOW + timedelta(days=999))
    refuse(SIGNED, "signature.current", now=NOW - timedelta(days=99))


def test_a_rotated_key_signs_no_more_but_what_it_signed_stays_good():
    members, new = rotated()

    refuse(SIGNED, "signature.current", members=members)
    assert verify_recorded(SIGNED, members=members, **CONTRACT) == {"ua.example", "dl.example"}
    assert verify(seal(PAYLOAD, PayloadType.CONTRACT, [new]), members=members) == {"ua.example"}


def test_a_revoked_keys_signatures_count_no_more_whenever_they_were_made():
    members, _ = rotated(revoked=[UA.people.public])

    refuse(SIGNED, "signature.revoked", members=members)
    assert verify_recorded(SIGNED, members=members, **CONTRACT) == {"dl.example"}


def test_recorded_signatures_must_still_fit_type_purpose_and_bytes():
    cases = {
        "signature.type": replace(SIGNED, payload_type=PayloadType.NOTICE),
        "signature.value": replace(SIGNED, payload=b'{"title":"y"}'),
        "signature.purpose": seal(PAYLOAD, PayloadType.CONTRACT, [UA.node]),
        "signature.key": seal(PAYLOAD, PayloadType.CONTRACT, [STRANGER.people]),
        "signature.none": replace(SIGNED, signatures=()),
    }
    for step, envelope in cases.items():
        with pytest.raises(TrustError) as caught:
            verify_recorded(envelope, members=MEMBERS, **CONTRACT)
        assert caught.value.step == step


def test_recorded_documents_must_be_canonical_too():
    spaced = seal(b'{"title": "x"}', PayloadType.CONTRACT, [UA.people])

    with pytest.raises(DocumentError, match="canonical"):
        verify_recorded(spaced, members=MEMBERS, **CONTRACT)


def test_sifting_keeps_what_counts_and_drops_the_rest():
    good = SIGNED.signatures
    wrong = EnvelopeSignature(key_id=UA.people.key_id, signature=bytes(64))
    stray = seal(PAYLOAD, PayloadType.CONTRACT, [STRANGER.people, UA.node]).signatures
    mixed = replace(SIGNED, signatures=(wrong, good[0], *stray, good[1]))

    kept = sift_signatures(mixed, members=MEMBERS, now=NOW, **CONTRACT)

    assert [(item.party, item.signature) for item in kept] == [
        ("ua.example", good[0]),
        ("dl.example", good[1]),
    ]


def test_sifting_refuses_another_type_and_another_spelling():
    with pytest.raises(TrustError, match="not `application/vnd"):
        sift_signatures(
            replace(SIGNED, payload_type="text/plain"), members=MEMBERS, now=NOW, **CONTRACT
        )
    with pytest.raises(DocumentError, match="canonical"):
        sift_signatures(replace(SIGNED, payload=b"{} "), members=MEMBERS, now=NOW, **CONTRACT)
