"""Statements: months of the contract's time zone, and what counts in them."""

from datetime import UTC, datetime

from sekisho.ledger.receipt import Outcome
from sekisho.ledger.usage import Used, usage
from support.state import CHANNEL

TOKYO = "Asia/Tokyo"


def used(at, outcome=Outcome.ANSWERED, *, rows=3, left=None):
    return Used(
        channel=CHANNEL, at=at, outcome=outcome, rows=rows, bytes=2 * rows, limits_left=left or {}
    )


def test_months_are_those_of_the_contracts_time_zone():
    found = usage([used("2026-12-31T14:59:59.999Z"), used("2026-12-31T15:00:00.000Z")], zone=TOKYO)
    assert [(line.month, line.answered) for line in found] == [("2026-12", 1), ("2027-01", 1)]


def test_what_broke_off_counts_as_such_and_adds_no_rows():
    found = usage(
        [
            used("2026-12-02T00:00:00.000Z", left={"queries": 9}),
            used("2026-12-03T00:00:00.000Z", left={"queries": 8}),
            used("2026-12-01T00:00:00.000Z", left={"queries": 10}),
            used("2026-12-04T00:00:00.000Z", Outcome.REFUSED, rows=0),
            used("2026-12-04T00:00:00.000Z", Outcome.CUT),
            used("2026-12-05T00:00:00.000Z", Outcome.INTERRUPTED),
        ],
        zone=TOKYO,
    )
    (line,) = found
    assert (line.answered, line.refused, line.broken, line.rows, line.bytes) == (3, 1, 2, 9, 18)
    assert line.limits_left == {"queries": 8}


def test_a_period_is_half_open():
    days = [datetime(2026, 12, day, tzinfo=UTC) for day in (2, 3)]
    given = [used(f"2026-12-0{day}T00:00:00.000Z") for day in (1, 2, 3)]
    (line,) = usage(given, zone="UTC", since=days[0], until=days[1])
    assert line.answered == 1
