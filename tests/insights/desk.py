"""Insights over real candles: hours of one pair, minutes of another, up to a Saturday morning."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from plimsoll.insights.service.insights import Insights
from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.service.candles import Candles
from plimsoll.markets.storage.store import StoredCandles
from tests.insights.shelf import candles_of
from tests.insights.walks import Shape, walk
from tests.markets.candle_desk import BTC, ETH, NOW_MS, opened


def history(interval: Interval, length: int, *, seed: int = 51) -> list[Candle]:
    """A walk whose last candle is the last whole one before now."""
    walked = candles_of(walk(Shape(seed=seed, length=length, step_ms=interval.length_ms)), interval)
    later_ms = interval.bucket_start(NOW_MS) - interval.length_ms - walked[-1].open_time_ms
    return [candle._replace(open_time_ms=candle.open_time_ms + later_ms) for candle in walked]


HOURS: Final = history(Interval.HOUR, 800)
MINUTES: Final = history(Interval.MINUTE, 400)


@asynccontextmanager
async def insights_over(store: StoredCandles) -> AsyncIterator[tuple[Candles, Insights]]:
    """The past is stored; from now on the insights hear of every candle."""
    async with opened(store) as candles:
        await candles.import_candles(BTC, Interval.HOUR, HOURS)
        await candles.import_candles(ETH, Interval.MINUTE, MINUTES)
        candles.advance(NOW_MS + 2_000)
        insights = Insights(candles)
        candles.listeners.append(insights.notice)
        candles.on_change.append(insights.touch)
        try:
            yield candles, insights
        finally:
            await insights.aclose()
