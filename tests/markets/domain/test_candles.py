"""Buckets, merging and filling, by hand and for all inputs."""

from datetime import UTC, datetime
from itertools import islice, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.markets.domain.candles import MINUTE_MS, Candle, FillPolicy, Interval, fill, merge

MOMENTS = st.integers(0, 4_102_444_800_000)


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def minute(number: int, close: float = 1.0, volume: float = 1.0, **other: Any) -> Candle:
    """The candle of the minute `number` after midnight of 2026-01-01; it opens at 1."""
    at_ms = ms("2026-01-01") + number * MINUTE_MS
    high, low = max(1.0, close), min(1.0, close)
    return Candle(Interval.MINUTE, at_ms, 1.0, high, low, close, volume, 3)._replace(**other)


@pytest.mark.parametrize(
    ("interval", "start", "end"),
    [
        ("1s", "2026-02-28T23:59:58", "2026-02-28T23:59:59"),
        ("1m", "2026-02-28T23:59", "2026-03-01"),
        ("5m", "2026-02-28T23:55", "2026-03-01"),
        ("15m", "2026-02-28T23:45", "2026-03-01"),
        ("30m", "2026-02-28T23:30", "2026-03-01"),
        ("1h", "2026-02-28T23:00", "2026-03-01"),
        ("4h", "2026-02-28T20:00", "2026-03-01"),
        ("1d", "2026-02-28", "2026-03-01"),
        ("1w", "2026-02-23", "2026-03-02"),
        ("1M", "2026-02-01", "2026-03-01"),
    ],
)
def test_the_bucket_of_a_moment(interval: str, start: str, end: str) -> None:
    moment = ms("2026-02-28T23:59:58.500")
    assert Interval(interval).bucket_start(moment) == ms(start)
    assert Interval(interval).next_start(moment) == ms(end)


def test_the_month_after_december_is_january() -> None:
    assert Interval.MONTH.next_start(ms("2025-12-31T23:59:59")) == ms("2026-01-01")


@given(MOMENTS, st.sampled_from(Interval))
def test_buckets_cover_time_without_gap_or_overlap(moment: int, interval: Interval) -> None:
    start, end = interval.bucket_start(moment), interval.next_start(moment)
    assert start <= moment < end
    assert interval.bucket_start(start) == interval.bucket_start(end - 1) == start
    assert interval.bucket_start(end) == end
    assert interval.contains(start, moment)
    assert not interval.contains(start, end)


@given(MOMENTS)
def test_every_bucket_lies_within_one_bucket_of_what_it_is_merged_into(moment: int) -> None:
    for part, whole in [*pairwise(list(Interval)[:8]), ("1d", "1w"), ("1d", "1M")]:
        start, end = Interval(part).bucket_start(moment), Interval(part).next_start(moment)
        assert Interval(whole).bucket_start(start) == Interval(whole).bucket_start(end - 1)


def test_minutes_are_merged_into_what_is_there_of_a_bucket() -> None:
    minutes = [minute(0, 3.0, 0.1), minute(3, 0.5, 0.2), minute(5, 2.0, 0.7)]
    first, second = merge(minutes, Interval.MINUTES_5)
    assert first == (Interval.MINUTES_5, ms("2026-01-01"), 1.0, 3.0, 0.5, 0.5, 0.1 + 0.2, 6) + (
        (False,) * 3
    )
    assert second.open_time_ms == ms("2026-01-01T00:05")


def test_flags_and_unknown_counts_are_carried_into_the_merged_candle() -> None:
    parts = [minute(0, amended=True), minute(1, trades=0), minute(2, forming=True)]
    [merged] = merge(parts, Interval.HOUR)
    assert (merged.trades, merged.forming, merged.amended) == (0, True, True)
    [quiet] = merge([minute(0, synthetic=True, trades=0)], Interval.HOUR)
    assert quiet.synthetic


def test_a_gap_stays_a_gap_unless_the_reader_wants_it_filled() -> None:
    there = [minute(0, 2.0), minute(3, 5.0)]
    until_ms = ms("2026-01-01T00:06")
    assert list(fill(there, FillPolicy.NONE, until_ms=until_ms)) == there
    filled = list(fill(there, FillPolicy.PREVIOUS, until_ms=until_ms))
    assert [(row.open_time_ms - there[0].open_time_ms) // MINUTE_MS for row in filled] == list(
        range(6)
    )
    assert [row.synthetic for row in filled] == [False, True, True, False, True, True]
    assert [row.close for row in filled] == [2, 2, 2, 5, 5, 5]
    assert filled[1][2:8] == (2, 2, 2, 2, 0, 0)


def test_nothing_is_made_of_nothing() -> None:
    assert list(fill([], FillPolicy.PREVIOUS, until_ms=ms("2026-01-01"))) == []


def test_a_gap_of_years_costs_only_what_is_taken_of_it() -> None:
    rows = fill([minute(0)], FillPolicy.PREVIOUS, until_ms=4_102_444_800_000)
    assert len(list(islice(rows, 10))) == 10


@pytest.mark.parametrize(
    "wrong",
    [
        {"high": 0.9},
        {"low": 1.1},
        {"low": 0.0},
        {"high": float("inf")},
        {"close": float("nan")},
        {"volume": -1.0},
        {"volume": float("nan")},
        {"trades": -1},
    ],
)
def test_what_cannot_have_happened_is_not_sound(wrong: dict[str, Any]) -> None:
    assert minute(0).sound
    assert not minute(0)._replace(**wrong).sound
