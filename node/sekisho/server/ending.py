"""How an answer ends: whole, or cut for a reason, but once, and with what had left by then."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from blake3 import blake3

from sekisho.errors import EngineError, LedgerError, Refusal, RefusalReason
from sekisho.ledger.bodies import CutReason
from sekisho.server.parts import Parts
from sekisho.server.streams import Stream
from sekisho.store.answers import EndedAnswer, Sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """How an end from outside the stream reads in the ledger and at the peer."""

    reason: CutReason
    refusal: RefusalReason | None
    """None where it is no refusal: the answer may be had by asking again."""
    message: str


_ENDED = Cut(
    reason=CutReason.TERMINATED,
    refusal=RefusalReason.NOT_IN_FORCE,
    message="the contract ended while the answer was on its way",
)
CUTS = {
    "termination": _ENDED,
    "rejection": _ENDED,
    "term": _ENDED,
    "resumption": _ENDED,
    "suspension": Cut(
        reason=CutReason.SUSPENDED,
        refusal=RefusalReason.SUSPENDED,
        message="the provider suspended its part while the answer was on its way",
    ),
    "stopping": Cut(
        reason=CutReason.CANCELLED,
        refusal=RefusalReason.SUSPENDED,
        message="the provider's node is stopping",
    ),
    "lost": Cut(
        reason=CutReason.CANCELLED,
        refusal=None,
        message="the ledger was lost while the answer was on its way",
    ),
    "stall": Cut(
        reason=CutReason.PEER,
        refusal=RefusalReason.LIMIT_REACHED,
        message="the answer was not read for longer than a query may take",
    ),
}
"""By the word that the register of streams is given."""


REFUSED = {
    RefusalReason.LIMIT_REACHED: CutReason.LIMIT,
    RefusalReason.NOT_IN_FORCE: CutReason.TERMINATED,
    RefusalReason.SUSPENDED: CutReason.SUSPENDED,
}
"""What ends a running answer from inside; a dataset that changed is the engine's failure."""


class Call(Protocol):
    """What this module needs of a gRPC call."""

    def add_callback(self, callback: Callable[[], None]) -> bool:
        """Have a function called when the call ends; False when it has ended."""

    def is_active(self) -> bool:
        """Tell whether somebody still waits for the answer."""

    def cancel(self) -> object:
        """Drop the call with what is queued."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What has been handed to the connection so far."""

    rows: int = 0
    bytes: int = 0
    hasher: blake3

    def sent(self, *, whole: bool) -> Sent:
        """Say it as the ledger does; only a whole answer has a digest."""
        digest = self.hasher.hexdigest() if whole else ""
        return Sent(rows=self.rows, bytes=self.bytes, blake3=digest)


class Closing:
    """Ends an answer in the ledger exactly once."""

    def __init__(self, parts: Parts, index: int, tally: Tally) -> None:
        self._parts = parts
        self._index = index
        self._tally = tally
        self._is_ended = False

    def close(self) -> EndedAnswer:
        """Append `closed`; gives the receipt to be signed.

        Raises:
            LedgerError: Nothing can be recorded.
        """
        sent = self._tally.sent(whole=True)
        ended = self._parts.state.answers.close(self._index, sent, now=self._parts.now())
        self._is_ended = True
        return ended

    def abandon(self, stream: Stream) -> None:
        """Append `cut` for an answer that nobody reads any more.

        A cut whose reader was too slow to be told ends here too, when its call is dropped.
        """
        self._cut(CUTS[stream.cut_reason].reason if stream.cut_reason else CutReason.CANCELLED)

    def fail(self, error: Exception, stream: Stream, call: Call) -> Exception:
        """Append `cut` for an answer that failed; gives what its caller shall be told."""
        if stream.cut_reason:
            self.abandon(stream)
            return _error_of(stream)
        if not call.is_active():
            self._cut(CutReason.CANCELLED)
        elif isinstance(error, Refusal):
            self._cut(REFUSED.get(error.reason, CutReason.ENGINE), note=error.message)
        elif isinstance(error, EngineError):
            self._cut(CutReason.ENGINE, note=error.detail)
        else:
            self._cut(CutReason.PEER, note=repr(error))
        return error

    def _cut(self, reason: CutReason, *, note: str = "") -> None:
        if self._is_ended:
            return
        self._is_ended = True
        sent = self._tally.sent(whole=False)
        self._parts.late.record(
            lambda: self._parts.state.answers.cut(
                self._index, sent, reason=reason, now=self._parts.now(), note=note
            ),
            index=self._index,
        )


def check_cut(stream: Stream) -> None:
    """Raise what ends a stream from outside, if something does.

    Raises:
        Refusal: With the reason that the peer is told.
        LedgerError: The ledger was lost.
    """
    if stream.cut_reason:
        raise _error_of(stream)


def _error_of(stream: Stream) -> Refusal | LedgerError:
    cut = CUTS[stream.cut_reason]
    return Refusal(cut.refusal, cut.message) if cut.refusal else LedgerError(cut.message)
