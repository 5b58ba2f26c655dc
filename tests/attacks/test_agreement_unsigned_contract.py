"""Contracts that do not bear what they need: a party's signature, by its own key, over these bytes.

expect: `agreeing` keeps no signature that does not count; the contract does not come into force
effect: no query is answered under it; what is not believed leaves no entry
source: docs/spec/documents.md, sections 6 and 7; DESIGN 4.2
"""

from dataclasses import replace

import pytest

from sekisho.documents.envelope import EnvelopeSignature, PayloadType, seal, sign
from sekisho.errors import Refusal, RefusalReason
from sekisho.trust.keys import generate_signing_key, load_signer
from support.asking import fetch
from support.border import SQL, not_believed, offer, refused
from support.nodes import contract_text

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


def test_a_contract_that_nobody_signed_is_not_kept(three):
    payload = three.proposal(contract_text())
    stranger = load_signer(generate_signing_key())
    with not_believed(three["ua"]):
        envelope = seal(payload, PayloadType.CONTRACT, [stranger])
        offer(three, envelope, by="maker", to="ua")


def test_a_contract_signed_by_the_nodes_own_key_is_not_kept(three):
    """The key that a serving node holds may sign requests, never contracts."""
    payload = three.proposal(contract_text())
    key = load_signer(three["maker"].folder.key("request").read_bytes())
    with not_believed(three["ua"]):
        offer(three, seal(payload, PayloadType.CONTRACT, [key]), by="maker", to="ua")


def test_a_contract_signed_by_one_party_only_is_not_answered(three):
    payload = three.proposal(contract_text())
    envelope = three.signed_by(payload, "maker")
    offer(three, envelope, by="maker", to="ua")
    assert refused(three, envelope.digest) is RefusalReason.NOT_IN_FORCE


def test_one_key_counted_twice_is_one_party(three):
    payload = three.proposal(contract_text())
    mine = sign(payload, PayloadType.CONTRACT, three["maker"].signer)
    # The same signature again, under another spelling of the id, and under the provider's id.
    upper = EnvelopeSignature(key_id=mine.key_id.upper(), signature=mine.signature)
    theirs = EnvelopeSignature(key_id=three["ua"].signer.key_id, signature=mine.signature)
    envelope = three.signed_by(payload, "maker")
    envelope = replace(envelope, signatures=(mine, mine, upper, theirs))
    offer(three, envelope, by="maker", to="ua")
    assert refused(three, envelope.digest) is RefusalReason.NOT_IN_FORCE
    with three["ua"].records() as records:
        assert [item.party for item in records.contracts.get(envelope.digest).signatures] == [
            "maker.example"
        ]


def test_a_stranger_to_the_contract_cannot_sign_for_a_party(three):
    payload = three.proposal(contract_text())
    envelope = three.signed_by(payload, "maker", "dl")
    offer(three, envelope, by="maker", to="ua")
    assert refused(three, envelope.digest) is RefusalReason.NOT_IN_FORCE


def test_a_contract_altered_after_both_have_signed_is_not_kept(three):
    payload = three.proposal(contract_text())
    envelope = three.signed_by(payload, "ua", "maker")
    wider = replace(envelope, payload=payload.replace(b"NOT cancelled", b"true or false"))
    assert wider.payload != payload
    with not_believed(three["ua"]):
        offer(three, wider, by="maker", to="ua")
    assert refused(three, wider.digest) is RefusalReason.CONTRACT_NOT_FOUND


def test_a_contract_of_another_kind_of_document_is_not_kept(three):
    payload = three.proposal(contract_text())
    signers = [three["ua"].signer, three["maker"].signer]
    with not_believed(three["ua"]):
        offer(three, seal(payload, PayloadType.NOTICE, signers), by="maker", to="ua")


def test_bytes_that_are_no_contract_are_not_kept(three):
    for payload in (b"", b"{}", b"\xff" * 1_000, b'{"a":' * 5_000, b"[" * 100_000):
        envelope = seal(payload, PayloadType.CONTRACT, [three["maker"].signer])
        with not_believed(three["ua"]):
            offer(three, envelope, by="maker", to="ua")


def test_a_party_cannot_be_brought_in_by_somebody_who_is_none(three):
    """A contract between two others is none of a third company's business."""
    payload = three.proposal(contract_text())
    with not_believed(three["ua"]):
        offer(three, three.signed_by(payload, "ua", "maker"), by="dl", to="ua")


def test_a_contract_that_both_have_signed_is_answered(three):
    payload = three.proposal(contract_text())
    envelope = three.signed_by(payload, "ua", "maker")
    offer(three, envelope, by="maker", to="ua")
    assert fetch(three["maker"], three["ua"], envelope.digest, SQL).num_rows == 1


def test_a_contract_of_two_others_is_not_answered_to_a_third(three):
    contract = three.agree(contract_text())
    assert refused(three, contract, by="dl") is RefusalReason.CONTRACT_NOT_FOUND
    assert refused(three, "sha256:" + "ab" * 32, by="dl") is RefusalReason.CONTRACT_NOT_FOUND


def test_a_contract_of_others_and_none_at_all_look_alike(three):
    contract = three.agree(contract_text())
    words = []
    for asked in (contract, "sha256:" + "ab" * 32):
        with pytest.raises(Refusal) as failed:
            fetch(three["dl"], three["ua"], asked, SQL)
        error = failed.value
        words.append((error.reason, error.message, error.clause, error.allowed, error.hint))
    assert words[0] == words[1]
