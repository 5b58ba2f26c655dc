"""Which subtrees of the ledger's tree are kept, so that a proof reads a few hundred hashes.

A tree of leaves is kept as its leaves, level 0, and the root of every whole subtree of 256 leaves,
level 1, of 256 of those, level 2, and so on: what tiled logs of other makes keep too. Any root in
between is computed from at most 128 hashes of the level below. What is kept of ten million leaves
is 1.3 MB besides the leaves, and every proof over them reads fewer than 2,000 hashes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Final

from sekisho.ledger.merkle import EMPTY_ROOT, Tree, node_hash

HEIGHT: Final = 8
"""Levels of the binary tree from one kept level to the next."""
WIDTH: Final = 1 << HEIGHT

Read = Callable[[int, range], list[bytes]]
"""Gives the hashes of a kept level at some indexes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subtree:
    """A whole subtree that is kept."""

    level: int
    """From 1; it has 256 to that power leaves."""
    index: int
    """Among those of its level."""
    root: bytes


def completed_by(tree: Tree, leaf: bytes) -> Iterator[Subtree]:
    """Give the subtrees that the next leaf of a tree makes whole: one in 256 leaves makes any."""
    node, keep, height = leaf, len(tree.frontier), 0
    while tree.size >> height & 1:
        keep -= 1
        height += 1
        node = node_hash(tree.frontier[keep], node)
        if height % HEIGHT == 0:
            yield Subtree(level=height // HEIGHT, index=tree.size >> height, root=node)


def root_over(leaves: range, read: Read) -> bytes:
    """Hash a part of a tree as if it were a tree, from what is kept of it.

    Args:
        leaves: A subtree as proofs name it: it starts at a multiple of the smallest power of two
            that holds it.
        read: Looks kept hashes up.

    Raises:
        ValueError: A hash is missing.
    """
    parts: list[bytes] = []
    start = leaves.start
    while start < leaves.stop:
        height = (leaves.stop - start).bit_length() - 1
        parts.append(_whole(start >> height, height, read))
        start += 1 << height
    if not parts:
        return EMPTY_ROOT
    return reduce(lambda right, left: node_hash(left, right), reversed(parts))


def _whole(index: int, height: int, read: Read) -> bytes:
    """Hash a whole subtree of 2^height leaves."""
    level, above = divmod(height, HEIGHT)
    count = 1 << above
    hashes = read(level, range(index << above, (index + 1) << above))
    if len(hashes) != count:
        message = f"{count - len(hashes)} hashes of level {level} are missing"
        raise ValueError(message)
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=True)
        hashes = [node_hash(left, right) for left, right in pairs]
    return hashes[0]
