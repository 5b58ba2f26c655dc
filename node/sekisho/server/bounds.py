"""What one company may take of a node, so that the others are still served."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sekisho.errors import EngineError, Refusal, RefusalReason
from sekisho.model.names import PartyId

MAX_CALLS_PER_PARTY = 48
"""Calls at once of one party: half of the face's, so that nobody can hold all of them."""
MAX_RUNNING_PER_PARTY = 6
"""Answers of one party that hold an engine worker; the rest of its answers wait in line.

Two fewer than the engine's workers: a party that reads none of its answers leaves two to others.
"""
MAX_REFUSALS = 1_000
"""Refusals that a party may collect at once; each is a durable entry with the query's text."""
REFUSAL_SECONDS = 5.0
"""After so long one refusal is forgiven: a flood writes at most some 100 MB a day."""


class Turns:
    """Counts what each party has running; safe from any thread."""

    def __init__(self, most: int) -> None:
        """Allow each party so many at once."""
        self._most = most
        self._state = threading.Condition()
        self._running: Counter[PartyId] = Counter()

    @contextmanager
    def call(self, party: PartyId) -> Iterator[None]:
        """Hold a place while a call runs.

        Raises:
            Refusal: `LIMIT_REACHED`: the party holds all of its places.
        """
        if not self._take(party, seconds=0.0):
            raise Refusal(
                RefusalReason.LIMIT_REACHED,
                f"{self._most} calls at once is the most, and as many are running",
                hint="wait until one of them ends",
            )
        try:
            yield
        finally:
            self._give(party)

    @contextmanager
    def in_line(
        self, party: PartyId, *, seconds: float, is_over: Callable[[], object]
    ) -> Iterator[None]:
        """Wait for a place and hold it.

        Args:
            party: Whose.
            seconds: How long to wait.
            is_over: Tells that there is nothing to wait for any more; looked at after `wake`.

        Raises:
            EngineError: None came free in time, or it is over.
        """
        if not self._take(party, seconds=seconds, is_over=is_over):
            raise EngineError("the party's other answers hold all of its engine workers")
        try:
            yield
        finally:
            self._give(party)

    def wake(self) -> None:
        """Have everybody in line look whether it is over."""
        with self._state:
            self._state.notify_all()

    def _take(
        self, party: PartyId, *, seconds: float, is_over: Callable[[], object] = lambda: False
    ) -> bool:
        def is_free() -> bool:
            return self._running[party] < self._most

        with self._state:
            self._state.wait_for(lambda: is_over() or is_free(), seconds)
            if is_over() or not is_free():
                return False
            self._running[party] += 1
            return True

    def _give(self, party: PartyId) -> None:
        with self._state:
            self._running[party] -= 1
            if not self._running[party]:
                del self._running[party]
            self._state.notify_all()


class Refusals:
    """Holds back a party that does nothing but be refused; safe from any thread."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """Start with nothing counted; `monotonic` gives seconds that never step back."""
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._counted: dict[PartyId, tuple[float, float]] = {}

    def check(self, party: PartyId) -> None:
        """Admit a party's next query.

        Raises:
            Refusal: `LIMIT_REACHED`: too many of its queries were refused; this one leaves no
                entry, or a flood would fill the disk.
        """
        with self._lock:
            count = self._now(party)
        if count >= MAX_REFUSALS:
            raise Refusal(
                RefusalReason.LIMIT_REACHED,
                f"{MAX_REFUSALS} queries were refused; nothing is looked at for a while",
                hint=f"wait; one more is looked at every {REFUSAL_SECONDS:g} seconds",
            )

    def count(self, party: PartyId) -> None:
        """Count one refusal."""
        with self._lock:
            self._counted[party] = (self._now(party) + 1, self._monotonic())

    def _now(self, party: PartyId) -> float:
        count, at = self._counted.get(party, (0.0, 0.0))
        return max(0.0, count - (self._monotonic() - at) / REFUSAL_SECONDS)


class Pace:
    """Holds back a party that calls too often; safe from any thread."""

    def __init__(self, most: int, seconds: float, monotonic: Callable[[], float]) -> None:
        """Allow each party so many calls at once, and one more after each so many seconds."""
        self._most = most
        self._seconds = seconds
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._counted: dict[PartyId, tuple[float, float]] = {}

    def take(self, party: PartyId) -> None:
        """Count one call.

        Raises:
            Refusal: `LIMIT_REACHED`: the party has made too many; nothing was looked at.
        """
        now = self._monotonic()
        with self._lock:
            count, at = self._counted.get(party, (0.0, now))
            count = max(0.0, count - (now - at) / self._seconds)
            if count + 1 > self._most:
                raise Refusal(
                    RefusalReason.LIMIT_REACHED,
                    f"{self._most} calls of this kind at once is the most",
                    hint=f"wait; one more is answered every {self._seconds:g} seconds",
                )
            self._counted[party] = (count + 1, now)
