"""The life of a contract follows from facts and time alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sekisho.documents.contract import contract_from_value, parse_contract
from sekisho.model.lifecycle import (
    TERMINAL_STATES,
    TRANSITIONS,
    ContractFacts,
    ContractState,
    grants_in_force,
    may_terminate,
    state_at,
    supersedes_at,
    termination_effective_at,
)
from sekisho.model.notice_check import check_notice
from sekisho.model.notices import Notice, NoticeKind
from sekisho.model.signed import SignedContract

VECTORS = Path(__file__).parents[2] / "vectors" / "contracts" / "valid"
START = datetime(2027, 1, 1, tzinfo=UTC)
END = datetime(2028, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
A, B, C, D = "a.example", "b.example", "c.example", "d.example"
PARTIES = (A, B, C, D)


def _signed(**changes):
    """Build a contract of two providers, A and B, and two consumers, C and D."""
    value = dict(parse_contract((VECTORS / "smallest.yaml").read_bytes()).value)
    roles = dict.fromkeys((A, B), "provider") | dict.fromkeys((C, D), "consumer")
    grant = {"access": "rows", "columns": {"x": {}}}
    value |= {
        "parties": [{"party": party, "role": role} for party, role in roles.items()],
        "grants": [
            grant | {"grant": "one", "datasets": [f"{A}/x", f"{B}/x"]},
            grant | {"grant": "two", "datasets": [f"{B}/y"]},
        ],
    }
    return SignedContract(
        id="sha256:" + "ab" * 32,
        contract=contract_from_value(value | changes),
        starts_at=START,
        ends_at=END,
        sign_by_at=START + 30 * DAY,
        nonce="0" * 32,
        members=dict.fromkeys(PARTIES, "sha256:" + "cd" * 32),
    )


def _facts(*notices, at=START - DAY, **changes):
    facts = ContractFacts(
        proposed_at=START - 10 * DAY,
        signed_by=dict.fromkeys(PARTIES, at),
        notices=notices,
    )
    return replace(facts, **changes)


def _notice(kind, party=A, *, at=START + 10 * DAY, effective_at=None, for_breach=False):
    return Notice(
        kind=kind,
        contract="sha256:" + "ab" * 32,
        party=party,
        reason="because",
        issued_at=at,
        effective_at=effective_at or at,
        for_breach=for_breach,
    )


def _end(party, **others):
    return _notice(NoticeKind.TERMINATION, party, **others)


SIGNED = _signed()
WHOLE = _signed(termination={"scope": "whole-contract"})
LATER = START + 20 * DAY


def test_states_are_exactly_those_of_the_design():
    assert " ".join(ContractState) == (
        "draft proposed signed in-force suspended superseded terminated expired rejected"
    )


def test_terminal_states_are_those_that_nothing_leaves():
    assert sorted(TERMINAL_STATES) == ["expired", "rejected", "superseded", "terminated"]


def test_every_state_can_be_reached():
    assert set(TRANSITIONS.values()) | {ContractState.DRAFT} == set(ContractState)


@pytest.mark.parametrize(
    ("facts", "now", "state"),
    [
        (ContractFacts(), LATER, "draft"),
        (_facts(signed_by={}), START - 2 * DAY, "proposed"),
        (_facts(signed_by={A: START, B: START, C: START}), LATER, "proposed"),
        (_facts(signed_by={}), START + 30 * DAY, "expired"),
        (_facts(), START - SECOND, "signed"),
        (_facts(), START, "in-force"),
        (_facts(), END - SECOND, "in-force"),
        (_facts(), END, "expired"),
        (_facts(at=START + 3 * DAY), START + 2 * DAY, "proposed"),
        (_facts(at=START + 3 * DAY), START + 3 * DAY, "in-force"),
        (_facts(at=START + 30 * DAY), LATER + 20 * DAY, "expired"),
        (_facts(signed_by={}, rejected_at=START), LATER, "rejected"),
        (_facts(_notice(NoticeKind.REJECTION, C, at=START), signed_by={}), LATER, "rejected"),
        (_facts(rejected_at=LATER), LATER, "in-force"),
        (_facts(superseded_at=LATER), LATER - SECOND, "in-force"),
        (_facts(superseded_at=LATER), LATER, "superseded"),
        (_facts(superseded_at=LATER), END, "superseded"),
    ],
)
def test_state_follows_from_facts_and_time(facts, now, state):
    assert state_at(facts, SIGNED, now) == state


def test_a_draft_that_others_signed_is_still_no_proposal_here():
    assert state_at(_facts(proposed_at=None), SIGNED, LATER) == "draft"


def test_a_remembered_end_outlasts_every_later_fact():
    for state in TERMINAL_STATES:
        assert state_at(_facts(remembered=state), SIGNED, START) == state
        assert grants_in_force(_facts(remembered=state), SIGNED, A, START) == ()


def test_only_an_end_can_be_remembered():
    with pytest.raises(ValueError, match="not a terminal state"):
        ContractFacts(remembered=ContractState.IN_FORCE)


def test_provider_suspends_its_own_part_at_once():
    facts = _facts(_notice(NoticeKind.SUSPENSION, A, at=LATER))
    assert grants_in_force(facts, SIGNED, A, LATER - SECOND) != ()
    assert state_at(facts, SIGNED, LATER, party=A) == "suspended"
    assert grants_in_force(facts, SIGNED, A, LATER) == ()
    assert [grant.grant for grant in grants_in_force(facts, SIGNED, B, LATER)] == ["one", "two"]
    assert state_at(facts, SIGNED, LATER) == "in-force"


def test_whole_is_suspended_when_no_part_is_in_force():
    both = (_notice(NoticeKind.SUSPENSION, party) for party in (A, B))
    assert state_at(_facts(*both), SIGNED, LATER) == "suspended"
    mixed = (_notice(NoticeKind.SUSPENSION, A), _end(B))
    assert state_at(_facts(*mixed), SIGNED, LATER) == "suspended"


def test_resumption_undoes_a_suspension():
    facts = _facts(
        _notice(NoticeKind.SUSPENSION), _notice(NoticeKind.RESUMPTION, at=START + 12 * DAY)
    )
    assert state_at(facts, SIGNED, START + 11 * DAY, party=A) == "suspended"
    assert state_at(facts, SIGNED, LATER, party=A) == "in-force"


def test_of_two_switches_within_one_instant_the_later_recorded_holds():
    off, on = _notice(NoticeKind.SUSPENSION), _notice(NoticeKind.RESUMPTION)
    assert state_at(_facts(off, on), SIGNED, LATER, party=A) == "in-force"
    assert state_at(_facts(on, off), SIGNED, LATER, party=A) == "suspended"


def test_switch_thrown_before_the_start_holds_at_the_start():
    off = _notice(NoticeKind.SUSPENSION, at=START - 2 * DAY)
    on = _notice(NoticeKind.RESUMPTION, at=START - SECOND)
    assert state_at(_facts(off), SIGNED, START - SECOND, party=A) == "signed"
    assert state_at(_facts(off), SIGNED, START, party=A) == "suspended"
    assert state_at(_facts(off, on), SIGNED, START, party=A) == "in-force"


def test_suspension_by_a_consumer_changes_nothing():
    facts = _facts(_notice(NoticeKind.SUSPENSION, C))
    assert state_at(facts, SIGNED, LATER) == "in-force"


def test_provider_leaving_ends_its_own_part():
    facts = _facts(_end(A))
    assert state_at(facts, SIGNED, LATER, party=A) == "terminated"
    assert grants_in_force(facts, SIGNED, A, LATER) == ()
    assert grants_in_force(facts, SIGNED, B, LATER) != ()
    assert state_at(facts, SIGNED, LATER) == "in-force"
    assert state_at(facts, SIGNED, END) == "expired"


def test_provider_leaving_ends_all_where_the_contract_says_so():
    facts = _facts(_end(A))
    assert grants_in_force(facts, WHOLE, B, LATER) == ()
    assert state_at(facts, WHOLE, LATER) == "terminated"
    assert state_at(facts, WHOLE, END) == "terminated"


def test_all_providers_leaving_ends_the_whole():
    assert state_at(_facts(_end(A), _end(B)), SIGNED, LATER) == "terminated"


def test_consumer_leaving_ends_its_own_use_only():
    facts = _facts(_end(C))
    assert grants_in_force(facts, SIGNED, A, LATER, consumer=C) == ()
    assert grants_in_force(facts, SIGNED, A, LATER, consumer=D) != ()
    assert state_at(facts, SIGNED, LATER) == "in-force"
    assert state_at(facts, SIGNED, LATER, party=C) == "terminated"
    assert state_at(facts, SIGNED, LATER, party=D) == "in-force"


def test_last_consumer_leaving_ends_the_whole():
    facts = _facts(_end(C), _end(D, at=START + 15 * DAY))
    assert state_at(facts, SIGNED, START + 12 * DAY) == "in-force"
    assert state_at(facts, SIGNED, LATER) == "terminated"
    assert state_at(_facts(_end(C)), WHOLE, LATER) == "terminated"


def test_stranger_and_provider_are_not_answered_as_consumers():
    assert grants_in_force(_facts(), SIGNED, A, LATER, consumer="e.example") == ()
    assert grants_in_force(_facts(), SIGNED, A, LATER, consumer=B) == ()
    assert grants_in_force(_facts(), SIGNED, C, LATER) == ()


def test_termination_waits_for_its_notice():
    effective_at = START + 40 * DAY
    facts = _facts(_end(A, effective_at=effective_at))
    assert state_at(facts, SIGNED, effective_at - SECOND, party=A) == "in-force"
    assert state_at(facts, SIGNED, effective_at, party=A) == "terminated"


def test_termination_outlasts_suspension_and_resumption():
    facts = _facts(
        _notice(NoticeKind.SUSPENSION),
        _end(A, at=START + 11 * DAY),
        _notice(NoticeKind.RESUMPTION, at=START + 12 * DAY),
    )
    assert state_at(facts, SIGNED, LATER, party=A) == "terminated"


def test_notice_takes_effect_after_the_days_that_its_clause_gives():
    terms = {
        "for_convenience": {"by": "consumers", "notice_days": 30},
        "for_breach": {"by": "providers", "notice_days": 0},
    }
    signed = _signed(termination=terms)
    assert termination_effective_at(signed, LATER, for_breach=False) == LATER + 30 * DAY
    assert termination_effective_at(signed, LATER, for_breach=True) == LATER
    assert may_terminate(signed, C, for_breach=False)
    assert not may_terminate(signed, A, for_breach=False)
    assert may_terminate(signed, A, for_breach=True)
    assert not may_terminate(signed, C, for_breach=True)


def test_contract_may_let_no_one_or_any_party_leave():
    signed = _signed(termination={"for_convenience": {"by": "no-one", "notice_days": 0}})
    assert not any(may_terminate(signed, party, for_breach=False) for party in PARTIES)
    assert all(may_terminate(signed, party, for_breach=True) for party in PARTIES)
    assert not may_terminate(signed, "e.example", for_breach=True)


@pytest.mark.parametrize(
    ("notice", "message"),
    [
        (replace(_end(A), contract="sha256:" + "00" * 32), "about another contract"),
        (_end("e.example"), "is not a party"),
        (_notice(NoticeKind.SUSPENSION, C), "provides nothing that could be suspended"),
        (_notice(NoticeKind.RESUMPTION, C), "provides nothing that could be suspended"),
        (_end(A, effective_at=LATER), "before the days of notice are over"),
        (_end(A, for_breach=True), "`termination.for_breach` does not let `a.example` end it"),
    ],
)
def test_notice_beyond_its_partys_right_is_found(notice, message):
    terms = {
        "for_convenience": {"by": "any-party", "notice_days": 30},
        "for_breach": {"by": "consumers", "notice_days": 0},
    }
    (finding,) = check_notice(notice, _signed(termination=terms))
    assert message in finding.message


@pytest.mark.parametrize(
    "notice",
    [
        _end(C),
        _notice(NoticeKind.SUSPENSION, A),
        _notice(NoticeKind.RESUMPTION, B),
        _notice(NoticeKind.REJECTION, D),
    ],
    ids=lambda notice: notice.kind.value,
)
def test_notice_within_its_partys_right_is_clean(notice):
    assert check_notice(notice, SIGNED) == ()


def test_amendment_takes_over_when_it_starts_and_all_have_signed_in_time():
    successor = replace(SIGNED, starts_at=LATER)
    assert supersedes_at(successor, _facts()) == LATER
    assert supersedes_at(successor, _facts(at=LATER + DAY)) == LATER + DAY
    assert supersedes_at(successor, _facts(at=START + 30 * DAY)) is None
    assert supersedes_at(successor, _facts(signed_by={A: START})) is None
