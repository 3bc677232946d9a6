"""The channel on a real socket, over real candles: it tells what the route would."""

import asyncio
from collections.abc import AsyncIterator
from math import sin
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection

from plimsoll.insights.domain.catalogue import CATALOGUE
from plimsoll.insights.live import LONGEST_SET, IndicatorChannel
from plimsoll.insights.service.insights import Insights
from plimsoll.markets.domain.candles import MINUTE_MS
from plimsoll.markets.service.candles import Candles
from plimsoll.markets.service.catalogue import load_catalogue
from tests.insights.desk import MINUTES
from tests.markets.candle_desk import ETH, NOW_MS, trades
from tests.plumbing.streams.desk import Desk, Ear, ask, running

HALVES = [",".join(sorted(CATALOGUE)[at::2]) for at in range(2)]
"""Every indicator, in two subscriptions."""


@pytest.fixture
async def live(insights: Insights) -> AsyncIterator[Desk]:
    async with running() as desk:
        desk.hub.register(IndicatorChannel(insights, load_catalogue()))
        yield desk


async def subscribe(
    socket: ClientConnection, names: str, symbol: str = "eth/usdt", interval: str = "1m"
) -> None:
    await ask(
        socket,
        "subscribe",
        channel="indicators",
        symbols=[symbol],
        names=names,
        interval=interval,
    )


class Chart:
    """What a client draws: the values of each candle by its time, as the rules say."""

    def __init__(self, socket: ClientConnection) -> None:
        self._ear = Ear(socket)
        self.candles: dict[int, dict[str, Any]] = {}
        self.forming: dict[int, bool] = {}

    async def next(self) -> dict[str, Any]:
        while "ch" not in (said := await self._ear.next()):
            pass
        for candle in said["candles"]:
            known = self.candles.setdefault(candle["time_ms"], {})
            known.update(candle["values"])
            self.forming[candle["time_ms"]] = candle["state"] == "forming"
        return said

    async def next_closed(self, time_ms: int) -> None:
        """Until this candle has closed."""
        while self.forming.get(time_ms) is not False:
            await self.next()


def price_at(second: int) -> float:
    return MINUTES[-1].close * (1 + 0.01 * sin(second / 40))


async def live_minute(candles: Candles, number: int) -> None:
    """A minute of trades, told as it goes, up to its close."""
    for second in range(number * 60, number * 60 + 60, 20):
        now_ms = NOW_MS + second * 1000
        candles.advance(now_ms)
        candles.take(trades((second, price_at(second), 1.0), pair=ETH), now_ms)
        await asyncio.sleep(0.012)
    candles.advance(NOW_MS + (number + 1) * MINUTE_MS + 2_000)


async def from_the_route(client: httpx2.AsyncClient, names: str) -> dict[int, dict[str, Any]]:
    """The values by time, as the channel has them."""
    params = {"names": names, "interval": "1m", "from": str(NOW_MS - MINUTE_MS)}
    answer = await client.get("/markets/eth/usdt/indicators", params=params)
    body = answer.json()
    return {
        time_ms: {
            each["request"]: {name: column[at] for name, column in each["columns"].items()}
            for each in body["indicators"]
        }
        for at, time_ms in enumerate(body["time_ms"])
    }


