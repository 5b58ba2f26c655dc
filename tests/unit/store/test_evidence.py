"""Evidence as a whole: receipts that were kept are the provider's, and say what the ledger says."""

from datetime import UTC, datetime

import pytest

from sekisho.documents.envelope import PayloadType, envelope_to_json, parse_envelope_json, seal
from sekisho.errors import LedgerError
from sekisho.ledger.bodies import Asked
from sekisho.ledger.entry import Channel
from sekisho.ledger.receipt import LedgerPosition, Outcome, Receipt, receipt_bytes
from sekisho.model.names import ContractId, PartyId
from sekisho.store.answers import Sent
from sekisho.store.evidence import verify_evidence
from sekisho.store.founding import found_node
from sekisho.store.members import StoredMember
from sekisho.store.rotating import keys_to_revoke, make_keys
from sekisho.store.state import open_state
from sekisho.trust.keyring import Members
from sekisho.trust.keys import load_signer
from sekisho.trust.members import verify_member

NOW = datetime(2026, 12, 1, 5, tzinfo=UTC)
REQUEST = "sha256:" + "a" * 64
HASH = "b" * 64
CHANNEL = Channel(
    provider=PartyId("ua.example"),
    consumer=PartyId("maker.example"),
    contract=ContractId("sha256:" + "c" * 64),
)


@pytest.fixture
def nodes(tmp_path):
    ports = {"peers": "127.0.0.1:0", "users": "127.0.0.1:0"}
    parties = ("ua.example", "maker.example")
    return {
        party: found_node(tmp_path / party, PartyId(party), now=NOW, **ports) for party in parties
    }


@pytest.fixture
def members(nodes):
    known = Members()
    for node in nodes.values():
        envelope = parse_envelope_json(node.folder.member.read_bytes())
        known = known.add(verify_member(envelope, known=known, now=NOW))
    return known


def _receipt(nodes, *, rows=3, request=REQUEST, key="request", party="ua.example"):
    receipt = Receipt(
        request=request,
        contract=CHANNEL.contract,
        provider=CHANNEL.provider,
        consumer=CHANNEL.consumer,
        nonce="0" * 32,
        outcome=Outcome.ANSWERED,
        rows=rows,
        bytes=100,
        blake3=HASH,
        ledger=LedgerPosition(index=0, size=1, root="d" * 64),
        closed_at="2026-12-01T05:00:00.000Z",
    )
    signer = load_signer(nodes[party].folder.key(key).read_bytes())
    envelope = seal(receipt_bytes(receipt), PayloadType.RECEIPT, [signer])
    return envelope_to_json(envelope).decode()


def _keep(nodes, receipt, *, verified=True):
    with open_state(nodes["maker.example"].folder.state_file(), now=NOW) as state:
        asked = Asked(
            request=REQUEST, nonce="0" * 32, purpose="p", sql="SELECT 1", person="operator"
        )
        index = state.questions.ask(asked, channel=CHANNEL, now=NOW).index
        sent = Sent(rows=3, bytes=100, blake3=HASH)
        state.questions.receive(index, sent, receipt=receipt, verified=verified, now=NOW)


def _verify(nodes, members):
    with open_state(nodes["maker.example"].folder.state_file(), now=NOW) as state:
        return verify_evidence(state, members, party=PartyId("maker.example"))


def test_a_receipt_of_the_provider_holds(nodes, members):
    _keep(nodes, _receipt(nodes))
    report = _verify(nodes, members)
    assert (report.receipts, report.doubted, report.ledger.size) == (1, (), 2)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"party": "maker.example"}, "did not sign it"),
        ({"key": "signing"}, "may not sign"),
        ({"rows": 4}, "says something else"),
        ({"request": "sha256:" + "e" * 64}, "about another request"),
    ],
)
def test_a_receipt_that_is_not_what_the_entry_says_is_named(nodes, members, changed, message):
    _keep(nodes, _receipt(nodes, **changed))
    with pytest.raises(LedgerError, match=f"entry 1 .*{message}") as caught:
        _verify(nodes, members)
    assert caught.value.index == 1


def test_a_receipt_that_never_verified_is_told_and_not_held_against_the_ledger(nodes, members):
    _keep(nodes, "{}", verified=False)
    assert _verify(nodes, members).doubted == (1,)


def test_a_provider_that_is_no_member_any_more_vouches_for_nothing(nodes):
    _keep(nodes, _receipt(nodes))
    with pytest.raises(LedgerError, match="no known member"):
        _verify(nodes, Members())


def _revoked(nodes, members, party="ua.example"):
    """Let a company revoke its keys; gives its next document, and what is known with it."""
    folder = nodes[party].folder
    make_keys(
        folder,
        members,
        addresses=(),
        with_signing=True,
        revoked=keys_to_revoke(members, PartyId(party), with_signing=True),
        now=NOW,
    )
    envelope = parse_envelope_json((folder.key("signing").parent / "next/member.json").read_bytes())
    return envelope, members.add(verify_member(envelope, known=members, now=NOW))


def _learn(nodes, envelope):
    stored = StoredMember(
        party=PartyId("ua.example"),
        version=2,
        fingerprint=envelope.digest,
        envelope=envelope_to_json(envelope),
    )
    with open_state(nodes["maker.example"].folder.state_file(), now=NOW) as state:
        state.submit(lambda tx: state.members.add(tx, stored, keys=(), now=NOW))


def test_a_receipt_that_came_before_its_key_was_revoked_holds(nodes, members):
    _keep(nodes, _receipt(nodes))
    envelope, known = _revoked(nodes, members)
    _learn(nodes, envelope)
    report = _verify(nodes, known)
    assert report.receipts == 1
    assert {item.index for item in report.revoked} == {2}
    assert sum(item.held for item in report.revoked) == 1


def test_a_receipt_that_came_after_its_key_was_revoked_is_named(nodes, members):
    envelope, known = _revoked(nodes, members)
    _learn(nodes, envelope)
    _keep(nodes, _receipt(nodes))
    with pytest.raises(LedgerError, match=r"entry 2 .*that entry 0 revokes") as caught:
        _verify(nodes, known)
    assert caught.value.index == 2


def test_a_revocation_that_the_ledger_does_not_record_lets_nothing_hold(nodes, members):
    _keep(nodes, _receipt(nodes))
    _, known = _revoked(nodes, members)
    with pytest.raises(LedgerError, match=r"entry 1 rests on a key .* no entry records") as caught:
        _verify(nodes, known)
    assert caught.value.index == 1
