"""The Merkle tree of RFC 9162, grown leaf by leaf.

A tree of n leaves is kept as its frontier: the roots of the perfect subtrees that n's binary digits
name, largest first. That is all that appending and the root need, and it stays below 64 hashes.
Proofs need inner hashes too; those can always be computed again from the leaf hashes that a store
keeps, so nothing more is carried here.
"""

from dataclasses import dataclass
from functools import reduce
from hashlib import sha256

HASH_BYTES = 32
SALT_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()
"""What RFC 9162 (2.1.1) calls the hash of an empty tree."""


def leaf_hash(data: bytes) -> bytes:
    """Hash one leaf: SHA-256 of 0x00 and the data."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees: SHA-256 of 0x01 and both hashes."""
    return sha256(b"\x01" + left + right).digest()


def entry_hash(salt: bytes, body: bytes) -> bytes:
    """Hash an entry's canonical bytes behind its salt.

    The salt keeps a proof from letting anybody guess the entry: whoever holds only hashes would
    have to guess 32 random bytes too.
    """
    if len(salt) != SALT_BYTES:
        message = f"a salt has {SALT_BYTES} bytes"
        raise ValueError(message)
    return leaf_hash(salt + body)


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree by its size and frontier; appending gives a new one."""

    size: int = 0
    """Leaves."""
    frontier: tuple[bytes, ...] = ()
    """Roots of the perfect subtrees, largest first: one for each 1 in `size`'s binary digits."""

    def __post_init__(self) -> None:
        """Hold a frontier to its size."""
        if self.size < 0 or len(self.frontier) != self.size.bit_count():
            message = "the frontier does not fit the size"
            raise ValueError(message)

    def append(self, leaf: bytes) -> "Tree":
        """Grow by one leaf hash."""
        return self._grown(leaf, level=0)

    def extend(self, other: "Tree") -> "Tree":
        """Grow by the leaves of a tree that was built apart.

        Raises:
            ValueError: A perfect subtree of the other would not be one in the whole: the size here
                is no multiple of the other's largest.
        """
        whole = self
        rest = other.size
        for node in other.frontier:
            level = rest.bit_length() - 1
            if whole.size & ((1 << level) - 1):
                message = "the subtree does not stand where its leaves would"
                raise ValueError(message)
            whole = whole._grown(node, level=level)
            rest -= 1 << level
        return whole

    def _grown(self, node: bytes, *, level: int) -> "Tree":
        keep = len(self.frontier)
        size = self.size >> level
        while size & 1:
            keep -= 1
            node = node_hash(self.frontier[keep], node)
            size >>= 1
        return Tree(self.size + (1 << level), (*self.frontier[:keep], node))

    def root(self) -> bytes:
        """Give the hash of the whole tree."""
        if not self.frontier:
            return EMPTY_ROOT
        return reduce(lambda right, left: node_hash(left, right), reversed(self.frontier))


def frontier_bytes(tree: Tree) -> bytes:
    """Join a frontier for keeping."""
    return b"".join(tree.frontier)


def parse_frontier(size: int, data: bytes) -> Tree:
    """Read a kept frontier, raising `ValueError` when it does not fit the size."""
    if len(data) % HASH_BYTES:
        message = "the frontier is not made of whole hashes"
        raise ValueError(message)
    cuts = range(0, len(data), HASH_BYTES)
    return Tree(size, tuple(data[start : start + HASH_BYTES] for start in cuts))
