"""A candle: what the price of a pair did in one stretch of time, and the stretches there are.

Stretches lie on a fixed grid in UTC: a bucket is the half-open span from its start to the start of
the next one. Weeks start on Monday, months are calendar months. A candle belongs to the bucket that
begins at `open_time_ms`. Where nobody traded there is no candle; a reader who wants a row anyway
asks `fill` for one, and that row says that it is synthetic.

Values are floats: candles feed indicators and charts, never a balance. Volumes are in units of the
base asset.
"""

import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Final, NamedTuple, Self

SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000
MONDAY_MS: Final = 4 * DAY_MS
"""1970-01-05, the first Monday."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Interval(StrEnum):
    """How long a candle is. `length_ms` is 0 for months, which have no length of their own."""

    length_ms: int

    SECOND = "1s", SECOND_MS
    MINUTE = "1m", MINUTE_MS
    MINUTES_5 = "5m", 5 * MINUTE_MS
    MINUTES_15 = "15m", 15 * MINUTE_MS
    MINUTES_30 = "30m", 30 * MINUTE_MS
    HOUR = "1h", HOUR_MS
    HOURS_4 = "4h", 4 * HOUR_MS
    DAY = "1d", DAY_MS
    WEEK = "1w", 7 * DAY_MS
    MONTH = "1M", 0

    def __new__(cls, text: str, length_ms: int = 0) -> Self:
        interval = str.__new__(cls, text)
        interval._value_ = text
        interval.length_ms = length_ms
        return interval

    def bucket_start(self, ms: int) -> int:
        """The start of the bucket that `ms` lies in."""
        if self is Interval.MONTH:
            at = _EPOCH + timedelta(milliseconds=ms)
            return _to_ms(at.year, at.month)
        phase_ms = MONDAY_MS if self is Interval.WEEK else 0
        return ms - (ms - phase_ms) % self.length_ms

    def next_start(self, ms: int) -> int:
        """The start of the bucket after the one that `ms` lies in."""
        start_ms = self.bucket_start(ms)
        if self is not Interval.MONTH:
            return start_ms + self.length_ms
        at = _EPOCH + timedelta(milliseconds=start_ms)
        return _to_ms(at.year + at.month // 12, at.month % 12 + 1)

    def contains(self, open_time_ms: int, ms: int) -> bool:
        """Whether `ms` lies in the bucket that begins at `open_time_ms`."""
        return self.bucket_start(ms) == open_time_ms


def _to_ms(year: int, month: int) -> int:
    return (datetime(year, month, 1, tzinfo=UTC) - _EPOCH).days * DAY_MS


class Candle(NamedTuple):
    """One bucket of one pair. A tuple, because every page read makes hundreds of them.

    `trades` is 0 where the source does not say, and in a synthetic row. `forming`: the bucket is
    not over; `amended`: it was reported as over and has changed since.
    """

    interval: Interval
    open_time_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    trades: int = 0
    forming: bool = False
    synthetic: bool = False
    amended: bool = False

    @property
    def sound(self) -> bool:
        """Whether this can have happened: finite, above zero, high on top, low at the bottom."""
        return (
            0 < self.low <= self.open <= self.high < math.inf
            and self.low <= self.close <= self.high
            and 0 <= self.volume < math.inf
            and self.trades >= 0
        )


class FillPolicy(StrEnum):
    """What to show where nobody traded: nothing, or the price before as a synthetic row."""

    NONE = "none"
    PREVIOUS = "previous"


def merge(candles: Iterable[Candle], interval: Interval) -> Iterator[Candle]:
    """Candles of a longer interval from shorter ones, in the order of time.

    A bucket is made of what is there of it: the caller knows whether its first and last one are
    whole. Volumes are added exactly and rounded once. The trades of a bucket are unknown when those
    of a part are.
    """
    for start_ms, group in groupby(
        candles, key=lambda candle: interval.bucket_start(candle.open_time_ms)
    ):
        parts = list(group)
        counts = [part.trades for part in parts if not part.synthetic]
        yield Candle(
            interval,
            start_ms,
            open=parts[0].open,
            high=max(part.high for part in parts),
            low=min(part.low for part in parts),
            close=parts[-1].close,
            volume=math.fsum(part.volume for part in parts),
            trades=sum(counts) if all(counts) else 0,
            forming=parts[-1].forming,
            synthetic=not counts,
            amended=any(part.amended for part in parts),
        )


def fill(
    candles: Iterable[Candle], policy: FillPolicy, *, until_ms: int | None = None
) -> Iterator[Candle]:
    """`candles`, in the order of time and of one interval, with the buckets between them as the
    policy wants them.

    The last one is carried on to the buckets that start before `until_ms`. Nothing is invented
    before the first candle. Lazy: a gap of years costs only what is taken of it.
    """
    before: Candle | None = None
    for candle in candles:
        if before and policy is FillPolicy.PREVIOUS:
            yield from _carry(before, candle.open_time_ms)
        yield candle
        before = candle
    if before and until_ms is not None and policy is FillPolicy.PREVIOUS:
        yield from _carry(before, until_ms)


def _carry(before: Candle, until_ms: int) -> Iterator[Candle]:
    interval, price = before.interval, before.close
    start_ms = interval.next_start(before.open_time_ms)
    while start_ms < until_ms:
        yield Candle(interval, start_ms, price, price, price, price, 0.0, synthetic=True)
        start_ms = interval.next_start(start_ms)
