"""Into the store and out of it, while the database comes and goes."""

import asyncio
from pathlib import Path

import pytest

from plimsoll.kernel.errors import Unavailable
from plimsoll.markets.domain.candles import DAY_MS, MINUTE_MS, Interval
from plimsoll.markets.service.keeping import Unsaved
from plimsoll.markets.storage.partitions import list_partitions
from plimsoll.markets.storage.store import StoredCandles
from plimsoll.plumbing.database import Database
from tests.markets.candle_desk import BTC, ETH, NOW_MS, minute, minutes, opened, say, stored
from tests.plumbing.cutting_proxy import CuttingProxy


@pytest.fixture
def store(database: Database, tmp_path: Path) -> StoredCandles:
    return stored(database, tmp_path)


async def test_nothing_is_lost_while_the_database_is_away(
    database_url: str, tmp_path: Path
) -> None:
    """Two hours of minutes; the connections are cut, come back, and everything is there."""
    course = minutes(0, 119)
    async with CuttingProxy.before(database_url) as proxy:
        database = await Database.connect(proxy.dsn)
        store = stored(database, tmp_path)
        async with opened(store) as candles:
            assert await candles.list_candles(BTC, Interval.MINUTE) == []
            await proxy.close()
            for number, candle in enumerate(course):
                say(candles, candle, at=number + 1)
            candles.advance(NOW_MS + 120 * MINUTE_MS + 2_000)
            with pytest.raises(Unavailable):
                await candles.flush()
            with pytest.raises(Unavailable):
                await candles._keeper.save_forming()
            shown = await candles.list_candles(BTC, Interval.MINUTE)
            assert shown == course, "what waits is shown"

            proxy._server = await asyncio.start_unix_server(proxy._serve, str(proxy._path))
            await candles.flush()
            assert len(candles._keeper.unsaved) == 0
            await candles._keeper.save_forming()
        found = await store.list_latest(BTC, Interval.MINUTE, to_ms=NOW_MS * 2, limit=500)
        assert found == course
        [day] = await store.list_latest(BTC, Interval.DAY, to_ms=NOW_MS * 2, limit=500)
        assert day.forming
        await database.close()


async def test_the_background_saves_by_itself(store: StoredCandles) -> None:
    async with opened(store) as candles:
        say(candles, minute(0), at=1)
        candles.advance(NOW_MS + MINUTE_MS + 2_000)
        async with asyncio.timeout(10):
            while candles._keeper.unsaved:  # noqa: ASYNC110 - nobody is told
                await asyncio.sleep(0.05)


async def test_what_is_left_is_saved_at_the_end(store: StoredCandles) -> None:
    async with opened(store) as candles:
        say(candles, minute(0), minute(1, 1.5), pair=ETH, at=1)
        candles.advance(NOW_MS + MINUTE_MS + 2_000)
    found = await store.list_latest(ETH, Interval.MINUTE, to_ms=NOW_MS * 2, limit=500)
    assert found == [minute(0), minute(1, 1.5, forming=True)]


async def test_old_months_go_to_files_and_are_still_read(
    store: StoredCandles, database: Database
) -> None:
    """35 days of minutes are wanted: at the 21st of November, September goes and October stays."""
    september = [
        minute(0, open_time_ms=NOW_MS - day * DAY_MS)._replace() for day in range(80, 30, -1)
    ]
    async with opened(store) as candles:
        await candles.import_candles(BTC, Interval.MINUTE, september)
        before = [
            await candles.list_candles(BTC, interval, limit=5_000)
            for interval in (Interval.MINUTE, Interval.MINUTES_5, Interval.HOUR)
        ]
        await candles._keeper.retire()
        after = [
            await candles.list_candles(BTC, interval, limit=5_000)
            for interval in (Interval.MINUTE, Interval.MINUTES_5, Interval.HOUR)
        ]
        assert after == before
        async with database.read() as unit:
            names = [each.name for each in await list_partitions(unit)]
        assert not [name for name in names if name.startswith("candles_short_202609")]
        assert [name for name in names if name.startswith("candles_short_202610")]


async def test_a_candle_that_changed_while_it_was_saved_waits_on() -> None:
    unsaved = Unsaved(most=2)
    unsaved.add(BTC, minute(0))
    some = unsaved.list_some(10)
    unsaved.add(BTC, minute(0, 2.0))
    unsaved.settle(some)
    assert unsaved.list_some(10) == [(BTC, minute(0, 2.0))]
    unsaved.add(BTC, minute(1))
    unsaved.add(BTC, minute(2))
    assert len(unsaved) == 2, "bounded"
