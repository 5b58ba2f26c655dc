"""A signature made for one kind of document, offered as another.

expect: step signature.type when the type is honest, signature.value when it is rewritten
effect: a request for one row is taken for the signature of a contract
source: DSSE's reason to sign the type; docs/spec/documents.md sections 4 and 7
"""

from dataclasses import replace

import pytest

from sekisho.documents.envelope import PayloadType, seal
from sekisho.errors import TrustError
from sekisho.model.member import Purpose
from sekisho.trust.verify import verify_signatures
from support.parties import NOW, Party, members_of

UA = Party(name="ua.example")
PURPOSES = {
    PayloadType.CONTRACT: Purpose.CONTRACT,
    PayloadType.NOTICE: Purpose.NOTICE,
}
OTHERS = [(made, offered) for made in PayloadType for offered in PURPOSES if made is not offered]


@pytest.mark.parametrize(("made", "offered"), OTHERS)
def test_a_signature_serves_one_kind_of_document(made, offered):
    members = members_of(UA)
    honest = seal(b"{}", made, [UA.people])
    rewritten = replace(honest, payload_type=offered)

    for envelope, step in ((honest, "signature.type"), (rewritten, "signature.value")):
        with pytest.raises(TrustError) as caught:
            verify_signatures(
                envelope,
                payload_type=offered,
                purpose=PURPOSES[offered],
                members=members,
                now=NOW,
            )
        assert caught.value.step == step
