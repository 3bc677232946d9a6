"""Candles of the past: imports, backfills, late ones."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from plimsoll.kernel.errors import Unavailable
from plimsoll.markets.domain.candles import DAY_MS, HOUR_MS, MINUTE_MS, Candle, Interval, merge
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.service.candles import Candles
from plimsoll.markets.service.history import IntervalNotStored, Step
from plimsoll.markets.service.quality import Reason
from plimsoll.markets.storage.store import StoredCandles
from plimsoll.plumbing.database import Database
from tests.markets.candle_desk import BTC, NOW_MS, minute, minutes, opened, say, stored


@pytest.fixture
def store(database: Database, tmp_path: Path) -> StoredCandles:
    return stored(database, tmp_path)


async def everything(candles: Candles, interval: Interval) -> list[Candle]:
    return await candles.list_candles(BTC, interval, limit=5_000)


def without_marks(candles: Sequence[Candle]) -> list[Candle]:
    return [candle._replace(amended=False) for candle in candles]


UPPER = [interval for interval in Interval if interval not in ("1s", "1m")]


async def test_everything_above_imported_candles_is_made_of_them(store: StoredCandles) -> None:
    """Two days, the last hours of which the cascade takes; page by page and again."""
    course = minutes(-2 * 1440, -1)
    async with opened(store, NOW_MS + 2_000) as candles:
        for at in range(0, len(course), 700):
            await candles.import_candles(BTC, Interval.MINUTE, course[at : at + 700])
        for interval in UPPER:
            expected = list(merge(course, interval))
            found = await everything(candles, interval)
            assert [each[:8] for each in found] == [each[:8] for each in expected], interval
        before = [await everything(candles, interval) for interval in Interval]
        await candles.import_candles(BTC, Interval.MINUTE, course)
        assert [await everything(candles, interval) for interval in Interval] == before


async def test_a_minute_that_comes_hours_late_is_put_in_everywhere(store: StoredCandles) -> None:
    course = minutes(-300, -1)
    late = course.pop(10)
    async with opened(store, NOW_MS + 2_000) as candles:
        await candles.import_candles(BTC, Interval.MINUTE, course)
        await candles.list_candles(BTC, Interval.MINUTE)
        say(candles, late, at=1)
        candles.advance(NOW_MS + 2 * MINUTE_MS)
        await candles._history.import_late()
        candles.advance(NOW_MS + 2 * MINUTE_MS)
        whole = sorted([*course, late], key=lambda each: each.open_time_ms)
        for interval in (Interval.MINUTE, *UPPER):
            expected = [each[:8] for each in merge(whole, interval)]
            assert [each[:8] for each in await everything(candles, interval)] == expected, interval
        [rebuilt] = [
            each
            for each in await everything(candles, Interval.MINUTES_5)
            if Interval.MINUTES_5.contains(each.open_time_ms, late.open_time_ms)
        ]
        assert rebuilt.amended


async def test_a_candle_that_knows_more_than_its_parts_stays(store: StoredCandles) -> None:
    day_ms = NOW_MS - NOW_MS % DAY_MS - 10 * DAY_MS
    day = Candle(Interval.DAY, day_ms, 1.0, 2.0, 0.5, 1.5, 1_000.0)
    async with opened(store) as candles:
        await candles.import_candles(BTC, Interval.DAY, [day])
        await candles.import_candles(
            BTC, Interval.MINUTE, [minute(0, open_time_ms=day_ms + HOUR_MS)]
        )
        assert await everything(candles, Interval.DAY) == [day]
        [hour] = await everything(candles, Interval.HOUR)
        assert hour.open_time_ms == day_ms + HOUR_MS


async def test_wrong_rows_of_the_past_are_left_out_and_told(store: StoredCandles) -> None:
    given = [
        minute(-5),
        minute(-4, 1_000.0, open=1_000.0, low=1_000.0),
        minute(-3, low=-1.0),
        minute(-2, open_time_ms=NOW_MS - 2 * MINUTE_MS + 1),
        minute(-1),
        minute(0),
    ]
    async with opened(store, NOW_MS + 2_000) as candles:
        assert await candles.import_candles(BTC, Interval.MINUTE, given) == 2
        assert await everything(candles, Interval.MINUTE) == [minute(-5), minute(-1)]
        assert [flag.reason for flag in candles.list_quality_flags()] == [
            Reason.IMPLAUSIBLE,
            Reason.NOT_SOUND,
            Reason.OFF_GRID,
            Reason.AHEAD,
        ]
        with pytest.raises(IntervalNotStored):
            await candles.import_candles(BTC, Interval.SECOND, [])


class Venue:
    """Other people's history, 100 rows a page; away after `good_for` pages."""

    name = "venue"

    def __init__(self, course: list[Candle], good_for: int = 10**9) -> None:
        self.course = course
        self.good_for = good_for

    def offers(self, pair: Pair, interval: Interval) -> bool:
        return (pair, interval) == (BTC, Interval.MINUTE)

    async def list_candles(
        self, pair: Pair, interval: Interval, *, from_ms: int, to_ms: int
    ) -> list[Candle]:
        assert self.offers(pair, interval)
        self.good_for -= 1
        if self.good_for < 0:
            raise Unavailable("away")
        return [each for each in self.course if from_ms <= each.open_time_ms < to_ms][:100]


async def collect(backfill: AsyncIterator[Step], steps: list[Step]) -> None:
    """Keeps what was told before a failure."""
    async for step in backfill:
        steps.append(step)  # noqa: PERF401 - as they come


async def test_a_backfill_goes_on_where_it_was_interrupted(store: StoredCandles) -> None:
    course = minutes(-1_000, -1)
    bounds = {"from_ms": NOW_MS - 1_000 * MINUTE_MS, "to_ms": NOW_MS + DAY_MS}
    async with opened(store, NOW_MS + 2_000) as candles:
        steps = list[Step]()
        with pytest.raises(Unavailable):
            await collect(
                candles.backfill(Venue(course, good_for=4), BTC, Interval.MINUTE, **bounds), steps
            )
        assert [step.done for step in steps] == [100 * MINUTE_MS * page for page in (1, 2, 3, 4)]
        assert {step.total for step in steps} == {1_000 * MINUTE_MS}
        bounds["from_ms"] = steps[-1].reached_ms
        rest = [
            step async for step in candles.backfill(Venue(course), BTC, Interval.MINUTE, **bounds)
        ]
        assert sum(step.candles for step in rest) == 600
        assert rest[-1].done == rest[-1].total == 600 * MINUTE_MS
        assert await everything(candles, Interval.MINUTE) == course


async def test_an_archive_is_imported_file_by_file(store: StoredCandles, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    lines = [
        f"{each.open_time_ms * 1000},{each.open},{each.high},{each.low},{each.close},{each.volume},"
        f"{(each.open_time_ms + 59_999) * 1000},0,{each.trades},0,0,0"
        for each in minutes(-200, -101)
    ]
    (folder / "BTCUSDT-1m-2026-11-21.csv").write_text("\n".join(lines))
    (folder / "NOSUCH-1m.csv").write_text("")
    async with opened(store, NOW_MS + 2_000) as candles:
        steps = [step async for step in candles.import_archive(folder)]
        assert (steps[-1].candles, steps[-1].done, steps[-1].total) == (100, 1, 1)
        assert without_marks(await everything(candles, Interval.MINUTE)) == minutes(-200, -101)
