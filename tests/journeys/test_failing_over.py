"""A venue dies and comes back: the desk says so, goes on with another source, and mends candles."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from plimsoll.app import create_app
from plimsoll.settings import FeedChoice, Settings
from tests.conftest import running
from tests.fakes.http import FakeServer, json_reply
from tests.fakes.kraken import FakeKraken
from tests.fakes.venue import RunningClock

SPEED = 30.0
"""A minute of their world passes in two seconds of ours."""
PRODUCT = "BTC/USD"


@asynccontextmanager
async def trading(kraken: FakeKraken) -> AsyncIterator[None]:
    """Somebody trades there all the time, whoever listens."""

    async def trade() -> None:
        while True:
            await kraken.trade(PRODUCT)
            await asyncio.sleep(0.02)

    task = asyncio.create_task(trade())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(ask: Callable[[], Awaitable[Any]], wanted: Callable[[Any], bool], what: str) -> Any:
    deadline = time.monotonic() + 20
    while not wanted(answer := await ask()):
        assert time.monotonic() < deadline, f"{what}: {answer}"
        await asyncio.sleep(0.05)
    return answer


@pytest.fixture
async def kraken() -> AsyncIterator[FakeKraken]:
    async with FakeKraken(RunningClock(speed=SPEED), [PRODUCT]) as kraken:
        yield kraken


@pytest.fixture
async def coingecko() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        server.on("/simple/price", json_reply({"bitcoin": {"usd": 101.5}}))
        yield server


@pytest.fixture
async def app(
    settings: Settings, database_url: str, kraken: FakeKraken, coingecko: FakeServer
) -> FastAPI:
    live = settings.model_copy(
        update={
            "feed": FeedChoice.LIVE,
            "live_sources": ("kraken", "coingecko"),
            "kraken_url": kraken.url,
            "kraken_stream_url": kraken.stream_url,
            "coingecko_url": coingecko.url,
            "coingecko_top": 2,
        }
    )
    return create_app(live, database_url, clock=kraken.clock)


async def test_a_venue_that_dies_is_replaced_and_its_candles_are_mended_when_it_is_back(
    app: FastAPI, kraken: FakeKraken
) -> None:
    async with trading(kraken), running(app) as http:

        async def market() -> Any:
            return (await http.get("/markets/btc/usd")).json()

        async def sources() -> Any:
            answer = (await http.get("/markets/sources")).json()
            return {one["name"]: one for one in answer["sources"]}

        found = await until(market, lambda it: it.get("source") == "kraken", "the venue is taken")
        assert found["sources"] == ["kraken", "coingecko"]
        assert found["stale"] is False

        async def minutes() -> int:
            return len(kraken.minutes(PRODUCT))

        await until(minutes, lambda it: it >= 3, "a whole minute is over")

        await kraken.kill()
        found = await until(market, lambda it: it["source"] == "coingecko", "another steps in")
        assert found["price"] == "101.5"
        states = await sources()
        assert (states["kraken"]["state"], states["kraken"]["pairs"]) == ("degraded", 0)
        assert states["kraken"]["error"] == "source-unreachable"
        assert (states["coingecko"]["state"], states["coingecko"]["pairs"]) == ("live", 1)
        await asyncio.sleep(2.5)

        await kraken.start()
        await until(market, lambda it: it["source"] == "kraken", "the venue is back")
        assert (await sources())["kraken"]["error"] is None
        mended_ms = max(kraken.minutes(PRODUCT))
        await asyncio.sleep(2.5)

        async def mended() -> dict[int, tuple[Any, ...]]:
            return await closed(http, before_ms=mended_ms)

        truth = {
            one.open_ms: (one.open, one.high, one.low, one.close, one.volume)
            for one in list(kraken.minutes(PRODUCT).values())[1:]  # the first was half over
            if one.open_ms < mended_ms
        }
        assert len(truth) >= 2
        await until(mended, lambda it: {at: it.get(at) for at in truth} == truth, "mended")


async def closed(http: httpx2.AsyncClient, *, before_ms: int) -> dict[int, tuple[Any, ...]]:
    answer = await http.get("/markets/btc/usd/candles", params={"interval": "1m"})
    assert answer.status_code == 200, answer.text
    return {
        row["time_ms"]: tuple(
            float(row[name]) for name in ("open", "high", "low", "close", "volume")
        )
        for row in answer.json()["candles"]
        if row["state"] in {"closed", "amended"} and row["time_ms"] < before_ms
    }
