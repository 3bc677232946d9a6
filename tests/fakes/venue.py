"""Someone else's exchange on loopback: REST and WebSocket on one port, over one course of trades.

What it streams and what it answers follow from the same trades, so a client can be compared with
the truth (`minutes`). It misbehaves on request: it can be killed and restarted on its port while
its trades go on, lose, repeat and reorder what it streams, fall silent, send anything raw, and
refuse REST. Subclasses speak the dialect of one venue.
"""

import asyncio
import json
import random
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from plimsoll.kernel.clock import to_ms
from plimsoll.markets.domain.candles import MINUTE_MS
from tests.fakes.clock import START
from tests.fakes.mortal import hold_port, stop_listening


class RunningClock:
    """A world whose time runs `speed` times as fast; durations stay what they are."""

    def __init__(self, *, speed: float = 1.0) -> None:
        self._speed = speed
        self._zero = asyncio.get_running_loop().time()

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic() * self._speed)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time() - self._zero


@dataclass(frozen=True, slots=True)
class Deal:
    """A trade of the course; prices in hundredths and quantities in thousandths, exact in both
    texts and floats.
    """

    id: int
    at: datetime
    cents: int
    mills: int

    @property
    def price(self) -> str:
        return f"{self.cents / 100:.2f}"

    @property
    def size(self) -> str:
        return f"{self.mills / 1000:.3f}"

    @property
    def stamp(self) -> str:
        return self.at.isoformat(timespec="microseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Minute:
    open_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    trades: int


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    headers: dict[str, str]
    body: bytes = b"{}"
    delay_s: float = 0.0


class FakeVenue:
    """`products` are spelled as in the stream."""

    heartbeats: bool = True

    def __init__(self, clock: RunningClock, products: Iterable[str], *, seed: int = 1) -> None:
        self.clock = clock
        self.deals: dict[str, list[Deal]] = {product: [] for product in products}
        self.also_listed: list[dict[str, object]] = []
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.subscriptions: list[dict[str, object]] = []
        self.connected = 0
        self.refusals: dict[str, deque[Refusal]] = defaultdict(deque)
        """By the end of the path; what stands there is answered first."""
        self.lost = 0.0
        self.repeated = 0.0
        self.reordered = 0.0
        """Shares of what is streamed."""
        self.silent = False
        self._dice = random.Random(seed)  # noqa: S311 - a course, no secret
        self._held: list[str] = []
        self._sockets: set[ServerConnection] = set()
        """Those that have subscribed."""
        self._connections: set[ServerConnection] = set()
        """Those that are still shaking hands, or ask over HTTP, as well."""
        self._server: Server | None = None
        self._beating: asyncio.Task[None] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def stream_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/"

    async def start(self) -> None:
        fake = self

        class Connection(ServerConnection):
            """Known from the first moment, so that a kill leaves none behind."""

            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                super().connection_made(transport)
                fake._connections.add(self)
                if fake._server is None:  # it was on its way when the server was killed
                    self.transport.abort()

            def connection_lost(self, exc: Exception | None) -> None:
                fake._connections.discard(self)
                super().connection_lost(exc)

        self._server = await serve(
            self._talk,
            "127.0.0.1",
            self.port,
            process_request=self._answer,
            compression=None,
            ping_interval=None,
            create_connection=Connection,
        )
        self._beating = asyncio.create_task(self._beat())

    async def kill(self) -> None:
        """Drop every connection without a goodbye and stop listening; the trades go on."""
        server, self._server = self._server, None
        if server is None:
            return
        assert self._beating
        self._beating.cancel()
        await stop_listening(server)
        for connection in list(self._connections):
            connection.transport.abort()
        await server.wait_closed()

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

    async def trade(self, product: str, cents: int | None = None) -> Deal:
        """One more trade, now; told to whoever listens."""
        deals = self.deals[product]
        before = deals[-1].cents if deals else 10_000
        deal = Deal(
            deals[-1].id + 1 if deals else 1_000,
            self.clock.now(),
            cents or max(before + self._dice.randint(-50, 50), 100),
            self._dice.randint(1, 5_000),
        )
        deals.append(deal)
        for message in self.deal_messages(product, deal):
            await self._stream(message)
        return deal

    async def say(self, message: str | bytes) -> None:
        """Anything, to everybody."""
        for socket in list(self._sockets):
            try:
                await socket.send(message)
            except ConnectionClosed:
                self._sockets.discard(socket)

    def minutes(self, product: str) -> dict[int, Minute]:
        """The truth: the candles of all minutes in which somebody traded."""
        grouped = defaultdict[int, list[Deal]](list)
        for deal in self.deals[product]:
            grouped[to_ms(deal.at) // MINUTE_MS * MINUTE_MS].append(deal)
        return {
            open_ms: Minute(
                open_ms,
                deals[0].cents / 100,
                max(deal.cents for deal in deals) / 100,
                min(deal.cents for deal in deals) / 100,
                deals[-1].cents / 100,
                sum(deal.mills for deal in deals) / 1000,
                len(deals),
            )
            for open_ms, deals in grouped.items()
        }

    # what a dialect says

    def deal_messages(self, product: str, deal: Deal) -> Iterator[str]:
        raise NotImplementedError

    def welcome(self, subscription: dict[str, object]) -> Iterator[str]:
        raise NotImplementedError

    def heartbeat_messages(self) -> Iterator[str]:
        raise NotImplementedError

    def rest(self, path: str, query: dict[str, str]) -> object:
        raise NotImplementedError

    async def _stream(self, message: str) -> None:
        if self.silent or self._dice.random() < self.lost:
            return
        if self._dice.random() < self.reordered:
            self._held.append(message)
            return
        await self.say(message)
        if self._dice.random() < self.repeated:
            await self.say(message)
        held, self._held = self._held, []
        for late in held:
            await self.say(late)

    async def _talk(self, socket: ServerConnection) -> None:
        self.connected += 1
        try:
            async for text in socket:
                subscription = json.loads(text)
                self.subscriptions.append(subscription)
                for message in self.welcome(subscription):
                    if not self.silent:
                        await socket.send(message)
                self._sockets.add(socket)
        except ConnectionClosed:
            pass
        finally:
            self._sockets.discard(socket)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(0.05)
            if self.heartbeats and not self.silent:
                for message in self.heartbeat_messages():
                    await self.say(message)

    async def _answer(self, _: ServerConnection, request: Request) -> Response | None:
        if "Upgrade" in request.headers:
            return await self._refuse("stream")
        parts = urlsplit(request.path)
        query = dict(parse_qsl(parts.query))
        self.asked.append((parts.path, query))
        refused = await self._refuse(parts.path.rpartition("/")[2])
        return refused or _response(200, {}, json.dumps(self.rest(parts.path, query)).encode())

    async def _refuse(self, what: str) -> Response | None:
        if not self.refusals[what]:
            return None
        refusal = self.refusals[what].popleft()
        await asyncio.sleep(refusal.delay_s)
        return _response(refusal.status, refusal.headers, refusal.body)


def _response(status: int, headers: dict[str, str], body: bytes) -> Response:
    fixed = {"Content-Length": str(len(body)), "Content-Type": "application/json"}
    return Response(status, "As Scripted", Headers({**fixed, **headers}), body)
