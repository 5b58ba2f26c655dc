"""A contract whose signature was revoked is out of force until its party has signed it again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from sekisho.documents.envelope import PayloadType, parse_envelope_json, seal
from sekisho.documents.notice import build_notice
from sekisho.errors import DocumentError, OutdatedError, Refusal, RefusalReason, TrustError
from sekisho.ledger.bodies import ContractChange, ContractEvent
from sekisho.ledger.entry import Channel
from sekisho.model.lifecycle import ContractState
from sekisho.model.notices import Notice, NoticeKind
from sekisho.server.answering import Answering
from sekisho.server.delivery import Deliveries
from sekisho.server.node import RunningNode
from sekisho.server.plans import Plans
from sekisho.server.verifying import is_good_still
from sekisho.server.witness import neighbours_of
from sekisho.store.answers import Sent
from sekisho.store.rotating import keys_to_revoke, make_keys
from sekisho.trust.keys import generate_signing_key, load_signer
from support.nodes import Companies, contract_text
from support.state import asked, received

UA, MAKER = "ua.example", "maker.example"


class World:
    """`maker.example`'s node in this process, and `ua.example`, which is this test."""

    def __init__(self, companies: Companies, node: RunningNode, sign_by: str) -> None:
        self.companies, self.node = companies, node
        self.payload = companies.proposal(contract_text(extra=f"sign_by: {sign_by}"))
        both = companies.signed_by(self.payload, "ua", "maker")
        self.old = companies["ua"].signer
        self.agreeing = node._agreeing
        self.agreeing.receive_contract(UA, both)
        self.id = both.digest

    def pass_days(self, days: int) -> None:
        later = datetime.now(UTC) + timedelta(days=days)
        parts = replace(self.node.parts, now=lambda: later)
        self.agreeing._parts = parts

    def revoke(self):
        """Let the provider revoke all its keys; gives its new signer."""
        company, known = self.companies["ua"], self.node.parts.members()
        make_keys(
            company.folder,
            known,
            addresses=(),
            with_signing=True,
            revoked=keys_to_revoke(known, UA, with_signing=True),
            now=datetime.now(UTC),
        )
        beside = company.folder.key("signing").parent / "next"
        envelope = (beside / "member.json").read_bytes()
        self.node.parts.members.renew(
            self.node.parts.state, parse_envelope_json(envelope), party=UA, now=datetime.now(UTC)
        )
        return load_signer((beside / "signing.pem").read_bytes())

    def state(self, moment=None):
        return self.node.parts.contracts.state(self.id, moment or datetime.now(UTC))

    def signed(self, signer):
        return seal(self.payload, PayloadType.CONTRACT, [signer])

    def steps(self):
        entries = self.node.parts.state.ledger.entries()
        events = (item.body for item in entries if isinstance(item.body, ContractEvent))
        return [item.party for item in events if item.event is ContractChange.SIGNED]


@pytest.fixture
def world(tmp_path):
    with Companies(tmp_path) as companies:
        for name in ("ua", "maker"):
            companies.found(name)
        companies.introduce()
        node = RunningNode(companies["maker"].folder.root)
        sign_by = (datetime.now(UTC) + timedelta(days=5)).date()
        try:
            yield World(companies, node, str(sign_by))
        finally:
            node._watching.stop()
            node._close()


def test_it_comes_back_when_the_party_signs_again_also_after_the_last_day(world):
    assert world.state() is ContractState.IN_FORCE
    new = world.revoke()
    assert world.state() is not ContractState.IN_FORCE

    world.pass_days(20)
    kept = world.agreeing.receive_contract(UA, world.signed(new))
    assert new.key_id in {item.key_id for item in kept.signatures}
    assert world.old.key_id not in {item.key_id for item in kept.signatures}
    assert world.state() is ContractState.IN_FORCE
    assert world.steps().count(UA) == 2


def test_the_revoked_key_does_not_bring_it_back(world):
    world.revoke()
    world.agreeing.receive_contract(UA, world.signed(world.old))
    assert world.state() is not ContractState.IN_FORCE
    assert world.steps().count(UA) == 1


def test_a_good_signature_is_not_replaced_by_another(world):
    before = world.node.parts.state.contracts.get(world.id).signatures
    signature = replace(before[0].signature, key_id=load_signer(generate_signing_key()).key_id)
    world.node.parts.state.submit(
        lambda tx: world.node.parts.state.contracts.sign(
            tx, world.id, before[0].party, signature=signature, now=datetime.now(UTC)
        )
    )
    assert world.node.parts.state.contracts.get(world.id).signatures == before


