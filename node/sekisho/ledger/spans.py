"""Checks entries in a row as far as they themselves can tell; what is before them is left open.

A long ledger is checked span by span, in several processes: what only the entries before a span can
tell is kept in it, for `ledger.verify`, which joins spans. The steps are those of
`docs/spec/ledger.md`; each is a method whose docstring carries its number.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sekisho.errors import LedgerError
from sekisho.ledger.bodies import ENDS, Asked, Body, Opened, Pruned, Start
from sekisho.ledger.entry import Channel, Entry, Link, parse_entry
from sekisho.ledger.indexes import Indexes
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

    @property
    def is_pruned(self) -> bool:
        """Whether a retention rule has deleted all but the leaf."""
        return not self.body and not self.salt


@dataclass(slots=True, kw_only=True)
class ChannelSpan:
    """What a span shows of one channel."""

    index: int
    """Of its first entry."""
    last: int
    """Of its last one."""
    first: tuple[int, str]
    """The sequence number and previous leaf that its first entry names."""
    next: tuple[int, str]
    """Those that the entry after its last must name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Entries of a channel that were not found between two spans."""

    channel: Channel
    last: int
    """Index of the channel's entry before them."""
    index: int
    """Of the one after them."""
    missing: int


@dataclass(slots=True, kw_only=True)
class Span:
    """Entries in a row that hold among themselves, up to the first that does not."""

    start: int
    tree: Tree = field(default_factory=Tree)
    """Over these entries alone."""
    first_at: str = ""
    last_at: str = ""
    channels: dict[Channel, ChannelSpan] = field(default_factory=dict)
    open: dict[int, tuple[type[Start], Channel]] = field(default_factory=dict)
    """Starts without an end among these entries."""
    ends: list[tuple[int, int, type[Body], Channel]] = field(default_factory=list)
    """What ends an entry before `start`: its own index, the entry's, how, and its channel."""
    pruned: Indexes = field(default_factory=Indexes)
    """Entries without a body."""
    prunings: list[tuple[int, Pruned]] = field(default_factory=list)
    """What entries `pruned` say, with their own indexes."""
    gaps: list[Gap] = field(default_factory=list)
    """Where a channel goes on after entries without a body, found as spans were joined."""
    subtrees: list[Subtree] = field(default_factory=list)
    """The whole subtrees of 256 entries among these."""
    tops: Tree = field(default_factory=Tree)
    """Over their roots, where spans were joined."""
    error: LedgerError | None = None
    """Of the entry at which the check stopped."""


def check_span(entries: Iterable[StoredEntry], *, start: int) -> Span:
    """Check entries in a row as far as they themselves can tell.

    Args:
        entries: The first has the index `start`.
        start: How many entries are before them.
    """
    walk = _Walk(start)
    try:
        for stored in entries:
            walk.take(stored)
    except LedgerError as error:
        walk.span.error = error
    return walk.span


class _Walk:
    """Checks entries one by one; what goes before them is left open."""

    def __init__(self, start: int) -> None:
        self.span = Span(start=start)

    def take(self, stored: StoredEntry) -> None:
        span = self.span
        index = span.start + span.tree.size
        self._position(stored, index)
        if stored.is_pruned:
            span.pruned.add(index)
            self._append(stored.leaf)
            return
        self._leaf(stored, index)
        entry = self._words(stored, index)
        self._time(entry)
        if entry.link is not None:
            self._channel(entry.index, entry.link, stored.leaf)
            self._pairing(entry.index, entry.body, entry.link.channel)
        elif isinstance(entry.body, Pruned):
            span.prunings.append((index, entry.body))
        self._append(stored.leaf)

    def _append(self, leaf: bytes) -> None:
        span = self.span
        if span.tree.size % WIDTH == WIDTH - 1 and span.start % WIDTH == 0:
            first = span.start // WIDTH
            for subtree in completed_by(span.tree, leaf):
                if subtree.level == 1:
                    span.subtrees.append(replace(subtree, index=first + subtree.index))
        span.tree = span.tree.append(leaf)

    def _position(self, stored: StoredEntry, index: int) -> None:
        """Step 1: entries are dense, from 0."""
        if stored.index != index:
            raise missing_entry(index, stored.index)

    def _leaf(self, stored: StoredEntry, index: int) -> None:
        """Step 2: salt and bytes hash to the remembered leaf."""
        if len(stored.salt) != SALT_BYTES:
            raise broken_entry(index, f"has a salt of {len(stored.salt)} bytes, not {SALT_BYTES}")
        if entry_hash(stored.salt, stored.body) != stored.leaf:
            raise broken_entry(index, "was altered: its bytes do not hash to its leaf")

    def _words(self, stored: StoredEntry, index: int) -> Entry:
        """Step 3: the bytes are canonical and say the same index."""
        entry = parse_entry(stored.body, index=index)
        if entry.index != index:
            raise broken_entry(index, f"says that it is entry {entry.index}")
        return entry

    def _time(self, entry: Entry) -> None:
        """Step 4: time never goes back."""
        if entry.at < self.span.last_at:
            raise back_in_time(entry.index, entry.at)
        self.span.first_at = self.span.first_at or entry.at
        self.span.last_at = entry.at

    def _channel(self, index: int, link: Link, leaf: bytes) -> None:
        """Step 5: sequence numbers are dense and each names the leaf before it."""
        following = (link.seq + 1, leaf.hex())
        known = self.span.channels.get(link.channel)
        if known is None:
            named = (link.seq, link.previous)
            known = ChannelSpan(index=index, last=index, first=named, next=following)
            self.span.channels[link.channel] = known
        elif known.next != (link.seq, link.previous):
            raise astray(index)
        known.last, known.next = index, following

    def _pairing(self, index: int, body: Body, channel: Channel) -> None:
        """Step 6: an end names a start of its own channel that has none yet."""
        if isinstance(body, Opened | Asked):
            self.span.open[index] = (type(body), channel)
            return
        ends: int | None = getattr(body, "ends", None)
        if ends is None:
            return
        if ends < self.span.start or ends in self.span.pruned:
            self.span.ends.append((index, ends, type(body), channel))
        elif not is_end_of(self.span.open.pop(ends, None), type(body), channel):
            raise unpaired(index, ends)


def is_end_of(
    start: tuple[type[Start], Channel] | None, kind: type[Body], channel: Channel
) -> bool:
    """Tell whether a kind of entry may end a start, in its own channel."""
    return start is not None and start[1] == channel and kind in ENDS[start[0]]


def missing_entry(index: int, found: int) -> LedgerError:
    """Say that entries are not dense."""
    return broken_entry(index, f"is missing; the next one found is {found}")


def back_in_time(index: int, at: str) -> LedgerError:
    """Say that time goes back."""
    return broken_entry(index, f"is from {at}, before the one ahead of it")


def astray(index: int) -> LedgerError:
    """Say that a channel is not dense, or not chained."""
    return broken_entry(index, "does not continue its channel")


def unpaired(index: int, ends: int) -> LedgerError:
    """Say that an end has no start."""
    return broken_entry(index, f"ends entry {ends}, which is not open for it")


def broken_entry(index: int, message: str) -> LedgerError:
    """Name an entry that does not hold."""
    return LedgerError(f"entry {index} {message}", index=index)
