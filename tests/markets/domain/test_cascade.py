"""The cascade equals what one gets by sorting all trades into buckets, whatever the order."""

import math
from collections.abc import Iterable
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.markets.domain.candles import DAY_MS, HOUR_MS, MINUTE_MS, Candle, Interval, merge
from plimsoll.markets.domain.cascade import Cascade

START_MS = 1_772_323_199_000
"""2026-02-28T23:59:59Z: the last second of a minute, an hour, a day and a month."""
SUNDAY_MS = 1_772_409_599_000
"""2026-03-01T23:59:59Z: the last second of a week."""


class Trade(NamedTuple):
    time_ms: int
    id: int
    price: float
    quantity: float


def trade(after_ms: int, trade_id: int, price: float, quantity: float = 1.0) -> Trade:
    return Trade(START_MS + after_ms, trade_id, price, quantity)


def aggregate(trades: Iterable[Trade], interval: Interval) -> list[Candle]:
    """The candles of an interval straight from the trades: sorted, grouped, added up."""
    buckets: dict[int, list[Trade]] = {}
    for each in sorted(trades):
        buckets.setdefault(interval.bucket_start(each.time_ms), []).append(each)
    return [
        Candle(
            interval,
            start_ms,
            group[0].price,
            max(each.price for each in group),
            min(each.price for each in group),
            group[-1].price,
            math.fsum(each.quantity for each in group),
            len(group),
        )
        for start_ms, group in sorted(buckets.items())
    ]


def of(candles: Iterable[Candle], interval: Interval) -> list[Candle]:
    """The last word on every bucket, without flags."""
    last = {candle.open_time_ms: candle for candle in candles if candle.interval is interval}
    return [last[at]._replace(amended=False, forming=False) for at in sorted(last)]


def assert_same(candles: list[Candle], trades: Iterable[Trade]) -> None:
    for interval in Interval:
        assert of(candles, interval) == aggregate(trades, interval)


def feed(trades: Iterable[Trade], cascade: Cascade) -> None:
    for each in trades:
        assert cascade.add(*each)


LAWS = settings(max_examples=60, deadline=None)

PRICES = st.integers(1, 10**13).map(lambda units: units / 10**8)
QUANTITIES = st.integers(0, 10**13).map(lambda units: units / 10**8)
MOMENTS = st.one_of(st.integers(0, 5_000), st.integers(0, 3 * HOUR_MS), st.integers(0, 40 * DAY_MS))


@st.composite
def trade_lists(draw: st.DrawFn, moments: st.SearchStrategy[int] = MOMENTS) -> list[Trade]:
    """In any order; many share a millisecond."""
    rows = draw(st.lists(st.tuples(moments, PRICES, QUANTITIES), min_size=1, max_size=40))
    ids = draw(st.permutations(range(len(rows))))
    return [trade(at, each, price, size) for each, (at, price, size) in zip(ids, rows, strict=True)]


@LAWS
@given(trade_lists())
def test_the_cascade_equals_aggregating_the_trades_directly(trades: list[Trade]) -> None:
    cascade, told = Cascade(), list[Candle]()
    for each in sorted(trades):
        told += cascade.advance(each.time_ms)
        assert cascade.add(*each)
    told += cascade.advance(START_MS + 100 * DAY_MS)

    assert_same(told, trades)
    assert len({candle[:2] for candle in told}) == len(told)


@LAWS
@given(trade_lists())
def test_what_is_forming_equals_aggregating_the_trades_directly(trades: list[Trade]) -> None:
    cascade, told = Cascade(), list[Candle]()
    for each in sorted(trades):
        told += cascade.advance(each.time_ms)
        cascade.add(*each)

    forming = cascade.all_forming()
    assert_same(told + forming, trades)
    assert all(candle.forming for candle in forming)
    for interval in Interval:
        newest = [candle for candle in forming if candle.interval is interval][-1:]
        assert [cascade.forming(interval)] == newest


@LAWS
@given(trade_lists(st.integers(0, 2_000)), st.randoms())
def test_the_order_of_arrival_within_the_grace_changes_nothing(
    trades: list[Trade], chance: st.DataObject
) -> None:
    shuffled = sorted(trades, key=lambda _: chance.random())  # type: ignore[attr-defined]
    cascade, told = Cascade(), list[Candle]()
    for each in shuffled:
        told += cascade.advance(START_MS + 2_000)
        assert cascade.add(*each)
    told += cascade.advance(START_MS + 100 * DAY_MS)

    assert_same(told, trades)
    assert not any(candle.amended for candle in told)


