"""The disk fills up while the node writes.

expect: the commit, which fails for everybody who waited for it
effect: an answer that leaves without its entry, or a ledger that stops for ever or half-way
source: DESIGN 13; docs/spec/ledger.md, what a fall leaves
"""

from concurrent.futures import ThreadPoolExecutor

import pytest

from sekisho.errors import LedgerError
from support.state import CHANNEL, NOW, append_many, opened, refused


def fill(state, pages: int) -> None:
    """Let the file grow by no more than some pages."""
    state.submit(
        lambda tx: tx.db.execute(
            f"PRAGMA max_page_count = {tx.db.execute('PRAGMA page_count').fetchone()[0] + pages}"
        ).fetchone()
    )


def free(state) -> None:
    state.submit(lambda tx: tx.db.execute("PRAGMA max_page_count = 1000000").fetchone())


def test_a_full_disk_stops_answers_loses_nothing_and_passes(tmp_path):
    path = tmp_path / "node.db"
    with opened(path) as state:
        append_many(state, 3)
        fill(state, 4)

        def attempt(number):
            try:
                return state.submit(
                    lambda tx: state.ledger.append(tx, refused(number), channel=CHANNEL, now=NOW)
                )
            except LedgerError as error:
                return error

        with ThreadPoolExecutor(8) as pool:
            outcome = list(pool.map(attempt, range(200)))
        kept = [item for item in outcome if not isinstance(item, LedgerError)]
        failed = [item for item in outcome if isinstance(item, LedgerError)]
        assert failed
        assert {item.message for item in failed} == {
            "the state cannot be written: the disk is full"
        }
        assert all(item.hint for item in failed)
        assert state.ledger.verify().size == 3 + len(kept)
        free(state)
        append_many(state, 2)
    with opened(path) as state:
        assert state.ledger.verify().size == 3 + len(kept) + 2


def test_what_a_full_disk_refused_is_not_there_after_a_restart(tmp_path):
    path = tmp_path / "node.db"
    with opened(path) as state:
        append_many(state, 3)
        fill(state, 0)
        with pytest.raises(LedgerError, match="disk is full"):
            append_many(state, 100)
        size = state.ledger.head().size
    with opened(path) as state:
        assert state.ledger.verify().size == size
