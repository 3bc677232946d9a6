"""Binance on loopback: HTTP and WebSocket on one port, playing a `Market`, and misbehaving.

async with FakeBinance(market, clock) as binance:
    ... binance.url, binance.stream_url, binance.requests ...
    binance.answer("/api/v3/klines", Trouble(status=429, headers={"Retry-After": "1"}))
    await binance.kill(); await binance.start()                        # on the same port
    binance.mangle = lambda text: [text, text]                         # every message twice
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from http import HTTPStatus
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from plimsoll.markets.domain.candles import MINUTE_MS, Interval
from tests.fakes.binance_market import Market, WorldClock
from tests.fakes.mortal import hold_port, stop_listening

STEP_S = 0.02
WEIGHTS = {
    "/api/v3/exchangeInfo": 20,
    "/api/v3/ticker/24hr": 80,
    "/api/v3/klines": 2,
    "/api/v3/historicalTrades": 25,
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """How one answer goes wrong. `cut`: half of the body, and the connection ends."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    cut: bool = False
    stall: bool = False


class FakeBinance:
    """`troubles` come first, one for each request of a path; then the truth."""

    def __init__(self, market: Market, clock: WorldClock) -> None:
        self.market = market
        self.clock = clock
        self.port = 0
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.weight = 0
        self.connections = 0
        self.subscribed: list[list[str]] = []
        self.refuse_sockets: Trouble | None = None
        self.silent = False
        self.mangle: Callable[[str], list[str]] = lambda text: [text]
        self._troubles: dict[str, deque[Trouble]] = {}
        self._server: Server | None = None
        self._open: set[ServerConnection] = set()
        self._sockets: set[ServerConnection] = set()
        """Those that are still shaking hands, or ask over HTTP, as well."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def stream_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def answer(self, path: str, *troubles: Trouble) -> None:
        self._troubles.setdefault(path, deque()).extend(troubles)

    def asked(self, path: str) -> list[dict[str, str]]:
        return [query for asked, query in self.requests if asked == path]

    async def start(self) -> None:
        fake = self

        class Connection(ServerConnection):
            """Known from the first moment, so that a kill leaves none behind."""

            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                super().connection_made(transport)
                fake._sockets.add(self)
                if fake._server is None:  # it was on its way when the server was killed
                    self.transport.abort()

            def connection_lost(self, exc: Exception | None) -> None:
                fake._sockets.discard(self)
                super().connection_lost(exc)

        self._server = await serve(
            self._talk,
            "127.0.0.1",
            self.port,
            process_request=self._process,
            compression=None,
            ping_interval=None,
            create_connection=Connection,
        )

    async def kill(self) -> None:
        """Every connection is gone at once, without a goodbye, and nobody listens."""
        server, self._server = self._server, None
        if server:
            await stop_listening(server)
            for connection in list(self._sockets):
                connection.transport.abort()
            await server.wait_closed()

    async def say(self, text: str) -> None:
        """One message to everybody, as it is."""
        for connection in list(self._open):
            with suppress(ConnectionClosed):
                await connection.send(text)

    async def __aenter__(self) -> Self:
        self._held_port = hold_port()
        self.port = self._held_port.getsockname()[1]
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.kill()
        self._held_port.close()

    # HTTP

    async def _process(self, _: ServerConnection, request: Request) -> Response | None:
        parts = urlsplit(request.path)
        if parts.path == "/ws":
            if self.refuse_sockets:
                return await self._go_wrong(self.refuse_sockets)
            return None
        query = dict(parse_qsl(parts.query))
        self.requests.append((parts.path, query))
        self.weight += WEIGHTS.get(parts.path, 1)
        troubles = self._troubles.get(parts.path)
        if troubles:
            return await self._go_wrong(troubles.popleft())
        status, content = self._content(parts.path, query)
        headers = {"X-MBX-USED-WEIGHT-1M": str(self.weight)}
        return _response(status, json.dumps(content).encode(), headers)

    async def _go_wrong(self, trouble: Trouble) -> Response:
        if trouble.stall:
            await asyncio.sleep(3600)
        body = b'{"code":-1,"msg":"no"}' if trouble.body is None else trouble.body
        response = _response(trouble.status, body, trouble.headers)
        if trouble.cut:
            del response.headers["Content-Length"]
            response.headers["Content-Length"] = str(2 * len(body) + 10)
        return response

    def _content(self, path: str, query: dict[str, str]) -> tuple[int, object]:
        market, now_ms = self.market, self.clock.now_ms()
        listed = market.listed
        if path == "/api/v3/exchangeInfo":
            symbols = [
                {
                    "symbol": each.symbol,
                    "status": each.status,
                    "baseAsset": each.base,
                    "quoteAsset": each.quote,
                    "orderTypes": ["LIMIT", "MARKET"],
                    "filters": [],
                }
                for each in listed.values()
            ]
            return 200, {"timezone": "UTC", "serverTime": now_ms, "symbols": symbols}
        if path == "/api/v3/ticker/24hr":
            return 200, [self._day(symbol, now_ms) for symbol in listed]
        symbol = query.get("symbol", "")
        if symbol not in listed:
            return 400, {"code": -1121, "msg": "Invalid symbol."}
        limit = int(query["limit"])
        if path == "/api/v3/klines":
            rows = market.rows(
                symbol,
                Interval(query["interval"]),
                from_ms=int(query["startTime"]),
                to_ms=int(query["endTime"]) + 1,
                now_ms=now_ms,
            )
            return 200, rows[:limit]
        if path == "/api/v3/historicalTrades":
            first = int(query["fromId"])
            deals = [deal for deal in market.deals[symbol] if deal.id >= first]
            return 200, [
                {
                    "id": deal.id,
                    "price": str(deal.price),
                    "qty": str(deal.quantity),
                    "quoteQty": "0",
                    "time": deal.time_ms,
                    "isBuyerMaker": False,
                    "isBestMatch": True,
                }
                for deal in deals[:limit]
                if deal.time_ms <= now_ms
            ]
        return 404, {"code": -1, "msg": "no such path"}

    def _day(self, symbol: str, now_ms: int) -> dict[str, object]:
        return {
            "symbol": symbol,
            "openPrice": self.market.listed[symbol].price,
            "highPrice": "0",
            "lowPrice": "0",
            "lastPrice": str(self.market.last_price(symbol, now_ms)),
            "volume": "100",
            "quoteVolume": str(self._turnover(symbol)),
            "openTime": now_ms - 86_400_000,
            "closeTime": now_ms,
            "firstId": 1,
            "lastId": 2,
            "count": 2,
        }

    def _turnover(self, symbol: str) -> Decimal:
        return Decimal(self.market.listed[symbol].price) * len(self.market.deals[symbol])

    # WebSocket

    async def _talk(self, connection: ServerConnection) -> None:
        self._open.add(connection)
        self.connections += 1
        streams: dict[str, int] = {}
        player = asyncio.create_task(self._play(connection, streams))
        try:
            async for text in connection:
                request = json.loads(text)
                self.subscribed.append(request["params"])
                now_ms = self.clock.now_ms()
                streams.update(dict.fromkeys(request["params"], now_ms))
                await connection.send(json.dumps({"result": None, "id": request["id"]}))
        except ConnectionClosed:
            pass
        finally:
            self._open.discard(connection)
            player.cancel()
            await asyncio.gather(player, return_exceptions=True)

    async def _play(self, connection: ServerConnection, streams: dict[str, int]) -> None:
        """What happened since the last step, on every stream subscribed to."""
        with suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(STEP_S)
                now_ms = self.clock.now_ms()
                for stream, from_ms in list(streams.items()):
                    if self.silent:
                        continue
                    for text in self._events(stream, from_ms, now_ms):
                        for said in self.mangle(text):
                            await connection.send(said)
                    streams[stream] = now_ms

    def _events(self, stream: str, from_ms: int, now_ms: int) -> list[str]:
        """Everything of `stream` at from_ms … now_ms − 1."""
        if stream == "!miniTicker@arr":
            return [json.dumps([self._mini(symbol, now_ms) for symbol in self.market.listed])]
        name, _, kind = stream.partition("@")
        symbol = name.upper()
        if kind == "trade":
            return [
                json.dumps(
                    {
                        "e": "trade",
                        "E": deal.time_ms,
                        "s": symbol,
                        "t": deal.id,
                        "p": str(deal.price),
                        "q": str(deal.quantity),
                        "T": deal.time_ms,
                        "m": True,
                        "M": True,
                    }
                )
                for deal in self.market.between(symbol, from_ms, now_ms)
            ]
        first_ms = Interval.MINUTE.bucket_start(from_ms)
        events = [
            self._kline(symbol, start_ms, now_ms - 1, closed=start_ms + MINUTE_MS <= now_ms)
            for start_ms in range(first_ms, now_ms, MINUTE_MS)
        ]
        return [event for event in events if event]

    def _mini(self, symbol: str, now_ms: int) -> dict[str, object]:
        return {
            "e": "24hrMiniTicker",
            "E": now_ms,
            "s": symbol,
            "c": str(self.market.last_price(symbol, now_ms)),
            "o": self.market.listed[symbol].price,
            "h": "0",
            "l": "0",
            "v": "100",
            "q": "5000.5",
        }

    def _kline(self, symbol: str, start_ms: int, now_ms: int, *, closed: bool) -> str | None:
        row = self.market.row(symbol, Interval.MINUTE, start_ms, now_ms)
        if row is None:
            return None
        bar = dict(zip("tohlcvTqnVQB", row, strict=True))
        bar |= {"s": symbol, "i": "1m", "x": closed, "f": 1, "L": 2}
        return json.dumps({"e": "kline", "E": now_ms, "s": symbol, "k": bar})


def _response(status: int, body: bytes, headers: Mapping[str, str]) -> Response:
    content = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    return Response(
        status,
        HTTPStatus(status).phrase,
        Headers({**content, "Connection": "close", **headers}),
        body,
    )