@LAWS
@given(trade_lists(st.integers(0, 3 * HOUR_MS)), trade_lists(st.integers(0, 3 * HOUR_MS)))
def test_trades_that_come_late_amend_everything_above(
    early: list[Trade], late: list[Trade]
) -> None:
    late = [each._replace(id=each.id + 1000) for each in late]
    cascade = Cascade(retain_ms=4 * HOUR_MS)
    feed(early, cascade)
    told = cascade.advance(START_MS + 3 * HOUR_MS + 10_000)
    feed(late, cascade)
    first = {candle[:2] for candle in told}
    amendments = cascade.advance(START_MS + 3 * HOUR_MS + 10_000)
    assert {candle[:2] for candle in amendments if candle.amended} == first & {
        candle[:2] for candle in amendments
    }
    told += amendments + cascade.advance(START_MS + 100 * DAY_MS)
    assert_same(told, [*early, *late])


@LAWS
@given(trade_lists(), st.integers(0, 50 * DAY_MS))
def test_closing_twice_is_closing_once(trades: list[Trade], after_ms: int) -> None:
    once, twice = Cascade(), Cascade()
    feed(trades, once)
    feed(trades, twice)
    assert once.advance(START_MS + after_ms) == twice.advance(START_MS + after_ms)
    assert twice.advance(START_MS + after_ms) == []
    assert twice.advance(START_MS) == []
    assert once.all_forming() == twice.all_forming()
    last = START_MS + 100 * DAY_MS
    assert once.advance(last) == twice.advance(last)


@LAWS
@given(trade_lists())
def test_every_candle_is_sound_and_no_volume_is_lost(trades: list[Trade]) -> None:
    cascade = Cascade()
    feed(trades, cascade)
    told = cascade.advance(START_MS + 100 * DAY_MS)
    total = math.fsum(each.quantity for each in trades)
    for interval in Interval:
        candles = of(told, interval)
        assert all(candle.sound for candle in candles)
        assert math.fsum(candle.volume for candle in candles) == pytest.approx(total, rel=1e-15)


@LAWS
@given(trade_lists())
def test_putting_the_minutes_gives_the_same_as_trading_them(trades: list[Trade]) -> None:
    minutes = aggregate(trades, Interval.MINUTE)
    cascade = Cascade()
    for candle in minutes:
        assert cascade.put(candle)
    told = cascade.advance(START_MS + 100 * DAY_MS)
    for interval in list(Interval)[1:]:
        expected = list(merge(minutes, interval))
        assert [c[:6] for c in of(told, interval)] == [c[:6] for c in expected]
        assert [c.volume for c in of(told, interval)] == pytest.approx(
            [c.volume for c in expected], rel=1e-15
        )


def test_an_hour_by_hand() -> None:
    cascade = Cascade()
    feed([trade(0, 1, 10.0, 2.0), trade(500, 2, 12.0), trade(1_000, 3, 9.0)], cascade)

    assert cascade.advance(START_MS + 2_999) == []
    closed = cascade.advance(START_MS + 3_000)

    february = (START_MS + 1000 - 28 * DAY_MS, 10.0, 12.0, 10.0, 12.0, 3.0, 2)
    assert [c.interval for c in closed] == ["1s", "1m", "5m", "15m", "30m", "1h", "4h", "1d", "1M"]
    assert closed[-1][1:8] == february
    week = cascade.forming(Interval.WEEK)
    assert week
    assert week[2:9] == (10.0, 12.0, 9.0, 9.0, 4.0, 3, True)


def test_the_first_and_last_trade_of_a_millisecond_are_told_by_their_ids() -> None:
    cascade = Cascade()
    feed([trade(0, 7, 3.0), trade(0, 9, 5.0), trade(0, 5, 1.0), trade(0, 8, 4.0)], cascade)
    second = cascade.forming(Interval.SECOND)
    assert second
    assert (second.open, second.close) == (1.0, 5.0)


def test_missing_minutes_stay_missing() -> None:
    cascade = Cascade()
    feed([trade(0, 1, 1.0), trade(10 * MINUTE_MS, 2, 1.0)], cascade)
    told = cascade.advance(START_MS + 11 * MINUTE_MS)
    assert len(of(told, Interval.MINUTE)) == 2
    assert cascade.forming(Interval.MINUTE) is None