def test_who_had_not_signed_in_time_does_not_sign_after_the_last_day(world):
    late = world.companies.proposal(contract_text(extra=f"sign_by: {_in_days(5)}"))
    world.agreeing.receive_contract(UA, world.companies.signed_by(late, "ua"))
    world.revoke()
    world.pass_days(20)
    with pytest.raises(TrustError, match=r"the contract has ended"):
        world.agreeing.receive_contract(UA, world.companies.signed_by(late, "maker"))


def test_meanwhile_it_can_be_terminated_and_not_be_rejected(world):
    world.revoke()
    signer = world.companies["maker"].signer

    def issue(kind):
        now = datetime.now(UTC).replace(microsecond=0)
        notice = Notice(
            kind=kind, contract=world.id, party=MAKER, reason="A key was stolen.",
            issued_at=now, effective_at=now + _notice(world, kind), for_breach=False,
        )  # fmt: skip
        world.agreeing.issue(seal(build_notice(notice), PayloadType.NOTICE, [signer]))

    with pytest.raises(DocumentError, match="all parties have signed"):
        issue(NoticeKind.REJECTION)
    issue(NoticeKind.TERMINATION)


def test_neighbours_go_on_watching_and_duties_stay(world):
    book, now = world.node.parts.contracts, datetime.now(UTC)
    signed = book.signed(world.id)
    before = book.duties(signed)
    world.revoke()
    later = now + timedelta(days=20)
    assert book.state(world.id, later) is ContractState.EXPIRED
    assert book.state_ever(world.id, later) is ContractState.IN_FORCE
    assert neighbours_of(book, MAKER, later) == {UA}
    assert book.duties(signed) == before


def test_a_document_on_its_way_is_signed_anew_and_a_signature_must_have_arrived(world):
    parts = world.node.parts
    deliveries = Deliveries(parts, SimpleNamespace())
    own = load_signer(world.companies["maker"].folder.key("request").read_bytes())
    said = seal(b"{}", PayloadType.ACKNOWLEDGEMENT, [own])
    assert deliveries._renewed(said) == said

    revoked = SimpleNamespace(is_revoked=lambda _public: True)
    stub = SimpleNamespace(members=lambda: revoked, keys=SimpleNamespace(request=world.old))
    anew = Deliveries(stub, SimpleNamespace())._renewed(said)
    assert (anew.payload, anew.signatures[0].key_id) == (said.payload, world.old.key_id)

    whole = parts.state.contracts.get(world.id).envelope
    deliveries._check_taken(whole, whole)
    mine = world.companies["maker"].signer.key_id
    lacking = replace(
        whole, signatures=tuple(item for item in whole.signatures if item.key_id != mine)
    )
    with pytest.raises(TrustError, match="was not taken"):
        deliveries._check_taken(whole, lacking)
    deliveries._check_taken(lacking, replace(whole, signatures=()))


def test_a_request_that_was_believed_is_not_answered_once_its_key_is_revoked(world):
    """The revocation comes between the look at the signature and the entry."""
    parts = world.node.parts
    stolen = load_signer(world.companies["ua"].folder.key("request").read_bytes())
    envelope = seal(b"{}", PayloadType.REQUEST, [stolen])
    assert is_good_still(envelope, parts)
    answering = Answering(parts, Plans(parts), world.node._lookups)
    world.revoke()
    before = parts.state.ledger.head()
    with pytest.raises(TrustError, match="revoked meanwhile"):
        next(answering._answer(received(), None, envelope=envelope))
    assert parts.state.ledger.head() == before


def test_a_receipt_is_recorded_as_believed_on_one_version_of_the_members(world):
    state, now = world.node.parts.state, datetime.now(UTC)
    channel = Channel(provider=UA, consumer=MAKER, contract=world.id)
    index = state.questions.ask(asked(), channel=channel, now=now).index
    version = state.version
    world.revoke()
    sent = Sent(rows=0, bytes=0, blake3="ab" * 32)
    with pytest.raises(OutdatedError):
        state.questions.receive(
            index, sent, receipt="{}", verified=True, now=now, decided_at=version
        )
    refusal = Refusal(RefusalReason.SUSPENDED, "not now")
    with pytest.raises(OutdatedError):
        state.questions.deny(index, refusal, receipt="{}", now=now, decided_at=version)


def _in_days(days):
    return (datetime.now(UTC) + timedelta(days=days)).date()


def _notice(world, kind):
    terms = world.node.parts.contracts.signed(world.id).contract.termination
    is_termination = kind is NoticeKind.TERMINATION
    return timedelta(days=terms.for_convenience.notice_days if is_termination else 0)
