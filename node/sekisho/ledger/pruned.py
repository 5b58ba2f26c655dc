"""A tree of which some leaves are shown and all else is hidden behind as few hashes as can be.

It proves many leaves at once: whoever holds the shown leaves and the hidden subtrees' roots
computes the root of the whole, in one pass, and learns of what is hidden only how much it is.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from sekisho.ledger.merkle import EMPTY_ROOT, node_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """A perfect subtree without any shown leaf."""

    start: int
    """Index of its first leaf, a multiple of its size."""
    size: int
    """Leaves, a power of two."""
    root: bytes


@dataclass(slots=True)
class _Subtree:
    start: int
    size: int
    root: bytes
    is_hidden: bool


def prune(leaves: Iterable[bytes], shown: Collection[int]) -> tuple[Hidden, ...]:
    """Hide every leaf but some.

    Args:
        leaves: Hashes, in order; read once.
        shown: Indexes.

    Returns:
        The largest hidden subtrees, by where they start.
    """
    hidden: list[Hidden] = []
    stack: list[_Subtree] = []
    for index, leaf in enumerate(leaves):
        stack.append(_Subtree(index, 1, leaf, is_hidden=index not in shown))
        while len(stack) > 1 and stack[-1].size == stack[-2].size:
            right, left = stack.pop(), stack.pop()
            is_hidden = left.is_hidden and right.is_hidden
            if not is_hidden:
                hidden.extend(_kept(left, right))
            root = node_hash(left.root, right.root)
            stack.append(_Subtree(left.start, 2 * left.size, root, is_hidden=is_hidden))
    hidden.extend(_kept(*stack))
    return tuple(sorted(hidden, key=lambda item: item.start))


def _kept(*subtrees: _Subtree) -> Iterator[Hidden]:
    return (
        Hidden(start=item.start, size=item.size, root=item.root)
        for item in subtrees
        if item.is_hidden
    )


class PrunedTree:
    """Computes the root from shown leaves and hidden subtrees, as they come in order."""

    def __init__(self) -> None:
        """Begin with an empty tree."""
        self.size = 0
        self._stack: list[tuple[int, bytes]] = []

    def show(self, leaf: bytes) -> None:
        """Take the next leaf's hash."""
        self._push(1, leaf)

    def hide(self, part: Hidden) -> None:
        """Take the next leaves as a hidden subtree.

        Raises:
            ValueError: It does not stand where it says, or is no perfect subtree there.
        """
        is_perfect = part.size > 0 and part.size & (part.size - 1) == 0
        if part.start != self.size or not is_perfect or part.start % part.size:
            message = f"{part.size} leaves from {part.start} on are no subtree of this tree"
            raise ValueError(message)
        self._push(part.size, part.root)

    def root(self) -> bytes:
        """Hash what came so far."""
        if not self._stack:
            return EMPTY_ROOT
        *rest, (_, found) = self._stack
        for _, left in reversed(rest):
            found = node_hash(left, found)
        return found

    def _push(self, size: int, root: bytes) -> None:
        self.size += size
        self._stack.append((size, root))
        while len(self._stack) > 1 and self._stack[-1][0] == self._stack[-2][0]:
            (right_size, right), (_, left) = self._stack.pop(), self._stack.pop()
            self._stack.append((2 * right_size, node_hash(left, right)))
