"""Answers that are on their way out, so that a termination can cut them at once."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sekisho.model.names import ContractId, PartyId

POLITE_SECONDS = 0.02
"""How long a cut lets streams end by themselves, so that the peer is told why."""
FINISH_SECONDS = 2.0
"""How long a cut waits, in all, for streams whose calls it has dropped."""


def _nothing() -> None:
    """Stop nothing: the engine has not begun."""


@dataclass(slots=True, kw_only=True)
class Stream:
    """One running answer."""

    contract: ContractId
    party: PartyId
    """The party at the other end."""
    drop: Callable[[], object]
    """Drops the call with whatever is still queued."""
    stop: Callable[[], None] = _nothing
    """Stops the engine, once there is one; may be called from any thread, more than once."""
    handed_at: float | None = None
    """Since when the connection holds a message that the peer has not made room for."""
    cut_reason: str = ""
    """Set once the stream must end; the answer's own thread reads it between batches."""
    ended: threading.Event = field(default_factory=threading.Event)


class Streams:
    """The register of running answers; safe from any thread."""

    def __init__(self) -> None:
        """Start empty."""
        self._lock = threading.Lock()
        self._running: dict[int, Stream] = {}
        self._closing = ""

    @contextmanager
    def registered(self, stream: Stream) -> Iterator[Stream]:
        """Keep a stream in the register while it runs."""
        with self._lock:
            self._running[id(stream)] = stream
            stream.cut_reason = self._closing
        try:
            yield stream
        finally:
            with self._lock:
                del self._running[id(stream)]
            stream.ended.set()

    def cut(self, contract: ContractId, reason: str, *, only: Callable[[PartyId], bool]) -> int:
        """End streams under a contract and wait until they have ended.

        Args:
            contract: Whose streams.
            reason: What the peers and the ledger are told.
            only: Tells of a consumer whether its streams shall end.

        Returns:
            How many streams were cut.
        """
        with self._lock:
            under = [item for item in self._running.values() if item.contract == contract]
        return _end([item for item in under if only(item.party)], reason)

    def cut_stalled(self, *, before: float, reason: str) -> int:
        """End streams whose peers have not read on since an instant; tell how many."""
        with self._lock:
            found = [
                item
                for item in self._running.values()
                if item.handed_at is not None and item.handed_at < before
            ]
        return _end(found, reason)

    def contracts(self) -> frozenset[ContractId]:
        """Name the contracts under which something is running."""
        with self._lock:
            return frozenset(item.contract for item in self._running.values())

    def wait_idle(self, seconds: float) -> None:
        """Wait until nothing is running, but not for ever."""
        with self._lock:
            streams = list(self._running.values())
        deadline = time.monotonic() + seconds
        for stream in streams:
            stream.ended.wait(max(0.0, deadline - time.monotonic()))

    def cut_all(self, reason: str) -> int:
        """End every stream that is running; tell how many."""
        with self._lock:
            streams = list(self._running.values())
        return _end(streams, reason)

    def close(self, reason: str) -> int:
        """End every stream, and each that registers from now on."""
        with self._lock:
            self._closing = reason
        return self.cut_all(reason)

    def count(self) -> int:
        """Tell how many answers are running."""
        with self._lock:
            return len(self._running)


def _end(streams: list[Stream], reason: str) -> int:
    for stream in streams:
        stream.cut_reason = reason
        stream.stop()
    patience = POLITE_SECONDS
    for stream in streams:
        if not stream.ended.wait(patience):
            # A peer that reads slowly must not hold what is queued for it.
            stream.drop()
            patience = 0
    deadline = time.monotonic() + FINISH_SECONDS
    for stream in streams:
        stream.ended.wait(max(0.0, deadline - time.monotonic()))
    return len(streams)
