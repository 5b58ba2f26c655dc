"""Acknowledges answers as a consumer's node does, with every part open to forgery."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from sekisho.documents.envelope import Envelope, PayloadType, seal
from sekisho.ledger.acknowledgement import (
    Acknowledged,
    Acknowledgement,
    Ending,
    acknowledgement_bytes,
)
from sekisho.ledger.bodies import AcknowledgementCompared
from sekisho.ledger.instants import moment_text
from sekisho.ledger.receipt import Receipt
from sekisho.trust.keys import load_signer
from support.asking import ask, request, sealed, table_of
from support.nodes import Company

PATIENCE_SECONDS = 60


def until(found: Callable[[], object], what: str):
    """Look again and again: schedules run in the nodes' own processes."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if result := found():
            return result
    raise AssertionError(what)


def bodies(company: Company, kind: type) -> list:
    """Give the bodies of one kind in a company's ledger."""
    with company.records() as records:
        return [entry.body for entry in records.ledger.entries() if isinstance(entry.body, kind)]


def differences(company: Company) -> list[str]:
    """Name the kinds of difference that a provider has recorded, oldest first."""
    compared = bodies(company, AcknowledgementCompared)
    return [item.kind.value for body in compared for item in body.differences]


def answered(consumer: Company, provider: Company, contract: str, sql: str) -> Acknowledged:
    """Ask, read whole, and say honestly what came."""
    peer = consumer.peer_at(provider)
    try:
        asked = request(consumer, provider, contract, sql)
        envelope = sealed(consumer, asked)
        asking = ask(peer, envelope, asked)
        table_of(asking)
        return honest(envelope.digest, asking.receipt)
    finally:
        peer.close()


def honest(digest: str, receipt: Receipt, **changes) -> Acknowledged:
    """Say what a receipt says of a whole answer, with some fields changed."""
    fields = {
        "request": digest,
        "ending": Ending.RECEIVED,
        "rows": receipt.rows,
        "bytes": receipt.bytes,
        "blake3": receipt.blake3,
        "verified": True,
    }
    return Acknowledged(**(fields | changes))


def acknowledgement(
    consumer: Company, provider: Company, contract: str, /, *answers: Acknowledged, **changes
) -> Acknowledgement:
    """Build one as the consumer's node would, the first of its channel, with fields changed."""
    fields = {
        "contract": contract,
        "provider": provider.party,
        "consumer": consumer.party,
        "number": 0,
        "previous": "",
        "through": 1,
        "answers": answers,
        "running": (),
        "made_at": moment_text(datetime.now(UTC)),
    }
    return Acknowledgement(**(fields | changes))


def signed(
    company: Company,
    said: Acknowledgement,
    key: str = "request",
    kind: PayloadType = PayloadType.ACKNOWLEDGEMENT,
) -> Envelope:
    """Sign an acknowledgement with one of a company's keys."""
    signer = load_signer(company.folder.key(key).read_bytes())
    return seal(acknowledgement_bytes(said), kind, [signer])


def hand_over(consumer: Company, provider: Company, envelope: Envelope) -> None:
    """Deliver it as the consumer's node does."""
    peer = consumer.peer_at(provider)
    try:
        peer.deliver_acknowledgement(envelope)
    finally:
        peer.close()
