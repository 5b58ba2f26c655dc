"""Checks a ledger while its node goes on: in stretches, a long one in as many processes as cores.

Each stretch is read as it was at one instant of its own, so that no long reading holds a file's
write-ahead log back. The last one is read with the head, after all others: entries `pruned` that it
holds explain whatever was deleted while the others were read.
"""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from functools import partial
from multiprocessing import get_context
from typing import Final

from sekisho.errors import LedgerError
from sekisho.ledger.merkle import Tree, parse_frontier
from sekisho.ledger.spans import Span, StoredEntry, check_span
from sekisho.ledger.verify import Keeps, LedgerReport, join_spans
from sekisho.store.connections import Readers
from sekisho.store.database import Connection, Database

SPAN_ENTRIES: Final = 1 << 14
"""Entries of a stretch, a power of two: some 15 MB, a quarter of a second of one core."""
MIN_SPANS: Final = 4
"""Below so many, starting processes takes longer than checking."""
_SELECT = "SELECT idx, salt, body, leaf FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx"


def check_entries(
    readers: Readers, *, keeps: Keeps, entries: int = SPAN_ENTRIES, min_spans: int = MIN_SPANS
) -> LedgerReport:
    """Check every entry of a state against its head.

    Args:
        readers: Of the state; each process opens it for reading alone.
        keeps: As for `verify_ledger`.
        entries: Of each stretch, a power of two.
        min_spans: From how many whole stretches on there are processes.

    Raises:
        LedgerError: As `verify_ledger`; or a process was ended.
    """
    with readers.connection() as db:
        settled = _head(db).size
    starts = range(0, settled - settled % entries, entries)
    check = _check_apart if len(starts) >= min_spans else _check_here
    spans: list[Span] = []
    for span in check(readers.database.for_reading(), starts, entries):
        spans.append(span)
        if span.error is not None:
            break
    with readers.snapshot() as db:
        head = _head(db)
        spans += [
            check_stretch(db, start, min(start + entries, head.size))
            for start in range(starts.stop, head.size, entries)
        ]
    return join_spans(spans, head=head, keeps=keeps, settled=settled)


def check_stretch(db: Connection, start: int, stop: int) -> Span:
    """Check entries in a row as they are at one instant: one statement reads them."""
    entries = (
        StoredEntry(index=index, salt=salt, body=body, leaf=leaf)
        for index, salt, body, leaf in db.execute(_SELECT, (start, stop))
    )
    return check_span(entries, start=start)


def _check_here(database: Database, starts: Iterable[int], entries: int) -> Iterator[Span]:
    return (_check(database, entries, start) for start in starts)


def _check_apart(database: Database, starts: Iterable[int], entries: int) -> Iterator[Span]:
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as processes:
        try:
            yield from processes.map(partial(_check, database, entries), starts)
        except BrokenProcessPool as error:
            raise LedgerError(
                "a process that checked the ledger was ended from outside",
                hint="see that the machine has memory left, and run it again",
            ) from error
        finally:
            processes.shutdown(cancel_futures=True)


def _check(database: Database, entries: int, start: int) -> Span:
    with closing(database.open_reader()) as db:
        return check_stretch(db, start, start + entries)


def _head(db: Connection) -> Tree:
    return parse_frontier(*db.execute("SELECT size, frontier FROM head").fetchone())
