"""Requests that are not what they claim to be.

expect: answering step 1 refuses (UNAUTHENTICATED), before the contract is looked at
effect: no byte leaves; the ledger is as it was, since nobody is known to have asked
source: docs/spec/answering.md, step 1
"""

from datetime import UTC, datetime, timedelta

import pytest

from sekisho.documents.envelope import Envelope, PayloadType, seal
from sekisho.errors import TrustError
from sekisho.ledger.instants import moment_text
from sekisho.ledger.request import request_bytes
from sekisho.trust.keys import generate_signing_key, load_signer
from support.asking import ask, request, sealed, table_of

pytestmark = pytest.mark.e2e

SQL = "SELECT origin FROM flights"


def altered(envelope: Envelope) -> Envelope:
    payload = envelope.payload.replace(b"origin", b"note  ")
    return Envelope(
        payload=payload, payload_type=envelope.payload_type, signatures=envelope.signatures
    )


def forged(pair, kind: str):
    maker, ua = pair.maker, pair.ua
    asked = request(maker, ua, pair.contract, SQL)
    stranger = load_signer(generate_signing_key())
    match kind:
        case "by a stranger's key":
            return asked, seal(request_bytes(asked), PayloadType.REQUEST, [stranger])
        case "by a key of people":
            return asked, sealed(maker, asked, key="signing")
        case "of another kind of document":
            signer = load_signer(maker.folder.key("request").read_bytes())
            return asked, seal(request_bytes(asked), PayloadType.RECEIPT, [signer])
        case "altered after signing":
            return asked, altered(sealed(maker, asked))
        case "for another provider":
            asked = request(maker, ua, pair.contract, SQL, provider="dl.example")
        case "from another consumer":
            asked = request(maker, ua, pair.contract, SQL, consumer="dl.example")
        case "three minutes old":
            at = datetime.now(UTC) - timedelta(minutes=3)
            asked = request(maker, ua, pair.contract, SQL, issued_at=moment_text(at))
        case "from the future":
            at = datetime.now(UTC) + timedelta(minutes=3)
            asked = request(maker, ua, pair.contract, SQL, issued_at=moment_text(at))
        case "by the provider itself":
            return asked, sealed(ua, asked)
    return asked, sealed(maker, asked)


@pytest.mark.parametrize(
    "kind",
    [
        "by a stranger's key",
        "by a key of people",
        "of another kind of document",
        "altered after signing",
        "for another provider",
        "from another consumer",
        "three minutes old",
        "from the future",
        "by the provider itself",
    ],
)
def test_a_forged_request_is_not_believed(pair, kind):
    asked, envelope = forged(pair, kind)
    peer = pair.maker.peer_at(pair.ua)
    with pair.ua.records() as records:
        before = records.ledger.head()
    asking = ask(peer, envelope, asked)
    with pytest.raises(TrustError, match="not believed"):
        table_of(asking)
    assert asking.tally.bytes == 0
    with pair.ua.records() as records:
        assert records.ledger.head() == before
    peer.close()
