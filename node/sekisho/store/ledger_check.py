"""Checks a long ledger in as many processes as the machine has cores, each a stretch at a time."""

import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from functools import partial
from multiprocessing import get_context
from typing import Final

from sekisho.errors import LedgerError
from sekisho.ledger.merkle import Tree
from sekisho.ledger.verify import Keeps, LedgerReport, Span, StoredEntry, check_span, join_spans
from sekisho.store.database import Database

SPAN_ENTRIES: Final = 1 << 14
"""Entries of a stretch, a power of two: some 15 MB, a quarter of a second of one core."""
MIN_SPANS: Final = 4
"""Below so many, starting processes takes longer than checking."""
_SELECT = "SELECT idx, salt, body, leaf FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx"


def check_apart(
    database: Database, head: Tree, *, keeps: Keeps, entries: int = SPAN_ENTRIES
) -> LedgerReport:
    """Check every entry of a state against its head.

    Args:
        database: Where the state is; each process opens it for reading alone.
        head: The head up to which entries are read.
        keeps: As for `verify_ledger`.
        entries: Of each stretch, a power of two.

    Raises:
        LedgerError: As `verify_ledger`; or a process was ended.
    """
    starts = range(0, head.size, entries)
    stops = [min(start + entries, head.size) for start in starts]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as processes:
        try:
            return join_spans(
                processes.map(partial(_check, database.for_reading()), starts, stops),
                head=head,
                keeps=keeps,
            )
        except BrokenProcessPool as error:
            raise LedgerError(
                "a process that checked the ledger was ended from outside",
                hint="see that the machine has memory left, and run it again",
            ) from error
        finally:
            processes.shutdown(cancel_futures=True)


def _check(database: Database, start: int, stop: int) -> Span:
    with closing(database.open_reader()) as db:
        entries = (
            StoredEntry(index=index, salt=salt, body=body, leaf=leaf)
            for index, salt, body, leaf in db.execute(_SELECT, (start, stop))
        )
        return check_span(entries, start=start)
