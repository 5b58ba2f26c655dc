"""What no acknowledgement names yet, on either side of an answer.

A consumer's end of an answer is kept in `unacknowledged` until a document names it. At a provider
the request itself says which entry compared its acknowledgement.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from sekisho.errors import LedgerError
from sekisho.ledger.acknowledgement import MAX_ANSWERS, Acknowledged, Ending
from sekisho.ledger.bodies import Asked, Denied, Failed, Interrupted, Received
from sekisho.ledger.entry import Channel, Entry, parse_entry
from sekisho.ledger.instants import parse_moment
from sekisho.model.names import ContractId, PartyId
from sekisho.store.connections import Readers


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Answers of a channel that no acknowledgement names yet."""

    channel: Channel
    answers: int
    since: datetime
    """When the oldest came, or its request did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What the next acknowledgement of a channel has to say."""

    answers: tuple[Acknowledged, ...]
    running: tuple[str, ...]
    through: int
    ended: tuple[int, ...]
    """Indexes of the entries that ended the answers."""


class UnacknowledgedStore:
    """What waits for an acknowledgement, for reading; `AcknowledgementStore` settles it."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def waiting(self, consumer: PartyId) -> tuple[Waiting, ...]:
        """List what this node, as a consumer, has not acknowledged."""
        with self._readers.snapshot() as db:
            rows = db.execute(
                "SELECT provider, contract, count(*), min(at) FROM unacknowledged"
                " GROUP BY provider, contract ORDER BY contract, provider"
            ).fetchall()
        return tuple(
            Waiting(
                channel=_channel(provider, consumer, contract),
                answers=count,
                since=parse_moment(at),
            )
            for provider, contract, count, at in rows
        )

    def awaited(self, provider: PartyId) -> tuple[Waiting, ...]:
        """List what others have not acknowledged to this node, a provider.

        Requests that nobody signed are left out: their company need not have a node.
        """
        with self._readers.snapshot() as db:
            rows = db.execute(
                "SELECT consumer, contract, count(*), min(received_at) FROM requests"
                " WHERE acknowledged IS NULL AND receipt IS NOT NULL AND length(envelope) > 0"
                " GROUP BY contract, consumer ORDER BY contract, consumer"
            ).fetchall()
        return tuple(
            Waiting(
                channel=_channel(provider, consumer, contract),
                answers=count,
                since=parse_moment(at),
            )
            for consumer, contract, count, at in rows
        )

    def collect(self, channel: Channel) -> Collected:
        """Gather what the next acknowledgement says, as it stands at one instant.

        Raises:
            LedgerError: An entry cannot be read.
        """
        with self._readers.snapshot() as db:
            rows = db.execute(
                "SELECT ends.idx, ends.body, starts.body FROM unacknowledged AS waiting"
                " JOIN entries AS ends ON ends.idx = waiting.ended"
                " JOIN entries AS starts ON starts.idx = ends.ends"
                " WHERE waiting.contract = ? AND waiting.provider = ?"
                " AND length(ends.body) > 0 AND length(starts.body) > 0"
                " ORDER BY waiting.ended LIMIT ?",
                (channel.contract, channel.provider, MAX_ANSWERS),
            ).fetchall()
            running = db.execute(
                "SELECT request FROM open_answers WHERE side = 'consumer'"
                " AND contract = ? AND consumer = ? AND provider = ? ORDER BY idx LIMIT ?",
                (*_key(channel), MAX_ANSWERS),
            ).fetchall()
            (last,) = db.execute(
                "SELECT seq FROM channels WHERE contract = ? AND consumer = ? AND provider = ?",
                _key(channel),
            ).fetchone()
        ends = [parse_entry(end, index=index) for index, end, _ in rows]
        starts = [parse_entry(start) for _, _, start in rows]
        link = ends[-1].link if len(ends) == MAX_ANSWERS else None
        return Collected(
            answers=tuple(map(_acknowledged, ends, starts)),
            running=tuple(item[0] for item in running),
            through=link.seq if link else last,
            ended=tuple(entry.index for entry in ends),
        )

    def never_named(self, channel: Channel, *, before: int) -> tuple[str, ...]:
        """List requests from before an entry of this provider's that no acknowledgement names."""
        with self._readers.snapshot() as db:
            rows = db.execute(
                "SELECT digest FROM requests WHERE contract = ? AND consumer = ?"
                " AND acknowledged IS NULL AND start < ? AND length(envelope) > 0"
                " ORDER BY start LIMIT ?",
                (channel.contract, channel.consumer, before, 2 * MAX_ANSWERS),
            ).fetchall()
        return tuple(row[0] for row in rows)


def _acknowledged(end: Entry, start: Entry) -> Acknowledged:
    """Say of one answer what the entry that ended it says."""
    asked, body = start.body, end.body
    if not isinstance(asked, Asked) or not isinstance(
        body, Received | Failed | Denied | Interrupted
    ):
        raise LedgerError(f"entry {end.index} ends no question", index=end.index)
    match body:
        case Received():
            rows, size, verified = body.rows, body.bytes, body.verified
        case Failed():
            rows, size, verified = body.rows, body.bytes, False
        case Denied():
            rows, size, verified = 0, 0, bool(body.receipt)
        case Interrupted():
            rows, size, verified = 0, 0, False
        case _:
            assert_never(body)
    return Acknowledged(
        request=asked.request,
        ending=Ending(end.kind),
        rows=rows,
        bytes=size,
        blake3=body.blake3 if isinstance(body, Received) else "",
        verified=verified,
    )


def _waiting(channel: Channel, answers: int, at: str) -> Waiting:
    return Waiting(channel=channel, answers=answers, since=parse_moment(at))


def _key(channel: Channel) -> tuple[str, str, str]:
    return (channel.contract, channel.consumer, channel.provider)


def _channel(provider: str, consumer: str, contract: str) -> Channel:
    return Channel(
        provider=PartyId(provider), consumer=PartyId(consumer), contract=ContractId(contract)
    )
