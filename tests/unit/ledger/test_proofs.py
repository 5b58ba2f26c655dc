"""Proofs by the published vectors, by every pair of sizes, and with a byte changed."""

import json
from base64 import b64decode
from pathlib import Path

import pytest

from sekisho.ledger.merkle import EMPTY_ROOT, leaf_hash
from sekisho.ledger.proofs import (
    consistency_proof,
    inclusion_proof,
    is_consistent,
    is_included,
    tree_root,
)

FOLDER = Path(__file__).parents[2] / "vectors" / "ledger"
VECTORS = json.loads((FOLDER / "proofs.json").read_text())
TREE = json.loads((FOLDER / "merkle.json").read_text())
LEAVES = [leaf_hash(bytes.fromhex(item)) for item in TREE["leaves"]]
MANY = [leaf_hash(bytes([number])) for number in range(40)]


def hashes(values: list[str]) -> tuple[bytes, ...]:
    return tuple(map(b64decode, values))


def test_roots_are_the_published_ones():
    assert [tree_root(LEAVES[:size]).hex() for size in range(9)] == TREE["roots"]


@pytest.mark.parametrize("vector", VECTORS["inclusion"])
def test_inclusion_is_proven_as_published(vector):
    index, size, proof = vector["index"], vector["size"], hashes(vector["proof"])
    assert inclusion_proof(index, LEAVES[:size]) == proof
    root = b64decode(vector["root"])
    assert is_included(LEAVES[index], index=index, size=size, proof=proof, root=root)


@pytest.mark.parametrize("vector", VECTORS["consistency"])
def test_consistency_is_proven_as_published(vector):
    old, new, proof = vector["old"], vector["new"], hashes(vector["proof"])
    assert consistency_proof(old, LEAVES[:new]) == proof
    roots = {name: b64decode(vector[name]) for name in ("old_root", "new_root")}
    assert is_consistent(proof, old=old, new=new, **roots)


def test_every_leaf_of_every_tree_is_proven_and_at_no_other_place():
    for size in range(1, len(MANY) + 1):
        root = tree_root(MANY[:size])
        for index in range(size):
            proof = inclusion_proof(index, MANY[:size])
            for place in range(size + 1):
                found = is_included(MANY[index], index=place, size=size, proof=proof, root=root)
                assert found is (place == index)


def test_every_tree_is_proven_to_begin_with_every_smaller_one():
    for new in range(len(MANY) + 1):
        new_root = tree_root(MANY[:new])
        for old in range(new + 1):
            old_root = tree_root(MANY[:old])
            proof = consistency_proof(old, MANY[:new]) if old else ()
            for size in {old - 1, old, old + 1}:
                found = is_consistent(
                    proof, old=size, new=new, old_root=old_root, new_root=new_root
                )
                assert found is (size == old)


@pytest.mark.parametrize("vector", VECTORS["inclusion"])
def test_what_was_changed_proves_nothing(vector):
    index, size, proof = vector["index"], vector["size"], hashes(vector["proof"])
    root = b64decode(vector["root"])
    bent = [tuple(other(item) if at == bad else item for at, item in enumerate(proof))
            for bad in range(len(proof))]  # fmt: skip
    for broken in [*bent, (), proof[:-1], proof[1:], (*proof, root), (root, *proof)]:
        assert not is_included(LEAVES[index], index=index, size=size, proof=broken, root=root)
    assert not is_included(LEAVES[index], index=index, size=size, proof=proof, root=other(root))
    assert not is_included(LEAVES[index], index=-1, size=size, proof=proof, root=root)


@pytest.mark.parametrize("vector", VECTORS["consistency"])
def test_what_was_changed_shows_no_growth(vector):
    old, new, proof = vector["old"], vector["new"], hashes(vector["proof"])
    roots = {name: b64decode(vector[name]) for name in ("old_root", "new_root")}
    bent = [tuple(other(item) if at == bad else item for at, item in enumerate(proof))
            for bad in range(len(proof))]  # fmt: skip
    for broken in [*bent, (), proof[:-1], proof[1:], (*proof, roots["new_root"])]:
        assert not is_consistent(broken, old=old, new=new, **roots)
    for name, root in roots.items():
        changed = roots | {name: other(root)}
        assert not is_consistent(proof, old=old, new=new, **changed)
    swapped = {"old_root": roots["new_root"], "new_root": roots["old_root"]}
    assert not is_consistent(proof, old=old, new=new, **swapped)


def other(value: bytes) -> bytes:
    return bytes([value[0] ^ 4, *value[1:]])


def test_every_tree_grew_from_the_empty_one_and_from_itself():
    root = tree_root(MANY)
    assert is_consistent((), old=0, new=40, old_root=EMPTY_ROOT, new_root=root)
    assert is_consistent((), old=40, new=40, old_root=root, new_root=root)
    assert not is_consistent((), old=40, new=40, old_root=EMPTY_ROOT, new_root=root)
    assert not is_consistent((root,), old=0, new=40, old_root=EMPTY_ROOT, new_root=root)


@pytest.mark.parametrize("index", [-1, 8])
def test_there_is_no_proof_of_what_is_not_there(index):
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(index, LEAVES)


@pytest.mark.parametrize("old", [0, 9])
def test_there_is_no_proof_of_growth_that_was_not(old):
    with pytest.raises(ValueError, match="did not grow"):
        consistency_proof(old, LEAVES)
