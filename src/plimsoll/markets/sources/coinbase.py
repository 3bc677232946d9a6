"""Coinbase Exchange: prices and trades over its feed, candles over REST.

Every product has a heartbeat each second that carries the number of its last trade, so even a trade
that never came and that no other followed is noticed. The side of a match is the maker's; nobody
needs it here. A row of candles is `[s, low, high, open, close, volume]`, newest first, at most 300
of them, and a stretch without a trade has none. Numbers in the feed are text, in candles JSON
numbers. Source: docs.cdp.coinbase.com, "Exchange WebSocket channels" and "Exchange REST API".
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from plimsoll.kernel.clock import Clock, rfc3339
from plimsoll.kernel.clock import from_ms as to_moment
from plimsoll.markets.domain.assets import Catalogue
from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.domain.prices import Pair, Price, Tick, to_price
from plimsoll.markets.sources.reading import (
    UNREADABLE,
    change_since,
    fault,
    read_answer,
    read_each,
    refused,
    to_candle,
    to_trade,
    turnover,
)
from plimsoll.markets.sources.trade_stream import TERMS, Said, TradeStream
from plimsoll.markets.sources.venues import load_codes
from plimsoll.plumbing.outbound import Answer, Outbound, Source
from plimsoll.plumbing.sockets import SocketTerms
from plimsoll.settings import Settings

SOURCE: Final = "coinbase"
REQUESTS_PER_MINUTE: Final = 240
"""Of the 8 a second that an address has; the rest is for whoever else is behind it."""
OK: Final = 200
LENGTHS: Final = (
    Interval.MINUTE,
    Interval.MINUTES_5,
    Interval.MINUTES_15,
    Interval.HOUR,
    Interval.DAY,
)
MOST_ROWS: Final = 300
CHANNELS: Final = ("heartbeat", "matches", "ticker_batch")


class _Product(msgspec.Struct):
    id: str
    base_currency: str
    quote_currency: str
    status: str = "online"
    trading_disabled: bool = False


class _Row(msgspec.Struct, array_like=True):
    open_s: int
    low: float
    high: float
    open: float
    close: float
    volume: float


class _Refusal(msgspec.Struct):
    message: str = ""


class _Head(msgspec.Struct):
    type: str


class _Match(msgspec.Struct):
    product_id: str
    trade_id: int
    price: Decimal
    size: Decimal
    time: datetime


class _Ticker(msgspec.Struct):
    """`volume_24h` in units of the base asset."""

    product_id: str
    price: Decimal
    open_24h: Decimal
    volume_24h: Decimal
    time: datetime


class _Heartbeat(msgspec.Struct):
    product_id: str
    last_trade_id: int


_parts: Final = msgspec.json.Decoder(list[msgspec.Raw])
_product: Final = msgspec.json.Decoder(_Product)
_row: Final = msgspec.json.Decoder(_Row)
_refusal: Final = msgspec.json.Decoder(_Refusal)
_head: Final = msgspec.json.Decoder(_Head)
_match: Final = msgspec.json.Decoder(_Match)
_ticker: Final = msgspec.json.Decoder(_Ticker)
_heartbeat: Final = msgspec.json.Decoder(_Heartbeat)


def open_coinbase(
    settings: Settings,
    outbound: Outbound,
    catalogue: Catalogue,  # noqa: ARG001 - as every source is opened; the mapping names its assets
    clock: Clock,
    *,
    terms: SocketTerms = TERMS,
) -> TradeStream:
    """The source as the settings want it."""
    rest = outbound.source(
        SOURCE, base_url=settings.coinbase_url, per_minute=REQUESTS_PER_MINUTE, wait_s=60.0
    )
    return TradeStream(Coinbase(rest), (settings.coinbase_stream_url,), clock, terms=terms)


class Coinbase:
    """The wire of Coinbase."""

    name: Final = SOURCE
    intervals: Iterable[Interval] = LENGTHS

    def __init__(self, rest: Source) -> None:
        self._rest = rest
        self._codes = load_codes(SOURCE)
        self._pairs: dict[str, Pair] = {}
        self._days: dict[Pair, _Ticker] = {}
        """What the ticker said last: matches say nothing about the day."""

    async def list_pairs(self) -> Mapping[Pair, str]:
        answer = await self._get("/products", {})
        listed = dict[Pair, str]()
        parts = read_answer(SOURCE, answer.body, _parts)
        for product in read_each(SOURCE, parts, _product):
            base = self._codes.get(product.base_currency)
            quote = self._codes.get(product.quote_currency)
            traded = product.status == "online" and not product.trading_disabled
            if traded and base and quote and base != quote:
                listed[Pair(base, quote)] = product.id
        ranks = {asset: rank for rank, asset in enumerate(self._codes.values())}
        ordered = dict(sorted(listed.items(), key=lambda market: ranks[market[0].base]))
        self._pairs = {product: pair for pair, product in ordered.items()}
        return ordered

    def requests(self) -> Sequence[bytes]:
        request = {
            "type": "subscribe",
            "product_ids": list(self._pairs),
            "channels": list(CHANNELS),
        }
        return [msgspec.json.encode(request)]

    def read(self, message: bytes, said: Said) -> None:
        before = len(said.ticks) + len(said.trades)
        try:
            match _head.decode(message).type:
                case "match" | "last_match":
                    self._read_match(_match.decode(message), said)
                case "heartbeat":
                    heartbeat = _heartbeat.decode(message)
                    if pair := self._find(heartbeat.product_id):
                        said.last_ids.append((pair, heartbeat.last_trade_id))
                    return
                case "ticker":
                    self._read_ticker(_ticker.decode(message), said)
                case "error":
                    fault(SOURCE, "request-refused")
                    return
                case _:
                    return
        except msgspec.ValidationError:
            fault(SOURCE, "wrong-type")
        except UNREADABLE:
            fault(SOURCE, "not-json")
        if len(said.ticks) + len(said.trades) == before:
            said.wasted = True

    def _read_match(self, match: _Match, said: Said) -> None:
        pair, value = self._find(match.product_id), to_price(match.price)
        if pair is None:
            return
        if value is None or not match.size.is_finite():
            fault(SOURCE, "not-a-price")
            return
        trade = to_trade(
            SOURCE,
            pair,
            match.time,
            match.trade_id,
            price=float(value),
            quantity=float(match.size),
        )
        if trade:
            said.trades.append(trade)
            said.ticks.append(self._tick(pair, value, match.time))

    def _read_ticker(self, ticker: _Ticker, said: Said) -> None:
        pair, value = self._find(ticker.product_id), to_price(ticker.price)
        if pair is None:
            return
        if value is None or ticker.time.tzinfo is None:
            fault(SOURCE, "not-a-price")
            return
        self._days[pair] = ticker
        said.ticks.append(self._tick(pair, value, ticker.time))

    def _tick(self, pair: Pair, value: Decimal, at: datetime) -> Tick:
        """With what is known of the day; its volume is weighed with the price of now."""
        day = self._days.get(pair)
        if day is None:
            return Tick(pair, Price(value, SOURCE, at))
        change = change_since(day.open_24h, value)
        volume = turnover(day.volume_24h, value)
        return Tick(pair, Price(value, SOURCE, at, change_24h=change, volume_24h=volume))

    def _find(self, product: str) -> Pair | None:
        pair = self._pairs.get(product)
        if pair is None:
            fault(SOURCE, "unknown-symbol")
        return pair

    async def list_candles(
        self, market: str, interval: Interval, *, from_ms: int, to_ms: int
    ) -> list[Candle]:
        """At most MOST_ROWS buckets of one request, beginning where somebody traded."""
        start_ms: int | None = from_ms
        while start_ms is not None and start_ms < to_ms:
            until_ms = min(to_ms, start_ms + MOST_ROWS * interval.length_ms)
            found = await self._list_rows(market, interval, from_ms=start_ms, to_ms=until_ms)
            if found:
                return found
            start_ms = await self._find_traded(market, from_ms=until_ms, to_ms=to_ms)
        return []

    async def _find_traded(self, market: str, *, from_ms: int, to_ms: int) -> int | None:
        """From where on to look, by the days on which somebody traded; None when there are none."""
        day = Interval.DAY
        for at_ms in range(day.bucket_start(from_ms), to_ms, MOST_ROWS * day.length_ms):
            until_ms = at_ms + MOST_ROWS * day.length_ms
            days = await self._list_rows(market, day, from_ms=at_ms, to_ms=until_ms)
            if days:
                return max(from_ms, days[0].open_time_ms)
        return None

    async def _list_rows(
        self, market: str, interval: Interval, *, from_ms: int, to_ms: int
    ) -> list[Candle]:
        params = dict(  # noqa: C408 - as text, "end" would be taken for SQL
            granularity=str(interval.length_ms // 1000),
            start=rfc3339(to_moment(interval.bucket_start(from_ms))),
            end=rfc3339(to_moment(interval.bucket_start(to_ms - 1))),
        )
        answer = await self._get(f"/products/{market}/candles", params)
        found = dict[int, Candle]()
        parts = read_answer(SOURCE, answer.body, _parts)
        for row in read_each(SOURCE, parts, _row):
            open_ms = row.open_s * 1000
            if from_ms <= open_ms < to_ms:
                values = (row.open, row.high, row.low, row.close, row.volume)
                if candle := to_candle(SOURCE, interval, open_ms, values):
                    found[open_ms] = candle
        return [found[open_ms] for open_ms in sorted(found)]

    async def _get(self, path: str, params: Mapping[str, str]) -> Answer:
        answer = await self._rest.get(path, params)
        if answer.status == OK:
            return answer
        said = read_answer(SOURCE, answer.body, _refusal).message[:200]
        raise refused(SOURCE, f"status {answer.status}, {said}")
