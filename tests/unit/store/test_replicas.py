"""Several processes over one state: each knows what the others do, and what a fall left of them."""

import resource
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from sekisho.documents.envelope import Envelope, PayloadType
from sekisho.errors import LedgerError, NodeError, OutdatedError, Refusal, TrustError
from sekisho.ledger.bodies import Interrupted
from sekisho.ledger.charging import Amount
from sekisho.model.names import ContractId
from sekisho.store.answers import OpenedAnswer, Sent
from sekisho.store.contracts import NewContract
from sekisho.store.database import HEARING_SECONDS
from sekisho.store.postgres import PostgresDatabase
from sekisho.store.postgres_url import read_url
from sekisho.store.requests import StoredRequest
from support.postgres import empty_database
from support.relay import Line
from support.state import (
    CHANNEL,
    CONSUMER,
    CONTRACT,
    DECISION,
    NOW,
    PLAN,
    PROVIDER,
    append_many,
    asked,
    opened,
    received,
    signed_contract,
)

SIGNED = signed_contract("{queries: {max: 20, per: day}, concurrent: 100}")
WAIT_SECONDS = 10
MANY_FILES = 1_100
"""More than `select` takes."""
SENT = Sent(rows=1, bytes=1, blake3="ab" * 32)


@pytest.fixture
def replicas(url):
    """Open the state as another process does, as often as a test wants."""
    empty_database(url)
    with ExitStack() as stack:

        def another():
            database = PostgresDatabase(read_url(url, root=Path()), party=PROVIDER)
            return stack.enter_context(opened(database))

        yield another


def answer(state, number=0, *, signed=SIGNED, decided_at=None):
    return state.answers.open(
        received(number, signed=signed),
        signed,
        decision=DECISION,
        plan=PLAN,
        now=NOW,
        decided_at=decided_at,
    )


def propose(state, contract=CONTRACT):
    envelope = Envelope(payload=b"{}", payload_type=PayloadType.CONTRACT, signatures=())
    new = NewContract(id=contract, title="Delays", envelope=envelope, amends=None, by=CONSUMER)
    state.submit(lambda tx: state.contracts.add(tx, new, now=NOW))


def fall(state):
    """Lose a process's session, as the server sees it when that is killed; return once it has."""
    with psycopg.connect(state._database._connection, autocommit=True) as raw:
        raw.execute(
            "SELECT pg_terminate_backend(pid, %s) FROM pg_locks WHERE locktype = 'advisory'"
            " AND objid = %s::bigint::oid",
            (WAIT_SECONDS * 1000, state._database.replica),
        )


def ended(state):
    bodies = [entry.body for entry in state.ledger.entries()]
    return [body.ends for body in bodies if isinstance(body, Interrupted)]


def test_each_process_has_a_number_of_its_own(replicas):
    assert len({replicas()._database.replica for _ in range(3)}) == 3


def test_fifty_callers_of_two_processes_under_a_limit_of_twenty_get_exactly_twenty(replicas):
    states = [replicas(), replicas()]

    def attempt(number):
        try:
            return answer(states[number % 2], number)
        except Refusal as refusal:
            return refusal

    with ThreadPoolExecutor(50) as pool:
        outcome = list(pool.map(attempt, range(50)))
    assert sum(isinstance(item, OpenedAnswer) for item in outcome) == 20
    assert states[0].ledger.verify().size == states[1].ledger.verify().size == 20


def test_answers_at_once_are_counted_over_all_processes(replicas):
    signed = signed_contract("{concurrent: 1}")
    first, second = replicas(), replicas()
    answer(first, 0, signed=signed)
    with pytest.raises(Refusal, match="1 queries at once"):
        answer(second, 1, signed=signed)


def test_a_nonce_is_used_up_at_every_process(replicas):
    first, second = replicas(), replicas()
    answer(first)
    assert isinstance(answer(second), StoredRequest)
    with pytest.raises(TrustError, match="nonce was used"):
        second.answers.open(
            replace(received(0, signed=SIGNED), digest="sha256:" + "ff" * 32),
            SIGNED,
            decision=DECISION,
            plan=PLAN,
            now=NOW,
        )


def test_what_a_fallen_process_left_open_is_interrupted_by_another_and_nothing_else(replicas):
    first, second = replicas(), replicas()
    lost = answer(first, 0).index
    question = first.questions.ask(asked(), channel=CHANNEL, now=NOW).index
    kept = answer(second, 1).index
    assert second.sweep(NOW) == ()
    fall(first)
    assert second.sweep(NOW) == (lost, question)
    assert second.sweep(NOW) == ()
    assert ended(second) == [lost, question]
    second.answers.close(kept, SENT, now=NOW)
    assert second.ledger.verify().open == ()


