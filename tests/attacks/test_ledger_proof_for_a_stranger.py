"""A company asks for the proof of an entry that is about others, to learn that they asked.

expect: one and the same refusal for an entry of others and for one that is not there
effect: competitors count and time each other's questions
source: docs/spec/ledger.md, section 9
"""

import pytest

from sekisho.errors import Refusal
from sekisho.ledger.entry import Channel
from sekisho.ledger.proofs import is_consistent, is_included
from sekisho.wire.gen.sekisho.v1 import ledger_service_pb2 as ledger
from support.state import asked
from support.witnessing import DL, MAKER, UA, watched

QUESTIONS = 300


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with watched(tmp_path_factory.mktemp("world")) as found:
        parts = found.node.parts
        (signed,) = parts.contracts.all()
        channel = Channel(provider=UA, consumer=MAKER, contract=signed.id)
        found.entries = [
            parts.state.questions.ask(asked(number), channel=channel, now=parts.now())
            for number in range(QUESTIONS)
        ]
        yield found


def prove(world, caller, **fields):
    return world.witness.inclusion(caller, ledger.GetInclusionProofRequest(**fields))


def refusal(world, caller, **fields):
    with pytest.raises(Refusal) as caught:
        prove(world, caller, **fields)
    error = caught.value
    return (error.reason, error.message, error.clause, error.hint, error.allowed)


def test_the_parties_of_a_channel_get_a_proof_that_holds(world):
    for entry in (world.entries[0], world.entries[QUESTIONS // 2], world.entries[-1]):
        for size in (entry.tree.size, world.entries[-1].tree.size):
            found = prove(world, UA, index=entry.index, size=size)
            root = world.node.parts.state.tree.root(size)
            assert found.leaf == entry.leaf
            assert is_included(
                found.leaf, index=found.index, size=found.size, proof=found.proof, root=root
            )


def test_a_receipts_root_is_the_one_that_proofs_lead_to(world):
    for entry in world.entries[::17]:
        assert world.node.parts.state.tree.root(entry.tree.size) == entry.tree.root()


def test_a_stranger_is_told_the_same_as_of_an_entry_that_is_not_there(world):
    index = world.entries[3].index
    absent = refusal(world, DL, index=10**9)
    assert refusal(world, DL, index=index) == absent
    assert refusal(world, UA, index=10**9) == absent
    assert refusal(world, DL, request="sha256:" + "cd" * 32) == absent
    assert refusal(world, UA, request="sha256:" + "00" * 32) == absent
    assert refusal(world, UA, index=2**64 - 1) == absent


def test_entries_of_no_channel_are_proven_to_nobody(world):
    assert refusal(world, UA, index=0) == refusal(world, UA, index=10**9)


def test_a_size_that_never_was_proves_nothing(world):
    index = world.entries[3].index
    absent = refusal(world, UA, index=10**9)
    assert refusal(world, UA, index=index, size=index) == absent
    assert refusal(world, UA, index=index, size=10**9) == absent
    assert refusal(world, UA, index=index, size=2**64 - 1) == absent


def test_growth_is_proven_to_neighbours_alone(world):
    head = world.entries[-1].tree
    for old in (1, 2, 7, 255, 256, 257, head.size - 1, head.size):
        message = ledger.GetConsistencyProofRequest(old_size=old, new_size=head.size)
        proof = world.witness.consistency(UA, message).proof
        roots = {"old_root": world.node.parts.state.tree.root(old), "new_root": head.root()}
        assert is_consistent(proof, old=old, new=head.size, **roots)
        with pytest.raises(Refusal, match="no contract"):
            world.witness.consistency(DL, message)
    for old, new in ((0, 1), (2, 1), (1, head.size + 1)):
        with pytest.raises(Refusal, match="no such entry"):
            world.witness.consistency(
                UA, ledger.GetConsistencyProofRequest(old_size=old, new_size=new)
            )


def test_a_stranger_is_not_told_which_entries_were_pruned(world):
    # One that no other test asks for.
    entry = world.entries[4]
    world.node.parts.state.submit(
        lambda tx: tx.db.execute(
            "UPDATE entries SET salt = x'', body = x'' WHERE idx = ?", (entry.index,)
        )
    )
    absent = refusal(world, UA, index=10**9)
    for caller in (DL, UA):
        assert refusal(world, caller, index=entry.index) == absent


def test_a_nodes_own_head_is_told_to_neighbours_alone(world):
    message = world.witness.checkpoints(UA, UA)
    assert message.own.startswith(f"maker.example/sekisho-ledger\n{world.entries[-1].tree.size}\n")
    assert not world.witness.checkpoints(DL, DL).own
