"""Kraken spot: prices and trades over WebSocket v2, candles over REST.

REST and stream spell a market differently: what REST calls `XBT/USD` (its `wsname`) and answers
under a third name, the stream calls `BTC/USD`. REST gives the latest 720 candles of an interval,
whatever is asked for; the last one is unfinished, and minutes without a trade are filled with the
price before. Its weeks begin on Thursday, so they are not ours. Numbers in the stream are JSON
numbers, in REST text. Source: docs.kraken.com, "Spot WebSocket v2" and "Spot REST".
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from plimsoll.kernel.clock import Clock
from plimsoll.markets.domain.assets import Catalogue
from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.domain.prices import Pair, Price, Tick, to_price
from plimsoll.markets.sources.reading import (
    UNREADABLE,
    fault,
    ratio,
    read_answer,
    read_each,
    refused,
    to_candle,
    to_trade,
    turnover,
)
from plimsoll.markets.sources.trade_stream import TERMS, Said, TradeStream
from plimsoll.markets.sources.venues import load_codes
from plimsoll.plumbing.outbound import Outbound, Source
from plimsoll.plumbing.sockets import SocketTerms
from plimsoll.settings import Settings

SOURCE: Final = "kraken"
REQUESTS_PER_MINUTE: Final = 60
MINUTES: Final = {
    interval: interval.length_ms // 60_000
    for interval in (
        Interval.MINUTE,
        Interval.MINUTES_5,
        Interval.MINUTES_15,
        Interval.MINUTES_30,
        Interval.HOUR,
        Interval.HOURS_4,
        Interval.DAY,
    )
}
STREAM_CODES: Final = {"XBT": "BTC", "XDG": "DOGE"}
"""Codes that the stream spells in another way than REST."""
CHANNELS: Final = ("trade", "ticker")
SYMBOLS_AT_ONCE: Final = 100


class _AssetPair(msgspec.Struct):
    altname: str
    wsname: str
    status: str = "online"


class _Answer(msgspec.Struct):
    error: list[str] = []
    result: dict[str, msgspec.Raw] = {}


class _Row(msgspec.Struct, array_like=True):
    open_s: int
    open: str
    high: str
    low: str
    close: str
    vwap: str
    volume: str
    trades: int


class _Envelope(msgspec.Struct):
    channel: str = ""
    data: msgspec.Raw = msgspec.Raw(b"[]")
    success: bool = True


class _Ticker(msgspec.Struct):
    """`change_pct` is in percent, `volume` in units of the base asset, both of 24 h."""

    symbol: str
    last: Decimal
    volume: Decimal
    vwap: Decimal
    change_pct: Decimal


class _Trade(msgspec.Struct):
    symbol: str
    price: float
    qty: float
    trade_id: int
    timestamp: datetime


_answer: Final = msgspec.json.Decoder(_Answer)
_asset_pair: Final = msgspec.json.Decoder(_AssetPair)
_parts: Final = msgspec.json.Decoder(list[msgspec.Raw])
_row: Final = msgspec.json.Decoder(_Row)
_envelope: Final = msgspec.json.Decoder(_Envelope)
_ticker: Final = msgspec.json.Decoder(_Ticker)
_trade: Final = msgspec.json.Decoder(_Trade)


def open_kraken(
    settings: Settings,
    outbound: Outbound,
    catalogue: Catalogue,  # noqa: ARG001 - as every source is opened; the mapping names its assets
    clock: Clock,
    *,
    terms: SocketTerms = TERMS,
) -> TradeStream:
    """The source as the settings want it."""
    rest = outbound.source(
        SOURCE, base_url=settings.kraken_url, per_minute=REQUESTS_PER_MINUTE, wait_s=60.0
    )
    return TradeStream(Kraken(rest, clock), (settings.kraken_stream_url,), clock, terms=terms)


class Kraken:
    """The wire of Kraken."""

    name: Final = SOURCE
    intervals: Iterable[Interval] = MINUTES.keys()

    def __init__(self, rest: Source, clock: Clock) -> None:
        self._rest = rest
        self._clock = clock
        self._codes = load_codes(SOURCE)
        self._pairs: dict[str, Pair] = {}
        """By the name in the stream."""

    async def list_pairs(self) -> Mapping[Pair, str]:
        listed = dict[Pair, str]()
        self._pairs.clear()
        result = await self._get("/0/public/AssetPairs", {})
        for market in read_each(SOURCE, result.values(), _asset_pair):
            names = market.wsname.split("/")
            assets = [self._codes.get(name) for name in names]
            match assets:
                case [str() as base, str() as quote] if market.status == "online" and base != quote:
                    listed[Pair(base, quote)] = market.altname
                    spelled = "/".join(STREAM_CODES.get(name, name) for name in names)
                    self._pairs[spelled] = Pair(base, quote)
        ranks = {asset: rank for rank, asset in enumerate(self._codes.values())}
        return dict(sorted(listed.items(), key=lambda market: ranks[market[0].base]))

    def requests(self) -> Sequence[bytes]:
        symbols = list(self._pairs)
        return [
            msgspec.json.encode(
                {
                    "method": "subscribe",
                    "params": {
                        "channel": channel,
                        "symbol": symbols[at : at + SYMBOLS_AT_ONCE],
                        "snapshot": True,
                    },
                }
            )
            for channel in CHANNELS
            for at in range(0, len(symbols), SYMBOLS_AT_ONCE)
        ]

    def read(self, message: bytes, said: Said) -> None:
        try:
            envelope = _envelope.decode(message)
            if envelope.channel not in CHANNELS:
                if not envelope.success:
                    fault(SOURCE, "request-refused")
                return
            parts = _parts.decode(envelope.data)
        except UNREADABLE:
            fault(SOURCE, "not-json")
            said.wasted = True
            return
        before = len(said.ticks) + len(said.trades)
        if envelope.channel == "ticker":
            for ticker in read_each(SOURCE, parts, _ticker):
                self._read_ticker(ticker, said)
        else:
            trades = read_each(SOURCE, parts, _trade)
            for trade in sorted(trades, key=lambda trade: trade.trade_id):
                self._read_trade(trade, said)
        if parts and len(said.ticks) + len(said.trades) == before:
            said.wasted = True

    def _read_ticker(self, ticker: _Ticker, said: Said) -> None:
        pair, value = self._find(ticker.symbol), to_price(ticker.last)
        if pair is None:
            return
        if value is None:
            fault(SOURCE, "not-a-price")
            return
        price = Price(
            value,
            SOURCE,
            self._clock.now(),
            change_24h=ratio(ticker.change_pct),
            volume_24h=turnover(ticker.volume, ticker.vwap),
        )
        said.ticks.append(Tick(pair, price))

    def _read_trade(self, trade: _Trade, said: Said) -> None:
        pair = self._find(trade.symbol)
        made = pair and to_trade(
            SOURCE, pair, trade.timestamp, trade.trade_id, price=trade.price, quantity=trade.qty
        )
        if made:
            said.trades.append(made)

    def _find(self, symbol: str) -> Pair | None:
        pair = self._pairs.get(symbol)
        if pair is None:
            fault(SOURCE, "unknown-symbol")
        return pair

    async def list_candles(
        self, market: str, interval: Interval, *, from_ms: int, to_ms: int
    ) -> list[Candle]:
        """Of the latest 720; a row of nobody's trades is no candle."""
        params = {
            "pair": market,
            "interval": str(MINUTES[interval]),
            "since": str(from_ms // 1000 - 1),
        }
        result = await self._get("/0/public/OHLC", params)
        result.pop("last", None)
        if len(result) != 1:  # under whatever name it has there
            raise refused(SOURCE, f"{len(result)} series instead of one")
        [series] = result.values()
        parts = read_answer(SOURCE, series, _parts)
        rows = read_each(SOURCE, parts, _row)
        found = dict[int, Candle]()
        for row in rows[:-1]:  # the last one is unfinished
            open_ms = row.open_s * 1000
            if row.trades and from_ms <= open_ms < to_ms:
                values = (row.open, row.high, row.low, row.close, row.volume)
                candle = to_candle(SOURCE, interval, open_ms, values, row.trades)
                if candle:
                    found[open_ms] = candle
        return [found[open_ms] for open_ms in sorted(found)]

    async def _get(self, path: str, params: Mapping[str, str]) -> dict[str, msgspec.Raw]:
        answer = await self._rest.get(path, params)
        said = read_answer(SOURCE, answer.body, _answer)
        if said.error or not said.result:
            detail = "; ".join(said.error)[:200] or f"status {answer.status}, no result"
            raise refused(SOURCE, detail)
        return said.result
