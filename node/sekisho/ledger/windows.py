"""When the window of a limit began: days, months and years as the contract's time zone has them."""

from datetime import datetime
from typing import assert_never
from zoneinfo import ZoneInfo

from sekisho.ledger.instants import moment_text
from sekisho.model.contract import Period
from sekisho.model.instants import day_starts_at


def window_start(per: Period, *, zone: str, now: datetime) -> str:
    """Name the window that an instant falls into by the instant at which it began.

    Args:
        per: Over what the limit is counted.
        zone: The contract's, such as `Asia/Tokyo`.
        now: Aware.

    Returns:
        UTC to the millisecond; empty for the whole term, which is one window.
    """
    today = now.astimezone(ZoneInfo(zone)).date()
    match per:
        case Period.DAY:
            first = today
        case Period.MONTH:
            first = today.replace(day=1)
        case Period.YEAR:
            first = today.replace(month=1, day=1)
        case Period.TERM:
            return ""
        case _:
            assert_never(per)
    return moment_text(day_starts_at(first, zone))
