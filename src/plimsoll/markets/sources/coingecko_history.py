"""Candles of the past from CoinGecko, as far as it has any.

Half hours (of the last day) and stretches of four hours (of the last 30 days) it gives itself; the
stamp of such a row is the candle's close. Hours (of the last day) and days (of the last 90) are
made of the prices it observed, one in 5 minutes and one in an hour: the true high and low lie
beyond them, perhaps. Volumes are not known, so they are 0.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from plimsoll.markets.domain.candles import DAY_MS, Candle, Interval, merge
from plimsoll.markets.sources.coingecko_api import CoinGeckoApi


class Reach(NamedTuple):
    """How many days may be asked for, in rising order, and whether the rows are candles."""

    days: tuple[int, ...]
    bodies: bool


REACHES: Final = {
    Interval.MINUTES_30: Reach((1,), bodies=True),
    Interval.HOUR: Reach((1,), bodies=False),
    Interval.HOURS_4: Reach((7, 14, 30), bodies=True),
    Interval.DAY: Reach((30, 90), bodies=False),
}
LATEST_MS: Final = 10**14


async def list_candles(
    api: CoinGeckoApi, coin: str, code: str, interval: Interval, *, from_ms: int, now_ms: int
) -> list[Candle]:
    """What is closed at `now_ms` and opened at `from_ms` or later, oldest first, within the
    reach. Raises Unavailable.
    """
    reach = REACHES[interval]
    days = next((days for days in reach.days if now_ms - days * DAY_MS <= from_ms), reach.days[-1])
    if reach.bodies:
        candles = _read_bodies(await api.list_bodies(coin, code, days=days), interval)
    else:
        candles = _merge_observed(await api.list_observed(coin, code, days=days), interval)
    found = {candle.open_time_ms: candle for candle in candles if candle.sound}
    return [
        found[at_ms]
        for at_ms in sorted(found)
        if from_ms <= at_ms and interval.next_start(at_ms) <= now_ms
    ]


def _read_bodies(
    rows: Iterable[tuple[int, float, float, float, float]], interval: Interval
) -> Iterator[Candle]:
    """Rows that are on the grid: the last one is stamped with the present while it is forming."""
    for closed_ms, *values in rows:
        open_ms = closed_ms - interval.length_ms
        if 0 < closed_ms < LATEST_MS and interval.bucket_start(open_ms) == open_ms:
            first, high, low, last = values
            yield Candle(interval, open_ms, first, high, low, last, 0.0)


def _merge_observed(rows: Iterable[tuple[int, float]], interval: Interval) -> Iterator[Candle]:
    """Whole buckets only: what is observed begins within one."""
    points = [
        Candle(Interval.SECOND, at_ms, price, price, price, price, 0.0)
        for at_ms, price in sorted(rows)
        if 0 < at_ms < LATEST_MS
    ]
    candles = merge((point for point in points if point.sound), interval)
    next(candles, None)
    return candles
