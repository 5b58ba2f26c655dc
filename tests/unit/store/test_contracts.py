"""Contracts on disk: facts with their instants, and an entry for each of them."""

from datetime import timedelta

import pytest

from sekisho.documents.envelope import Envelope, EnvelopeSignature, PayloadType
from sekisho.errors import TrustError
from sekisho.ledger.bodies import ContractEvent
from sekisho.model.lifecycle import ContractState
from sekisho.model.names import ContractId
from sekisho.model.notices import Notice, NoticeKind
from sekisho.store.contracts import NewContract, StoredNotice
from support.state import CONSUMER, CONTRACT, NOW, PROVIDER, opened

LATER = NOW + timedelta(seconds=1)
SUCCESSOR = ContractId("sha256:" + "ac" * 32)
SIGNATURE = EnvelopeSignature(key_id="k1", signature=b"s" * 64)


def new(contract=CONTRACT, *, amends=None):
    envelope = Envelope(payload=b"{}", payload_type=PayloadType.CONTRACT, signatures=())
    return NewContract(id=contract, title="Delays", envelope=envelope, amends=amends, by=CONSUMER)


def notice(kind=NoticeKind.TERMINATION, *, effective_at=NOW, number=1):
    return StoredNotice(
        id=f"sha256:{number:064x}",
        notice=Notice(
            kind=kind,
            contract=CONTRACT,
            party=PROVIDER,
            reason="enough",
            issued_at=NOW,
            effective_at=effective_at,
            for_breach=kind is NoticeKind.TERMINATION,
        ),
        envelope=b"{}",
    )


def events(state):
    bodies = [entry.body for entry in state.ledger.entries()]
    return [(body.event.value, body.party) for body in bodies if isinstance(body, ContractEvent)]


@pytest.fixture
def contracts(state):
    assert state.submit(lambda tx: state.contracts.add(tx, new(), now=NOW))
    return state.contracts


def sign(state, party, *, signature=SIGNATURE, now=NOW):
    return state.submit(
        lambda tx: state.contracts.sign(tx, CONTRACT, party, signature=signature, now=now)
    )


def test_a_contract_is_kept_once(state, contracts):
    assert not state.submit(lambda tx: contracts.add(tx, new(), now=LATER))
    assert contracts.facts(CONTRACT).proposed_at == NOW
    assert events(state) == [("proposed", CONSUMER)]


def test_signatures_make_up_the_envelope(state, contracts):
    other = EnvelopeSignature(key_id="k2", signature=b"t" * 64)
    assert sign(state, PROVIDER)
    assert sign(state, CONSUMER, signature=other, now=LATER)
    assert contracts.facts(CONTRACT).signed_by == {PROVIDER: NOW, CONSUMER: LATER}
    assert contracts.get(CONTRACT).envelope.signatures == (SIGNATURE, other)
    assert [event for event, _ in events(state)] == ["proposed", "signed", "signed"]


def test_the_first_signature_of_a_party_stays(state, contracts):
    sign(state, PROVIDER)
    other = EnvelopeSignature(key_id="k2", signature=b"t" * 64)
    assert not sign(state, PROVIDER, signature=other, now=LATER)
    assert contracts.facts(CONTRACT).signed_by == {PROVIDER: NOW}
    assert contracts.get(CONTRACT).envelope.signatures == (SIGNATURE,)


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        (NoticeKind.TERMINATION, "terminated"),
        (NoticeKind.SUSPENSION, "suspended"),
        (NoticeKind.RESUMPTION, "resumed"),
        (NoticeKind.REJECTION, "rejected"),
    ],
)
def test_a_notice_is_kept_once_and_recorded(state, contracts, kind, event):
    assert state.submit(lambda tx: contracts.notice(tx, notice(kind), now=NOW))
    assert not state.submit(lambda tx: contracts.notice(tx, notice(kind), now=LATER))
    assert contracts.facts(CONTRACT).notices == (notice(kind).notice,)
    assert contracts.notices(CONTRACT) == (notice(kind),)
    assert contracts.get_notice(notice(kind).id) == notice(kind)
    assert contracts.get_notice("sha256:none") is None
    assert events(state)[1:] == [(event, PROVIDER)]


def test_a_notice_for_later_is_recorded_as_such(state, contracts):
    stored = notice(effective_at=NOW + timedelta(days=30))
    state.submit(lambda tx: contracts.notice(tx, stored, now=NOW))
    assert events(state)[1:] == [("noticed", PROVIDER)]


def supersede(state, successor):
    return state.submit(
        lambda tx: state.contracts.supersede(
            tx, CONTRACT, successor, effective_at=LATER, by=CONSUMER, now=NOW
        )
    )


def test_a_contract_has_one_successor(state, contracts):
    assert supersede(state, SUCCESSOR)
    assert not supersede(state, SUCCESSOR)
    with pytest.raises(TrustError, match="another amendment"):
        supersede(state, ContractId("sha256:" + "ad" * 32))
    assert contracts.facts(CONTRACT).superseded_at == LATER
    assert contracts.get(CONTRACT).successor == SUCCESSOR


def test_amendments_are_charged_to_the_first_of_their_line(state, contracts):
    third = ContractId("sha256:" + "ad" * 32)
    state.submit(lambda tx: contracts.add(tx, new(SUCCESSOR, amends=CONTRACT), now=NOW))
    state.submit(lambda tx: contracts.add(tx, new(third, amends=SUCCESSOR), now=NOW))
    assert {contract.root for contract in contracts.all()} == {CONTRACT}
    assert contracts.get(third).amends == SUCCESSOR


def test_an_amendment_of_an_unknown_contract_is_charged_to_that(state):
    state.submit(lambda tx: state.contracts.add(tx, new(SUCCESSOR, amends=CONTRACT), now=NOW))
    assert state.contracts.get(SUCCESSOR).root == CONTRACT


def test_an_end_is_remembered_for_ever(place):
    with opened(place) as state:
        state.submit(lambda tx: state.contracts.add(tx, new(), now=NOW))
        for end in (ContractState.TERMINATED, ContractState.EXPIRED):
            state.submit(
                lambda tx, end=end: state.contracts.remember_end(tx, CONTRACT, end, now=NOW)
            )
    with opened(place) as state:
        assert state.contracts.facts(CONTRACT).remembered is ContractState.TERMINATED


def test_ids_are_found_by_their_first_digits(state, contracts):
    state.submit(lambda tx: contracts.add(tx, new(SUCCESSOR), now=NOW))
    assert contracts.find("ab") == (CONTRACT,)
    assert contracts.find("sha256:a") == (CONTRACT, SUCCESSOR)
    assert contracts.find(CONTRACT) == (CONTRACT,)
    for nothing in ("", "sha256:", "*", "ff", "AB", "a*"):
        assert contracts.find(nothing) == ()


def test_a_contract_that_was_never_met_has_no_facts(state):
    assert state.contracts.facts(CONTRACT) is None
    assert state.contracts.get(CONTRACT) is None


def test_facts_are_read_inside_the_transaction_that_changes_them(state, contracts):
    def work(tx):
        contracts.sign(tx, CONTRACT, PROVIDER, signature=SIGNATURE, now=NOW)
        return contracts.facts(CONTRACT, tx=tx), contracts.get(CONTRACT, tx=tx)

    facts, stored = state.submit(work)
    assert facts.signed_by == {PROVIDER: NOW}
    assert stored.envelope.signatures == (SIGNATURE,)
