"""`sekisho ledger recover`: explains, asks, and changes nothing unless it is told to."""

import json
from datetime import UTC, datetime

import pytest

from sekisho.cli import ledger_recover
from sekisho.ledger.merkle import Tree, leaf_hash
from sekisho.ledger.witnessing import sign_checkpoint
from sekisho.model.names import PartyId
from sekisho.store.founding import found_node
from sekisho.store.own_checkpoint import save_own_checkpoint
from sekisho.store.state import open_state
from sekisho.trust.keyring import Members
from sekisho.trust.keys import generate_signing_key, load_signer
from support.nodes import run

UA = PartyId("ua.example")
LATER = Tree().append(leaf_hash(b"one")).append(leaf_hash(b"two"))


@pytest.fixture
def folder(tmp_path):
    """A node whose last signed checkpoint has more entries than its ledger."""
    ports = {"peers": "127.0.0.1:0", "users": "127.0.0.1:0"}
    folder = found_node(tmp_path / "ua", UA, now=datetime.now(UTC), **ports).folder
    keep(folder)
    return folder


def keep(folder, *, signer=None, epoch=0):
    signer = signer or load_signer(folder.key("request").read_bytes())
    save_own_checkpoint(folder, sign_checkpoint(LATER, party=UA, epoch=epoch, signer=signer))


def recover(folder, *options):
    return run("ledger", "recover", "--dir", str(folder.root), *options)


def size(folder):
    ran = run("ledger", "verify", "--dir", str(folder.root), "--format", "json")
    assert ran.code == 0, ran.err
    return json.loads(ran.out)["entries"]


def test_nobody_can_be_asked(folder):
    ran = recover(folder)
    assert ran.code == 2
    assert "ua.example holds a checkpoint of 2 entries that this node signed" in ran.err
    assert "counts every limit as spent" in ran.err
    assert "--yes" in ran.err
    assert size(folder) == 0


@pytest.mark.parametrize(("word", "code"), [("no", 1), ("y", 1), ("", 1), ("yes", 0)])
def test_a_person_is_asked(folder, monkeypatch, word, code):
    monkeypatch.setattr(ledger_recover, "is_interactive", lambda: True)
    monkeypatch.setattr(ledger_recover.confirm, "__kwdefaults__", {"ask": lambda: word})
    ran = recover(folder)
    assert ran.code == code
    assert size(folder) == (1 if code == 0 else 0)
    assert ("nothing was changed" in ran.err) is (code == 1)


def test_it_is_done_once(folder):
    assert recover(folder, "--yes").code == 0
    assert folder.checkpoint.read_text().startswith("ua.example/sekisho-ledger/1\n1\n")
    again = recover(folder, "--yes")
    assert again.code == 0
    assert "nothing to recover" in again.err
    assert size(folder) == 1


def test_a_fall_before_the_nodes_own_copy_is_replaced_leaves_nothing_in_doubt(folder):
    assert recover(folder, "--yes").code == 0
    keep(folder)
    assert "nothing to recover" in recover(folder, "--yes").err


def test_a_later_epoch_than_the_ledgers_is_recovered_past(folder):
    keep(folder, epoch=6)
    assert recover(folder, "--yes").code == 0
    assert folder.checkpoint.read_text().startswith("ua.example/sekisho-ledger/7\n")


def test_what_this_node_did_not_sign_is_nothing_to_recover(folder):
    keep(folder, signer=load_signer(generate_signing_key()))
    assert "nothing to recover" in recover(folder, "--yes").err
    folder.checkpoint.write_bytes(b"\xff nonsense")
    assert "nothing to recover" in recover(folder, "--yes").err
    folder.checkpoint.unlink()
    assert "nothing to recover" in recover(folder, "--yes").err
    assert size(folder) == 0


def test_a_doubt_by_a_key_that_was_revoked_since_is_recovered(folder, monkeypatch):
    signer = load_signer(folder.key("request").read_bytes())
    folder.checkpoint.unlink()
    held = sign_checkpoint(LATER, party=UA, epoch=0, signer=signer)
    now = datetime.now(UTC)
    with open_state(folder.state_file(), now=now) as state:
        state.submit(lambda tx: state.standing.keep(tx, held, held_by=UA, now=now))
    revoked = signer.key_id.partition(":")[2]
    monkeypatch.setattr(Members, "is_revoked", lambda _self, public: public == revoked)
    assert recover(folder, "--yes").code == 0
    with open_state(folder.state_file(), now=datetime.now(UTC)) as state:
        assert state.standing.doubts() == ()


def test_a_running_node_is_stopped_first(folder):
    with open_state(folder.state_file(), now=datetime.now(UTC)):
        ran = recover(folder, "--yes")
    assert ran.code == 1
    assert "the node runs" in ran.err
    assert "stop it first" in ran.err
