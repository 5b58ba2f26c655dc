"""A rightly signed payload in another spelling than its canonical one.

expect: the signature holds, and the payload is refused all the same
effect: one contract gets two ids, or two readers see two values behind one signature
source: docs/spec/documents.md sections 3 and 7
"""

import pytest

from sekisho.documents.envelope import PayloadType, seal
from sekisho.errors import DocumentError
from sekisho.model.member import Purpose
from sekisho.trust.verify import verify_signatures
from support.parties import NOW, Party, members_of

UA = Party(name="ua.example")


@pytest.mark.parametrize(
    "payload",
    [
        b'{"max": 100}',
        b'{"max":100}\n',
        b'{"max":1e2}',
        b'{"max":100,"max":5}',
        b'{"z":1,"a":2}',
        b'{"a":"\\u0041"}',
        b'{"a":NaN}',
        b'{"a":null}',
        b'\xef\xbb\xbf{"a":1}',
    ],
)
def test_a_signed_payload_in_another_spelling_is_refused(payload):
    signed = seal(payload, PayloadType.CONTRACT, [UA.people])

    with pytest.raises(DocumentError, match="payload: "):
        verify_signatures(
            signed,
            payload_type=PayloadType.CONTRACT,
            purpose=Purpose.CONTRACT,
            members=members_of(UA),
            now=NOW,
        )
