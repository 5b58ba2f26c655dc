"""Trees against the published vectors of RFC 9162's hashing."""

import json
from pathlib import Path

import pytest

from sekisho.ledger.merkle import (
    EMPTY_ROOT,
    Tree,
    entry_hash,
    frontier_bytes,
    leaf_hash,
    parse_frontier,
)

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "ledger" / "merkle.json").read_text())


def tree_of(count: int) -> Tree:
    tree = Tree()
    for leaf in VECTORS["leaves"][:count]:
        tree = tree.append(leaf_hash(bytes.fromhex(leaf)))
    return tree


@pytest.mark.parametrize("size", range(9))
def test_every_published_root_is_reached(size):
    assert tree_of(size).root().hex() == VECTORS["roots"][size]


def test_an_empty_tree_has_the_hash_of_nothing():
    assert Tree().root() == EMPTY_ROOT


def test_a_frontier_is_kept_and_read_back():
    for size in range(9):
        tree = tree_of(size)
        assert parse_frontier(size, frontier_bytes(tree)) == tree


@pytest.mark.parametrize(
    ("size", "data"), [(1, b""), (0, bytes(32)), (3, bytes(32)), (-1, b""), (1, bytes(31))]
)
def test_a_frontier_that_does_not_fit_its_size_is_refused(size, data):
    with pytest.raises(ValueError, match="frontier"):
        parse_frontier(size, data)


def test_the_salt_decides_the_leaf():
    assert entry_hash(bytes(32), b"{}") != entry_hash(bytes([1] * 32), b"{}")
    assert entry_hash(bytes(32), b"{}") == leaf_hash(bytes(32) + b"{}")


def test_a_short_salt_is_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        entry_hash(bytes(31), b"{}")
