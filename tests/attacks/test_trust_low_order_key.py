"""A public key of low order, under which one signature fits every document.

expect: step key.point, when the member is registered
effect: a party disowns what it signed, or one signature serves any number of contracts
source: C2SP/CCTV ed25519 vectors; docs/spec/documents.md section 5
"""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from sekisho.documents.envelope import Envelope, EnvelopeSignature, PayloadType, add_signatures
from sekisho.errors import TrustError
from sekisho.trust.members import Members, verify_member
from support.parties import NOW, Party

NEUTRAL = (1).to_bytes(32, "little")
FITS_ALL = NEUTRAL + bytes(32)
"""The neutral element as R and zero as S: holds for every message under the neutral key."""


def test_the_library_alone_would_accept_one_signature_for_every_message():
    key = Ed25519PublicKey.from_public_bytes(NEUTRAL)

    for message in (b"a contract", b"another contract"):
        key.verify(FITS_ALL, message)


def test_a_member_with_such_a_key_is_refused():
    ua = Party(name="ua.example")
    keys = [
        {"public": ua.people.public, "purposes": ["member"]},
        {"public": NEUTRAL.hex(), "purposes": ["contract"]},
    ]
    forged = EnvelopeSignature(key_id=f"ed25519:{NEUTRAL.hex()}", signature=FITS_ALL)
    envelope: Envelope = add_signatures(ua.member(keys=keys, signers=(ua.people,)), [forged])
    assert envelope.payload_type == PayloadType.MEMBER

    known = Members()
    with pytest.raises(TrustError, match="is of low order") as caught:
        known.add(verify_member(envelope, known=known, now=NOW))

    assert caught.value.step == "key.point"
    assert len(known) == 0
