"""Moments as text and as milliseconds."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import example, given
from hypothesis import strategies as st

from plimsoll.kernel.clock import SystemClock, from_ms, rfc3339, to_ms


def test_a_moment_is_written_in_utc_with_z() -> None:
    oslo = timezone(timedelta(hours=2))
    assert rfc3339(datetime(2024, 6, 1, 12, 30, tzinfo=oslo)) == "2024-06-01T10:30:00Z"


def test_microseconds_are_written_only_where_there_are_any() -> None:
    assert rfc3339(datetime(2024, 6, 1, 0, 0, 0, 250_000, tzinfo=UTC)).endswith("00.250000Z")


def test_the_ends_of_the_calendar_are_written_whatever_their_offset() -> None:
    late, early = timezone(timedelta(hours=-12)), timezone(timedelta(hours=14))
    assert rfc3339(datetime(9999, 12, 31, 23, tzinfo=late)) == "9999-12-31T23:00:00-12:00"
    assert rfc3339(datetime(1, 1, 1, tzinfo=early)) == "0001-01-01T00:00:00+14:00"


@given(st.integers(0, 4_102_444_800_000))
@example(1_001)  # 1.001 seconds is below 1001 ms as a binary fraction
def test_milliseconds_go_both_ways(ms: int) -> None:
    assert to_ms(from_ms(ms)) == ms


def test_the_systems_clock_knows_its_zone_and_runs_forward() -> None:
    clock = SystemClock()
    first, second = clock.monotonic(), clock.monotonic()
    assert clock.now().tzinfo is UTC
    assert second >= first
