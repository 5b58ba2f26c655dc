"""What one party may take of a node."""

import threading

import pytest

from sekisho.errors import EngineError, LedgerError, Refusal, RefusalReason, TrustError
from sekisho.server.bounds import MAX_REFUSALS, REFUSAL_SECONDS, Refusals, Turns
from sekisho.server.late import LateEntries
from sekisho.server.streams import Stream, Streams
from sekisho.server.tickets import LIFETIME_SECONDS, MAX_TICKETS_EACH, Tickets

UA, DL = "ua.example", "dl.example"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def test_a_party_beyond_its_calls_is_refused_and_others_are_not():
    turns = Turns(1)
    with turns.call(UA):
        with pytest.raises(Refusal) as refused, turns.call(UA):
            pass
        assert refused.value.reason is RefusalReason.LIMIT_REACHED
        with turns.call(DL):
            pass
    with turns.call(UA):
        pass


def test_an_answer_in_line_goes_on_when_a_place_comes_free_and_ends_when_it_is_over():
    turns = Turns(1)
    over, entered = threading.Event(), threading.Event()
    failed = []

    def wait(is_over):
        try:
            with turns.in_line(UA, seconds=30, is_over=is_over):
                entered.set()
        except EngineError as error:
            failed.append(error)

    with turns.call(UA):
        hopeful = threading.Thread(target=wait, args=(lambda: False,))
        given_up = threading.Thread(target=wait, args=(over.is_set,))
        hopeful.start()
        given_up.start()
        over.set()
        turns.wake()
        given_up.join(30)
        assert len(failed) == 1
        assert not entered.is_set()
    hopeful.join(30)
    assert entered.is_set()


def test_a_party_that_is_only_refused_is_held_back_for_a_while():
    clock = Clock()
    refusals = Refusals(clock)
    for _ in range(MAX_REFUSALS):
        refusals.check(UA)
        refusals.count(UA)
    with pytest.raises(Refusal) as refused:
        refusals.check(UA)
    assert refused.value.reason is RefusalReason.LIMIT_REACHED
    refusals.check(DL)
    clock.seconds += REFUSAL_SECONDS
    refusals.check(UA)


def test_tickets_of_one_caller_do_not_oust_anothers():
    tickets = Tickets(Clock())
    kept = tickets.issue("kept", bound_to=DL)
    first = tickets.issue("first", bound_to=UA)
    for number in range(MAX_TICKETS_EACH):
        tickets.issue(str(number), bound_to=UA)
    with pytest.raises(TrustError):
        tickets.take(first, bound_to=UA)
    assert tickets.take(kept, bound_to=DL) == "kept"


def test_a_ticket_is_good_once_for_its_caller_and_for_a_minute():
    clock = Clock()
    tickets = Tickets(clock)
    handle = tickets.issue("mine", bound_to=UA)
    with pytest.raises(TrustError):
        tickets.take(handle, bound_to=DL)
    assert tickets.take(handle, bound_to=UA) == "mine"
    with pytest.raises(TrustError):
        tickets.take(handle, bound_to=UA)
    late = tickets.issue("late", bound_to=UA)
    clock.seconds += LIFETIME_SECONDS
    with pytest.raises(TrustError):
        tickets.take(late, bound_to=UA)


def test_an_answer_that_nobody_reads_is_cut_and_one_that_computes_is_not():
    streams, dropped = Streams(), threading.Event()
    computing = Stream(contract="sha256:1", party=DL, drop=lambda: None)
    stalled = Stream(contract="sha256:1", party=UA, drop=dropped.set)
    registered = threading.Event()

    def hold():
        with streams.registered(stalled):
            stalled.handed_at = 10.0
            registered.set()
            dropped.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    registered.wait(30)
    with streams.registered(computing):
        assert streams.cut_stalled(before=10.0, reason="stall") == 0
        assert streams.cut_stalled(before=11.0, reason="stall") == 1
        assert computing.cut_reason == ""
    holder.join(30)
    assert stalled.cut_reason == "stall"
    assert streams.count() == 0


def test_an_end_that_the_ledger_does_not_take_is_tried_until_it_does():
    late, tried = LateEntries(), []

    def work():
        tried.append(len(tried))
        if len(tried) < 3:
            raise LedgerError("the disk is full")

    late.record(work, index=7)
    for _ in range(5):
        late.retry()
    assert len(tried) == 3


def test_an_end_that_turns_out_to_be_there_is_not_tried_again():
    late, tried = LateEntries(), []

    def work():
        tried.append(1)
        raise LedgerError("full") if len(tried) == 1 else LedgerError("not open", index=7)

    late.record(work, index=7)
    for _ in range(5):
        late.retry()
    assert len(tried) == 2
