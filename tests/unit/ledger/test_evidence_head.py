"""What a party says against itself in a file of evidence stands whatever became of its key."""

from types import SimpleNamespace

import pytest

from sekisho.errors import TrustError
from sekisho.ledger.bodies import Recovered
from sekisho.ledger.evidence_head import Heads
from sekisho.ledger.merkle import EMPTY_ROOT, Tree, leaf_hash
from sekisho.ledger.pruned import PrunedTree
from sekisho.ledger.witnessing import sign_checkpoint
from sekisho.model.names import PartyId
from sekisho.trust.keys import generate_signing_key, load_signer

UA = PartyId("ua.example")
SIGNER = load_signer(generate_signing_key())
PUBLIC = SIGNER.key_id.partition(":")[2]
HELD = sign_checkpoint(Tree().append(leaf_hash(b"lost")), party=UA, epoch=0, signer=SIGNER)


def recovered(*, ever=(), revoked=()):
    members = SimpleNamespace(
        keys_ever=lambda *_: ever, keys_with_revoked=lambda *_: (*ever, *revoked)
    )
    heads = Heads(SimpleNamespace(members=members, parties=(UA,)), UA)
    body = Recovered(epoch=1, size=0, root=EMPTY_ROOT.hex(), held=HELD.note)
    heads.recovered(SimpleNamespace(index=0, at=""), body, PrunedTree())
    return heads.epoch


def test_a_recovery_stands_when_the_key_of_what_was_held_is_revoked_since():
    assert recovered(ever=(PUBLIC,)) == 1
    assert recovered(revoked=(PUBLIC,)) == 1


def test_a_recovery_past_what_another_key_signed_is_none():
    other = load_signer(generate_signing_key()).key_id.partition(":")[2]
    with pytest.raises(TrustError):
        recovered(ever=(other,))
