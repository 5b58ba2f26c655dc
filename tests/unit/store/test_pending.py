"""Rows that a batch has collected are what everything in the same batch finds."""

from contextlib import closing
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.errors import LedgerError
from sekisho.ledger.charging import Amount
from sekisho.model.names import PartyId
from sekisho.store.open_answers import (
    OpenAnswer,
    all_open,
    get_open,
    insert_open,
    remove_open,
    save_reserve,
    unlimited,
)
from sekisho.store.standing import check_standing
from support.state import CHANNEL, NOW, opened, received

OTHER = replace(CHANNEL, consumer=PartyId("other.example"))


def answer(index, *, channel=CHANNEL, side="provider"):
    return OpenAnswer(
        index=index,
        side=side,
        channel=channel,
        request="sha256:" + f"{index:064x}",
        nonce=f"{index:032x}",
        terms=unlimited(channel),
        reserve=Amount(rows=1, bytes=10),
    )


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["begin", "other", "ask", "reserve", "end", "write"]), st.integers(0, 5)
    ),
    max_size=30,
)


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    with closing(opened(tmp_path_factory.mktemp("pending") / "node.db")) as state:
        yield state


@given(steps=STEPS)
def test_it_never_matters_whether_a_row_was_written_yet(one, steps):
    """Against a plain dictionary, with the rows written at any point in between."""

    def work(tx):
        tx.db.execute("DELETE FROM open_answers")
        plain = {}
        for step, index in steps:
            take_step(tx, plain, step, index)
            agree(tx, plain)
        assert set(plain.values()) == {replace(item, replica=0) for item in all_open(tx.db)}

    one.submit(work)


def take_step(tx, plain, step, index):
    begun = {
        "begin": partial(answer, index),
        "other": partial(answer, index, channel=OTHER),
        "ask": partial(answer, index, side="consumer"),
    }
    if step == "write":
        assert tx.db is not None
    elif step in begun and index not in plain:
        plain[index] = begun[step]()
        insert_open(tx, plain[index])
    elif step == "reserve" and index in plain:
        reserve = Amount(rows=plain[index].reserve.rows + 1, bytes=20)
        plain[index] = replace(plain[index], reserve=reserve)
        save_reserve(tx, index, reserve)
    elif step == "end" and index in plain:
        del plain[index]
        remove_open(tx, index)


def agree(tx, plain):
    for index in range(6):
        side = plain[index].side if index in plain else "provider"
        if index in plain:
            assert replace(get_open(tx, index, side=side), replica=0) == plain[index]
        else:
            with pytest.raises(LedgerError, match="is not open"):
                get_open(tx, index, side=side)
    for consumers in ((CHANNEL.consumer,), (CHANNEL.consumer, OTHER.consumer)):
        running = [
            item
            for item in plain.values()
            if item.side == "provider" and item.channel.consumer in consumers
        ]
        assert tx.open_rows.count(CHANNEL.contract, consumers) == len(running)


@pytest.mark.parametrize("is_written", [True, False])
def test_a_request_that_comes_again_in_the_same_batch_finds_what_came_of_it(state, is_written):
    request = received(0)

    def work(tx):
        assert state.requests.seen(tx, request) is None
        state.requests.remember(tx, request, start=3, now=NOW)
        if is_written:
            assert tx.db is not None
        found = state.requests.seen(tx, request)
        assert (found.start, found.receipt) == (3, None)
        state.requests.conclude(tx, request.channel.consumer, request.nonce, receipt=b"{}")
        assert state.requests.seen(tx, request).receipt == b"{}"

    state.submit(work)
    assert state.requests.by_digest(request.digest).receipt == b"{}"


def test_collected_rows_that_somebody_elses_read_writes_are_no_change_of_its_own(state):
    """Else every refusal in a batch would have the whole batch undone and run again."""

    def work(tx):
        before = tx.changes
        insert_open(tx, answer(0))
        state.requests.remember(tx, received(0), start=0, now=NOW)
        assert tx.changes == before + 2
        assert tx.db.execute("SELECT count(*) FROM requests").fetchone() == (1,)
        assert tx.changes == before + 2
        tx.db.execute("DELETE FROM requests")
        assert tx.changes == before + 3
        remove_open(tx, 0)

    state.submit(work)


def test_a_doubt_that_comes_in_the_same_batch_stops_what_comes_after_it(state):
    def work(tx):
        assert check_standing(tx) is None
        tx.db.execute(
            "INSERT INTO doubts (held_by, epoch, size, note, at) VALUES (?, ?, ?, ?, ?)",
            ("ua.example", 0, 9, "", "2026-01-01T00:00:00.000Z"),
        )
        with pytest.raises(LedgerError, match="holds a checkpoint"):
            check_standing(tx)

    state.submit(work)
