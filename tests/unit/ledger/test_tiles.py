"""Kept subtrees: exactly the whole ones, and roots of any part from them alone."""

import pytest

from sekisho.ledger.merkle import Tree, leaf_hash
from sekisho.ledger.proofs import (
    consistency_proof,
    consistency_subtrees,
    inclusion_proof,
    inclusion_subtrees,
    tree_root,
)
from sekisho.ledger.tiles import WIDTH, Subtree, completed_by, root_over

SIZE = WIDTH * WIDTH + 3 * WIDTH + 5
LEAVES = [leaf_hash(number.to_bytes(4, "big")) for number in range(SIZE)]


@pytest.fixture(scope="module")
def kept():
    """Every subtree that a tree of all leaves keeps, by level and index."""
    found, tree = {}, Tree()
    for leaf in LEAVES:
        for item in completed_by(tree, leaf):
            assert (item.level, item.index) not in found
            found[item.level, item.index] = item
        tree = tree.append(leaf)
    return found


@pytest.fixture(scope="module")
def read(kept):
    def read(level, at):
        if level == 0:
            return LEAVES[at.start : at.stop]
        return [kept[level, index].root for index in at if (level, index) in kept]

    return read


def test_every_whole_subtree_is_kept_and_no_other(kept):
    assert sorted(kept) == [*((1, at) for at in range(SIZE // WIDTH)), (2, 0)]
    for (level, index), item in kept.items():
        leaves = WIDTH**level
        root = tree_root(LEAVES[index * leaves : (index + 1) * leaves])
        assert item == Subtree(level=level, index=index, root=root)


@pytest.mark.parametrize(
    "size", [0, 1, 2, 255, 256, 257, 511, 512, 1000, 65_535, 65_536, 65_537, SIZE]
)
def test_the_root_at_every_size_is_the_trees(read, size):
    assert root_over(range(size), read) == tree_root(LEAVES[:size])


@pytest.mark.parametrize("size", [300, 65_536, SIZE])
def test_proofs_are_those_of_all_leaves(read, size):
    leaves = LEAVES[:size]
    for number in (0, 1, 255, 256, 257, size // 2, size - 1):
        if number >= size:
            continue
        proof = tuple(root_over(item, read) for item in inclusion_subtrees(number, size))
        assert proof == inclusion_proof(number, leaves)
        if number:
            proof = tuple(root_over(item, read) for item in consistency_subtrees(number, size))
            assert proof == consistency_proof(number, leaves)


def test_a_hash_that_is_missing_is_an_error_and_not_another_root(read):
    with pytest.raises(ValueError, match="1 hashes of level 1 are missing"):
        root_over(range(1024), lambda level, at: read(level, at)[: -1 if level else None])


def test_a_proof_over_ten_million_leaves_reads_few_hashes():
    counted = 0

    def read(_level, at):
        nonlocal counted
        counted += len(at)
        return [b"\0" * 32] * len(at)

    for index in (0, 4_999_999, 9_999_998):
        counted = 0
        proof = [root_over(item, read) for item in inclusion_subtrees(index, 9_999_999)]
        assert len(proof) <= 24
        assert counted < 2_000
