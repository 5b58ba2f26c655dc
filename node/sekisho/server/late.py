"""Ends of answers and questions that the ledger could not take when they came."""

import logging
from collections.abc import Callable
from queue import SimpleQueue

from sekisho.errors import LedgerError
from sekisho.server import log


class LateEntries:
    """Keeps what could not be recorded and tries again, so that nothing stays open for ever.

    Each is one that was opened while the disk still took entries, so they are few.
    """

    def __init__(self) -> None:
        """Start with nothing left over."""
        self._waiting: SimpleQueue[Callable[[], object]] = SimpleQueue()

    def record(self, work: Callable[[], object], *, index: int) -> None:
        """Record an end now, or as soon as the ledger takes entries again.

        Args:
            work: Records it, at the instant at which it is called.
            index: Of the entry that began what ends.
        """
        try:
            work()
        except LedgerError as error:
            # Should the node fall first, its next start makes the open entry `interrupted`.
            log.note("end not recorded", logging.ERROR, index=index, message=error.message)
            self._waiting.put(work)

    def retry(self) -> None:
        """Try what is left over once more."""
        for _ in range(self._waiting.qsize()):
            work = self._waiting.get()
            try:
                work()
            except LedgerError as error:
                if error.index is None:  # an index says that it has ended after all
                    self._waiting.put(work)