def test_an_answer_of_a_lost_session_cannot_be_gone_on_with(replicas):
    state = replicas()
    index = answer(state).index
    number = state._database.replica
    fall(state)
    with pytest.raises(LedgerError, match="cannot be reached"):
        state.submit(lambda _tx: None)
    for step in (
        lambda: state.answers.reserve(index, Amount(rows=1, bytes=1)),
        lambda: state.answers.close(index, SENT, now=NOW),
    ):
        with pytest.raises(LedgerError, match="is not open") as failed:
            step()
        assert failed.value.index == index
    assert state._database.replica > number
    assert state.sweep(NOW) == (index,)


def test_a_commit_in_doubt_is_told_as_failed_charged_once_and_interrupted(replicas, monkeypatch):
    state = replicas()
    commit = state._database.commit

    def lose_the_word_of_it(db, *, news):
        monkeypatch.undo()
        commit(db, news=news)
        db.close()
        raise psycopg.OperationalError("the connection is lost")

    monkeypatch.setattr(state._database, "commit", lose_the_word_of_it)
    with pytest.raises(LedgerError, match="cannot be written"):
        answer(state)
    assert state.sweep(NOW) == (0,)
    assert isinstance(answer(state), StoredRequest)
    query = "SELECT used FROM charges WHERE name = 'queries'"
    assert state.submit(lambda tx: tx.db.execute(query).fetchall()) == [(1,)]
    assert state.ledger.verify().open == ()


def test_a_decision_holds_for_one_version_of_contracts(replicas):
    first, second = replicas(), replicas()
    version = second.version
    propose(first)
    with pytest.raises(OutdatedError):
        answer(second, decided_at=version)
    with pytest.raises(OutdatedError):
        second.answers.refuse(received(1), Refusal("SUSPENDED", "no"), now=NOW, decided_at=version)
    assert second.version == first.version > version
    assert second.decide(lambda version: answer(second, decided_at=version)).index == 1


def test_entries_about_queries_change_no_version(replicas):
    state = replicas()
    version = state.version
    append_many(state, 2)
    assert state.version == version


def test_what_never_stops_changing_is_not_decided(replicas):
    state = replicas()

    def step(_version):
        raise OutdatedError

    with pytest.raises(OutdatedError, match="have changed meanwhile"):
        state.decide(step)


def nothing():
    """Nobody has to be told."""


def test_who_tells_others_finds_that_this_process_listens(replicas):
    """Told before it does, a balancer would be sent away for another second."""
    state, found = replicas(), threading.Semaphore(0)

    def look():
        state.check_in_touch()
        found.release()

    state.watch(on_news=nothing, on_lost=pytest.fail, on_found=look)
    assert found.acquire(timeout=WAIT_SECONDS)


@contextmanager
def listening(state):
    news, lost = threading.Semaphore(0), threading.Semaphore(0)
    state.watch(on_news=news.release, on_lost=lost.release, on_found=nothing)
    assert news.acquire(timeout=WAIT_SECONDS)
    yield news, lost


def test_a_change_is_heard_by_all_who_listen(replicas):
    first, second = replicas(), replicas()
    with listening(second) as (news, _):
        propose(first)
        assert news.acquire(timeout=WAIT_SECONDS)
        assert second.version == first.version


