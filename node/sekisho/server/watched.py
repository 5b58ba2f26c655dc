"""What neighbours have seen of this ledger, and what this node has seen of theirs, in words."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sekisho.ledger.instants import parse_moment
from sekisho.ledger.witnessing import Verdict
from sekisho.model.names import PartyId
from sekisho.store.checkpoints import Conflict, Cosignature, Witnessed, kept_checkpoint
from sekisho.store.state import Records

LATE = timedelta(hours=1)
"""A neighbour that has not cosigned for so long wants to be asked why."""
_WORDS = {
    Verdict.SHORTER: "it showed a checkpoint of {shown} entries after one of {held}",
    Verdict.FORKED: "it signed two different histories of {held} entries; nothing more is cosigned",
    Verdict.SPLIT: "another neighbour saw {shown} entries that do not go with the {held} seen here",
    Verdict.UNPROVEN: "it did not show that {shown} entries grew from the {held} before",
}
_MEND = "call the company; both signed notes are kept: docs/guide/recovering.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One fact."""

    name: str
    words: str
    is_healthy: bool = True


def watched(
    records: Records, neighbours: Collection[PartyId], now: datetime
) -> tuple[Watched, ...]:
    """List what an operator wants to know of ledgers, this node's own first.

    Args:
        records: The node's.
        neighbours: Parties with a contract in common.
        now: When.
    """
    return (*_doubts(records), *_cosigned(records, neighbours, now), *_others(records))


def _doubts(records: Records) -> Iterator[Watched]:
    for doubt in records.standing.doubts():
        error = doubt.error()
        words = f"nothing is served: {error.message}; {error.hint}"
        yield Watched(name="ledger in doubt", words=words, is_healthy=False)


def _cosigned(
    records: Records, neighbours: Collection[PartyId], now: datetime
) -> Iterator[Watched]:
    epoch, size = records.standing.epoch(), records.ledger.head().size
    newest = {
        item.party: item for item in records.checkpoints.cosignatures() if item.epoch == epoch
    }
    for party in sorted(neighbours):
        name = f"cosigned by {party}"
        seen = newest.get(party)
        if seen is None:
            yield Watched(name=name, words=f"nothing of {size} entries yet")
        else:
            yield Watched(name=name, words=_behind(seen, size), is_healthy=_is_timely(seen, now))


def _behind(seen: Cosignature, size: int) -> str:
    return f"{seen.size} of {size} entries, at {seen.at}"


def _is_timely(seen: Cosignature, now: datetime) -> bool:
    return now - parse_moment(seen.at) < LATE


def _others(records: Records) -> Iterator[Watched]:
    """Tell what does not fit in others' ledgers, and where one was recovered."""
    for conflict in records.checkpoints.conflicts():
        if not conflict.is_resolved:
            words = f"{_conflict(conflict)}, at {conflict.at}; {_MEND}"
            yield Watched(name=f"ledger of {conflict.party}", words=words, is_healthy=False)
    before: Witnessed | None = None
    for item in records.checkpoints.witnessed():
        if before is not None and before.held.party == item.held.party:
            words = (
                f"recovered: epoch {before.held.epoch} had {before.held.size} entries; epoch"
                f" {item.held.epoch} has {item.held.size}, seen at {item.at}"
            )
            yield Watched(name=f"ledger of {item.held.party}", words=words)
        before = item


def _conflict(conflict: Conflict) -> str:
    held, shown = (
        kept_checkpoint(note, conflict.party).size for note in (conflict.held, conflict.shown)
    )
    return _WORDS[conflict.verdict].format(held=held, shown=shown)
