"""One writer, many callers: durable together, undone alone."""

import contextlib
import re
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest

from sekisho.errors import LedgerError
from sekisho.model.limits import DEFAULT_LIMITS
from sekisho.store import connections
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
    assert isinstance(outcome[1], sqlite3.IntegrityError | psycopg.IntegrityError)
    assert state.ledger.verify().size == 2


def test_a_mistaken_statement_fails_alone(state, held):
    outcome = held([append(state, 0), lambda tx: tx.db.execute("SELECT * FROM nowhere")])
    assert outcome[0] == 0
    assert re.search("no such table|does not exist", str(outcome[1]))


def fail_the_disk(tx):
    tx.db.execute("PRAGMA query_only = ON")


def put(tx):
    tx.db.execute("INSERT INTO member_keys (key, party) VALUES (hex(randomblob(8)), 'p')")


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
@pytest.mark.parametrize("failing", [False, True], ids=["freely", "behind savepoints"])
@pytest.mark.parametrize("meets_it", [put, lambda _tx: None], ids=["a function", "the commit"])
def test_a_failing_disk_is_told_to_everybody_and_the_writer_goes_on(state, held, failing, meets_it):
    works = [append(state, 0), fail_the_disk, meets_it, append(state, 1)]
    # A function that fails after it wrote has the whole batch run once more, one by one.
    outcome = held([fail_after(put), *works] if failing else works)[failing:]
    assert {type(error) for error in outcome} == {LedgerError}
    assert all("cannot be written: attempt to write" in error.message for error in outcome)
    assert state.ledger.head().size == 0
    assert state.submit(append(state, 2)) == 0
    assert state.ledger.verify().size == 1


def test_what_waits_when_the_state_closes_is_still_written(place):
    state = opened(place)
    go, entered = threading.Event(), threading.Event()

    def hold(_tx):
        entered.set()
        go.wait()

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(state.submit, hold)
        entered.wait()
        second = pool.submit(state.submit, append(state, 0))
        while not state._writer._jobs.qsize():
            pass
        closing = pool.submit(state.close)
        while state._writer._jobs.qsize() < 2:
            pass
        go.set()
        first.result()
        assert second.result() == 0
        closing.result()
    with opened(place) as state:
        assert state.ledger.verify().size == 1


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_many_readers_at_once_are_served_and_let_go(state):
    append_many(state, 1)
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(state._readers.connection()) for _ in range(20)]
        for db in readers:
            assert db.execute("SELECT count(*) FROM entries").fetchone() == (1,)
    assert len(state._readers._idle) == 16


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_readers_of_a_server_have_a_bound_and_wait(state, monkeypatch):
    monkeypatch.setattr(connections, "WAIT_SECONDS", 0)
    with contextlib.ExitStack() as stack:
        for _ in range(16):
            stack.enter_context(state._readers.connection())
        with pytest.raises(LedgerError, match="too many read it at once"):
            state.ledger.head()
    assert state.ledger.head().size == 0


def test_a_submitted_function_cannot_submit(state):
    with pytest.raises(RuntimeError, match="cannot submit"):
        state.submit(lambda _tx: state.submit(lambda _tx: None))


def test_a_closed_state_says_so(place):
    state = opened(place)
    state.close()
    state.close()
    with pytest.raises(LedgerError, match="closed"):
        state.submit(lambda _tx: None)


def test_too_many_waiting_callers_are_told_at_once(place):
    with opened(place, limits=replace(DEFAULT_LIMITS, max_waiting_writes=1)) as state:
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


def test_batches_have_a_bound(place):
    with (
        opened(place, limits=replace(DEFAULT_LIMITS, max_batch_writes=3)) as state,
        ThreadPoolExecutor(8) as pool,
    ):
        list(pool.map(lambda number: state.submit(append(state, number)), range(40)))
        assert state.ledger.verify().size == 40


def test_readers_cannot_write(state):
    with (
        state._readers.connection() as db,
        pytest.raises((sqlite3.OperationalError, psycopg.Error), match=r"read.?only"),
    ):
        db.execute("DELETE FROM entries")