def same(told: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert told.keys() == wanted.keys()
    for request in wanted.keys() - {"obv"}:  # it counts from another candle
        found, sought = (
            [numbers[request][name] for name in wanted[request]] for numbers in (told, wanted)
        )
        assert [x is None for x in found] == [x is None for x in sought], request
        known = [x for x in sought if x is not None]
        assert [x for x in found if x is not None] == pytest.approx(known, rel=1e-8, abs=1e-7)


@pytest.mark.parametrize("names", HALVES)
async def test_the_channel_tells_what_the_route_answers(
    live: Desk, client: httpx2.AsyncClient, candles: Candles, names: str
) -> None:
    """Through forming and closed minutes, a late trade that amends one, and a hole."""
    async with live.connect() as socket:
        chart = Chart(socket)
        await subscribe(socket, names)
        snapshot = await chart.next()
        assert (snapshot["type"], snapshot["sym"]) == ("snapshot", "eth/usdt")
        assert list(chart.candles) == [MINUTES[-1].open_time_ms]

        for number in (0, 1, 2):
            await live_minute(candles, number)
        candles.take(
            trades((130, price_at(0) * 1.02, 1.0), pair=ETH), NOW_MS + 3 * MINUTE_MS + 2_000
        )
        for number in (3, 4, 7, 8):
            await live_minute(candles, number)
            await chart.next_closed(NOW_MS + number * MINUTE_MS)
        candles.take(trades((541, price_at(541), 1.0), pair=ETH), NOW_MS + 541_000)
        while NOW_MS + 9 * MINUTE_MS not in chart.candles:
            await chart.next()

        wanted = await from_the_route(client, names)
        for number in (-1, 3, 4, 7, 8, 9):
            time_ms = NOW_MS + number * MINUTE_MS
            same(chart.candles[time_ms], wanted[time_ms])
        assert NOW_MS + 5 * MINUTE_MS not in chart.candles
        assert chart.forming[NOW_MS + 9 * MINUTE_MS]


async def test_a_snapshot_says_what_is_what(live: Desk) -> None:
    async with live.connect() as socket:
        chart = Chart(socket)
        await subscribe(socket, "rsi, macd(12,26,9)", symbol="ethereum/USDT")
        snapshot = await chart.next()
        assert snapshot["sub"] == "indicators:eth/usdt:1m:macd(12,26,9),rsi(14)"
        assert snapshot["indicators"][1] == {
            "name": "rsi",
            "request": "rsi(14)",
            "parameters": {"period": 14},
            "warm_up": 305,
            "displacement": {},
        }
        [candle] = snapshot["candles"]
        assert (candle["state"], candle["segment_bars"]) == ("closed", 400)


async def test_all_who_want_the_same_share_one_set(live: Desk, insights: Insights) -> None:
    async with live.connect() as first, live.connect() as second:
        charts = Chart(first), Chart(second)
        await subscribe(first, "rsi,sma(20)")
        await subscribe(second, "sma(20), rsi(14)", symbol="ethereum/tether")
        subs = [(await chart.next())["sub"] for chart in charts]
        assert subs[0] == subs[1]
        assert len(insights.sets) == 1

        await ask(first, "unsubscribe", sub=subs[0])
        await Ear(first).next_of("unsubscribed")
        assert len(insights.sets) == 1
        await ask(second, "unsubscribe", sub=subs[0])
        await Ear(second).next_of("unsubscribed")
        assert len(insights.sets) == 0


async def test_what_nobody_listens_to_any_more_is_closed(live: Desk, insights: Insights) -> None:
    async with live.connect() as socket:
        await subscribe(socket, "rsi")
        await Chart(socket).next()
    async with live.connect() as other:
        await ask(other, "ping")  # by when it is answered the first has been seen to leave
        await Ear(other).next_of("pong")
    assert len(insights.sets) == 0


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"names": "chikou"}, "unknown-indicator"),
        ({"names": "rsi(0)"}, "bad-indicator-parameter"),
        ({"names": ""}, "bad-indicator-list"),
        ({"names": ",".join(f"macd(11,{slow},9)" for slow in range(12, 42))}, "bad-indicator-list"),
        ({"names": "adx(1000)"}, "too-far-back"),
        ({"names": "rsi", "symbol": "ltc/usdt"}, "unknown-pair"),
        ({"names": "rsi", "symbol": "nosuchcoin/usdt"}, "unknown-asset-field"),
        ({"names": "rsi", "symbol": "btc"}, "unknown-asset-field"),
        ({"names": "rsi", "interval": "2h"}, "invalid-message"),
    ],
)
async def test_what_cannot_be_told_is_refused_by_name(
    live: Desk, insights: Insights, asked: dict[str, str], code: str
) -> None:
    async with live.connect() as socket:
        await subscribe(socket, **asked)
        assert (await Ear(socket).next_of("error"))["code"] == code
        assert len(insights.sets) == 0


async def test_one_bad_symbol_opens_nothing(live: Desk, insights: Insights) -> None:
    async with live.connect() as socket:
        await ask(
            socket,
            "subscribe",
            channel="indicators",
            symbols=["eth/usdt", "ltc/usdt"],
            names="rsi",
        )
        assert (await Ear(socket).next_of("error"))["code"] == "unknown-pair"
        assert len(insights.sets) == 0


async def test_a_set_has_a_name_that_fits() -> None:
    assert all(len(half) <= LONGEST_SET for half in HALVES)
