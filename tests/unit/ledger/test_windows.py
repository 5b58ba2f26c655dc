"""Windows begin where the contract's time zone says, and charges follow them."""

from datetime import UTC, datetime

import pytest

from sekisho.ledger.charging import charge_terms
from sekisho.ledger.windows import window_start
from sekisho.model.contract import Period
from sekisho.model.names import ContractId, PartyId
from support.state import signed_contract


@pytest.mark.parametrize(
    ("per", "zone", "now", "start"),
    [
        ("day", "UTC", "2026-12-01T23:59:59.999+00:00", "2026-12-01T00:00:00.000Z"),
        ("day", "Asia/Tokyo", "2026-12-01T14:59:59+00:00", "2026-11-30T15:00:00.000Z"),
        ("day", "Asia/Tokyo", "2026-12-01T15:00:00+00:00", "2026-12-01T15:00:00.000Z"),
        ("month", "Asia/Tokyo", "2026-11-30T15:00:00+00:00", "2026-11-30T15:00:00.000Z"),
        ("month", "Asia/Tokyo", "2026-11-30T14:59:59+00:00", "2026-10-31T15:00:00.000Z"),
        ("year", "America/New_York", "2027-01-01T04:59:59+00:00", "2026-01-01T05:00:00.000Z"),
        # Clocks go forward in New York on 2026-03-08: that day has 23 hours, the window too.
        ("day", "America/New_York", "2026-03-09T03:59:59+00:00", "2026-03-08T05:00:00.000Z"),
        ("day", "America/New_York", "2026-03-09T04:00:00+00:00", "2026-03-09T04:00:00.000Z"),
        ("term", "UTC", "2026-12-01T00:00:00+00:00", ""),
    ],
)
def test_a_window_begins_where_the_contract_s_clock_says(per, zone, now, start):
    assert window_start(Period(per), zone=zone, now=datetime.fromisoformat(now)) == start


def test_limits_are_read_with_their_windows():
    signed = signed_contract("{rows: {max: 5, per: day}, bytes: {max: 10GB, per: month}}")
    terms = charge_terms(
        signed,
        consumer=PartyId("maker.example"),
        root=ContractId("sha256:root"),
        now=datetime(2026, 12, 1, 15, tzinfo=UTC),
    )
    assert terms.rows is not None
    assert terms.bytes is not None
    assert (terms.rows.max, terms.rows.window) == (5, "2026-12-01T15:00:00.000Z")
    assert (terms.bytes.max, terms.bytes.window) == (10**10, "2026-11-30T15:00:00.000Z")
    assert terms.queries is None
    assert terms.concurrent is None
    assert set(terms.counted) == {"maker.example", "maker-europe.example"}