def test_what_is_too_old_or_too_far_ahead_is_refused() -> None:
    cascade = Cascade(retain_ms=MINUTE_MS)
    cascade.advance(START_MS)
    assert cascade.add(*trade(-MINUTE_MS, 1, 1.0))
    assert not cascade.add(*trade(-MINUTE_MS - 1, 2, 1.0))
    assert cascade.add(*trade(MINUTE_MS - 1, 3, 1.0))
    assert not cascade.add(*trade(MINUTE_MS, 4, 1.0))
    far = Candle(Interval.MINUTE, (START_MS + HOUR_MS) // MINUTE_MS * MINUTE_MS, 1, 1, 1, 1, 1)
    assert not cascade.put(far)
    assert not cascade.put(far._replace(open_time_ms=far.open_time_ms - DAY_MS))


def candle(after_ms: int, close: float, interval: Interval = Interval.MINUTE) -> Candle:
    start_ms = interval.bucket_start(START_MS + after_ms)
    return Candle(interval, start_ms, 1.0, max(close, 1.0), min(close, 1.0), close, 10.0, 5)


def test_a_candle_that_is_put_replaces_the_trades_of_its_bucket() -> None:
    cascade = Cascade()
    feed([trade(2_000, 1, 7.0), trade(3_000, 2, 8.0)], cascade)
    told = cascade.advance(START_MS + 62_000)
    assert cascade.put(candle(1_000, 2.0))
    assert cascade.add(*trade(4_000, 3, 9.0))

    told += cascade.advance(START_MS + 90_000)
    [minute] = of(told, Interval.MINUTE)
    assert minute[2:8] == (1.0, 2.0, 1.0, 2.0, 10.0, 5)
    day = cascade.forming(Interval.DAY)
    assert day
    assert (day.high, day.volume) == (2.0, 10.0)


def test_a_forming_candle_is_put_again_and_again() -> None:
    cascade = Cascade()
    cascade.advance(START_MS + 1_000)
    for close in (2.0, 3.0, 1.5):
        assert cascade.put(candle(1_000, close))
        hour = cascade.forming(Interval.HOUR)
        assert hour
        assert (hour.close, hour.volume) == (close, 10.0)


def test_putting_the_same_again_is_no_news_and_something_else_is_an_amendment() -> None:
    cascade = Cascade()
    cascade.put(candle(1_000, 2.0))
    now_ms = START_MS + 10 * MINUTE_MS
    assert {c.interval for c in cascade.advance(now_ms)} == {Interval.MINUTE, Interval.MINUTES_5}
    cascade.put(candle(1_000, 2.0))
    assert cascade.advance(now_ms) == []
    cascade.put(candle(1_000, 4.0))
    cascade.put(candle(1_000, 4.0))
    assert [(c.interval, c.close, c.amended) for c in cascade.advance(now_ms)] == [
        (Interval.MINUTE, 4.0, True),
        (Interval.MINUTES_5, 4.0, True),
    ]


def test_a_candle_that_says_what_the_trades_said_is_no_news() -> None:
    cascade = Cascade()
    feed([trade(1_000, 1, 7.0, 0.25), trade(2_000, 2, 8.0, 0.5)], cascade)
    told = cascade.advance(START_MS + 70_000)
    [minute] = of(told, Interval.MINUTE)
    assert cascade.put(minute)
    assert cascade.advance(START_MS + 70_000) == []


@LAWS
@given(trade_lists(st.integers(0, 40 * DAY_MS)), st.integers(0, 40 * DAY_MS))
def test_a_cascade_goes_on_from_what_was_stored(trades: list[Trade], cut_ms: int) -> None:
    """Stopped at the end of a minute and started anew, it ends where an undisturbed one does."""
    cut_ms = Interval.MINUTE.bucket_start(START_MS + cut_ms)
    before = [each for each in trades if each.time_ms < cut_ms]
    after = sorted(each for each in trades if each.time_ms >= cut_ms)
    first = Cascade()
    feed(before, first)
    stored = first.advance(cut_ms + 2_000)
    parts = first.all_forming()

    second = Cascade()
    second.seed([each for each in [*stored, *parts] if each.interval != "1s"], cut_ms + 2_000)
    told = second.advance(cut_ms + 2_000)
    assert told == []
    for each in after:
        told += second.advance(each.time_ms)
        assert second.add(*each)
    told += second.advance(START_MS + 100 * DAY_MS)

    for interval in Interval:
        ours, expected = of(stored + told, interval), aggregate(trades, interval)
        assert [each[:6] for each in ours] == [each[:6] for each in expected]
        assert [each.volume for each in ours] == pytest.approx(
            [each.volume for each in expected], rel=1e-15
        )


def test_memory_stays_bounded() -> None:
    """A month of trades, one a minute, leaves the parts of what can still change."""
    cascade = Cascade()
    for number in range(30 * 1440):
        cascade.advance(START_MS + number * MINUTE_MS)
        cascade.add(*trade(number * MINUTE_MS, number, 1.0))
    assert sum(len(track.buckets) for track in cascade._tracks) < 120
