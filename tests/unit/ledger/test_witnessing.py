"""What a neighbour makes of checkpoints, by vectors that other implementations can use."""

import json
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sekisho.errors import DocumentError, TrustError
from sekisho.ledger.checkpoint import Checkpoint, epoch_of, origin_of
from sekisho.ledger.merkle import Tree, leaf_hash
from sekisho.ledger.note import parse_note
from sekisho.ledger.witnessing import (
    Growth,
    SignedCheckpoint,
    believe_checkpoint,
    believe_cosignature,
    cosign_checkpoint,
    judge,
    sign_checkpoint,
)
from sekisho.model.names import PartyId
from sekisho.trust.keys import generate_signing_key, load_signer

FOLDER = Path(__file__).parents[2] / "vectors" / "ledger"
VECTORS = json.loads((FOLDER / "witness.json").read_text(encoding="utf-8"))
UA, MAKER = PartyId("ua.example"), PartyId("maker.example")
NOW = datetime(2026, 12, 1, 5, tzinfo=UTC)
SIGNER, OTHER = (load_signer(generate_signing_key()) for _ in range(2))


def signed(item):
    checkpoint = Checkpoint(
        origin=origin_of(UA, item["epoch"]), size=item["size"], root=b64decode(item["root"])
    )
    return SignedCheckpoint(party=UA, epoch=item["epoch"], checkpoint=checkpoint, note="")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_checkpoints_are_judged_as_the_vectors_say(vector):
    held = [signed(item) for item in vector["held"]]
    growth = Growth(old_size=vector["old_size"], proof=tuple(map(b64decode, vector["proof"])))
    verdict, against = judge(signed(vector["shown"]), growth, held=held)
    assert verdict == vector["verdict"]
    assert (against is None) is (vector["against"] is None)
    if against is not None:
        assert (against.epoch, against.size) == tuple(vector["against"])


def test_every_verdict_has_a_vector():
    assert {item["verdict"] for item in VECTORS} == {
        "cosigned", "stale", "shorter", "forked", "unproven"
    }  # fmt: skip


@pytest.mark.parametrize("epoch", [0, 1, 31, 999_999])
def test_an_origin_says_party_and_epoch(epoch):
    assert epoch_of(origin_of(UA, epoch), UA) == epoch
    with pytest.raises(DocumentError, match="not of the ledger of"):
        epoch_of(origin_of(UA, epoch), MAKER)


@pytest.fixture
def own():
    tree = Tree().append(leaf_hash(b"one"))
    return sign_checkpoint(tree, party=UA, epoch=2, signer=SIGNER)


def test_a_signed_head_is_believed(own):
    found = believe_checkpoint(own.note, party=UA, keys=[OTHER.public, SIGNER.public])
    assert found == own
    assert (found.epoch, found.size) == (2, 1)


def test_what_others_added_to_a_note_is_left_out(own):
    line = cosign_checkpoint(own, party=MAKER, signer=OTHER, now=NOW)
    assert believe_checkpoint(own.note + line, party=UA, keys=[SIGNER.public]) == own


def test_a_head_by_another_key_is_not_believed(own):
    with pytest.raises(TrustError, match=r"no `checkpoint` key of `ua\.example`"):
        believe_checkpoint(own.note, party=UA, keys=[OTHER.public])
    with pytest.raises(TrustError, match="no `checkpoint` key"):
        believe_checkpoint(own.note, party=UA, keys=[])


def test_a_cosignature_is_kept_below_the_keepers_signature(own):
    line = cosign_checkpoint(own, party=MAKER, signer=OTHER, now=NOW)
    note = parse_note(believe_cosignature(own, line, party=MAKER, keys=[OTHER.public]))
    assert [item.name for item in note.signatures] == [origin_of(UA, 2), MAKER]


def test_a_cosignature_by_another_key_or_of_another_head_is_not(own):
    line = cosign_checkpoint(own, party=MAKER, signer=SIGNER, now=NOW)
    with pytest.raises(TrustError, match="did not cosign"):
        believe_cosignature(own, line, party=MAKER, keys=[OTHER.public])
    later = sign_checkpoint(Tree(), party=UA, epoch=2, signer=SIGNER)
    line = cosign_checkpoint(later, party=MAKER, signer=OTHER, now=NOW)
    with pytest.raises(TrustError, match="does not fit"):
        believe_cosignature(own, line, party=MAKER, keys=[OTHER.public])
    with pytest.raises(DocumentError, match="at most"):
        believe_cosignature(own, "x" * 5_000, party=MAKER, keys=[OTHER.public])


def test_a_key_of_low_worth_in_the_note_does_not_crash_the_check(own):
    bent = replace(own, note=own.note.replace("— ua", "— ub"))
    with pytest.raises(TrustError):
        believe_checkpoint(bent.note, party=UA, keys=[SIGNER.public])
