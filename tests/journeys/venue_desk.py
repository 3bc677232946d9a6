"""The service over a Binance that misbehaves, with a world whose minutes pass in two seconds.

    async with Desk(settings, database_url) as desk:
        async with desk.open():                        # the service; may be closed and opened again
            await desk.until_live()
            ... desk.binance.silent = True ...

CoinGecko stands in for the one pair that it has as well. Nobody waits as long as in earnest.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from types import TracebackType
from typing import Any, Final, Self

import httpx2
import pytest
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect

from plimsoll import assembly as application
from plimsoll.app import create_app
from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.candles import MINUTE_MS, Interval
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.service import opening
from plimsoll.markets.sources import binance, faults
from plimsoll.markets.sources.binance import open_binance
from plimsoll.markets.storage.candles import list_latest
from plimsoll.plumbing.breaker import Patience
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.outbound import Outbound
from plimsoll.plumbing.sockets import SocketTerms
from plimsoll.settings import FeedChoice, Settings
from tests.conftest import running
from tests.fakes.binance import FakeBinance
from tests.fakes.binance_market import START_MS, Listed, Market, WorldClock
from tests.fakes.http import FakeServer, json_reply
from tests.plumbing.raw_http import listening

PAIRS: Final = {"btc/usdt": "BTCUSDT", "bnb/usdt": "BNBUSDT", "eth/btc": "ETHBTC"}
"""The first one is followed trade by trade, the last one CoinGecko has too."""
IDS: Final = {
    "btc/usdt": Pair(AssetId("bitcoin"), AssetId("tether")),
    "bnb/usdt": Pair(AssetId("binancecoin"), AssetId("tether")),
    "eth/btc": Pair(AssetId("ethereum"), AssetId("bitcoin")),
}
MARKET: Final = Market(
    [
        Listed("BTCUSDT", "BTC", "USDT", "90000.00", per_minute=60),
        Listed("BNBUSDT", "BNB", "USDT", "600.00", per_minute=30),
        Listed("ETHBTC", "ETH", "BTC", "0.04512", per_minute=20),
    ],
    minutes=120,
)
SUBSTITUTE: Final = "0.045"
"""What CoinGecko says of the last one."""
Values = tuple[float, ...]
QUICK: Final = SocketTerms(
    idle_s=0.6,
    max_bytes=100_000,
    open_timeout_s=1.0,
    first_pause_s=0.02,
    longest_pause_s=0.1,
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits as long as in earnest."""
    monkeypatch.setitem(
        opening.VENUES, "binance", partial(open_binance, terms=QUICK, settle_s=0.05)
    )
    monkeypatch.setattr(binance, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(binance, "LONGEST_PAUSE_S", 0.2)
    monkeypatch.setattr(faults, "PATIENCE_S", 0.5)
    patience = Patience(cool_down_s=0.2, longest_s=0.5)
    monkeypatch.setattr(application, "Outbound", partial(Outbound, patience=patience))


class Desk:
    """The venues, and the service on them whenever it is open."""

    def __init__(self, settings: Settings, database_url: str, *, speed: float) -> None:
        self.clock = WorldClock(speed)
        self.binance = FakeBinance(MARKET, self.clock)
        self.coingecko = FakeServer()
        self._settings = settings
        self._database_url = database_url
        self._stack = AsyncExitStack()
        self.app: FastAPI
        self.http: httpx2.AsyncClient

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self.binance)
        await self._stack.enter_async_context(self.coingecko)
        self.coingecko.on("/simple/price", json_reply({"ethereum": {"btc": float(SUBSTITUTE)}}))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """The service, from its start to its end."""
        settings = self._settings.model_copy(
            update={
                "feed": FeedChoice.LIVE,
                "live_sources": ("binance", "coingecko"),
                "binance_urls": (self.binance.url,),
                "binance_stream_urls": (self.binance.stream_url,),
                "binance_trade_pairs": ("btc/usdt",),
                "coingecko_url": self.coingecko.url,
                "coingecko_requests_per_minute": 10_000,
                "coingecko_top": 2,
                "poll_interval_s": 0.5,
            }
        )
        self.app = create_app(settings, self._database_url, clock=self.clock)
        async with running(self.app) as self.http:
            yield

    @asynccontextmanager
    async def hearing(self, *subscriptions: dict[str, Any]) -> AsyncIterator[list[dict[str, Any]]]:
        """All frames of these subscriptions of a live connection, as they come."""
        async with listening(self.app) as port:
            address = f"ws://127.0.0.1:{port}/api/v1/ws"
            async with connect(address, compression=None, proxy=None) as socket:
                for subscription in subscriptions:
                    await socket.send(json.dumps({"op": "subscribe"} | subscription))
                frames = list[dict[str, Any]]()
                task = asyncio.create_task(_hear(socket, frames))
                yield frames
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            await self.app.state.hub.close()

    async def read(self, path: str, **params: str) -> Any:
        answer = await self.http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def source(self, name: str = "binance") -> dict[str, Any]:
        sources = (await self.read("/markets/sources"))["sources"]
        return next(one for one in sources if one["name"] == name)

    async def flags(self) -> set[tuple[str, str]]:
        """What is doubtful, and of which pair."""
        answer = await self.read("/markets/sources")
        return {(flag["kind"], flag["pair"]) for flag in answer["flags"]}

    async def until(
        self,
        ask: Callable[[], Awaitable[Any]],
        wanted: Callable[[Any], object],
        what: str,
        *,
        within_s: float = 15.0,
    ) -> Any:
        deadline = time.monotonic() + within_s
        while not wanted(answer := await ask()):
            assert time.monotonic() < deadline, f"{what}: {answer}"
            await asyncio.sleep(0.05)
        return answer

    async def until_live(self) -> None:
        await self.until(self.source, lambda it: it["state"] == "live", "Binance is heard from")
        market = partial(self.read, "/markets/eth/btc")
        await self.until(market, lambda it: it["source"] == "binance", "Binance is preferred")

    async def until_said(self, *, state: str, error: str | None) -> dict[str, Any]:
        """Until `sources` tell this of Binance."""
        found: dict[str, Any] = await self.until(
            self.source,
            lambda it: it["state"] == state and it["error"] == error,
            f"{state}, {error}",
        )
        return found

    def truth(self, pair: str, *, to_ms: int, from_ms: int = START_MS) -> dict[int, Values]:
        """What was traded in minutes that are over."""
        minutes = MARKET.truth(PAIRS[pair], Interval.MINUTE, from_ms=from_ms, to_ms=to_ms)
        return dict(minutes)

    async def closed(self, pair: str, *, to_ms: int) -> dict[int, Values]:
        """What the service answers of them."""
        answer = await self.read(f"/markets/{pair}/candles", interval="1m", limit="1000")
        names = ("open", "high", "low", "close", "volume", "trades")
        return {
            row["time_ms"]: tuple(float(row[name]) for name in names)
            for row in answer["candles"]
            if row["state"] in {"closed", "amended"} and row["time_ms"] < to_ms
        }

    async def stored(self, pair: str, *, to_ms: int) -> dict[int, Values]:
        """What PostgreSQL has of them."""
        database = await Database.connect(self._database_url, pool_size=1)
        try:
            async with database.read() as unit:
                found = await list_latest(
                    unit, IDS[pair], Interval.MINUTE, from_ms=0, to_ms=to_ms, limit=1_000
                )
        finally:
            await database.close()
        return {each.open_time_ms: each[2:8] for each in found if not each.forming}

    async def until_mended(self) -> int:
        """Until the candles of all pairs are the truth; up to which moment."""
        to_ms = Interval.MINUTE.bucket_start(self.clock.now_ms())
        for pair in PAIRS:
            truth = self.truth(pair, to_ms=to_ms)
            ask = partial(self.closed, pair, to_ms=to_ms)
            deadline = time.monotonic() + 60
            while (found := await ask()) != truth:
                assert time.monotonic() < deadline, _differences(pair, found, truth)
                await asyncio.sleep(0.1)
        return to_ms


async def _hear(socket: ClientConnection, frames: list[dict[str, Any]]) -> None:
    async for text in socket:
        said = json.loads(text)
        frames += (each for each in (said if isinstance(said, list) else [said]) if "seq" in each)


def _differences(pair: str, found: dict[int, Values], truth: dict[int, Values]) -> str:
    """What is missing, wrong or too much, by the number of the minute."""
    return f"{pair}: " + "; ".join(
        f"minute {(at - START_MS) // MINUTE_MS}: {found.get(at)} instead of {truth.get(at)}"
        for at in sorted(found.keys() | truth.keys())
        if found.get(at) != truth.get(at)
    )
