"""Instants and days: UTC instants as text, and what a contract's days mean in its time zone."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

INSTANT_PATTERN = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$"
"""To the second, as a contract's instants are written."""
EXACT_PATTERN = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$"
"""To the millisecond, as what happened is written."""
DAY_PATTERN = r"^\d{4}-\d{2}-\d{2}$"
ZONE_PATTERN = r"^(UTC|[A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+){1,2})$"
"""An IANA name such as `Asia/Tokyo`; abbreviations such as `EST` change meaning and are refused."""


def parse_day(text: str) -> date:
    """Read `2026-12-01`, raising `ValueError` for anything else.

    Years are kept between 1900 and 9000, so that a day can always be moved by a notice period.
    """
    if not re.fullmatch(DAY_PATTERN, text, re.ASCII):
        message = "not a day"
        raise ValueError(message)
    day = date.fromisoformat(text)
    if not 1900 <= day.year <= 9000:  # noqa: PLR2004  explained in the docstring
        message = "not a year between 1900 and 9000"
        raise ValueError(message)
    return day


def parse_instant(text: str) -> datetime:
    """Read `2026-12-01T05:00:00Z`, raising `ValueError` for anything else."""
    if not re.fullmatch(INSTANT_PATTERN, text, re.ASCII):
        message = "not an instant"
        raise ValueError(message)
    return datetime.fromisoformat(text)


def parse_exact(text: str) -> datetime:
    """Read `2026-12-01T05:00:00.123Z`, raising `ValueError` for anything else."""
    if not re.fullmatch(EXACT_PATTERN, text, re.ASCII):
        message = "not an instant with milliseconds"
        raise ValueError(message)
    return datetime.fromisoformat(text)


def instant_text(instant: datetime) -> str:
    """Write an aware instant in UTC to the second; what is finer is cut off."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def exact_text(instant: datetime) -> str:
    """Write an aware instant in UTC to the millisecond; what is finer is cut off."""
    in_utc = instant.astimezone(UTC)
    return f"{in_utc:%Y-%m-%dT%H:%M:%S}.{in_utc.microsecond // 1000:03d}Z"


def is_zone(name: str) -> bool:
    """Tell whether a text names a time zone of the IANA database.

    NOTE: this and `day_starts_at` are the core's one look at a data file, the time zone rules,
    which Python's `zoneinfo` reads and remembers. A proposal writes the instants that came out,
    so two nodes with different rules notice before they sign.
    """
    if not re.fullmatch(ZONE_PATTERN, name, re.ASCII):
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def day_starts_at(day: date, zone: str) -> datetime:
    """Find the instant in UTC at which a day begins in a time zone."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    return midnight.astimezone(UTC)


def day_ends_at(day: date, zone: str) -> datetime:
    """Find the instant in UTC at which a day is over; a half-open end."""
    return day_starts_at(day + timedelta(days=1), zone)
