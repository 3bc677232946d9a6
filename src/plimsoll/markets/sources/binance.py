"""Binance spot: live prices, candles and trades over one WebSocket, the past over REST.

A symbol is followed when it is traded now and both of its assets are in the reviewed mapping. Mini
tickers give the prices of all of them, once a second what changed; klines of a minute give the
candles; a few pairs are followed trade by trade, and have candles of a second from that. After
every new connection what may have been missed is asked for, see `binance_repair.py`; so a cut is
seen in the age of a price and never in a candle, once it is repaired.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

import msgspec
import structlog

from plimsoll.kernel.clock import Clock, to_ms
from plimsoll.kernel.errors import Unavailable
from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.assets import Catalogue
from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.domain.feeds import News, Trade
from plimsoll.markets.domain.prices import Pair, Tick
from plimsoll.markets.sources.binance_api import BinanceApi, BinanceRefused
from plimsoll.markets.sources.binance_course import Course
from plimsoll.markets.sources.binance_repair import Repair
from plimsoll.markets.sources.binance_wire import (
    SOURCE,
    KlineEvent,
    MiniTicker,
    Reply,
    Shutdown,
    Symbol,
    Ticker,
    TradeEvent,
    fault,
    moment,
    read_message,
    rest_tick,
    to_tick,
)
from plimsoll.markets.sources.faults import Sense
from plimsoll.markets.sources.venues import load_codes
from plimsoll.plumbing.outbound import Outbound
from plimsoll.plumbing.sockets import OutboundSocket, Send, SocketTerms
from plimsoll.settings import Settings

TERMS: Final = SocketTerms(
    idle_s=10.0,  # mini tickers come every second
    rotate_after_s=23 * 3600.0,  # before the cut at 24 hours
    max_bytes=4_000_000,
)
SETTLE_S: Final = 0.5
SILENCE_S: Final = 15.0
MOST_MESSAGES: Final = 500
"""Told at once, so that a burst is one piece of news and a flood still leaves room for others."""
MOST_TICKS: Final = 5_000
MOST_STREAMS: Final = 1_024
"""On one connection."""
STREAMS_AT_ONCE: Final = 100
SUBSCRIBE_PAUSE_S: Final = 0.25
"""Five messages a second are allowed."""
RELIST_AFTER_S: Final = 12 * 3600.0
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 60.0
TETHER: Final = AssetId("tether")

log = structlog.get_logger(__name__)


def open_binance(
    settings: Settings,
    outbound: Outbound,
    catalogue: Catalogue,
    clock: Clock,
    *,
    terms: SocketTerms = TERMS,
    settle_s: float = SETTLE_S,
) -> "BinanceSource":
    """The source as the settings want it. Raises UnknownAssetField for a pair of
    `binance_trade_pairs` that nobody knows.
    """
    by_trades = set[Pair]()
    for text in settings.binance_trade_pairs:
        base, _, quote = text.partition("/")
        pointer = "PLIMSOLL_BINANCE_TRADE_PAIRS"
        by_trades.add(
            Pair(
                catalogue.resolve_field(base, pointer=pointer).id,
                catalogue.resolve_field(quote, pointer=pointer).id,
            )
        )
    plan = Plan(
        settings.binance_urls,
        tuple(f"{url}/ws" for url in settings.binance_stream_urls),
        frozenset(by_trades),
        terms,
        settle_s,
    )
    return BinanceSource(outbound, clock, plan)


@dataclass(frozen=True, slots=True)
class Plan:
    """Where to ask, and what is followed trade by trade."""

    urls: Sequence[str]
    stream_urls: Sequence[str]
    by_trades: frozenset[Pair]
    terms: SocketTerms
    settle_s: float


class Told:
    """News while it is put together."""

    __slots__ = ("candles", "ticks", "trades", "wasted")

    def __init__(self) -> None:
        self.wasted = False
        """Whether a message was of no use."""
        self.ticks: list[Tick] = []
        self.trades: list[Trade] = []
        self.candles: list[tuple[Pair, Candle]] = []


class BinanceSource:
    """A MarketSource and a CandleHistory."""

    name = SOURCE
    pushes = True
    silence_s = SILENCE_S

    def __init__(self, outbound: Outbound, clock: Clock, plan: Plan) -> None:
        self._clock = clock
        self._plan = plan
        self._codes = load_codes(SOURCE)
        self._api = BinanceApi(outbound, plan.urls, self.now_ms)
        self._repair = Repair(self._api, self.now_ms, settle_s=plan.settle_s)
        self._socket = OutboundSocket(SOURCE, plan.stream_urls, clock, plan.terms, self._subscribe)
        self._sense = Sense(SOURCE, clock)
        self._courses: dict[str, Course] = {}
        self._symbols: dict[Pair, str] = {}
        self._first_ticks: list[Tick] = []
        self._listing = asyncio.Lock()
        self._listed_s: float | None = None
        self._failures = 0
        self._opened_ms = self.now_ms()
        self._connections = 0
        self._requests = 0

    @property
    def missing(self) -> list[Pair]:
        """Pairs of which candles or trades were missed and are not there yet."""
        return self._repair.missing

    def state(self) -> None:
        """Nothing: what is stored tells what is missing after a restart."""
        return

    def now_ms(self) -> int:
        return to_ms(self._clock.now())

    async def next_news(self) -> News:
        """What has come since the last call; waits until there is something, for whoever merely
        answers a request has said nothing of the prices. Raises Unavailable.
        """
        if self._listed_s is None:
            await self._start()
        if self._first_ticks:
            ticks, self._first_ticks = self._first_ticks, []
            return News(ticks)
        while True:
            self._sense.check()
            batch = await self._receive()
            self._sense.note(made=bool(batch.ticks), wasted=batch.wasted)
            news = self._told(batch)
            if news.ticks or news.trades or news.candles:
                return news

    def offers(self, pair: Pair, interval: Interval) -> bool:  # noqa: ARG002 - it has all of them
        """Whether the pair is traded there; False as long as the listing has not been read."""
        return pair in self._symbols

    async def list_candles(
        self, pair: Pair, interval: Interval, *, from_ms: int, to_ms: int
    ) -> list[Candle]:
        """Closed candles that open in from_ms … to_ms − 1, oldest first, at most a thousand; an
        empty list says that there are none from from_ms on. Raises Unavailable.
        """
        if self._listed_s is None:
            await self._list()
        symbol = self._symbols.get(pair)
        start_ms: int | None = from_ms
        while symbol and start_ms is not None and start_ms < to_ms:
            page = await self._api.page_candles(symbol, interval, from_ms=start_ms, to_ms=to_ms)
            if page.candles:
                return page.candles
            start_ms = page.next_ms  # nobody traded in all of these
        return []

    async def aclose(self) -> None:
        """End the connection and what is under way."""
        await self._repair.aclose()
        await self._socket.aclose()

    async def _receive(self) -> Told:
        """What there is to take; waits for a message."""
        batch = Told()
        message: bytes | None = await self._socket.receive()
        messages = 0
        while message is not None:
            self._take(message, batch)
            messages += 1
            if messages >= MOST_MESSAGES or len(batch.ticks) >= MOST_TICKS:
                break
            message = self._socket.receive_ready()
        return batch

    async def _start(self) -> None:
        """The listing and the first prices; tried again politely."""
        if self._failures:
            bound_s = min(FIRST_PAUSE_S * 2.0 ** min(self._failures - 1, 20), LONGEST_PAUSE_S)
            await asyncio.sleep(random.uniform(0, bound_s))  # noqa: S311 - spreads callers
        self._failures += 1
        await self._list()
        self._failures = 0

    async def _list(self) -> None:
        """Read what is traded, unless that was done not long ago."""
        async with self._listing:
            now_s = self._clock.monotonic()
            if self._listed_s is not None and now_s - self._listed_s < RELIST_AFTER_S:
                return
            symbols = await self._api.list_symbols()
            self._follow(symbols, await self._api.list_tickers())
            self._listed_s = now_s

    def _follow(self, symbols: Sequence[Symbol], tickers: Sequence[Ticker]) -> None:
        pairs = dict[str, Pair]()
        for symbol in symbols:
            base = self._codes.get(symbol.base_asset)
            quote = self._codes.get(symbol.quote_asset)
            if base and quote and base != quote:
                pairs[symbol.symbol] = Pair(base, quote)
        if not pairs:
            raise BinanceRefused("none of the listed symbols is known", facts={"source": SOURCE})
        now = self._clock.now()
        ticks = [
            tick
            for ticker in tickers
            if ticker.symbol in pairs
            if (tick := rest_tick(pairs[ticker.symbol], ticker, now))
        ]
        worth = _worth(ticks)
        ranked = sorted(pairs, key=lambda symbol: -worth.get(pairs[symbol], 0.0))
        courses = dict[str, Course]()
        since_ms = self.now_ms() if self._courses else self._opened_ms
        for rank, name in enumerate(ranked):
            course = self._courses.get(name)
            if course is None or course.pair != pairs[name]:
                by_trades = pairs[name] in self._plan.by_trades
                course = Course(
                    name, pairs[name], rank=rank, by_trades=by_trades, since_ms=since_ms
                )
            course.rank = rank
            courses[name] = course
        self._courses = courses
        self._symbols = {pair: name for name, pair in pairs.items()}
        self._first_ticks = ticks
        log.info("pairs_followed", source=SOURCE, pairs=len(pairs), listed=len(symbols))

    async def _subscribe(self, send: Send) -> None:
        try:
            await self._list()
        except Unavailable as error:  # what was known before is good enough
            log.warning("listing_not_renewed", source=SOURCE, code=error.code)
        courses = self._courses.values()
        streams = [
            "!miniTicker@arr",
            *(f"{course.symbol.lower()}@trade" for course in courses if course.ids),
            *(f"{course.symbol.lower()}@kline_1m" for course in courses),
        ]
        if len(streams) > MOST_STREAMS:
            log.warning("too_many_streams", source=SOURCE, left_out=len(streams) - MOST_STREAMS)
        for at in range(0, min(len(streams), MOST_STREAMS), STREAMS_AT_ONCE):
            if at:
                await asyncio.sleep(SUBSCRIBE_PAUSE_S)
            self._requests += 1
            params = streams[at : min(at + STREAMS_AT_ONCE, MOST_STREAMS)]
            request = {"method": "SUBSCRIBE", "params": params, "id": self._requests}
            await send(msgspec.json.encode(request))

    def _take(self, data: bytes, batch: Told) -> None:
        """Whatever one message says."""
        if self._socket.connections != self._connections:
            self._look_for_holes()
        message = read_message(data)
        if isinstance(message, TradeEvent):
            course = self._find(message.symbol)
            trade = course and course.take_trade(message, self.now_ms())
            if trade:
                batch.trades.append(trade)
        elif isinstance(message, KlineEvent):
            course = self._find(message.symbol)
            candle = course and course.take_bar(message, self.now_ms())
            if course and candle:
                batch.candles.append((course.pair, candle))
        elif isinstance(message, list):
            self._take_tickers(message, batch)
            return
        else:
            batch.wasted = batch.wasted or message is None
            self._take_word(message)
            return
        if course and course.missing:
            self._repair.want(course)

    def _take_tickers(self, entries: list[MiniTicker], batch: Told) -> None:
        now = at = self._clock.now()
        at_ms, courses, ticks = -1, self._courses, batch.ticks
        before, followed = len(ticks), not entries
        for entry in entries:
            course = courses.get(entry.symbol)
            if course is None:
                continue  # most of their symbols are not followed
            followed = True
            if entry.event_ms != at_ms:
                at_ms = entry.event_ms
                at = moment(at_ms, now)
            tick = to_tick(
                course.pair, at, close=entry.close, opened=entry.opened, volume=entry.volume
            )
            if tick is not None:
                ticks.append(tick)
        if followed and len(ticks) == before:
            batch.wasted = True

    def _take_word(self, message: Shutdown | Reply | None) -> None:
        if isinstance(message, Shutdown):
            log.info("shutdown_announced", source=SOURCE)
            self._socket.renew()
        elif message and (message.code is not None or message.error is not None):
            fault("request-refused")
            log.warning("request_refused", source=SOURCE, request=message.id)
        elif message and message.id is None:
            fault("unknown-message")

    def _find(self, symbol: str) -> Course | None:
        course = self._courses.get(symbol)
        if course is None:
            fault("unknown-symbol")
        return course

    def _look_for_holes(self) -> None:
        """Another connection: what was said between the two was missed."""
        self._connections = self._socket.connections
        now_ms = self.now_ms()
        for course in self._courses.values():
            course.reconnected(now_ms)
            if course.missing:
                self._repair.want(course)

    def _told(self, batch: Told) -> News:
        """The batch, after what the repair has found meanwhile."""
        candles, trades = self._repair.found()
        if trades:
            batch.trades = sorted([*trades, *batch.trades], key=itemgetter(1, 2))
        return News(batch.ticks, batch.trades, [*candles, *batch.candles])


def _worth(ticks: Sequence[Tick]) -> dict[Pair, float]:
    """What was traded of each pair in a day, in units of tether, to compare pairs by."""
    units = {TETHER: 1.0}
    for tick in ticks:
        if tick.pair.quote == TETHER:
            units[tick.pair.base] = float(tick.price.value)
        elif tick.pair.base == TETHER:
            units[tick.pair.quote] = 1.0 / float(tick.price.value)
    return {
        tick.pair: float(tick.price.volume_24h or 0) * units.get(tick.pair.quote, 0.0)
        for tick in ticks
    }
