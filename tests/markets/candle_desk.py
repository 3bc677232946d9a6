"""Candles on a real database, in a world that stands at a Saturday morning."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.candles import MINUTE_MS, Candle, Interval
from plimsoll.markets.domain.feeds import News, Trade
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.service.candles import Candles
from plimsoll.markets.storage.archive import Archive
from plimsoll.markets.storage.store import StoredCandles
from plimsoll.plumbing.database import Database
from tests.fakes.clock import ManualClock

NOW = datetime(2026, 11, 21, 7, 30, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
BTC = Pair(AssetId("bitcoin"), AssetId("tether"))
ETH = Pair(AssetId("ethereum"), AssetId("tether"))


def stored(database: Database, folder: Path) -> StoredCandles:
    return StoredCandles(database, Archive(folder), ManualClock(NOW))


@asynccontextmanager
async def opened(
    store: StoredCandles, now_ms: int = NOW_MS, *, window_bytes: int = 1_000_000
) -> AsyncIterator[Candles]:
    candles = Candles(store, minute_days=35, middle_months=2, window_bytes=window_bytes)
    await candles.open(now_ms)
    try:
        yield candles
    finally:
        await candles.close()


def minute(number: int, close: float = 1.0, **other: object) -> Candle:
    """A minute counted from now; closed."""
    at_ms = NOW_MS + number * MINUTE_MS
    high, low = max(close, 1.0), min(close, 1.0)
    return Candle(Interval.MINUTE, at_ms, 1.0, high, low, close, 2.5, 3)._replace(**other)  # type: ignore[arg-type]


def minutes(first: int, last: int) -> list[Candle]:
    """A gentle walk."""
    return [minute(number, 1 + number % 7 / 100) for number in range(first, last + 1)]


def say(candles: Candles, *said: Candle, pair: Pair = BTC, at: int) -> None:
    """The source says candles, `at` minutes from now."""
    candles.take(News(candles=[(pair, each) for each in said]), NOW_MS + at * MINUTE_MS)


def trades(*entries: tuple[int, float, float], pair: Pair = BTC) -> News:
    """Seconds from now, price, quantity."""
    return News(
        trades=[
            Trade(pair, NOW_MS + after_s * 1000, number, price, quantity)
            for number, (after_s, price, quantity) in enumerate(entries)
        ]
    )


def closes(candles: Sequence[Candle]) -> list[float]:
    return [candle.close for candle in candles]
