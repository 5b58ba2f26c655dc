"""From when a notice counts at a node that records it."""

from datetime import UTC, datetime, timedelta

import pytest

from sekisho.documents.contract import parse_contract
from sekisho.model.lifecycle import counts_from
from sekisho.model.notices import Notice, NoticeKind
from sekisho.model.signed import SignedContract
from support.nodes import contract_text

NOW = datetime(2026, 12, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)
EXTRA = "termination: {for_convenience: {by: any-party, notice_days: 30}}"


def counted(kind: NoticeKind, issued_at, effective_at, *, is_own: bool) -> datetime:
    authored = parse_contract(contract_text(extra=EXTRA).encode())
    signed = SignedContract(
        id="sha256:" + "ab" * 32,
        contract=authored.contract,
        starts_at=NOW - 100 * DAY,
        ends_at=NOW + 100 * DAY,
        sign_by_at=NOW + 100 * DAY,
        nonce="0" * 32,
        members={},
    )
    notice = Notice(
        kind=kind,
        contract=signed.id,
        party="ua.example",
        reason="enough",
        issued_at=issued_at,
        effective_at=effective_at,
    )
    return counts_from(notice, signed, recorded_at=NOW, is_own=is_own)


@pytest.mark.parametrize("is_own", [True, False])
@pytest.mark.parametrize("off", [timedelta(0), -40 * DAY, 40 * DAY])
def test_days_of_notice_run_from_when_the_node_learns_of_a_termination(off, is_own):
    issued_at = NOW + off
    found = counted(NoticeKind.TERMINATION, issued_at, issued_at + 30 * DAY, is_own=is_own)
    assert found == NOW + 30 * DAY


def test_a_termination_may_give_more_notice_than_it_must():
    found = counted(NoticeKind.TERMINATION, NOW, NOW + 60 * DAY, is_own=False)
    assert found == NOW + 60 * DAY


@pytest.mark.parametrize("off", [timedelta(0), -DAY, DAY])
def test_a_rejection_and_an_own_switch_count_from_now(off):
    at = NOW + off
    assert counted(NoticeKind.REJECTION, at, at, is_own=False) == NOW
    assert counted(NoticeKind.SUSPENSION, at, at, is_own=True) == NOW


def test_anothers_switches_keep_their_order_but_never_wait():
    assert counted(NoticeKind.RESUMPTION, NOW - DAY, NOW - DAY, is_own=False) == NOW - DAY
    assert counted(NoticeKind.SUSPENSION, NOW + DAY, NOW + DAY, is_own=False) == NOW
