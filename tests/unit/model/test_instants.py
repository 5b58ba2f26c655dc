"""Days and instants mean one thing each."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from sekisho.model.instants import (
    day_ends_at,
    day_starts_at,
    exact_text,
    instant_text,
    is_zone,
    parse_day,
    parse_exact,
    parse_instant,
)


@pytest.mark.parametrize(
    "text",
    [
        "2026-1-1",
        "20261201",
        "2026-12-01T00:00:00Z",
        "2026-02-30",
        "0001-01-01",
        "9999-12-31",
        "\uff12\uff10\uff12\uff16-12-01",
        "2026-W01-1",
    ],
)
def test_only_a_plain_day_is_a_day(text):
    with pytest.raises(ValueError, match=r".+"):
        parse_day(text)


@pytest.mark.parametrize("text", ["2026-12-01T05:00:00", "2026-12-01T05:00:00+00:00", "2026-12-01"])
def test_only_utc_to_the_second_is_an_instant(text):
    with pytest.raises(ValueError, match="not an instant"):
        parse_instant(text)
    with pytest.raises(ValueError, match="not an instant"):
        parse_exact(text)


def test_instants_are_written_as_they_are_read():
    assert instant_text(parse_instant("2026-12-01T05:00:00Z")) == "2026-12-01T05:00:00Z"
    assert exact_text(parse_exact("2026-12-01T05:00:00.123Z")) == "2026-12-01T05:00:00.123Z"


def test_what_is_finer_is_cut_off_never_rounded_up():
    instant = datetime(2026, 12, 1, 14, 0, 59, 999_999, tzinfo=timezone(timedelta(hours=9)))
    assert instant_text(instant) == "2026-12-01T05:00:59Z"
    assert exact_text(instant) == "2026-12-01T05:00:59.999Z"


@pytest.mark.parametrize("name", ["Asia/Tokyo", "UTC", "America/Argentina/Buenos_Aires"])
def test_zone_of_the_database_is_a_zone(name):
    assert is_zone(name)


@pytest.mark.parametrize(
    "name", ["JST", "EST", "Asia/Edo", "asia/tokyo", "../Tokyo", "/etc/passwd", "localtime", ""]
)
def test_anything_else_is_no_zone(name):
    assert not is_zone(name)


def test_day_of_a_clock_change_has_its_own_length():
    zone = "America/New_York"
    spring, autumn = date(2027, 3, 14), date(2027, 11, 7)
    assert day_ends_at(spring, zone) - day_starts_at(spring, zone) == timedelta(hours=23)
    assert day_ends_at(autumn, zone) - day_starts_at(autumn, zone) == timedelta(hours=25)
    assert day_starts_at(date(2026, 12, 1), "UTC") == datetime(2026, 12, 1, tzinfo=UTC)
