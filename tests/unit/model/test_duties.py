"""When what was received has to be deleted, by whom, and what ends the duty."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sekisho.documents.contract import contract_from_value, parse_contract
from sekisho.model.duties import deletion_duties
from sekisho.model.lifecycle import ContractFacts
from sekisho.model.notice_check import check_notice
from sekisho.model.notices import Notice, NoticeKind
from sekisho.model.signed import SignedContract

SMALLEST = Path(__file__).parents[2] / "vectors" / "contracts" / "valid" / "smallest.yaml"
START = datetime(2027, 1, 1, tzinfo=UTC)
END = datetime(2028, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
A, B, C, D = PARTIES = ("a.example", "b.example", "c.example", "d.example")
ID = "sha256:" + "ab" * 32
PAIRS = ((A, C), (B, C))


def signed(certificate="required", scope="own-part"):
    """Two providers, A and B, and two consumers, C and D; 90 days to delete."""
    value = dict(parse_contract(SMALLEST.read_bytes()).value)
    roles = dict.fromkeys((A, B), "provider") | dict.fromkeys((C, D), "consumer")
    grant = {"access": "rows", "columns": {"x": {}}, "grant": "one"}
    value |= {
        "parties": [{"party": party, "role": role} for party, role in roles.items()],
        "grants": [grant | {"datasets": [f"{A}/x", f"{B}/x"]}],
        "obligations": {"delete": {"within_days": 90, "certificate": certificate}},
        "termination": {"scope": scope},
    }
    return SignedContract(
        id=ID,
        contract=contract_from_value(value),
        starts_at=START,
        ends_at=END,
        sign_by_at=START + 30 * DAY,
        nonce="0" * 32,
        members=dict.fromkeys(PARTIES, "sha256:" + "cd" * 32),
    )


def notice(kind, party, days):
    at = START + days * DAY
    return Notice(
        kind=kind, contract=ID, party=party, reason="because", issued_at=at, effective_at=at
    )


def facts(*notices, **changes):
    known = ContractFacts(
        proposed_at=START - 9 * DAY, signed_by=dict.fromkeys(PARTIES, START), notices=notices
    )
    return replace(known, **changes)


def ends(contract, known, pairs=PAIRS):
    return {
        (item.provider, item.consumer): (item.ended_at - START).days
        for item in deletion_duties(contract, known, pairs)
    }


def test_the_last_day_ends_what_nobody_ended_before():
    assert ends(signed(), facts()) == dict.fromkeys(PAIRS, 365)


def test_who_leaves_ends_its_part_alone():
    gone = notice(NoticeKind.TERMINATION, A, 10)
    assert ends(signed(), facts(gone)) == {(A, C): 10, (B, C): 365}
    assert ends(signed(scope="whole-contract"), facts(gone)) == dict.fromkeys(PAIRS, 10)
    left = notice(NoticeKind.TERMINATION, C, 20)
    pairs = (*PAIRS, (A, D))
    assert ends(signed(), facts(left), pairs) == {(A, C): 20, (B, C): 20, (A, D): 365}


def test_what_an_amendment_takes_over_is_not_deleted_yet():
    amended = facts(superseded_at=START + 30 * DAY)
    assert ends(signed(), amended) == {}
    gone = replace(amended, notices=(notice(NoticeKind.TERMINATION, A, 10),))
    assert ends(signed(), gone) == {(A, C): 10}


def test_what_was_never_in_force_owes_nothing():
    assert ends(signed(), facts(signed_by={A: START})) == {}


def test_who_received_nothing_owes_nothing():
    assert ends(signed(), facts(), ()) == {}


@pytest.mark.parametrize(
    ("days", "certificate", "is_open", "is_overdue"),
    [
        (5, "required", False, False),
        (10, "required", True, False),
        (100, "required", True, True),
        (99, "on-request", True, False),
        (100, "on-request", False, False),
        (100, "not-required", False, False),
    ],
)
def test_a_duty_is_open_from_the_end_and_late_where_a_certificate_is_due(
    days, certificate, is_open, is_overdue
):
    gone = notice(NoticeKind.TERMINATION, A, 10)
    (duty, _) = deletion_duties(signed(certificate), facts(gone), PAIRS)
    now = START + days * DAY
    assert (duty.is_open(now), duty.is_overdue(now)) == (is_open, is_overdue)


def test_a_certificate_counts_for_what_had_ended_by_then():
    known = facts(
        notice(NoticeKind.TERMINATION, A, 10),
        notice(NoticeKind.DELETION, C, 5),
        notice(NoticeKind.DELETION, C, 20),
        notice(NoticeKind.DELETION, D, 20),
        notice(NoticeKind.TERMINATION, B, 30),
    )
    first, second = deletion_duties(signed(), known, PAIRS)
    assert first.certified_at == START + 20 * DAY
    assert second.certified_at is None
    late = START + 200 * DAY
    assert (first.is_open(late), second.is_overdue(late)) == (False, True)
    assert "certified 2027-01-21T00:00:00Z" in first.words(late)
    assert second.words(late).endswith("certificate required, overdue")


def test_only_a_consumer_certifies():
    assert check_notice(notice(NoticeKind.DELETION, C, 1), signed()) == ()
    (finding,) = check_notice(notice(NoticeKind.DELETION, A, 1), signed())
    assert "receives nothing that could be deleted" in finding.message
