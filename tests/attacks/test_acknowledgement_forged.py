"""Acknowledgements that are not what they claim to be.

expect: refused before anything is compared (UNAUTHENTICATED, or CONTRACT_NOT_FOUND)
effect: the provider's ledger is as it was, and the answers stay unacknowledged
source: docs/spec/ledger.md, acknowledgements
"""

from contextlib import contextmanager
from dataclasses import replace

import pytest

from sekisho.documents.envelope import Envelope, PayloadType, seal
from sekisho.errors import Refusal, RefusalReason
from sekisho.ledger.acknowledgement import acknowledgement_bytes
from sekisho.trust.keys import generate_signing_key, load_signer
from support.acknowledging import acknowledgement, answered, hand_over, signed
from support.border import not_believed, unchanged
from support.flights import flights_section, write_flights
from support.nodes import Companies, contract_text

pytestmark = pytest.mark.e2e

SQL = "SELECT origin FROM flights LIMIT 3"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A provider, and two consumers with a contract each whose own nodes do not run."""
    root = tmp_path_factory.mktemp("forged")
    with Companies(root) as companies:
        companies.found("ua", flights_section(write_flights(root / "ua.parquet", 60)))
        for name in ("maker", "dl"):
            companies.found(name)
        companies.introduce()
        companies.start()
        companies.contract = companies.agree(contract_text())
        companies.other = companies.agree(contract_text(consumer="dl"))
        companies["maker"].stop()
        companies["dl"].stop()
        companies.answer = answered(companies["maker"], companies["ua"], companies.contract, SQL)
        yield companies


@contextmanager
def still_unacknowledged(world):
    yield
    with world["ua"].records() as records:
        (waiting,) = records.unacknowledged.awaited(world["ua"].party)
    assert (waiting.channel.consumer, waiting.answers) == ("maker.example", 1)


def honest(world, **changes):
    return acknowledgement(world["maker"], world["ua"], world.contract, world.answer, **changes)


def by_a_stranger(world) -> Envelope:
    stranger = load_signer(generate_signing_key())
    payload = acknowledgement_bytes(honest(world))
    return seal(payload, PayloadType.ACKNOWLEDGEMENT, [stranger])


def altered(world) -> Envelope:
    whole = signed(world["maker"], honest(world))
    return replace(whole, payload=whole.payload.replace(b'"rows":3', b'"rows":2'))


FORGED = {
    "by a stranger's key": by_a_stranger,
    "by a key of people": lambda world: signed(world["maker"], honest(world), key="signing"),
    "by the provider itself": lambda world: signed(world["ua"], honest(world)),
    "by another consumer": lambda world: signed(world["dl"], honest(world)),
    "of another kind of document": lambda world: signed(
        world["maker"], honest(world), kind=PayloadType.RECEIPT
    ),
    "altered after signing": altered,
    "in another consumer's name": lambda world: signed(
        world["maker"], honest(world, consumer=world["dl"].party)
    ),
}


@pytest.mark.parametrize("kind", FORGED)
def test_a_forged_acknowledgement_is_not_believed(world, kind):
    with still_unacknowledged(world), not_believed(world["ua"]):
        hand_over(world["maker"], world["ua"], FORGED[kind](world))


def test_nobody_hands_over_what_another_company_signed(world):
    envelope = signed(world["maker"], honest(world))
    with still_unacknowledged(world), not_believed(world["ua"]):
        hand_over(world["dl"], world["ua"], envelope)


@pytest.mark.parametrize("which", ["other", "unknown", "provider"])
def test_an_acknowledgement_under_anothers_contract_finds_none(world, which):
    changes = {
        "other": {"contract": world.other},
        "unknown": {"contract": "sha256:" + "0" * 64},
        "provider": {"provider": world["dl"].party},
    }[which]
    envelope = signed(world["maker"], honest(world, **changes))
    with (
        still_unacknowledged(world),
        unchanged(world["ua"]),
        pytest.raises(Refusal, match="no such contract") as failed,
    ):
        hand_over(world["maker"], world["ua"], envelope)
    assert failed.value.reason is RefusalReason.CONTRACT_NOT_FOUND


def test_an_oversized_acknowledgement_is_not_read(world):
    record = acknowledgement_bytes(honest(world))
    answers = b",".join([record[record.index(b"[{") + 1 : record.index(b"}]") + 1]] * 600)
    payload = record[: record.index(b"[{") + 1] + answers + record[record.index(b"}]") + 1 :]
    signer = load_signer(world["maker"].folder.key("request").read_bytes())
    envelope = seal(payload, PayloadType.ACKNOWLEDGEMENT, [signer])
    with still_unacknowledged(world), not_believed(world["ua"]):
        hand_over(world["maker"], world["ua"], envelope)
