"""A venue that tells every trade of what it lists, over one WebSocket, and minutes over REST.

Pairs are followed when both of their assets are in the reviewed mapping of the venue. Prices and
trades come from the stream; candles are made of the trades. What may have been missed, before the
stream began, across a reconnect or by a step in the numbers of trades, is a hole of whole minutes:
as they are over, the venue's own candles of them are fetched, with one minute of overlap, and
said. Until then the hole is known (`missing`) and nothing is put in its place.

What differs between venues is their wire: see `kraken.py` and `coinbase.py`.
"""

import asyncio
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog

from plimsoll.kernel.clock import Clock, to_ms
from plimsoll.kernel.errors import Unavailable
from plimsoll.markets.domain.candles import MINUTE_MS, Candle, Interval
from plimsoll.markets.domain.feeds import News, Trade
from plimsoll.markets.domain.prices import Pair, Tick
from plimsoll.markets.sources.faults import Sense
from plimsoll.markets.sources.reading import fault, refused
from plimsoll.markets.sources.trade_line import Hole, Place, TradeLine
from plimsoll.plumbing.sockets import OutboundSocket, Send, SocketTerms

TERMS: Final = SocketTerms(idle_s=10.0)  # both venues have heartbeats every second
SILENCE_S: Final = 15.0
MOST_MESSAGES: Final = 500
"""Told at once, so that a burst is one piece of news and a flood still leaves room for others."""
SETTLED_MS: Final = 5_000
"""A minute is asked for so long after its end: REST is a little behind the stream."""
LOOK_EVERY_S: Final = 0.5
AHEAD_MS: Final = MINUTE_MS
"""A trade further than this in front of our clock is a mistake."""
DOUBTFUL: Final = 3.0
"""The minute of a trade so many times above or below the one before is asked for."""
AHEAD: Final = timedelta(milliseconds=AHEAD_MS)
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 60.0

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Said:
    """What some messages said."""

    ticks: list[Tick] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    last_ids: list[tuple[Pair, int]] = field(default_factory=list)
    """What the venue says was the last trade of a pair so far."""
    wasted: bool = False
    """Whether a message was of no use."""


class Venue(Protocol):
    """The wire of one venue. Refusals and absence are Unavailable; parts that cannot be right are
    counted (`fault`) and left out, and a message that has nothing else is `wasted`.
    """

    @property
    def name(self) -> str: ...

    @property
    def intervals(self) -> Iterable[Interval]:
        """Those of which it has candles."""
        ...

    async def list_pairs(self) -> Mapping[Pair, str]:
        """What it lists of known assets, the weightiest first, with its name for REST."""
        ...

    def requests(self) -> Sequence[bytes]:
        """The messages that subscribe everything that was listed."""
        ...

    def read(self, message: bytes, said: Said) -> None:
        """Add what `message` says to `said`."""
        ...

    async def list_candles(
        self, market: str, interval: Interval, *, from_ms: int, to_ms: int
    ) -> list[Candle]:
        """As CandleHistory, by the name for REST."""
        ...


