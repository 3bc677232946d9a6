"""Candles from news to answers, on a real PostgreSQL."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from plimsoll.markets.domain.candles import (
    DAY_MS,
    MINUTE_MS,
    Candle,
    FillPolicy,
    Interval,
)
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.service.candles import Candles
from plimsoll.markets.service.making import PairCandle
from plimsoll.markets.service.quality import Reason
from plimsoll.markets.service.reading import LAST_MS
from plimsoll.markets.storage.store import StoredCandles
from plimsoll.plumbing.database import Database
from tests.markets.candle_desk import (
    BTC,
    ETH,
    NOW_MS,
    closes,
    minute,
    minutes,
    opened,
    say,
    stored,
    trades,
)


@pytest.fixture
def store(database: Database, tmp_path: Path) -> StoredCandles:
    return stored(database, tmp_path)


async def read(
    candles: Candles, interval: Interval = Interval.MINUTE, to_ms: int = LAST_MS, limit: int = 500
) -> list[Candle]:
    return await candles.list_candles(BTC, interval, to_ms=to_ms, limit=limit)


async def test_trades_become_candles_of_every_interval(store: StoredCandles) -> None:
    async with opened(store) as candles:
        candles.take(trades((1, 100.0, 1.0), (2, 103.0, 0.5), (61, 99.0, 0.25)), NOW_MS + 61_000)
        candles.advance(NOW_MS + 125_000)
        assert await read(candles) == [
            Candle(Interval.MINUTE, NOW_MS, 100, 103, 100, 103, 1.5, 2),
            Candle(Interval.MINUTE, NOW_MS + MINUTE_MS, 99, 99, 99, 99, 0.25, 1),
        ]
        [half_hour] = await read(candles, Interval.MINUTES_30)
        assert half_hour == Candle(
            Interval.MINUTES_30, NOW_MS, 100, 103, 99, 99, 1.75, 3, forming=True
        )
        [day] = await read(candles, Interval.DAY)
        assert (day.open_time_ms, day.forming) == (NOW_MS - NOW_MS % DAY_MS, True)
        seconds = await read(candles, Interval.SECOND)
        assert [each.open_time_ms - NOW_MS for each in seconds] == [1_000, 2_000, 61_000]


async def test_an_answer_is_the_same_before_and_after_it_is_stored(store: StoredCandles) -> None:
    async with opened(store) as candles:
        candles.take(trades((1, 100.0, 1.0), (61, 99.0, 0.25)), NOW_MS + 61_000)
        candles.advance(NOW_MS + 65_000)

        async def read_older(of: Candles) -> list[Candle]:
            """More than a window has."""
            return await read(of, to_ms=NOW_MS + MINUTE_MS, limit=5_000)

        before = await read(candles), await read_older(candles)
        await candles.flush()
        assert (await read(candles), await read_older(candles)) == before
        assert [len(each) for each in before] == [2, 1]
    async with opened(store, NOW_MS + 65_000) as again:
        assert await read_older(again) == before[1]


async def test_whole_candles_of_a_source_replace_what_trades_made(store: StoredCandles) -> None:
    async with opened(store) as candles:
        candles.take(trades((1, 1.0, 1.0)), NOW_MS)
        say(candles, minute(0, 1.5), at=1)
        candles.advance(NOW_MS + MINUTE_MS + 2_000)
        assert await read(candles) == [minute(0, 1.5)]


async def test_what_is_wrong_is_refused_counted_and_told(store: StoredCandles) -> None:
    async with opened(store) as candles:
        say(candles, minute(0), at=1)
        wrong = [
            minute(1, high=0.5),
            minute(1, close=float("nan")),
            minute(1, open_time_ms=NOW_MS + 7),
            minute(1, 1_000.0),
            minute(1, 0.001),
            minute(9),
        ]
        for candle in wrong:
            say(candles, candle, at=1)
        candles.take(trades((70, 1_000.0, 1.0), (70, float("inf"), 1.0), (70, 1.0, -1.0)), NOW_MS)
        candles.advance(NOW_MS + 10 * MINUTE_MS)
        assert await read(candles) == [minute(0)]
        told = {flag.reason for flag in candles.list_quality_flags()}
        assert told == {Reason.NOT_SOUND, Reason.OFF_GRID, Reason.IMPLAUSIBLE, Reason.AHEAD}


async def test_a_level_that_is_a_day_old_holds_nobody_back(store: StoredCandles) -> None:
    """A thousand times off is refused; a day later it is taken, and said."""
    moved = minute(1441, 1_000.0, open=1_000.0, high=1_000.0, low=1_000.0)
    async with opened(store) as candles:
        say(candles, minute(0), at=1)
        say(candles, moved, at=1442)
        candles.advance(NOW_MS + 1443 * MINUTE_MS)
        assert (await read(candles))[-1] == moved
        [flag] = candles.list_quality_flags()
        assert flag.reason is Reason.LEVEL_CHANGED


async def test_listeners_hear_what_closes_and_what_is_amended(store: StoredCandles) -> None:
    async with opened(store) as candles:
        heard, changed = list[PairCandle](), list[Pair]()
        candles.listeners.append(lambda pair, candle: heard.append((pair, candle)))
        candles.on_change.append(changed.append)
        say(candles, minute(0), pair=ETH, at=1)
        assert changed == [ETH]
        candles.advance(NOW_MS + MINUTE_MS + 2_000)
        assert heard == [(ETH, minute(0))]
        say(candles, minute(0, 2.0), pair=ETH, at=2)
        candles.advance(NOW_MS + 2 * MINUTE_MS)
        assert heard[1:] == [(ETH, minute(0, 2.0, amended=True))]


async def test_pages_go_backwards_without_a_gap(store: StoredCandles) -> None:
    async with opened(store) as candles:
        await candles.import_candles(BTC, Interval.MINUTE, minutes(-4_000, -1))
        pages, to_ms = list[Sequence[bytes]](), LAST_MS
        while True:
            page = await candles.reading.list_rows(BTC, Interval.MINUTE, to_ms=to_ms, limit=900)
            pages.insert(0, page.rows)
            if page.next_to_ms is None:
                break
            to_ms = page.next_to_ms
        assert [len(page) for page in pages] == [400, 900, 900, 900, 900]
        whole = await candles.reading.list_rows(BTC, Interval.MINUTE, limit=5_000)
        assert [row for page in pages for row in page] == whole.rows


async def test_the_recent_window_answers_without_the_store(
    store: StoredCandles, database: Database
) -> None:
    async with opened(store, NOW_MS + 2_000) as candles:
        await candles.import_candles(BTC, Interval.MINUTE, minutes(-2_000, -1))
        assert candles.reading.find_rows(BTC, Interval.MINUTE) is None
        asked = await candles.reading.list_rows(BTC, Interval.MINUTE)
        say(candles, minute(0, 1.5), at=1)
        candles.advance(NOW_MS + MINUTE_MS + 2_000)
        found = candles.reading.find_rows(BTC, Interval.MINUTE)
        assert found
        assert found.rows[:-1] == asked.rows[1:]
        assert b'"close":"1.5"' in found.rows[-1]
        assert found.next_to_ms == NOW_MS - 499 * MINUTE_MS
        assert candles.reading.find_rows(BTC, Interval.MINUTE, limit=1_600) is None


async def test_what_closes_while_a_window_is_read_is_in_it(store: StoredCandles) -> None:
    async with opened(store) as candles:
        say(candles, minute(0), at=1)
        candles.advance(NOW_MS + MINUTE_MS + 2_000)
        loading = candles.list_candles(BTC, Interval.MINUTE)
        task = asyncio.ensure_future(loading)
        await asyncio.sleep(0)
        say(candles, minute(1), at=2)
        candles.advance(NOW_MS + 2 * MINUTE_MS + 2_000)
        await candles.flush()
        assert await task == [minute(0), minute(1)]


async def test_windows_are_bounded_in_bytes(store: StoredCandles) -> None:
    async with opened(store, window_bytes=300_000) as candles:
        for pair in (BTC, ETH):
            await candles.import_candles(pair, Interval.MINUTE, minutes(-1_400, -1))
            await candles.list_candles(pair, Interval.MINUTE)
        assert candles.reading.find_rows(BTC, Interval.MINUTE) is None
        assert candles.reading.find_rows(ETH, Interval.MINUTE) is not None
        assert candles.reading._windows.size <= 300_000


async def test_nothing_is_shown_that_is_later_than_the_world(store: StoredCandles) -> None:
    """A replay starts over on a store that knows its future."""
    async with opened(store) as candles:
        await candles.import_candles(BTC, Interval.MINUTE, minutes(-120, -1))
    early_ms = NOW_MS - 60 * MINUTE_MS + 2_000
    async with opened(store, early_ms) as again:
        shown = await read(again)
        assert (len(shown), shown[-1]) == (60, minute(-61, 1 + -61 % 7 / 100))
        assert await read(again, limit=5_000) == shown
        hours = await read(again, Interval.HOUR)
        assert [hour.open_time_ms for hour in hours] == [
            NOW_MS - 150 * MINUTE_MS,
            NOW_MS - 90 * MINUTE_MS,
        ]
        assert hours[-1].forming


@pytest.mark.parametrize("limit", [3, 10, 500])
async def test_gaps_are_filled_with_the_price_before(store: StoredCandles, limit: int) -> None:
    async with opened(store, NOW_MS + 30_000) as candles:
        await candles.import_candles(
            BTC, Interval.MINUTE, [minute(-9, 1.2), minute(-6, 1.3), minute(-5, 1.4)]
        )
        filled = await candles.list_candles(
            BTC, Interval.MINUTE, limit=limit, fill=FillPolicy.PREVIOUS
        )
        expected = [1.2, 1.2, 1.2, 1.3, 1.4, 1.4, 1.4, 1.4, 1.4, 1.4][-limit:]
        assert closes(filled) == expected
        assert [each.synthetic for each in filled][-2:] == [True, True]
        times = [each.open_time_ms for each in filled]
        assert times == list(range(times[0], NOW_MS + 1, MINUTE_MS))
        since = await candles.list_candles(
            BTC,
            Interval.MINUTE,
            from_ms=NOW_MS - 8 * MINUTE_MS + 1,
            to_ms=NOW_MS - 6 * MINUTE_MS,
            fill=FillPolicy.PREVIOUS,
        )
        assert [(each.open_time_ms - NOW_MS, each.close) for each in since] == [
            (-7 * MINUTE_MS, 1.2)
        ]
