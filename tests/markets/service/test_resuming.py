"""Restarts: what is stored of the open buckets is gone on from."""

import asyncio
from pathlib import Path

import pytest

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.candles import HOUR_MS, MINUTE_MS, Interval, merge
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.domain.volatility import Window
from plimsoll.markets.storage.store import StoredCandles
from plimsoll.plumbing.database import Database
from tests.markets.candle_desk import BTC, ETH, NOW_MS, minutes, opened, say, stored

AFTER_MS = 2_000
"""The grace in which a candle that ended is still open."""


@pytest.fixture
def store(database: Database, tmp_path: Path) -> StoredCandles:
    return stored(database, tmp_path)


async def test_an_hour_that_was_interrupted_closes_as_if_nothing_had_been(
    store: StoredCandles,
) -> None:
    """From 07:30; the process ends at 07:43 and is back a moment later."""
    course = minutes(0, 29)
    async with opened(store) as candles:
        for number, candle in enumerate(course[:13]):
            say(candles, candle, at=number + 1)
        candles.advance(NOW_MS + 13 * MINUTE_MS + AFTER_MS)
    async with opened(store, NOW_MS + 13 * MINUTE_MS + 5_000) as candles:
        for number, candle in enumerate(course[13:], 13):
            say(candles, candle, at=number + 1)
        candles.advance(NOW_MS + 30 * MINUTE_MS + AFTER_MS)
        for interval in (Interval.MINUTES_5, Interval.MINUTES_15, Interval.HOUR):
            expected = list(merge(course, interval))
            assert await candles.list_candles(BTC, interval) == expected, interval
        [day] = await candles.list_candles(BTC, Interval.DAY)
        assert (day.trades, day.forming) == (90, True)


async def test_what_was_over_before_the_process_came_back_is_closed(
    store: StoredCandles,
) -> None:
    """The process ends at 07:43 and comes back the next day; nobody knows the rest."""
    course = minutes(0, 12)
    async with opened(store) as candles:
        for number, candle in enumerate(course):
            say(candles, candle, at=number + 1)
        candles.advance(NOW_MS + 13 * MINUTE_MS + AFTER_MS)
    async with opened(store, NOW_MS + 30 * HOUR_MS) as candles:
        assert candles._overdue
        await asyncio.wait_for(candles._overdue, 10)
        for interval in (Interval.MINUTES_5, Interval.MINUTES_15, Interval.HOUR, Interval.DAY):
            expected = list(merge(course, interval))
            assert await candles.list_candles(BTC, interval) == expected, interval
        [month] = await candles.list_candles(BTC, Interval.MONTH)
        assert month.forming


async def test_the_ranking_is_there_again(store: StoredCandles) -> None:
    async with opened(store) as candles:
        await candles.import_candles(BTC, Interval.MINUTE, minutes(-400, -1))
        await candles.import_candles(ETH, Interval.MINUTE, minutes(-400, -200))
        candles.advance(NOW_MS + AFTER_MS)
        before = [candles.volatility.find(pair, Window.DAY) for pair in (BTC, ETH)]
    async with opened(store, NOW_MS + AFTER_MS) as candles:
        assert [candles.volatility.find(pair, Window.DAY) for pair in (BTC, ETH)] == before
    assert before[0]
    assert (before[0].rank, before[0].returns) == (1, 399)


async def test_a_replay_that_starts_over_makes_the_same_candles(store: StoredCandles) -> None:
    course = minutes(0, 59)

    async def play() -> list[object]:
        async with opened(store) as candles:
            for number, candle in enumerate(course):
                say(candles, candle, at=number + 1)
            candles.advance(NOW_MS + HOUR_MS + AFTER_MS)
            return [await candles.list_candles(BTC, interval) for interval in Interval]

    assert await play() == await play()


async def test_a_thousand_pairs_are_there_soon(store: StoredCandles) -> None:
    """Measured: a second on a quiet machine; the bound is for a busy one."""
    pairs = [Pair(AssetId(f"coin-{number}"), AssetId("usd")) for number in range(1_000)]
    course = minutes(-30, -1)
    parts = [
        *course,
        *merge(course, Interval.MINUTES_5),
        *merge(course, Interval.MINUTES_15),
        *merge(course, Interval.MINUTES_30),
    ]
    await store.save((pair, candle) for pair in pairs for candle in parts)
    async with asyncio.timeout(10), opened(store, NOW_MS + AFTER_MS) as candles:
        for pair in pairs:
            [hour] = candles._making.list_forming(pair, Interval.HOUR)
            assert (hour.open_time_ms, hour.trades) == (NOW_MS - 30 * MINUTE_MS, 90)
