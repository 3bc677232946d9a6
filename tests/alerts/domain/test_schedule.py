from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from plimsoll.alerts.domain.schedule import Quiet, QuietHours, QuietHoursRefused, tell_at

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
    )
]
NIGHT = QuietHours(time(22), time(7), BERLIN)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2026-01-10T20:59:59", "2026-01-10T20:59:59"),
        ("2026-01-10T21:00:00", "2026-01-11T06:00:00"),
        ("2026-01-11T05:59:59", "2026-01-11T06:00:00"),
        ("2026-01-11T06:00:00", "2026-01-11T06:00:00"),
        # the night in which the clock goes forward, and the one in which it goes back
        ("2026-03-28T21:30:00", "2026-03-29T05:00:00"),
        ("2026-10-24T20:30:00", "2026-10-25T06:00:00"),
    ],
)
def test_what_happens_at_night_is_told_in_the_morning_of_that_place(at: str, told: str) -> None:
    assert tell_at(utc(at), NIGHT) == utc(told)


def test_what_is_dropped_is_never_told_and_by_day_nothing_is() -> None:
    dropping = QuietHours(time(22), time(7), BERLIN, Quiet.DROP)

    assert tell_at(utc("2026-01-10T23:00:00"), dropping) is None
    assert tell_at(utc("2026-01-10T12:00:00"), dropping) == utc("2026-01-10T12:00:00")


def test_without_quiet_hours_it_is_told_at_once_and_in_utc() -> None:
    at = datetime(2026, 1, 10, 3, tzinfo=BERLIN)

    told = tell_at(at, None)

    assert told == at
    assert told is not None
    assert told.tzinfo is UTC


def test_an_end_that_the_clock_skips_is_counted_on_from_before_the_jump() -> None:
    hours = QuietHours(time(22), time(2, 30), BERLIN)

    assert tell_at(utc("2026-03-29T00:15:00"), hours) == utc("2026-03-29T01:30:00")


def test_an_hour_that_comes_twice_is_quiet_twice() -> None:
    hours = QuietHours(time(22), time(2, 30), BERLIN)

    assert tell_at(utc("2026-10-25T00:15:00"), hours) == utc("2026-10-25T00:30:00")
    assert tell_at(utc("2026-10-25T00:45:00"), hours) == utc("2026-10-25T00:45:00")
    assert tell_at(utc("2026-10-25T01:15:00"), hours) == utc("2026-10-25T01:30:00")


@pytest.mark.parametrize(
    ("start", "end"),
    [(time(7), time(7)), (time(22, tzinfo=UTC), time(7)), (time(22), time(7, tzinfo=UTC))],
)
def test_hours_that_never_end_or_bring_a_zone_are_refused(start: time, end: time) -> None:
    with pytest.raises(QuietHoursRefused):
        QuietHours(start, end, BERLIN)


clocks = st.integers(0, 24 * 12 - 1).map(lambda part: time(part // 12, part % 12 * 5))
moments = st.integers(0, 3 * 366 * 24 * 60).map(
    lambda minutes: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


@given(clocks, clocks, st.sampled_from(ZONES), moments)
def test_what_is_held_is_told_and_never_in_the_quiet_hours(
    start: time, end: time, zone: ZoneInfo, at: datetime
) -> None:
    assume(start != end)
    hours = QuietHours(start, end, zone)

    told = tell_at(at, hours)

    assert told is not None
    assert not hours.covers(told)
    assert (told == at) is not hours.covers(at)
    assert at <= told <= at + timedelta(days=2, hours=2)
