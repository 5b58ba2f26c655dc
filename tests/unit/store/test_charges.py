"""Limits are exact, whoever asks at once, and what was not used comes back."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from sekisho.errors import Refusal, RefusalReason
from sekisho.ledger.bodies import CutReason
from sekisho.ledger.charging import Amount
from sekisho.ledger.receipt import parse_receipt
from sekisho.model.names import PartyId
from sekisho.store.answers import Sent
from support.state import DECISION, NOW, PLAN, opened, received, signed_contract


def answer(state, number, signed, *, now=NOW, consumer=None):
    request = received(number, signed=signed)
    if consumer:
        channel = replace(request.channel, consumer=PartyId(consumer))
        request = replace(request, channel=channel)
    return state.answers.open(request, signed, decision=DECISION, plan=PLAN, now=now)


def used(state, name):
    query = "SELECT sum(used) FROM charges WHERE name = ?"
    return state.submit(lambda tx: tx.db.execute(query, (name,)).fetchone()[0])


def left(ended):
    return dict(parse_receipt(ended.receipt).limits_left)


def close(state, opened, *, rows=0, size=0, now=NOW):
    return state.answers.close(opened.index, Sent(rows=rows, bytes=size, blake3="ab"), now=now)


def test_fifty_callers_under_a_limit_of_twenty_get_exactly_twenty(state):
    signed = signed_contract("{queries: {max: 20, per: day}}")

    def attempt(number):
        try:
            return answer(state, number, signed)
        except Refusal as refusal:
            return refusal

    with ThreadPoolExecutor(50) as pool:
        outcome = list(pool.map(attempt, range(50)))
    refusals = [item for item in outcome if isinstance(item, Refusal)]
    assert len(refusals) == 30
    assert {item.reason for item in refusals} == {RefusalReason.LIMIT_REACHED}
    assert {item.clause for item in refusals} == {"limits.queries"}
    report = state.ledger.verify()
    assert (report.size, len(report.open)) == (20, 20)


def test_fifty_streams_under_a_limit_of_rows_send_exactly_that_many(state):
    signed = signed_contract("{rows: {max: 1000, per: day}}")

    def stream(number):
        sent = 0
        try:
            opened = answer(state, number, signed)
        except Refusal:
            return 0
        reserve = opened.reserve
        try:
            for _ in range(40):
                if sent + 1 > reserve.rows:
                    reserve = state.answers.reserve(opened.index, Amount(rows=sent + 1, bytes=0))
                sent += 1
        except Refusal:
            sent_all = Sent(rows=sent, bytes=0)
            state.answers.cut(opened.index, sent_all, reason=CutReason.LIMIT, now=NOW)
            return sent
        close(state, opened, rows=sent)
        return sent

    with ThreadPoolExecutor(50) as pool:
        rows = sum(pool.map(stream, range(50)))
    assert 0 < rows <= 1000
    assert used(state, "rows") == rows


def test_what_was_not_used_comes_back(state):
    signed = signed_contract(
        "{queries: {max: 5, per: day}, rows: {max: 100, per: day}, bytes: {max: 1kB, per: day}}"
    )
    first = answer(state, 0, signed)
    assert (first.reserve.rows, first.reserve.bytes) == (12, 125)
    ended = close(state, first, rows=7, size=70)
    assert left(ended) == {"queries": 4, "rows": 93, "bytes": 930}


def test_the_last_row_can_be_had(state):
    signed = signed_contract("{rows: {max: 10, per: day}}")
    first = answer(state, 0, signed)
    reserve = state.answers.reserve(first.index, Amount(rows=10, bytes=0))
    assert reserve.rows == 10
    with pytest.raises(Refusal, match="the limit of 10 rows in one day is reached"):
        state.answers.reserve(first.index, Amount(rows=11, bytes=0))
    assert left(close(state, first, rows=10)) == {"rows": 0}
    with pytest.raises(Refusal) as caught:
        answer(state, 1, signed)
    assert caught.value.clause == "limits.rows"


def test_a_reserve_that_suffices_costs_nothing(state):
    signed = signed_contract("{rows: {max: 100, per: day}}")
    first = answer(state, 0, signed)
    assert state.answers.reserve(first.index, Amount(rows=3, bytes=0)).rows == first.reserve.rows


def test_a_contract_without_limits_still_reserves_for_the_evidence(state):
    first = answer(state, 0, signed_contract())
    assert first.reserve.rows == 1_000_000
    more = state.answers.reserve(first.index, Amount(rows=1_000_001, bytes=0))
    assert more.rows == 2_000_001
    assert left(close(state, first, rows=1_000_001)) == {}


def test_a_new_window_starts_at_nothing(state):
    signed = signed_contract("{queries: {max: 1, per: day}}")
    answer(state, 0, signed)
    with pytest.raises(Refusal):
        answer(state, 1, signed, now=NOW.replace(hour=14, minute=59))
    answer(state, 2, signed, now=NOW.replace(hour=15, minute=0))


def test_an_answer_past_midnight_stays_in_the_day_that_allowed_it(state):
    signed = signed_contract("{rows: {max: 100, per: day}}")
    first = answer(state, 0, signed)
    tomorrow = NOW + timedelta(days=1)
    assert left(close(state, first, rows=5, now=tomorrow)) == {"rows": 95}
    second = answer(state, 1, signed, now=tomorrow)
    assert left(close(state, second, now=tomorrow)) == {"rows": 100}


def test_queries_at_once_are_bounded(state):
    signed = signed_contract("{concurrent: 2}")
    first = answer(state, 0, signed)
    answer(state, 1, signed)
    with pytest.raises(Refusal, match="2 queries at once") as caught:
        answer(state, 2, signed)
    assert caught.value.clause == "limits.concurrent"
    close(state, first)
    answer(state, 3, signed)


def test_affiliates_count_together(state):
    signed = signed_contract("{queries: {max: 1, per: day}}")
    answer(state, 0, signed, consumer="maker-europe.example")
    with pytest.raises(Refusal):
        answer(state, 1, signed)


def test_companies_that_are_not_affiliates_count_apart(state):
    signed = signed_contract("{queries: {max: 1, per: day}}", affiliates="else.example")
    answer(state, 0, signed, consumer="maker-europe.example")
    answer(state, 1, signed)


def test_a_refused_answer_charges_nothing(state):
    signed = signed_contract("{queries: {max: 5, per: day}, rows: {max: 1, per: day}}")
    answer(state, 0, signed)
    with pytest.raises(Refusal):
        answer(state, 1, signed)
    assert used(state, "queries") == 1


def test_charges_last_over_a_restart_and_a_fall_charges_the_reserve(place):
    signed = signed_contract("{rows: {max: 80, per: day}}")
    with opened(place) as state:
        close(state, answer(state, 0, signed), rows=8)
        fallen = answer(state, 1, signed)
        assert fallen.reserve.rows == 9
    with opened(place) as state:
        assert state.interrupted == (fallen.index,)
        last = answer(state, 2, signed)
        assert left(close(state, last)) == {"rows": 80 - 8 - 9}
    with opened(place) as state:
        assert state.interrupted == ()


def test_more_than_was_reserved_cannot_have_been_sent(state):
    first = answer(state, 0, signed_contract("{rows: {max: 80, per: day}}"))
    with pytest.raises(ValueError, match="reserved"):
        close(state, first, rows=11)
    assert state.ledger.verify().open == (0,)
