"""Candles as they are told are candles as they are read."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from plimsoll.markets.domain.candles import Interval
from plimsoll.markets.live.candles import CandleChannel, CandleRequest
from plimsoll.markets.live.pairs import UnknownPairField
from plimsoll.markets.service.candles import Candles
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.markets.storage.store import StoredCandles
from plimsoll.plumbing.database import Database
from tests.fakes.clock import ManualClock
from tests.markets.candle_desk import BTC, NOW_MS, opened, stored, trades
from tests.markets.live.hearing import Ear

CATALOGUE = load_catalogue()
SYMBOL = "/".join(BTC)


@pytest.fixture
def store(database: Database, tmp_path: Path) -> StoredCandles:
    return stored(database, tmp_path)


def listen(candles: Candles) -> tuple[CandleChannel, Ear]:
    channel = CandleChannel(CATALOGUE, candles)
    candles.listeners.append(channel.close)
    candles.on_change.append(channel.change)
    return channel, Ear(ManualClock(), channel)


def asked(interval: Interval = Interval.MINUTE, limit: int = 300) -> CandleRequest:
    return CandleRequest(channel="candles", symbols=[SYMBOL], interval=interval, limit=limit)


async def test_candles_form_close_and_are_told(store: StoredCandles) -> None:
    async with opened(store) as candles:
        candles.take(trades((1, 100.0, 1.0), (61, 99.0, 0.25)), NOW_MS + 61_000)
        candles.advance(NOW_MS + 65_000)
        _, ear = listen(candles)
        (frame,) = await ear.subscribe(asked())
        assert frame["sub"] == f"candles:{frame['sym']}:1m:300"
        assert [row["state"] for row in frame["candles"]] == ["closed", "forming"]
        candles.take(trades((70, 98.0, 0.5)), NOW_MS + 70_000)
        candles.take(trades((71, 97.0, 0.5)), NOW_MS + 71_000)
        (update,) = await ear.flush()
        (row,) = update["candles"]
        assert (row["low"], row["close"], row["volume"]) == ("97", "97", "1.25")
        candles.advance(NOW_MS + 130_000)
        (update,) = await ear.flush()
        assert [(row["time_ms"], row["state"]) for row in update["candles"]] == [
            (NOW_MS + 60_000, "closed")
        ]
        assert await ear.flush() == []


async def test_a_listener_ends_with_what_is_read(store: StoredCandles) -> None:
    async with opened(store) as candles:
        candles.take(trades((1, 100.0, 1.0)), NOW_MS + 1_000)
        _, ear = listen(candles)
        told = dict[int, Any]()
        for frame in await ear.subscribe(asked(limit=10)):
            told |= {row["time_ms"]: row for row in frame["candles"]}
        for second in range(2, 1_200, 7):
            candles.take(trades((second, 100.0 + second % 13, 0.5)), NOW_MS + second * 1_000)
            candles.advance(NOW_MS + second * 1_000)
            for frame in await ear.flush():
                told |= {row["time_ms"]: row for row in frame["candles"]}
        (again,) = await Ear(ManualClock(), CandleChannel(CATALOGUE, candles)).subscribe(
            asked(limit=10)
        )
        assert len(again["candles"]) == 10
        assert [told[row["time_ms"]] for row in again["candles"]] == again["candles"]


async def test_two_who_ask_at_once_share_one_topic_and_one_may_leave(store: StoredCandles) -> None:
    async with opened(store) as candles:
        candles.take(trades((1, 100.0, 1.0)), NOW_MS + 1_000)
        channel, ear = listen(candles)
        others = [asyncio.create_task(channel.open(asked(), None)) for _ in range(2)]
        opening = asyncio.create_task(ear.subscribe(asked()))
        await asyncio.sleep(0)
        others[0].cancel()
        topics = await others[1]
        channel.release(topics[0])
        await opening
        assert len(channel._topics) == 1
        candles.take(trades((2, 101.0, 1.0)), NOW_MS + 2_000)
        assert len(await ear.flush()) == 1
        ear.leave()
        assert (channel._topics, channel._by_pair) == ({}, {})


async def test_a_pair_without_candles_is_refused(store: StoredCandles) -> None:
    async with opened(store) as candles:
        channel, ear = listen(candles)
        with pytest.raises(UnknownPairField):
            await ear.subscribe(asked())
        assert channel._topics == {}
