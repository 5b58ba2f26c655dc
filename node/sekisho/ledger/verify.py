"""Check a whole ledger against the head that its node keeps, one entry at a time.

The steps are those of `docs/spec/ledger.md`; each is a function whose docstring carries its number,
here or in `ledger.spans`. The first entry that does not hold stops the check and is named. Memory
grows with the channels and with the answers that are open at once, not with the ledger.

Entries in a row can be checked apart from what is before them, in another process: what only the
entries before can tell is kept in a `Span`, and checked where spans are joined.

Spans may be read one after the other while their node prunes: one that was read early has bodies
that are gone by the time at which a later one is read. What was deleted meanwhile is named by
entries `pruned` that came meanwhile, so the last span, read with the head, tells it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from sekisho.errors import LedgerError
from sekisho.ledger.indexes import Indexes, parse_indexes
from sekisho.ledger.merkle import Tree
from sekisho.ledger.spans import (
    Gap,
    Span,
    StoredEntry,
    astray,
    back_in_time,
    broken_entry,
    check_span,
    is_end_of,
    missing_entry,
    unpaired,
)
from sekisho.ledger.tiles import WIDTH, Subtree, completed_by
from sekisho.model.names import ContractId

Keeps: TypeAlias = Callable[[Subtree], bool]
"""Tells whether a store keeps a whole subtree as it follows from the entries."""
_Named: TypeAlias = tuple[ContractId, Indexes]
"""What one entry `pruned` names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerReport:
    """What a ledger that holds was found to contain."""

    size: int
    root: bytes
    channels: int
    open: tuple[int, ...]
    """Indexes of answers and questions without an end: running, or cut off by a fall."""
    pruned: int
    """Entries of which only the leaf is left, each named by an entry `pruned`."""
    first_at: str
    """Empty for an empty ledger."""
    last_at: str


