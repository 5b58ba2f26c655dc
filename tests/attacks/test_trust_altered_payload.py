"""A contract changed after it was signed, down to one bit.

expect: step signature.value for contracts, member.signature for member documents
effect: other terms, or other keys, than the ones that were signed
source: docs/spec/documents.md sections 6 and 7
"""

from dataclasses import replace

import pytest

from sekisho.documents.envelope import PayloadType, seal
from sekisho.errors import TrustError
from sekisho.model.member import Purpose
from sekisho.trust.members import Members, verify_member
from sekisho.trust.verify import verify_signatures
from support.parties import NOW, Party, members_of

UA = Party(name="ua.example")


@pytest.mark.parametrize(
    "altered", [b'{"max":900}', b'{"max":1000}', b'{"max":100,"z":1}', b"{}", b""]
)
def test_an_altered_contract_is_refused(altered):
    signed = seal(b'{"max":100}', PayloadType.CONTRACT, [UA.people])

    with pytest.raises(TrustError) as caught:
        verify_signatures(
            replace(signed, payload=altered),
            payload_type=PayloadType.CONTRACT,
            purpose=Purpose.CONTRACT,
            members=members_of(UA),
            now=NOW,
        )

    assert caught.value.step == "signature.value"


def test_a_member_document_with_an_added_endpoint_is_refused():
    signed = UA.member()
    altered = signed.payload.replace(b"ua.example:7443", b"evil.example:7443")
    assert altered != signed.payload

    with pytest.raises(TrustError) as caught:
        verify_member(replace(signed, payload=altered), known=Members(), now=NOW)

    assert caught.value.step == "member.signature"
