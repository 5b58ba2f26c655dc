"""Entries on disk: dense, chained, salted, never before the last."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from sekisho.errors import LedgerError
from sekisho.ledger.entry import Channel
from sekisho.ledger.merkle import Tree
from sekisho.model.limits import DEFAULT_LIMITS
from sekisho.store.ledger_check import check_entries
from sekisho.store.state import open_state
from support.state import CHANNEL, NOW, PROVIDER, append_many, fixed_random, opened, refused

OTHER = Channel(provider=PROVIDER, consumer=PROVIDER, contract=CHANNEL.contract)


def append(state, number=0, *, channel=CHANNEL, now=NOW, note=""):
    return state.submit(
        lambda tx: state.ledger.append(tx, refused(number), channel=channel, now=now, note=note)
    )


def test_channels_have_their_own_dense_numbers(state):
    first = append(state)
    append(state, channel=OTHER)
    append(state)
    links = [entry.link for entry in state.ledger.entries()]
    assert [link.seq for link in links] == [0, 0, 1]
    assert [link.previous for link in links] == ["", "", first.leaf.hex()]


def test_channels_go_on_after_a_restart(place):
    with opened(place) as state:
        first = append(state)
    with opened(place) as state:
        append(state)
        link = state.ledger.get(1).link
        assert (link.seq, link.previous) == (1, first.leaf.hex())


def test_the_position_is_the_ledger_s_at_that_entry(state):
    tree = Tree()
    for number in range(5):
        position = append(state, number).position()
        tree = tree.append(state.ledger.stored(number).leaf)
        assert (position.index, position.size) == (number, number + 1)
        assert position.root == tree.root().hex()
    assert state.ledger.head() == tree


def test_equal_entries_have_salts_and_leaves_of_their_own(state):
    append_many(state, 40)
    stored = list(state.ledger.stored_entries())
    assert len({entry.salt for entry in stored}) == 40
    assert len({entry.leaf for entry in stored}) == 40


def test_salts_come_from_what_was_handed_in(place):
    with open_state(place, now=NOW, random=fixed_random, founding=True) as state:
        append(state)
        assert state.ledger.stored(0).salt == fixed_random(32)


def test_an_instant_slightly_behind_is_recorded_as_the_last_entry_s(state):
    append(state)
    late = append(state, now=NOW - timedelta(seconds=5))
    assert late.at == "2026-12-01T05:00:00.123Z"
    assert state.ledger.verify().size == 2


def test_a_clock_behind_the_last_entry_is_refused(state):
    append(state)
    with pytest.raises(LedgerError, match="the clock is behind the ledger"):
        append(state, now=NOW - timedelta(seconds=5, milliseconds=1))
    assert state.ledger.verify().size == 1


def test_a_clock_that_was_put_back_is_refused_after_a_restart_too(place):
    with opened(place) as state:
        append(state)
    with (
        opened(place, now=NOW - timedelta(days=1)) as state,
        pytest.raises(LedgerError, match="clock is behind"),
    ):
        append(state, now=NOW - timedelta(days=1))


def test_an_entry_has_a_greatest_size(place):
    with (
        opened(place, limits=replace(DEFAULT_LIMITS, max_entry_bytes=100)) as state,
        pytest.raises(LedgerError, match="too large"),
    ):
        append(state)


def test_notes_stay_beside_the_entry(state):
    append(state, note="Could not convert string to INT32")
    assert state.ledger.note(0) == "Could not convert string to INT32"
    assert b"convert" not in state.ledger.stored(0).body
    assert state.ledger.note(1) == ""


def test_an_entry_that_is_not_there_is_said_so(state):
    with pytest.raises(LedgerError, match="no entry 0"):
        state.ledger.get(0)
    assert state.ledger.end_of(0) is None


def test_long_ledgers_are_read_a_page_at_a_time(state):
    append_many(state, 5)
    state.submit(
        lambda tx: [
            state.ledger.append(tx, refused(number), channel=CHANNEL, now=NOW)
            for number in range(2100)
        ]
    )
    assert state.ledger.verify().size == 2105
    assert [entry.index for entry in state.ledger.entries(2103)] == [2103, 2104]
    assert [entry.index for entry in state.ledger.entries(3, 5)] == [3, 4]


def test_callers_at_once_lose_nothing(state):
    with ThreadPoolExecutor(16) as pool:
        appended = list(pool.map(lambda number: append(state, number), range(400)))
    assert sorted(item.index for item in appended) == list(range(400))
    report = state.ledger.verify()
    assert (report.size, report.channels) == (400, 1)


def test_a_long_ledger_is_checked_in_processes_and_the_first_bad_entry_named(state):
    append_many(state, 40)

    def check():
        return check_entries(state._readers, keeps=lambda _subtree: True, entries=8)

    assert check() == state.ledger.verify()
    state.submit(
        lambda tx: tx.db.execute("UPDATE entries SET salt = ? WHERE idx IN (19, 30)", (bytes(32),))
    )
    with pytest.raises(LedgerError, match="entry 19 was altered") as caught:
        check()
    assert caught.value.index == 19
