"""Keys are renewed and revoked whole: whatever falls in between, the stolen key ends up revoked."""

import shutil
from datetime import UTC, datetime

import pytest

from sekisho.documents.canonical import parse_canonical
from sekisho.documents.envelope import PayloadType, parse_envelope_json, sign
from sekisho.documents.models import parse_value
from sekisho.errors import NodeError, TrustError
from sekisho.ledger.bodies import MemberEvent
from sekisho.model.member import Member, Purpose
from sekisho.model.names import PartyId
from sekisho.server.node import RunningNode
from sekisho.store import rotating
from sekisho.store.folder import NodeFolder
from sekisho.store.state import open_state, read_state
from sekisho.trust.keys import load_signer

COPY = "copy member.json, keys/ and certs/"


def member_of(node):
    envelope = parse_envelope_json((node / "member.json").read_bytes())
    return parse_value(parse_canonical(envelope.payload), Member, name="member")


def events(node):
    with read_state(NodeFolder(node).state_file()) as records:
        bodies = [entry.body for entry in records.ledger.entries()]
    return [body.version for body in bodies if isinstance(body, MemberEvent)]


@pytest.fixture
def rotate(sekisho, node):
    def run(*options):
        return sekisho("member", "rotate", "--dir", node, *options)

    return run


def fall(*_args, **_kwargs):
    raise NodeError("the machine fell")


def test_revoking_lists_the_old_keys_and_says_what_that_means(rotate, node):
    before = member_of(node).public_keys
    ran = rotate("--revoke", "--yes")
    assert ran.code == 0
    after = member_of(node)
    assert set(after.revoked) == before
    assert not after.public_keys & before
    assert "cannot be undone" in ran.err
    assert "until it has signed again" in ran.err


def test_without_a_yes_nothing_is_made(rotate, node):
    before = (node / "member.json").read_bytes()
    ran = rotate("--revoke")
    assert ran.code == 2
    assert "stays evidence" in ran.err
    assert (node / "member.json").read_bytes() == before
    assert not (node / "keys" / "next").exists()


@pytest.mark.parametrize(("options", "is_named"), [((), True), (("--keep-signing",), False)])
def test_the_contracts_to_be_signed_again_are_named(sekisho, proposed, options, is_named):
    node, contract = proposed
    folder, at = NodeFolder(node), datetime.now(UTC)
    with open_state(folder.state_file(), now=at) as state:
        signature = sign(
            state.contracts.get(contract).payload,
            PayloadType.CONTRACT,
            load_signer(folder.key("signing").read_bytes()),
        )
        party = PartyId("ua.example")
        state.submit(
            lambda tx: state.contracts.sign(tx, contract, party, signature=signature, now=at)
        )
    ran = sekisho("member", "rotate", "--revoke", "--yes", "--dir", node, *options)
    named = f"sekisho contract sign {contract[7:19]}  (Departure delays)"
    assert (named in ran.err) == is_named


def test_the_key_of_people_is_kept_and_not_revoked(rotate, node):
    before = member_of(node)
    assert rotate("--revoke", "--keep-signing", "--yes").code == 0
    after = member_of(node)
    assert after.keys_for(Purpose.CONTRACT) == before.keys_for(Purpose.CONTRACT)
    assert set(after.revoked) == before.keys_for(Purpose.REQUEST)


def test_keys_that_were_replaced_in_haste_are_revoked_as_well(rotate, node):
    stolen = member_of(node).public_keys
    assert rotate("--yes").code == 0
    assert member_of(node).revoked == ()
    assert rotate("--revoke", "--yes").code == 0
    assert stolen < set(member_of(node).revoked)
    # Nothing takes it back.
    assert rotate("--yes").code == 0
    assert stolen < set(member_of(node).revoked)


@pytest.mark.parametrize("step", ["record", "put_in_place"])
@pytest.mark.parametrize("again", [(), ("--revoke", "--yes"), ("--revoke",)])
def test_a_revocation_that_fell_is_finished_once(rotate, node, monkeypatch, step, again):
    stolen = member_of(node).public_keys
    with monkeypatch.context() as patched:
        patched.setattr(rotating, step, fall)
        assert rotate("--revoke", "--yes").code == 1
    ran = rotate(*again)
    assert ran.code == 0, ran.err
    after = member_of(node)
    assert (after.version, set(after.revoked)) == (2, stolen)
    assert events(node) == [1, 2]


@pytest.mark.parametrize("step", ["record", "put_in_place"])
def test_a_rotation_that_fell_does_not_swallow_a_revocation(rotate, node, monkeypatch, step):
    stolen = member_of(node).public_keys
    with monkeypatch.context() as patched:
        patched.setattr(rotating, step, fall)
        assert rotate("--yes").code == 1
    ran = rotate("--revoke", "--yes")
    assert ran.code == 0, ran.err
    assert stolen < set(member_of(node).revoked)
    assert events(node) == [1, 2, 3]


def test_a_folder_with_old_keys_does_not_serve(rotate, node, tmp_path):
    old = tmp_path / "old"
    shutil.copytree(node, old)
    assert rotate("--revoke", "--yes").code == 0
    # Its own state, which knows no better: member.json alone was copied.
    shutil.copy(node / "member.json", old / "member.json")
    with pytest.raises(TrustError, match=r"keys/request\.pem is not of version 2") as refused:
        RunningNode(old)
    assert COPY in refused.value.hint
    # The state of the others, of which this folder missed the news.
    shutil.copytree(node / "state", old / "state", dirs_exist_ok=True)
    first = tmp_path / "first"
    shutil.copytree(old, first)
    shutil.copy(node / "keys" / "request.pem", first / "keys" / "request.pem")
    RunningNode(first)._close()


def test_a_state_that_was_put_back_learns_again_what_its_node_revoked(rotate, node, tmp_path):
    before = tmp_path / "before"
    shutil.copytree(node / "state", before)
    assert rotate("--revoke", "--yes").code == 0
    shutil.rmtree(node / "state")
    shutil.copytree(before, node / "state")
    assert events(node) == []
    for _ in range(2):
        running = RunningNode(node)
        running._watching.stop()
        running._close()
        assert events(node) == [2]
