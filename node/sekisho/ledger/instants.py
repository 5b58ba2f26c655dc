"""Instants of entries and receipts: UTC to the millisecond, in one spelling that sorts as text."""

import re
from datetime import UTC, datetime

MOMENT_PATTERN = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$"
_MOMENT = re.compile(MOMENT_PATTERN, re.ASCII)


def moment_text(instant: datetime) -> str:
    """Write an aware instant as `2026-12-01T05:00:00.123Z`."""
    if instant.tzinfo is None:
        message = "an instant needs its offset from UTC"
        raise ValueError(message)
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def parse_moment(text: str) -> datetime:
    """Read `2026-12-01T05:00:00.123Z`, raising `ValueError` for anything else."""
    if not _MOMENT.fullmatch(text):
        message = "not an instant to the millisecond"
        raise ValueError(message)
    return datetime.fromisoformat(text)
