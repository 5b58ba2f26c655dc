"""Proofs over the Merkle tree of RFC 9162: that a leaf is in a tree, and that a tree grew from one.

A proof is a list of subtrees; which ones is decided here, from sizes alone, and whoever keeps
hashes looks their roots up. It is verified from the proof alone. Either way every number comes from
outside and is believed only when the hashes lead to the root.

Source: RFC 9162, 2.1.3 and 2.1.4.
"""

from collections.abc import Iterable, Sequence

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


def inclusion_subtrees(index: int, size: int) -> tuple[range, ...]:
    """Name the subtrees whose roots prove that a leaf is in a tree, by the leaves that each covers.

    Raises:
        ValueError: The tree has no such leaf.
    """
    if not 0 <= index < size:
        message = f"a tree of {size} leaves has no leaf {index}"
        raise ValueError(message)
    found: list[range] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            found.append(range(middle, stop))
            stop = middle
        else:
            found.append(range(start, middle))
            start = middle
    return tuple(reversed(found))


def consistency_subtrees(old: int, size: int) -> tuple[range, ...]:
    """Name the subtrees whose roots prove that a tree begins with the first `old` of its leaves.

    Raises:
        ValueError: The old tree is larger than the new one, or empty: every tree begins with none.
    """
    if not 0 < old <= size:
        message = f"a tree of {size} leaves did not grow from one of {old}"
        raise ValueError(message)
    found: list[range] = []
    start, stop = 0, size
    while old != stop:
        middle = start + _split(stop - start)
        if old <= middle:
            found.append(range(middle, stop))
            stop = middle
        else:
            found.append(range(start, middle))
            start = middle
    # What is left is a subtree of both; the old tree itself is known to whoever verifies.
    return tuple(reversed([*found, range(start, stop)] if start else found))


def inclusion_proof(index: int, leaves: Sequence[bytes]) -> Proof:
    """Prove that a leaf is in a tree: the siblings on its way up, lowest first.

    Raises:
        ValueError: The tree has no such leaf.
    """
    return _roots(inclusion_subtrees(index, len(leaves)), leaves)


def consistency_proof(old: int, leaves: Sequence[bytes]) -> Proof:
    """Prove that a tree begins with the first `old` of its leaves.

    Raises:
        ValueError: The old tree is larger than the new one, or empty: every tree begins with none.
    """
    return _roots(consistency_subtrees(old, len(leaves)), leaves)


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


def _roots(subtrees: Iterable[range], leaves: Sequence[bytes]) -> Proof:
    return tuple(tree_root(leaves[item.start : item.stop]) for item in subtrees)


def _split(size: int) -> int:
    """Give the largest power of two below a size of two or more."""
    return 1 << (size - 1).bit_length() - 1
