"""One company signs twice and passes for two: one key under two ids, or its two keys.

expect: step signature.key for the second id; two keys of one party are one party
effect: a contract comes into force that the other party never signed
source: DSSE libraries that count key ids; docs/spec/documents.md section 7
"""

from dataclasses import replace

import pytest

from sekisho.documents.envelope import PayloadType, seal
from sekisho.errors import TrustError
from sekisho.model.member import Purpose
from sekisho.trust.verify import sift_signatures, verify_signatures
from support.parties import NOW, Party, members_of

UA, DL = Party(name="ua.example"), Party(name="dl.example")
EXPECTED = {
    "payload_type": PayloadType.CONTRACT,
    "purpose": Purpose.CONTRACT,
    "now": NOW,
}
SIGNED = seal(b'{"title":"x"}', PayloadType.CONTRACT, [UA.people])


@pytest.mark.parametrize(
    "second_id",
    ["", "another", UA.people.public, UA.people.key_id.upper(), UA.people.key_id + " "],
    ids=["empty", "a name", "without prefix", "upper case", "padded"],
)
def test_a_key_under_a_second_id_is_refused(second_id):
    members = members_of(UA, DL)
    twice = (*SIGNED.signatures, replace(SIGNED.signatures[0], key_id=second_id))
    envelope = replace(SIGNED, signatures=twice)

    with pytest.raises(TrustError) as caught:
        verify_signatures(envelope, members=members, **EXPECTED)

    assert caught.value.step == "signature.key"
    kept = sift_signatures(envelope, members=members, **EXPECTED)
    assert [item.party for item in kept] == ["ua.example"]


def test_a_key_under_another_partys_id_is_refused():
    stolen = replace(SIGNED.signatures[0], key_id=DL.people.key_id)

    with pytest.raises(TrustError) as caught:
        verify_signatures(
            replace(SIGNED, signatures=(*SIGNED.signatures, stolen)),
            members=members_of(UA, DL),
            **EXPECTED,
        )

    assert caught.value.step == "signature.value"


def test_the_same_signature_twice_counts_once():
    twice = replace(SIGNED, signatures=SIGNED.signatures * 2)

    assert verify_signatures(twice, members=members_of(UA, DL), **EXPECTED) == {"ua.example"}


def test_two_keys_of_one_party_count_once():
    both = Party(name="ua.example")
    keys = [
        {"public": signer.public, "purposes": ["member", "contract"]}
        for signer in (both.people, both.node)
    ]
    envelope = seal(SIGNED.payload, PayloadType.CONTRACT, [both.people, both.node])

    class TwoKeys(Party):
        def document(self, **changes):
            return super().document(**({"keys": keys} | changes))

    two = TwoKeys(name=both.name, people=both.people, node=both.node)

    assert verify_signatures(envelope, members=members_of(two), **EXPECTED) == {"ua.example"}
