"""One writer, many callers: durable together, undone alone."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from sekisho.errors import LedgerError
from sekisho.model.limits import DEFAULT_LIMITS
from support.state import CHANNEL, NOW, append_many, opened, refused


def test_what_was_submitted_is_read_by_everybody_at_once(state):
    append_many(state, 3)
    assert [entry.index for entry in state.ledger.entries()] == [0, 1, 2]


def test_the_result_comes_back(state):
    assert state.submit(lambda tx: tx.tree.size) == 0


@pytest.fixture
def held(state):
    """Hold the writer, so that what is submitted meanwhile becomes one batch."""
    go, entered = threading.Event(), threading.Event()

    def hold(_tx):
        entered.set()
        go.wait()

    def run(works):
        with ThreadPoolExecutor(len(works) + 1) as pool:
            first = pool.submit(state.submit, hold)
            entered.wait()
            rest = []
            for count, work in enumerate(works, start=1):
                rest.append(pool.submit(state.submit, work))
                while state._writer._jobs.qsize() < count:
                    pass
            go.set()
            first.result()
            return [future.exception() or future.result() for future in rest]

    return run


def append(state, number):
    return lambda tx: state.ledger.append(tx, refused(number), channel=CHANNEL, now=NOW).index


def fail_after(work):
    def failing(tx):
        work(tx)
        raise ValueError("after writing")

    return failing


def fail_at_once(_tx):
    raise ValueError("before writing")


def test_a_function_that_fails_before_it_writes_leaves_the_batch_alone(state, held):
    outcome = held([append(state, 0), fail_at_once, append(state, 1)])
    assert (outcome[0], outcome[2]) == (0, 1)
    assert str(outcome[1]) == "before writing"
    assert state.ledger.verify().size == 2


def test_a_function_that_fails_after_it_wrote_is_undone_alone(state, held):
    put = state.outbox.put

    def queue_and_fail(tx):
        put(tx, "dl.example", kind="notice", document="sha256:1", now=NOW)
        raise ValueError("after writing")

    works = [append(state, 0), fail_after(append(state, 9)), queue_and_fail, append(state, 1)]
    outcome = held(works)
    assert (outcome[0], outcome[3]) == (0, 1)
    assert [str(error) for error in outcome[1:3]] == ["after writing"] * 2
    assert state.ledger.verify().size == 2
    assert state.outbox.due(NOW) == ()


def test_a_row_that_the_tables_refuse_fails_alone(state, held):
    def wrong(tx):
        tx.db.execute("INSERT INTO charges VALUES ('r', 'c', 'rows', '', -1)")

    outcome = held([append(state, 0), wrong, append(state, 1)])
    assert isinstance(outcome[1], sqlite3.IntegrityError)
    assert state.ledger.verify().size == 2


def test_a_submitted_function_cannot_submit(state):
    with pytest.raises(RuntimeError, match="cannot submit"):
        state.submit(lambda _tx: state.submit(lambda _tx: None))


def test_a_closed_state_says_so(path):
    state = opened(path)
    state.close()
    state.close()
    with pytest.raises(LedgerError, match="closed"):
        state.submit(lambda _tx: None)


def test_too_many_waiting_callers_are_told_at_once(path):
    with opened(path, limits=replace(DEFAULT_LIMITS, max_waiting_writes=1)) as state:
        go, entered = threading.Event(), threading.Event()

        def hold(_tx):
            entered.set()
            go.wait()

        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(state.submit, hold)
            entered.wait()
            second = pool.submit(state.submit, lambda _tx: 2)
            while not state._writer._jobs.qsize():
                pass
            with pytest.raises(LedgerError, match="1 writes are waiting"):
                state.submit(lambda _tx: 3)
            go.set()
            first.result()
            assert second.result() == 2


def test_batches_have_a_bound(path):
    with (
        opened(path, limits=replace(DEFAULT_LIMITS, max_batch_writes=3)) as state,
        ThreadPoolExecutor(8) as pool,
    ):
        list(pool.map(lambda number: state.submit(append(state, number)), range(40)))
        assert state.ledger.verify().size == 40


def test_readers_cannot_write(state):
    with (
        state._readers.connection() as db,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        db.execute("DELETE FROM entries")
