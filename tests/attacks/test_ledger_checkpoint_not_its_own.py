"""Checkpoints that are of another ledger, or signed by nobody who may.

expect: `docs/spec/ledger.md`, section 8: the keeper's own origin, and its current `checkpoint` key
effect: a neighbour cosigns what the company never said, or holds it against the company
source: C2SP tlog-witness, signed-note
"""

import pytest

from sekisho.errors import DocumentError, Refusal, SekishoError, TrustError
from sekisho.ledger.witnessing import MAX_CHECKPOINT_BYTES
from sekisho.trust.keys import generate_signing_key, load_signer
from support.witnessing import DL, MAKER, UA, leaves, watched


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with watched(tmp_path_factory.mktemp("world")) as found:
        yield found


@pytest.fixture(autouse=True)
def nothing_is_held(world):
    yield
    assert world.held() == {}
    assert world.conflicts() == []


@pytest.mark.parametrize(
    "origin",
    [
        "dl.example/sekisho-ledger",
        "maker.example/sekisho-ledger",
        "ua.example/other-ledger",
        "ua.example/sekisho-ledger/0",
        "ua.example/sekisho-ledger/01",
        "ua.example/sekisho-ledger/1/2",
        "ua.example/sekisho-ledger/-1",
        "ua.example/sekisho-ledger/1234567",
        "ua.example/sekisho-ledgers",
    ],
)
def test_another_ledgers_checkpoint_is_not_cosigned(world, origin):
    with pytest.raises(DocumentError, match="not of the ledger"):
        world.show(world.note(leaves(3), origin=origin))


def test_a_key_for_another_purpose_signs_no_checkpoints(world):
    with pytest.raises(TrustError, match="no `checkpoint` key"):
        world.show(world.note(leaves(3), signer=world.keeper.signer))


def test_another_companys_key_signs_no_checkpoints(world):
    signer = load_signer(world.others["dl"].folder.key("request").read_bytes())
    with pytest.raises(TrustError, match="no `checkpoint` key"):
        world.show(world.note(leaves(3), signer=signer))


def test_an_unknown_key_signs_no_checkpoints(world):
    signer = load_signer(generate_signing_key())
    with pytest.raises(TrustError, match="no `checkpoint` key"):
        world.show(world.note(leaves(3), signer=signer))


def test_a_signature_of_another_text_does_not_fit(world):
    one, other = world.note(leaves(3)), world.note(leaves(4))
    mixed = one.partition("\n\n")[0] + "\n\n" + other.partition("\n\n")[2]
    with pytest.raises(TrustError, match="does not fit"):
        world.show(mixed)


def test_a_checkpoint_of_the_caller_is_shown_by_nobody_else(world):
    with pytest.raises(Refusal, match="no contract"):
        world.show(world.note(leaves(3)), caller=DL)
    with pytest.raises(Refusal, match="no contract"):
        world.show(world.note(leaves(3)), caller=MAKER)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "ua.example/sekisho-ledger\n",
        "ua.example/sekisho-ledger\n3\n",
        "x" * MAX_CHECKPOINT_BYTES + "x",
        "\ud800",
        "ua.example/sekisho-ledger\n03\nAAAA\n\n— a b\n",
    ],
)
def test_what_is_no_checkpoint_is_not_read(world, text):
    if text == "\ud800":
        text = "ua.example/sekisho-ledger\n3\n\x00\n\n— a AAAAAAA=\n"
    with pytest.raises(SekishoError):
        world.show(text)


def test_an_old_size_past_the_checkpoint_is_no_claim(world):
    with pytest.raises(DocumentError, match="old size"):
        world.show(world.note(leaves(3)), old=4)


@pytest.mark.parametrize("proof", [(b"x" * 31,), (b"x" * 32,) * 65])
def test_hashes_that_are_none_are_no_proof(world, proof):
    with pytest.raises(DocumentError, match="a proof is"):
        world.show(world.note(leaves(3)), old=1, proof=proof)
    assert UA in world.witness._circle()
