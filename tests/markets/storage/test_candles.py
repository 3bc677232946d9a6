"""Candles in a real PostgreSQL."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.candles import DAY_MS, HOUR_MS, MINUTE_MS, Candle, Interval
from plimsoll.markets.domain.partitions import Family
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.storage.candles import (
    PairCandle,
    list_closes,
    list_latest,
    save_candles,
    save_forming,
)
from plimsoll.markets.storage.partitions import drop_before, list_partitions, make_ahead
from plimsoll.plumbing.database import Database

NOW_MS = int(datetime(2026, 11, 21, 7, tzinfo=UTC).timestamp() * 1000)
BTC = Pair(AssetId("bitcoin"), AssetId("tether"))
ETH = Pair(AssetId("ethereum"), AssetId("tether"))


def minute(number: int, close: float = 1.0, **other: Any) -> Candle:
    """A minute counted from now; closed."""
    at_ms = NOW_MS + number * MINUTE_MS
    high, low = max(close, 1.0), min(close, 1.0)
    return Candle(Interval.MINUTE, at_ms, 1.0, high, low, close, 2.5, 3)._replace(**other)


async def save(database: Database, *candles: PairCandle) -> int:
    async with database.write() as unit:
        return await save_candles(unit, candles, NOW_MS)


async def save_now(database: Database, *candles: PairCandle) -> int:
    async with database.write() as unit:
        await make_ahead(unit, NOW_MS)
        return await save_forming(unit, candles)


async def latest(
    database: Database, pair: Pair = BTC, interval: Interval = Interval.MINUTE, limit: int = 100
) -> list[Candle]:
    async with database.read() as unit:
        return await list_latest(unit, pair, interval, from_ms=0, to_ms=2**53, limit=limit)


async def test_what_is_kept_is_read_in_the_order_of_time(database: Database) -> None:
    minutes = [minute(number, 0.1 + 0.2 + number) for number in (3, 1, 2)]
    other = minute(1, 7.0, amended=True)
    assert await save(database, *((BTC, each) for each in minutes), (ETH, other)) == 4

    assert await latest(database) == sorted(minutes)
    assert await latest(database, limit=2) == sorted(minutes)[1:]
    assert await latest(database, ETH) == [other]
    assert await latest(database, Pair(AssetId("no"), AssetId("such"))) == []


async def test_every_interval_has_its_place_and_seconds_have_none(database: Database) -> None:
    candles = [
        minute(0)._replace(interval=interval, open_time_ms=interval.bucket_start(NOW_MS))
        for interval in list(Interval)[1:]
    ]
    await save(database, *((BTC, each) for each in candles))
    for candle in candles:
        assert await latest(database, interval=candle.interval) == [candle]
    with pytest.raises(KeyError):
        await save(database, (BTC, candles[0]._replace(interval=Interval.SECOND)))


async def test_keeping_the_same_again_changes_nothing(database: Database) -> None:
    assert await save(database, (BTC, minute(0)), (BTC, minute(1))) == 2
    assert await save(database, (BTC, minute(0)), (BTC, minute(1, 5.0, amended=True))) == 1
    assert [candle.close for candle in await latest(database)] == [1.0, 5.0]


async def test_of_several_candles_of_one_bucket_the_last_one_counts(database: Database) -> None:
    assert await save(database, (BTC, minute(0, 2.0)), (BTC, minute(0, 3.0))) == 1
    assert [candle.close for candle in await latest(database)] == [3.0]


async def test_several_batches_fit_into_one_transaction(database: Database) -> None:
    async with database.write() as unit:
        for number in range(3):
            assert await save_candles(unit, [(BTC, minute(number))], NOW_MS) == 1
    assert len(await latest(database)) == 3


async def test_a_forming_candle_is_replaced_until_it_closes(database: Database) -> None:
    for close in (1.5, 1.6, 1.6):
        await save_now(database, (BTC, minute(0, close, forming=True)))
    assert await latest(database) == [minute(0, 1.6, forming=True)]
    await save(database, (BTC, minute(0, 1.7)))
    assert await save_now(database, (BTC, minute(0, 9.0, forming=True))) == 0
    assert await latest(database) == [minute(0, 1.7)]


async def test_the_forming_candles_of_a_thousand_pairs_are_one_statement(
    database: Database,
) -> None:
    pairs = [Pair(AssetId(f"coin{number}"), AssetId("usd")) for number in range(1000)]
    assert await save_now(database, *((pair, minute(0, forming=True)) for pair in pairs)) == 1000
    again = [(pair, minute(0, 2.0, forming=True)) for pair in pairs]
    assert await save_now(database, *again) == 1000
    assert await latest(database, pairs[999]) == [minute(0, 2.0, forming=True)]


async def test_nothing_is_kept_of_nothing(database: Database) -> None:
    assert await save(database) == await save_now(database) == 0


@pytest.mark.parametrize(
    "wrong", [{"high": 0.5}, {"low": 0.0}, {"close": float("nan")}, {"volume": float("inf")}]
)
async def test_the_table_refuses_what_cannot_have_happened(
    database: Database, wrong: dict[str, Any]
) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await save(database, (BTC, minute(0, **wrong)))
    assert await latest(database) == []


async def test_closes_come_by_minute_for_all_pairs(database: Database) -> None:
    await save(
        database,
        (BTC, minute(0, 5.0)),
        (ETH, minute(0, 7.0)),
        (ETH, minute(2, 8.0)),
        (BTC, minute(2, forming=True)),
        (BTC, minute(9)),
    )
    async with database.read() as unit:
        found = await list_closes(
            unit, Interval.MINUTE, from_ms=NOW_MS, to_ms=NOW_MS + 9 * MINUTE_MS
        )
    assert found == [
        (NOW_MS, {BTC: 5.0, ETH: 7.0}),
        (NOW_MS + 2 * MINUTE_MS, {ETH: 8.0}),
    ]


async def test_partitions_are_made_ahead_once(database: Database) -> None:
    async with database.write() as unit:
        made = [each.name for each in await make_ahead(unit, NOW_MS)]
        assert await make_ahead(unit, NOW_MS) == []
    assert made == [
        "candles_short_20261121",
        "candles_short_20261122",
        "candles_short_20261123",
        "candles_short_20261124",
        "candles_middle_202611",
    ]


async def test_two_writers_that_need_the_same_new_partition_both_succeed(
    database: Database,
) -> None:
    async with database.write() as first:
        await save_candles(first, [(BTC, minute(0))], NOW_MS)
        other = asyncio.create_task(save(database, (ETH, minute(0))))
        await asyncio.sleep(0.2)
        assert not other.done()
    assert await other == 1
    assert await latest(database, BTC) == await latest(database, ETH) == [minute(0)]


async def test_retention_drops_what_ended_and_nothing_else(database: Database) -> None:
    old, kept = minute(-1440, 2.0), minute(0)
    hour = minute(0)._replace(interval=Interval.HOUR, open_time_ms=NOW_MS - 60 * DAY_MS)
    await save(database, (BTC, old), (BTC, kept), (BTC, hour))
    async with database.write() as unit:
        dropped = await drop_before(unit, Family.SHORT, NOW_MS - 7 * HOUR_MS)
    assert [each.name for each in dropped] == ["candles_short_20261120"]
    assert await latest(database) == [kept]
    assert await latest(database, interval=Interval.HOUR) == [hour]
    async with database.read() as unit:
        assert len(await list_partitions(unit)) == 2