class TradeStream:
    """A MarketSource and a CandleHistory."""

    pushes: Final = True
    silence_s: Final = SILENCE_S

    def __init__(
        self, venue: Venue, urls: Sequence[str], clock: Clock, *, terms: SocketTerms = TERMS
    ) -> None:
        self.name = venue.name
        self._venue = venue
        self._clock = clock
        self._socket = OutboundSocket(venue.name, urls, clock, terms, self._subscribe)
        self._sense = Sense(venue.name, clock)
        self._markets: Mapping[Pair, str] = {}
        self._lines: dict[Pair, TradeLine] = {}
        self._newest: dict[Pair, datetime] = {}
        self._believed: dict[Pair, float] = {}
        """The last price that agreed with those before it, or that a repair has told."""
        self._found: list[tuple[Pair, Candle]] = []
        self._repair: asyncio.Task[None] | None = None
        self._failures = 0
        self._opened_ms = self.now_ms()

    @property
    def missing(self) -> dict[Pair, Hole]:
        """Minutes of which trades were missed and whose candles are not there yet."""
        return {pair: line.hole for pair, line in self._lines.items() if line.hole}

    def state(self) -> None:
        """Nothing: what is stored tells what is missing after a restart."""
        return

    def now_ms(self) -> int:
        return to_ms(self._clock.now())

    async def aclose(self) -> None:
        if self._repair:
            self._repair.cancel()
            await asyncio.wait((self._repair,))
        await self._socket.aclose()

    def offers(self, pair: Pair, interval: Interval) -> bool:
        """Whether the venue has them; False as long as it has not been asked what it lists."""
        return pair in self._markets and interval in self._venue.intervals

    async def list_candles(
        self, pair: Pair, interval: Interval, *, from_ms: int, to_ms: int
    ) -> list[Candle]:
        """As CandleHistory; of what is offered. What is over by our clock is closed."""
        to_ms = min(to_ms, interval.bucket_start(self.now_ms()))
        return await self._venue.list_candles(
            self._markets[pair], interval, from_ms=from_ms, to_ms=to_ms
        )

    async def next_news(self) -> News:
        """What has come since the last call; waits until there is something. Raises Unavailable."""
        if not self._markets:
            await self._list()
        while True:
            self._sense.check()
            news, wasted = self._take_in(await self._receive())
            if not wasted or news.ticks or news.trades or news.candles:
                return news

    async def _receive(self) -> Said:
        """What there is to take; waits for a message."""
        said = Said()
        message: bytes | None = await self._socket.receive()
        messages = 0
        while message is not None:
            self._venue.read(message, said)
            messages += 1
            message = self._socket.receive_ready() if messages < MOST_MESSAGES else None
        return said

    def _take_in(self, said: Said) -> tuple[News, bool]:
        """What of it is new, and whether a part of it was of no use."""
        self._sense.note(made=bool(said.ticks or said.trades), wasted=said.wasted)
        ticks = [tick for tick in said.ticks if self._take_tick(tick)]
        trades = [trade for trade in said.trades if self._take(trade)]
        for pair, last_id in said.last_ids:
            if line := self._lines.get(pair):
                line.told(last_id, self.now_ms())
        found, self._found = self._found, []
        if self._repair is None:
            self._repair = asyncio.create_task(self._keep_repairing(), name=f"{self.name}-repair")
        return News(ticks, trades, found), said.wasted

    async def _list(self) -> None:
        """Ask what is listed; tried again politely."""
        if self._failures:
            bound_s = min(FIRST_PAUSE_S * 2.0 ** min(self._failures - 1, 20), LONGEST_PAUSE_S)
            await asyncio.sleep(random.uniform(0, bound_s))  # noqa: S311 - spreads callers
        self._failures += 1
        markets = await self._venue.list_pairs()
        if not markets:
            raise refused(self.name, "none of the listed pairs is known")
        self._markets = markets
        self._failures = 0
        log.info("pairs_followed", source=self.name, pairs=len(self._markets))

    async def _subscribe(self, send: Send) -> None:
        now_ms = self.now_ms()
        for pair in self._markets:
            if pair not in self._lines:
                self._lines[pair] = TradeLine(now_ms, missed_from_ms=self._opened_ms)
        for request in self._venue.requests():
            await send(request)

    def _take_tick(self, tick: Tick) -> bool:
        """Whether a price is not older than the one before, nor of the future."""
        at, latest = tick.price.at, self._clock.now() + AHEAD
        if not self._newest.get(tick.pair, at) <= at <= latest:
            return False
        self._newest[tick.pair] = at
        return True

    def _take(self, trade: Trade) -> bool:
        """Whether a trade is new and to be believed."""
        if trade.time_ms > self.now_ms() + AHEAD_MS:
            fault(self.name, "ahead")
            return False
        line = self._lines[trade.pair]
        place = line.place(trade.id, trade.time_ms)
        if place is Place.STRAY:
            fault(self.name, "stray")
        if place is not Place.NEW:
            return False
        believed = self._believed.get(trade.pair, trade.price)
        if believed / DOUBTFUL < trade.price < believed * DOUBTFUL:
            self._believed[trade.pair] = trade.price
        else:  # the level stays until the venue's own candles tell another one
            line.doubt(trade.time_ms)
        return True

    async def _keep_repairing(self) -> None:
        failures = 0
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self._repair_due()
                failures = 0
            except Unavailable as error:
                failures += 1
                longest_s = min(2.0**failures, LONGEST_PAUSE_S)
                pause_s = error.retry_after_s
                if pause_s is None:
                    pause_s = random.uniform(0, longest_s)  # noqa: S311 - spreads callers
                missing = len(self.missing)
                log.warning("repair_waits", source=self.name, code=error.code, pairs=missing)
                await asyncio.sleep(pause_s)
            except Exception:
                log.exception("repair_broke", source=self.name)
                await asyncio.sleep(LONGEST_PAUSE_S)

    async def _repair_due(self) -> None:
        """Fetch those minutes of all holes that are over."""
        for pair, hole in self.missing.items():
            over_ms = Interval.MINUTE.bucket_start(self.now_ms() - SETTLED_MS)
            part = Hole(hole.from_ms, min(hole.to_ms, over_ms))
            if part.from_ms < part.to_ms:
                candles = await self._fetch(pair, part)
                self._found += ((pair, candle) for candle in candles)
                self._lines[pair].repaired(part)
                if candles:
                    self._believed[pair] = candles[-1].close

    async def _fetch(self, pair: Pair, hole: Hole) -> list[Candle]:
        """The candles of a hole and of the minute before it."""
        found, from_ms = list[Candle](), hole.from_ms - MINUTE_MS
        while from_ms < hole.to_ms:
            page = await self.list_candles(pair, Interval.MINUTE, from_ms=from_ms, to_ms=hole.to_ms)
            if not page:
                break
            found += page
            from_ms = page[-1].open_time_ms + MINUTE_MS
        return found
