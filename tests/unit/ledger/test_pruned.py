"""Some leaves shown, all else hidden: the root is the whole tree's, and little is told besides."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.ledger.merkle import leaf_hash
from sekisho.ledger.proofs import tree_root
from sekisho.ledger.pruned import Hidden, PrunedTree, prune

sizes = st.integers(0, 70)


def leaves(size: int) -> list[bytes]:
    return [leaf_hash(bytes([number])) for number in range(size)]


def replayed(size: int, shown: set[int], hidden: tuple[Hidden, ...]) -> PrunedTree:
    tree = PrunedTree()
    by_start = {item.start: item for item in hidden}
    while tree.size < size:
        if tree.size in shown:
            tree.show(leaves(size)[tree.size])
        else:
            tree.hide(by_start.pop(tree.size))
    assert not by_start
    return tree


@given(size=sizes, drawn=st.data())
def test_the_root_is_the_whole_trees(size, drawn):
    shown = drawn.draw(st.sets(st.integers(0, max(0, size - 1)))) if size else set()
    hidden = prune(leaves(size), shown)
    tree = replayed(size, shown, hidden)
    assert tree.size == size
    assert tree.root() == tree_root(leaves(size))
    # As few as can be: no two of them are halves of one.
    for left, right in pairwise(hidden):
        are_halves = (
            left.size == right.size
            and right.start == left.start + left.size
            and left.start % (2 * left.size) == 0
        )
        assert not are_halves


def test_one_leaf_of_many_is_shown_with_as_many_hashes_as_a_proof_has():
    hidden = prune(leaves(64), {37})
    assert len(hidden) == 6
    assert sum(item.size for item in hidden) == 63


@pytest.mark.parametrize(
    ("start", "size"), [(1, 1), (0, 0), (0, 3), (0, -1)], ids=["elsewhere", "none", "3", "minus"]
)
def test_what_is_no_subtree_there_is_refused(start, size):
    with pytest.raises(ValueError, match="no subtree"):
        PrunedTree().hide(Hidden(start=start, size=size, root=bytes(32)))


def test_a_subtree_stands_at_a_multiple_of_its_size():
    tree = PrunedTree()
    tree.show(bytes(32))
    with pytest.raises(ValueError, match="no subtree"):
        tree.hide(Hidden(start=1, size=2, root=bytes(32)))
