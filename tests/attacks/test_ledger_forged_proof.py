"""Proofs of consistency that were bent, cut, or are of other sizes.

expect: `docs/spec/ledger.md`, section 8: the proof of RFC 9162 from what is held
effect: entries are replaced, and a neighbour says that the ledger grew
source: RFC 9162, 2.1.4
"""

import pytest

from sekisho.ledger.proofs import consistency_proof
from support.witnessing import leaves, watched

OLD, NEW = leaves(21), leaves(50)
PROOF = consistency_proof(21, NEW)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with watched(tmp_path_factory.mktemp("world")) as found:
        assert found.grow(OLD).cosignature
        yield found


def bent(at):
    return tuple(
        bytes([item[0] ^ 1, *item[1:]]) if number == at else item
        for number, item in enumerate(PROOF)
    )


@pytest.mark.parametrize(
    "proof",
    [
        *(bent(at) for at in range(len(PROOF))),
        (),
        PROOF[:-1],
        PROOF[1:],
        (*PROOF, PROOF[0]),
        tuple(reversed(PROOF)),
        consistency_proof(20, NEW),
        consistency_proof(21, leaves(49)),
    ],
)
def test_a_forged_proof_shows_nothing(world, proof):
    answer = world.show(world.note(NEW), old=21, proof=proof)
    assert not answer.cosignature
    assert answer.held == world.note(OLD)
    assert world.held() == {0: 21}
    assert world.conflicts() == [("unproven", False)]


def test_a_true_proof_from_another_size_is_asked_for_anew(world):
    answer = world.show(world.note(NEW), old=20, proof=consistency_proof(20, NEW))
    assert not answer.cosignature
    assert answer.held == world.note(OLD)
    assert world.held() == {0: 21}