def verify_ledger(
    entries: Iterable[StoredEntry],
    *,
    head: Tree,
    keeps: Keeps = lambda _subtree: True,
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
    return join_spans([check_span(entries, start=0)], head=head, keeps=keeps)


def join_spans(
    spans: Iterable[Span],
    *,
    head: Tree,
    keeps: Keeps = lambda _subtree: True,
    settled: int | None = None,
) -> LedgerReport:
    """Check what only spans together can tell, then the root.

    Args:
        spans: All of them, in order; each but the last of one size, which is a power of two, and
            of 256 entries or more where `keeps` is to be asked.
        head: As for `verify_ledger`.
        keeps: Likewise.
        settled: How many entries there were before the first of them was read, where the ledger
            grew since: what later entries `pruned` name may have been read with its body.

    Raises:
        LedgerError: As for `verify_ledger`.
    """
    whole = Span(start=0)
    for span in spans:
        broken = [*_breaks(whole, span), *([span.error] if span.error else [])]
        broken += _kept_otherwise(whole, span, keeps)
        if broken:
            raise min(broken, key=_place)
        _join(whole, span)
    return _finish(whole, head, settled=head.size if settled is None else settled)


def _breaks(whole: Span, span: Span) -> Iterator[LedgerError]:
    """Find what does not hold between a span and all before it: steps 1, 4, 5 and 6."""
    if span.tree.size and span.start != whole.tree.size:
        yield missing_entry(whole.tree.size, span.start)
    if span.first_at and span.first_at < whole.last_at:
        yield back_in_time(span.start, span.first_at)
    for channel, found in span.channels.items():
        known = whole.channels.get(channel)
        if found.first == (known.next if known else (0, "")):
            continue
        # Whether they are its contract's, and pruned, is said when all is read.
        if not _has_pruned(whole, span, after=known.last if known else -1, before=found.index):
            yield astray(found.index)
    ended: set[int] = set()
    for index, ends, kind, channel in span.ends:
        if ends in whole.pruned or ends in span.pruned:
            continue
        start = None if ends in ended else whole.open.get(ends)
        ended.add(ends)
        if not is_end_of(start, kind, channel):
            yield unpaired(index, ends)


def _kept_otherwise(whole: Span, span: Span, keeps: Keeps) -> list[LedgerError]:
    """Step 9: the subtrees that proofs are made of are those of the entries."""
    tops = whole.tops
    for subtree in span.subtrees:
        above = (replace(item, level=item.level + 1) for item in completed_by(tops, subtree.root))
        if not all(map(keeps, (subtree, *above))):
            last = (subtree.index + 1) * WIDTH - 1
            return [broken_entry(last, "ends a subtree that is kept otherwise")]
        tops = tops.append(subtree.root)
    return []


def _join(whole: Span, span: Span) -> None:
    whole.tree = whole.tree.extend(span.tree)
    whole.first_at = whole.first_at or span.first_at
    whole.last_at = span.last_at or whole.last_at
    for channel, found in span.channels.items():
        known = whole.channels.get(channel)
        if known is not None and found.first != known.next:
            missing = found.first[0] - known.next[0]
            gap = Gap(channel=channel, last=known.last, index=found.index, missing=missing)
            whole.gaps.append(gap)
        first = found if known is None else known
        whole.channels[channel] = replace(found, index=first.index, first=first.first)
    for _, ends, _, _ in span.ends:
        whole.open.pop(ends, None)
    for start, stop in span.pruned.stretches():
        whole.pruned.add(start, stop - 1)
    whole.prunings += span.prunings
    for subtree in span.subtrees:
        whole.tops = whole.tops.append(subtree.root)
    whole.open |= span.open


def _finish(whole: Span, head: Tree, *, settled: int) -> LedgerReport:
    """Step 7: size and root are the head's."""
    if whole.tree.size != head.size:
        message = f"the ledger's head counts {head.size} entries, found {whole.tree.size}"
        raise LedgerError(message, index=min(whole.tree.size, head.size))
    meanwhile = [
        (body.contract, parse_indexes(body.entries))
        for index, body in whole.prunings
        if index >= settled
    ]
    broken = [
        *_unfounded(whole),
        *_unexplained(whole.gaps, meanwhile),
        *_unnamed(whole, settled=settled),
    ]
    if broken:
        raise min(broken, key=_place)
    root = whole.tree.root()
    if root != head.root():
        message = "the entries do not lead to the root of the ledger's head"
        raise LedgerError(message)
    return LedgerReport(
        size=whole.tree.size,
        root=root,
        channels=len(whole.channels),
        open=tuple(index for index in whole.open if not _is_named(index, meanwhile)),
        pruned=len(whole.pruned),
        first_at=whole.first_at,
        last_at=whole.last_at,
    )


def _has_pruned(whole: Span, span: Span, *, after: int, before: int) -> bool:
    """Tell whether there are entries without a body between two others."""
    stretches = (*whole.pruned.stretches(), *span.pruned.stretches())
    return any(start < before and after < stop - 1 for start, stop in stretches)


def _unfounded(whole: Span) -> Iterator[LedgerError]:
    """Step 5 again: a channel that does not begin with 0 lost its beginning by a pruning."""
    contracts = {body.contract for _, body in whole.prunings}
    for channel, found in whole.channels.items():
        if found.first != (0, "") and channel.contract not in contracts:
            yield astray(found.index)


def _unexplained(gaps: Iterable[Gap], meanwhile: Collection[_Named]) -> Iterator[LedgerError]:
    """Step 5 again: what is missing inside a channel was pruned while the ledger was read."""
    for gap in gaps:
        named = [item for item in meanwhile if item[0] == gap.channel.contract]
        found = sum(_is_named(index, named) for index in range(gap.last + 1, gap.index))
        if not 0 < gap.missing <= found:
            yield astray(gap.index)


def _is_named(index: int, prunings: Iterable[_Named]) -> bool:
    return any(index in entries for _, entries in prunings)


def _unnamed(whole: Span, *, settled: int) -> Iterator[LedgerError]:
    """Step 8: the entries without a body are those that later entries `pruned` name, each once."""
    named: set[int] = set()
    for index, body in whole.prunings:
        for entry in parse_indexes(body.entries):
            is_gone = entry in whole.pruned or index >= settled
            if entry >= index or entry in named or not is_gone:
                yield broken_entry(index, f"says that entry {entry} was pruned, which is not so")
            if entry >= index:
                break  # in a few digits, a stretch could go on without end
            named.add(entry)
    for entry in whole.pruned:
        if entry not in named:
            yield broken_entry(entry, "has no body, and no entry `pruned` names it")


def _place(error: LedgerError) -> int:
    return -1 if error.index is None else error.index
