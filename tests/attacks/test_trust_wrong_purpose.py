"""A stolen node key signs what only people may sign.

expect: step signature.purpose
effect: whoever takes over a serving node signs contracts in the company's name
source: docs/spec/documents.md section 7
"""

import pytest

from sekisho.documents.envelope import PayloadType, seal
from sekisho.errors import TrustError
from sekisho.model.member import NODE_PURPOSES, PEOPLE_PURPOSES, Purpose
from sekisho.trust.members import verify_member
from sekisho.trust.verify import verify_recorded, verify_signatures
from support.parties import NOW, Party, members_of

UA = Party(name="ua.example")
CASES = [
    (PayloadType.CONTRACT, Purpose.CONTRACT, "node"),
    (PayloadType.NOTICE, Purpose.NOTICE, "node"),
    (PayloadType.REQUEST, Purpose.REQUEST, "people"),
    (PayloadType.RECEIPT, Purpose.RECEIPT, "people"),
    (PayloadType.OPENING, Purpose.RECEIPT, "people"),
]


@pytest.mark.parametrize(("payload_type", "purpose", "holder"), CASES)
def test_a_key_signs_within_its_purposes_only(payload_type, purpose, holder):
    signed = seal(b"{}", payload_type, [getattr(UA, holder)])
    expected = {"payload_type": payload_type, "purpose": purpose, "members": members_of(UA)}

    with pytest.raises(TrustError, match=f"may not sign for `{purpose}`") as caught:
        verify_signatures(signed, **expected, now=NOW)

    assert caught.value.step == "signature.purpose"
    with pytest.raises(TrustError, match="may not sign"):
        verify_recorded(signed, **expected)


def test_a_node_key_cannot_bring_in_the_next_member_document():
    members = members_of(UA)
    first = members.latest(UA.name).fingerprint
    taken_over = UA.member(
        version=2,
        first=first,
        keys=[{"public": UA.node.public, "purposes": sorted(NODE_PURPOSES | PEOPLE_PURPOSES)}],
        signers=(UA.node,),
    )

    with pytest.raises(TrustError) as caught:
        verify_member(taken_over, known=members, now=NOW)

    assert caught.value.step == "member.authority"
    assert members.latest(UA.name).member.version == 1