def test_a_listener_hears_beside_a_thousand_open_files(replicas):
    """A node holds a file for every connection of its callers."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    first, second = replicas(), replicas()
    with ExitStack() as files:
        files.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 2 * MANY_FILES)), hard))
        while files.enter_context(Path("/dev/null").open("rb")).fileno() < MANY_FILES:
            pass
        with listening(second) as (news, _):
            propose(first)
            assert news.acquire(timeout=WAIT_SECONDS)


def test_a_listener_that_is_lost_says_so_and_comes_back(replicas, url):
    first, second = replicas(), replicas()
    with listening(second) as (news, lost), psycopg.connect(url, autocommit=True) as raw:
        raw.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database()"
            " AND query IN ('SELECT version FROM head', 'SELECT 1')"
        )
        assert lost.acquire(timeout=WAIT_SECONDS)
        assert news.acquire(timeout=WAIT_SECONDS)
        second.check_in_touch()
        propose(first)
        assert news.acquire(timeout=WAIT_SECONDS)


def test_without_a_listener_nothing_is_decided(replicas, monkeypatch):
    state = replicas()
    with listening(state):
        monkeypatch.setattr(state._watch, "_is_listening", False)
        with pytest.raises(LedgerError, match="out of reach"):
            state.decide(lambda _version: None)


def test_what_is_done_about_news_holds_up_neither_other_news_nor_the_listening(replicas):
    """An answer that is slow to end is waited for while the next contract ends."""
    first, second = replicas(), replicas()
    acting, news = threading.Event(), threading.Semaphore(0)

    def act():
        news.release()
        assert acting.wait(WAIT_SECONDS)

    acting.set()
    second.watch(on_news=act, on_lost=pytest.fail, on_found=nothing)
    assert news.acquire(timeout=WAIT_SECONDS)
    acting.clear()
    try:
        for number in range(3):
            propose(first, ContractId(f"sha256:{number:064}"))
            assert news.acquire(timeout=WAIT_SECONDS)
            assert second.version == first.version
        listened = second._watch._heard_at
        until(lambda: second._watch._heard_at > listened)
        second.check_in_touch()
    finally:
        acting.set()


@pytest.fixture
def far(tmp_path):
    """Open the state over a line that can go dead, as another process does."""
    with ExitStack() as stack:

        def another(url):
            socket = next(Path(url.partition("host=")[2]).glob(".s.PGSQL.*[0-9]"))
            line = stack.enter_context(closing(Line(tmp_path / socket.name, socket)))
            moved = url.replace(str(socket.parent), str(tmp_path))
            database = PostgresDatabase(read_url(moved, root=Path()), party=PROVIDER)
            return line, stack.enter_context(opened(database))

        yield another


def test_a_process_whose_line_is_dead_answers_nothing_after_a_bounded_time(replicas, far, url):
    """Its connections stand, and nothing comes through: it cannot tell but by the time."""
    near = replicas()
    line, state = far(url)
    with listening(state) as (news, lost):
        version = state.version
        line.flowing.clear()
        dead_at = time.monotonic()
        propose(near)
        assert lost.acquire(timeout=WAIT_SECONDS)
        assert time.monotonic() - dead_at < HEARING_SECONDS + 1
        with pytest.raises(LedgerError, match="out of reach"):
            state.decide(lambda _version: None)
        assert state.version == version < near.version
        line.flowing.set()
        assert news.acquire(timeout=WAIT_SECONDS)
        assert state.version == near.version
        state.check_in_touch()


def test_a_line_that_stands_is_confirmed_all_the_time(replicas):
    state = replicas()
    with listening(state) as (_, lost):
        began_at = state._watch._heard_at
        until(lambda: state._watch._heard_at > began_at + HEARING_SECONDS)
        state.check_in_touch()
        assert not lost.acquire(blocking=False)


def until(is_so):
    """Wait until something is so."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline


def test_a_writer_that_is_lost_says_so_and_comes_back(replicas):
    state = replicas()
    with listening(state) as (news, lost):
        fall(state)
        with pytest.raises(LedgerError, match="cannot be reached"):
            state.submit(lambda _tx: None)
        assert lost.acquire(timeout=WAIT_SECONDS)
        state.submit(lambda _tx: None)
        assert news.acquire(timeout=WAIT_SECONDS)


def test_one_of_all_leads_and_another_after_it(replicas):
    first, second = replicas(), replicas()
    assert first.leads()
    assert first.leads()
    assert not second.leads()
    fall(first)
    assert second.leads()


def test_who_is_answered_elsewhere_is_known(replicas):
    first, second = replicas(), replicas()
    index = answer(first).index
    assert second.running_elsewhere(SIGNED.id) == {CONSUMER}
    assert second.running_elsewhere(CONTRACT) == first.running_elsewhere(SIGNED.id) == frozenset()
    first.answers.close(index, SENT, now=NOW)
    assert second.running_elsewhere(SIGNED.id) == frozenset()


def test_a_file_is_one_process_s(path):
    with opened(path) as state:
        index = answer(state).index
        assert state.sweep(NOW) == ()
        assert state.leads()
        assert state.running_elsewhere(SIGNED.id) == frozenset()
        state.watch(on_news=pytest.fail, on_lost=pytest.fail, on_found=pytest.fail)
        state.check_in_touch()
        state.answers.close(index, SENT, now=NOW)


def test_a_transaction_that_had_failed_is_never_told_as_committed(replicas):
    state = replicas()

    def fail_unseen(tx):
        with suppress(psycopg.Error):
            tx.db.raw.execute("SELECT * FROM nowhere")

    with pytest.raises(LedgerError, match="the transaction had failed"):
        state.submit(fail_unseen)
    append_many(state, 1)
    assert state.ledger.verify().size == 1


def test_whoever_must_be_alone_is_told_who_else_is_there(replicas):
    one = replicas()
    one.check_alone()
    with ExitStack() as stack:
        other = stack.enter_context(replicas())
        with pytest.raises(NodeError, match=r"other replicas of the node are running: replica \d"):
            one.check_alone()
        with pytest.raises(NodeError, match="other replicas"):
            other.submit(other.check_alone)
    one.check_alone()
