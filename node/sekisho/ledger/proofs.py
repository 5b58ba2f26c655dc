"""Proofs over the Merkle tree of RFC 9162: that a leaf is in a tree, and that a tree grew from one.

Proofs are made from leaf hashes and verified from the proof alone. Either way every number comes
from outside and is believed only when the hashes lead to the root.

Source: RFC 9162, 2.1.3 and 2.1.4.
"""

from collections.abc import Sequence

from sekisho.ledger.merkle import EMPTY_ROOT, node_hash

Proof = tuple[bytes, ...]
MAX_PROOF = 64
"""Hashes of a proof over at most 2^63 leaves, one more for a consistency proof's first."""


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """Hash a whole tree of leaf hashes."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    middle = _split(len(leaves))
    return node_hash(tree_root(leaves[:middle]), tree_root(leaves[middle:]))


def inclusion_proof(index: int, leaves: Sequence[bytes]) -> Proof:
    """Prove that a leaf is in a tree: the siblings on its way up, lowest first.

    Raises:
        ValueError: The tree has no such leaf.
    """
    if not 0 <= index < len(leaves):
        message = f"a tree of {len(leaves)} leaves has no leaf {index}"
        raise ValueError(message)
    if len(leaves) == 1:
        return ()
    middle = _split(len(leaves))
    left, right = leaves[:middle], leaves[middle:]
    if index < middle:
        return (*inclusion_proof(index, left), tree_root(right))
    return (*inclusion_proof(index - middle, right), tree_root(left))


def consistency_proof(old: int, leaves: Sequence[bytes]) -> Proof:
    """Prove that a tree begins with the first `old` of its leaves.

    Raises:
        ValueError: The old tree is larger than the new one, or empty: every tree begins with none.
    """
    if not 0 < old <= len(leaves):
        message = f"a tree of {len(leaves)} leaves did not grow from one of {old}"
        raise ValueError(message)
    return _subproof(old, leaves, is_whole=True)


def is_included(leaf: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Tell whether a proof leads from a leaf hash at an index to the root of a tree of a size."""
    if not 0 <= index < size or len(proof) > MAX_PROOF:
        return False
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while node & 1 == 0 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(
    proof: Sequence[bytes], *, old: int, new: int, old_root: bytes, new_root: bytes
) -> bool:
    """Tell whether a proof shows that a tree of size `new` begins with that of size `old`."""
    if not 0 <= old <= new or len(proof) > MAX_PROOF:
        return False
    if old in {0, new}:
        expected = EMPTY_ROOT if old == 0 else new_root
        return not proof and old_root == expected
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    first, *rest = path
    before = after = first
    for sibling in rest:
        if last == 0:
            return False
        if node & 1 or node == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while node & 1 == 0 and node:
                node, last = node >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root


def _subproof(old: int, leaves: Sequence[bytes], *, is_whole: bool) -> Proof:
    if old == len(leaves):
        return () if is_whole else (tree_root(leaves),)
    middle = _split(len(leaves))
    left, right = leaves[:middle], leaves[middle:]
    if old <= middle:
        return (*_subproof(old, left, is_whole=is_whole), tree_root(right))
    return (*_subproof(old - middle, right, is_whole=False), tree_root(left))


def _split(size: int) -> int:
    """Give the largest power of two below a size of two or more."""
    return 1 << (size - 1).bit_length() - 1
