"""One store over PostgreSQL and sealed months; months move while everybody reads."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.candles import DAY_MS, MINUTE_MS, Candle, Interval
from plimsoll.markets.domain.partitions import Family
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.storage import candles as table
from plimsoll.markets.storage import store
from plimsoll.markets.storage.archive import Archive, ArchiveDamaged
from plimsoll.markets.storage.partitions import list_partitions
from plimsoll.markets.storage.store import CandleStore, StoredCandles
from plimsoll.plumbing.database import Database
from tests.fakes.clock import ManualClock

NOW = datetime(2026, 11, 21, 7, tzinfo=UTC)
OCTOBER_MS = int(datetime(2026, 10, 1, tzinfo=UTC).timestamp() * 1000)
NOVEMBER_MS = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp() * 1000)
FAR_MS = 2**53
PAIRS = [Pair(AssetId(name), AssetId("tether")) for name in ("bitcoin", "ethereum", "it's")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "an 'archive'"


@pytest.fixture
def candles(database: Database, folder: Path) -> StoredCandles:
    return StoredCandles(database, Archive(folder), ManualClock(NOW))


def minute(after_ms: int, close: float = 1.0) -> Candle:
    """A minute of October, counted from its start."""
    high, low = max(1.0, close), min(1.0, close)
    return Candle(Interval.MINUTE, OCTOBER_MS + after_ms, 1.0, high, low, close, 0.1 + 0.2, 3)


OCTOBER = [minute(day * DAY_MS + 7 * MINUTE_MS, 1 / (day + 3)) for day in range(31)]


async def everything(candles: CandleStore, pair: Pair = PAIRS[0]) -> list[Candle]:
    return await candles.list_latest(pair, Interval.MINUTE, to_ms=FAR_MS, limit=1000)


async def fill(candles: CandleStore) -> None:
    """October of every pair, and one minute of November."""
    november = minute(NOVEMBER_MS - OCTOBER_MS, 9.0)
    for pair in PAIRS:
        await candles.save((pair, candle) for candle in [*OCTOBER, november])


def files(folder: Path) -> list[Path]:
    """The sealed months, the oldest file first."""
    return sorted(folder.rglob("*.parquet"), key=lambda path: path.stat().st_mtime_ns)


async def names(database: Database) -> list[str]:
    async with database.read() as unit:
        return [each.name for each in await list_partitions(unit)]


async def test_a_sealed_month_is_read_from_its_file(
    candles: StoredCandles, database: Database, folder: Path
) -> None:
    await fill(candles)
    before = [await everything(candles, pair) for pair in PAIRS]
    assert len(before[0]) == 32

    assert await candles.seal(Interval.MINUTE, OCTOBER_MS) == 31 * len(PAIRS)
    assert [await everything(candles, pair) for pair in PAIRS] == before
    dropped = await candles.drop(Family.SHORT, end_ms=NOVEMBER_MS)

    assert len(dropped) == 31
    assert await names(database) == ["candles_short_20261101"]
    assert [await everything(candles, pair) for pair in PAIRS] == before
    assert len(files(folder)) == 1


async def test_bounds_and_limit_hold_across_both_places(candles: StoredCandles) -> None:
    await fill(candles)
    await candles.seal(Interval.MINUTE, OCTOBER_MS)
    await candles.drop(Family.SHORT, end_ms=NOVEMBER_MS)
    newest = await candles.list_latest(PAIRS[0], Interval.MINUTE, to_ms=FAR_MS, limit=3)
    assert [candle.close for candle in newest] == [1 / 32, 1 / 33, 9.0]
    some = await candles.list_latest(
        PAIRS[0],
        Interval.MINUTE,
        from_ms=OCTOBER[4].open_time_ms,
        to_ms=OCTOBER[7].open_time_ms,
        limit=100,
    )
    assert some == OCTOBER[4:7]


async def test_what_was_not_sealed_is_not_dropped(
    candles: StoredCandles, database: Database
) -> None:
    await fill(candles)
    assert await candles.drop(Family.SHORT, end_ms=NOVEMBER_MS) == []
    assert len(await names(database)) == 32


async def test_a_month_that_changed_after_sealing_is_sealed_again_before_it_goes(
    candles: StoredCandles,
) -> None:
    await fill(candles)
    await candles.seal(Interval.MINUTE, OCTOBER_MS)
    amended = OCTOBER[3]._replace(close=0.5, low=0.5, amended=True)
    late = minute(4 * DAY_MS)
    await candles.save([(PAIRS[0], amended), (PAIRS[0], late)])
    expected = sorted([*OCTOBER[:3], amended, *OCTOBER[4:], late])
    assert (await everything(candles))[:-1] == expected

    dropped = await candles.drop(Family.SHORT, end_ms=NOVEMBER_MS)
    assert len(dropped) == 29
    assert (await everything(candles))[:-1] == expected

    assert await candles.seal(Interval.MINUTE, OCTOBER_MS) == 31 * len(PAIRS) + 1
    assert len(await candles.drop(Family.SHORT, end_ms=NOVEMBER_MS)) == 2
    assert (await everything(candles))[:-1] == expected


async def test_a_write_that_is_under_way_while_its_month_is_sealed_is_not_lost(
    candles: StoredCandles, database: Database
) -> None:
    """It commits after the export has read its day."""
    await fill(candles)
    late = minute(4 * DAY_MS, 0.25)
    async with database.write() as unit:
        await table.save_candles(unit, [(PAIRS[0], late)], OCTOBER_MS)
        await candles.seal(Interval.MINUTE, OCTOBER_MS)
    await candles.drop(Family.SHORT, end_ms=NOVEMBER_MS)
    assert late in await everything(candles)


async def test_a_forming_candle_is_not_sealed(candles: StoredCandles) -> None:
    await fill(candles)
    async with candles._database.write() as unit:
        forming = minute(5 * DAY_MS)._replace(forming=True)
        await table.save_forming(unit, [(PAIRS[0], forming)])
    assert await candles.seal(Interval.MINUTE, OCTOBER_MS) == 31 * len(PAIRS)


async def test_a_month_without_candles_makes_no_file(candles: StoredCandles, folder: Path) -> None:
    assert await candles.seal(Interval.HOUR, OCTOBER_MS) == 0
    assert files(folder) == []


async def test_readers_see_every_candle_while_months_move(candles: StoredCandles) -> None:
    await fill(candles)
    expected, moving = await everything(candles), True

    async def read() -> int:
        rounds = 0
        while moving:
            assert await everything(candles) == expected
            rounds += 1
        return rounds

    readers = [asyncio.create_task(read()) for _ in range(2)]
    for _ in range(2):
        await candles.seal(Interval.MINUTE, OCTOBER_MS)
    await candles.drop(Family.SHORT, end_ms=NOVEMBER_MS)
    await asyncio.sleep(0.05)
    moving = False
    assert min(await asyncio.gather(*readers)) > 2


async def test_files_that_no_month_has_any_more_are_removed_an_hour_later(
    candles: StoredCandles, folder: Path
) -> None:
    await fill(candles)
    await candles.seal(Interval.MINUTE, OCTOBER_MS)
    await candles.save([(PAIRS[0], minute(4 * DAY_MS))])
    await candles.seal(Interval.MINUTE, OCTOBER_MS)
    left_behind = folder / "1m" / "sealing-killed"
    left_behind.mkdir()
    first, second = files(folder)

    await candles.drop(Family.SHORT, end_ms=0)
    assert first.exists()
    hours_ago = NOW.timestamp() - 7200
    for path in (first, second, left_behind):
        os.utime(path, (hours_ago, hours_ago))
    await candles.drop(Family.SHORT, end_ms=0)
    assert [path.exists() for path in (first, second, left_behind)] == [False, True, False]


async def test_a_damaged_file_is_named_and_never_read_as_empty(
    candles: StoredCandles, folder: Path
) -> None:
    await fill(candles)
    await candles.seal(Interval.MINUTE, OCTOBER_MS)
    [file] = files(folder)
    file.write_bytes(b"PAR1 no longer")
    with pytest.raises(ArchiveDamaged):
        await everything(candles)


async def test_anyone_can_read_the_files(candles: StoredCandles, folder: Path) -> None:
    """Sorted by pair and time, with names instead of numbers."""
    await fill(candles)
    await candles.seal(Interval.MINUTE, OCTOBER_MS)
    [file] = files(folder)
    with duckdb.connect() as duck:
        rows = duck.execute(
            "select base, quote, open_time_ms, close from read_parquet(?)", [str(file)]
        ).fetchall()
    assert rows == [
        (*pair, candle.open_time_ms, candle.close) for pair in PAIRS for candle in OCTOBER
    ]


async def test_large_batches_are_cut_into_transactions(
    candles: StoredCandles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "CHUNK", 7)
    assert await candles.save((PAIRS[0], candle) for candle in OCTOBER) == 31
    assert await everything(candles) == OCTOBER


async def test_what_is_needed_next_is_made_ahead(candles: StoredCandles) -> None:
    assert len(await candles.make_ahead(int(NOW.timestamp() * 1000))) == 5
    forming = minute(51 * DAY_MS + 7 * 60 * MINUTE_MS)._replace(forming=True)
    assert await candles.save_forming([(PAIRS[0], forming)]) == 1
    found = await candles.list_closes(Interval.MINUTE, from_ms=0, to_ms=FAR_MS)
    assert found == []
