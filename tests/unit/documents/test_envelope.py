"""Envelopes: what is signed, how they are written, and what is refused when they are read."""

import json

import pytest
from securesystemslib.dsse import Envelope as LibraryEnvelope
from securesystemslib.signer import SSlibKey

from sekisho.documents.canonical import canonical_json
from sekisho.documents.envelope import (
    Envelope,
    EnvelopeSignature,
    PayloadType,
    add_signatures,
    digest_of,
    envelope_to_json,
    pae,
    parse_envelope_json,
    seal,
    sign,
)
from sekisho.errors import DocumentError
from sekisho.model.limits import Limits
from support.parties import Party
from support.vectors import load_vectors

SIGNATURE = EnvelopeSignature(key_id="ed25519:" + "ab" * 32, signature=bytes(64))
ENVELOPE = Envelope(payload=b"{}", payload_type=PayloadType.NOTICE, signatures=(SIGNATURE,))


@pytest.mark.parametrize("case", load_vectors("documents/dsse"))
def test_keys_sign_the_type_together_with_the_payload(case):
    payload = case["payload"].encode()

    assert pae(payload, case["type"]) == case["pae"].encode()
    assert pae(payload, case["type"]) == LibraryEnvelope(payload, case["type"], {}).pae()


def test_other_dsse_software_reads_and_verifies_what_is_sealed():
    party = Party(name="ua.example")
    sealed = seal(b"{}", PayloadType.NOTICE, [party.people, party.node])

    theirs = LibraryEnvelope.from_dict(json.loads(envelope_to_json(sealed)))
    keys = [
        SSlibKey(signer.key_id, "ed25519", "ed25519", {"public": signer.public})
        for signer in (party.people, party.node)
    ]

    assert theirs.verify(keys, 2).keys() == {key.keyid for key in keys}


def test_an_envelope_is_read_back_as_it_was_written():
    assert parse_envelope_json(envelope_to_json(ENVELOPE)) == ENVELOPE
    assert parse_envelope_json(envelope_to_json(ENVELOPE) + b"\n") == ENVELOPE


def test_an_id_is_the_digest_of_the_payload_alone():
    empty = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

    assert digest_of(b"{}") == ENVELOPE.digest == empty


def test_signatures_are_added_once_and_in_order():
    other = EnvelopeSignature(key_id="b", signature=b"c")

    grown = add_signatures(ENVELOPE, [other, SIGNATURE, other])

    assert grown.signatures == (SIGNATURE, other)
    assert grown.payload == ENVELOPE.payload


def test_a_signature_fits_one_type_only():
    signer = Party(name="ua.example").people

    kinds = {sign(b"{}", kind, signer).signature for kind in PayloadType}

    assert len(kinds) == len(PayloadType)


GOOD = {"payload": "e30=", "payloadType": "t", "signatures": [{"keyid": "a", "sig": "AA=="}]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"extra": 1}, "its fields are not"),
        ({"payload": 1}, "not standard base64"),
        ({"payload": "e30"}, "not standard base64"),
        ({"payload": "e31="}, "not standard base64"),
        ({"payload": "e3 0="}, "not standard base64"),
        ({"payload": "_-8="}, "not standard base64"),
        ({"payload": "é"}, "not standard base64"),
        ({"payloadType": 1}, "`payloadType` is not a text"),
        ({"signatures": {}}, "`signatures` is not a list"),
        ({"signatures": ["a"]}, "fields are not `keyid` and `sig`"),
        ({"signatures": [{"keyid": "a"}]}, "fields are not `keyid` and `sig`"),
        ({"signatures": [{"keyid": 1, "sig": ""}]}, "`keyid` is not a text"),
        ({"signatures": [{"keyid": "a", "sig": "*"}]}, "not standard base64"),
        ({"signatures": [{"keyid": "a", "sig": ""}] * 257}, "257 signatures, more than 256"),
    ],
)
def test_what_is_no_envelope_is_refused(change, message):
    with pytest.raises(DocumentError, match=r"member\.json: ") as caught:
        parse_envelope_json(canonical_json(GOOD | change), name="member.json")

    assert message in caught.value.message


def test_a_large_envelope_is_refused_unread():
    with pytest.raises(DocumentError, match="more than 20"):
        parse_envelope_json(envelope_to_json(ENVELOPE), limits=Limits(max_document_bytes=10))
