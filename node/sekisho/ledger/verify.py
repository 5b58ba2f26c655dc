"""Check a whole ledger against the head that its node keeps, one entry at a time.

The steps are those of `docs/spec/ledger.md`; each is a method whose docstring carries its number.
The first entry that does not hold stops the check and is named. Memory grows with the channels and
with the answers that are open at once, not with the ledger.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sekisho.errors import LedgerError
from sekisho.ledger.bodies import ENDS, Asked, Opened, Start
from sekisho.ledger.entry import Channel, Entry, parse_entry
from sekisho.ledger.merkle import SALT_BYTES, Tree, entry_hash
from sekisho.ledger.tiles import WIDTH, Subtree, completed_by


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """An entry as it lies in a store: bytes that nothing has believed yet."""

    index: int
    salt: bytes
    body: bytes
    leaf: bytes
    """The leaf hash that the store remembers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerReport:
    """What a ledger that holds was found to contain."""

    size: int
    root: bytes
    channels: int
    open: tuple[int, ...]
    """Indexes of answers and questions without an end: running, or cut off by a fall."""
    first_at: str
    """Empty for an empty ledger."""
    last_at: str


def verify_ledger(
    entries: Iterable[StoredEntry],
    *,
    head: Tree,
    keeps: Callable[[Subtree], bool] = lambda _subtree: True,
) -> LedgerReport:
    """Check every entry in order, then the root over them.

    Args:
        entries: All of them, first to last.
        head: The tree that the store keeps beside its entries, or that a checkpoint vouches for;
            of the latter only size and root are needed.
        keeps: Tells whether the store keeps a whole subtree as it follows from the entries.

    Raises:
        LedgerError: With the index of the first entry that does not hold; without one when the
            entries hold but the head does not follow from them.

    Source:
        `docs/spec/ledger.md`, verification.
    """
    walk = _Walk(keeps)
    for stored in entries:
        walk.take(stored)
    return walk.finish(head)


class _Walk:
    def __init__(self, keeps: Callable[[Subtree], bool]) -> None:
        self.keeps = keeps
        self.tree = Tree()
        self.first_at = ""
        self.last_at = ""
        self.open: dict[int, tuple[type[Start], Channel]] = {}
        self.channels: dict[Channel, tuple[int, str]] = {}

    def take(self, stored: StoredEntry) -> None:
        index = self.tree.size
        self._position(stored, index)
        self._leaf(stored, index)
        entry = self._words(stored, index)
        self._time(entry)
        self._channel(entry, stored.leaf)
        self._pairing(entry)
        self._subtrees(stored)
        self.tree = self.tree.append(stored.leaf)

    def finish(self, head: Tree) -> LedgerReport:
        """Step 7: size and root are the head's."""
        if self.tree.size != head.size:
            message = f"the ledger's head counts {head.size} entries, found {self.tree.size}"
            raise LedgerError(message, index=min(self.tree.size, head.size))
        root = self.tree.root()
        if root != head.root():
            message = "the entries do not lead to the root of the ledger's head"
            raise LedgerError(message)
        return LedgerReport(
            size=self.tree.size,
            root=root,
            channels=len(self.channels),
            open=tuple(self.open),
            first_at=self.first_at,
            last_at=self.last_at,
        )

    def _position(self, stored: StoredEntry, index: int) -> None:
        """Step 1: entries are dense, from 0."""
        if stored.index != index:
            raise _broken(index, f"is missing; the next one found is {stored.index}")

    def _leaf(self, stored: StoredEntry, index: int) -> None:
        """Step 2: salt and bytes hash to the remembered leaf."""
        if len(stored.salt) != SALT_BYTES:
            raise _broken(index, f"has a salt of {len(stored.salt)} bytes, not {SALT_BYTES}")
        if entry_hash(stored.salt, stored.body) != stored.leaf:
            raise _broken(index, "was altered: its bytes do not hash to its leaf")

    def _words(self, stored: StoredEntry, index: int) -> Entry:
        """Step 3: the bytes are canonical and say the same index."""
        entry = parse_entry(stored.body, index=index)
        if entry.index != index:
            raise _broken(index, f"says that it is entry {entry.index}")
        return entry

    def _time(self, entry: Entry) -> None:
        """Step 4: time never goes back."""
        if entry.at < self.last_at:
            raise _broken(entry.index, f"is from {entry.at}, before the one ahead of it")
        self.first_at = self.first_at or entry.at
        self.last_at = entry.at

    def _channel(self, entry: Entry, leaf: bytes) -> None:
        """Step 5: sequence numbers are dense and each names the leaf before it."""
        if entry.link is None:
            return
        expected = self.channels.get(entry.link.channel, (0, ""))
        if (entry.link.seq, entry.link.previous) != expected:
            raise _broken(entry.index, "does not continue its channel")
        self.channels[entry.link.channel] = (entry.link.seq + 1, leaf.hex())

    def _pairing(self, entry: Entry) -> None:
        """Step 6: an end names a start of its own channel that has none yet."""
        body, link = entry.body, entry.link
        if link is None:
            return
        if isinstance(body, Opened | Asked):
            self.open[entry.index] = (type(body), link.channel)
            return
        ends: int | None = getattr(body, "ends", None)
        if ends is None:
            return
        start = self.open.pop(ends, None)
        if start is None or start[1] != link.channel or type(body) not in ENDS[start[0]]:
            raise _broken(entry.index, f"ends entry {ends}, which is not open for it")

    def _subtrees(self, stored: StoredEntry) -> None:
        """Step 8: the subtrees that proofs are made of are those of the entries."""
        if self.tree.size % WIDTH == WIDTH - 1:
            for subtree in completed_by(self.tree, stored.leaf):
                if not self.keeps(subtree):
                    raise _broken(stored.index, "ends a subtree that is kept otherwise")


def _broken(index: int, message: str) -> LedgerError:
    return LedgerError(f"entry {index} {message}", index=index)
