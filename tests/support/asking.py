"""Asks a provider's node as a consumer's node does, with every part open to forgery."""

import secrets
from datetime import UTC, datetime

import pyarrow as pa

from sekisho.client.peer import Peer
from sekisho.documents.envelope import Envelope, PayloadType, seal
from sekisho.ledger.instants import moment_text
from sekisho.ledger.receipt import parse_opening, parse_receipt
from sekisho.ledger.request import Request, request_bytes
from sekisho.trust.keys import load_signer
from sekisho.wire.frames import frame_stream_reader
from support.nodes import Company

PURPOSE = "reliability"


def request(consumer: Company, provider: Company, contract: str, sql: str, /, **changes) -> Request:
    """Build a request as the consumer's node would, with some fields changed."""
    fields = {
        "contract": contract,
        "provider": provider.party,
        "consumer": consumer.party,
        "purpose": PURPOSE,
        "sql": sql,
        "nonce": secrets.token_hex(16),
        "issued_at": moment_text(datetime.now(UTC)),
    }
    return Request(**(fields | changes))


def sealed(company: Company, asked: Request, key: str = "request") -> Envelope:
    """Sign a request with one of a company's keys."""
    signer = load_signer(company.folder.key(key).read_bytes())
    return seal(request_bytes(asked), PayloadType.REQUEST, [signer])


def believing(envelope: Envelope):
    """Parse a statement without checking who signed it: the tests' peers are our own."""
    if envelope.payload_type == PayloadType.OPENING:
        return parse_opening(envelope.payload)
    return parse_receipt(envelope.payload)


def ask(peer: Peer, envelope: Envelope, asked: Request):
    """Send a request; gives the running answer."""
    return peer.ask(envelope, asked, believing)


def table_of(asking) -> pa.Table:
    """Read an answer whole."""
    stream = pa.PythonFile(frame_stream_reader(asking), mode="r")
    return pa.ipc.open_stream(stream).read_all()


def fetch(consumer: Company, provider: Company, contract: str, sql: str, **changes) -> pa.Table:
    """Ask and read whole, raising what the provider's node says."""
    peer = consumer.peer_at(provider)
    try:
        asked = request(consumer, provider, contract, sql, **changes)
        return table_of(ask(peer, sealed(consumer, asked), asked))
    finally:
        peer.close()
