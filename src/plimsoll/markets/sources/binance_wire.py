"""What Binance sends, as typed values; what cannot be right is counted and left out.

Messages come unwrapped (`/ws`): an array is the mini tickers of every symbol that changed, an
object is an event of its kind `e`, or the reply to a request of ours. Prices and quantities are
text. Everything else in a message is skipped unread. Source: developers.binance.com, "WebSocket
Streams" and "Market Data endpoints" of the spot API.
"""

import math
from datetime import datetime
from decimal import Decimal, DecimalException
from typing import Final, TypeVar

import msgspec

from plimsoll.kernel.clock import from_ms
from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.domain.feeds import Trade
from plimsoll.markets.domain.prices import Pair, Price, Tick, to_price, to_volume
from plimsoll.markets.sources.faults import FAULTS

SOURCE: Final = "binance"
LONGEST_NUMBERS: Final = 120
"""Characters of three numbers; more are no numbers of theirs, and are not read."""
CHANGE_PLACES: Final = 8
CHANGE_STEPS: Final = 10**CHANGE_PLACES
LARGEST_CHANGE: Final = 1e6
MOST_TRADES: Final = 2**31 - 1
MOST_ID: Final = 2**63
EARLIEST_MS: Final = 1_230_940_800_000
LATEST_MS: Final = 4_102_444_800_000
"""2009-01-03, the first block, and 2100-01-01; a stamp in another unit lies outside."""


class MiniTicker(
    msgspec.Struct,
    gc=False,
    rename={"event_ms": "E", "symbol": "s", "close": "c", "opened": "o", "volume": "q"},
):
    """The last price, the one of 24 h ago, and the volume between in units of the quote asset."""

    event_ms: int
    symbol: str
    close: str
    opened: str
    volume: str


class Ticker(msgspec.Struct, gc=False, rename="camel"):
    """A mini ticker of REST."""

    symbol: str
    last_price: str
    open_price: str
    quote_volume: str
    close_time: int


class Bar(
    msgspec.Struct,
    gc=False,
    rename={
        "open_ms": "t",
        "interval": "i",
        "open": "o",
        "high": "h",
        "low": "l",
        "close": "c",
        "volume": "v",
        "trades": "n",
        "closed": "x",
    },
):
    """A kline of the stream."""

    open_ms: int
    interval: str
    open: str
    high: str
    low: str
    close: str
    volume: str
    trades: int
    closed: bool


class KlineEvent(
    msgspec.Struct,
    gc=False,
    tag="kline",
    tag_field="e",
    rename={"event_ms": "E", "symbol": "s", "bar": "k"},
):
    event_ms: int
    symbol: str
    bar: Bar


class TradeEvent(
    msgspec.Struct,
    gc=False,
    tag="trade",
    tag_field="e",
    rename={"symbol": "s", "id": "t", "price": "p", "quantity": "q", "time_ms": "T"},
):
    symbol: str
    id: int
    price: str
    quantity: str
    time_ms: int


class Shutdown(msgspec.Struct, gc=False, tag="serverShutdown", tag_field="e"):
    """The connection is about to be cut from their side."""


class Reply(msgspec.Struct, gc=False):
    """To a request of ours: refused when there is a `code` or an `error`."""

    id: int | str | None = None
    code: int | None = None
    error: msgspec.Raw | None = None


class Row(msgspec.Struct, array_like=True, gc=False):
    """A kline of REST; the columns after these are skipped."""

    open_ms: int
    open: str
    high: str
    low: str
    close: str
    volume: str
    close_ms: int
    quote_volume: str
    trades: int


class PastTrade(msgspec.Struct, gc=False, rename={"quantity": "qty", "time_ms": "time"}):
    """A trade of REST."""

    id: int
    price: str
    quantity: str
    time_ms: int


class Symbol(msgspec.Struct, gc=False, rename="camel"):
    symbol: str
    status: str
    base_asset: str
    quote_asset: str


class Listing(msgspec.Struct):
    symbols: list[msgspec.Raw]


class Refusal(msgspec.Struct):
    code: int = 0
    msg: str = ""


Message = list[MiniTicker] | KlineEvent | TradeEvent | Shutdown | Reply
Struct = TypeVar("Struct", bound=msgspec.Struct)

_tickers: Final = msgspec.json.Decoder(list[MiniTicker])
_events: Final = msgspec.json.Decoder(KlineEvent | TradeEvent | Shutdown)
_reply: Final = msgspec.json.Decoder(Reply)
_parts: Final = msgspec.json.Decoder(list[msgspec.Raw])
_listing: Final = msgspec.json.Decoder(Listing)
_refusal: Final = msgspec.json.Decoder(Refusal)
_ticker: Final = msgspec.json.Decoder(MiniTicker)
_symbol: Final = msgspec.json.Decoder(Symbol)
_rest_ticker: Final = msgspec.json.Decoder(Ticker)
_row: Final = msgspec.json.Decoder(Row)
_past_trade: Final = msgspec.json.Decoder(PastTrade)

UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def fault(reason: str) -> None:
    FAULTS.labels(SOURCE, reason).inc()


def read_message(data: bytes) -> Message | None:
    """None when nothing of it can be read."""
    try:
        return _tickers.decode(data) if data[:1] == b"[" else _events.decode(data)
    except UNREADABLE:
        return _read_rest(data)


def _read_rest(data: bytes) -> Message | None:
    """What is no sound event: a reply, an array of which some entries are not sound, or waste."""
    try:
        if data[:1] == b"[":
            return _read_each(_parts.decode(data), _ticker)
        if b'"serverShutdown"' in data:  # in whatever envelope
            return Shutdown()
        if b'"e"' not in data:
            return _reply.decode(data)
        msgspec.json.decode(data)
    except msgspec.ValidationError:
        fault("wrong-type")
    except UNREADABLE:
        fault("not-json")
    else:
        fault("wrong-type")
    return None


def _read_each(parts: list[msgspec.Raw], decoder: msgspec.json.Decoder[Struct]) -> list[Struct]:
    """Those parts that can be read."""
    sound = list[Struct]()
    for part in parts:
        try:
            sound.append(decoder.decode(part))
        except UNREADABLE:
            fault("wrong-type")
    return sound


def read_listing(body: bytes) -> list[Symbol]:
    """`/api/v3/exchangeInfo`. Raises msgspec.MsgspecError, as all of these, when it is no such
    answer at all.
    """
    return _read_each(_listing.decode(body).symbols, _symbol)


def read_tickers(body: bytes) -> list[Ticker]:
    """`/api/v3/ticker/24hr`."""
    return _read_each(_parts.decode(body), _rest_ticker)


def read_rows(body: bytes) -> list[Row]:
    """`/api/v3/klines`."""
    return _read_each(_parts.decode(body), _row)


def read_past_trades(body: bytes) -> list[PastTrade]:
    """`/api/v3/historicalTrades`."""
    return _read_each(_parts.decode(body), _past_trade)


def read_refusal(body: bytes) -> str:
    """The error in an answer that is one; whatever else came is described, not repeated."""
    try:
        refusal = _refusal.decode(body)
    except UNREADABLE:
        return f"{len(body)} bytes that are not its JSON"
    return f"code {refusal.code}: {refusal.msg[:200]}"


def to_tick(pair: Pair, at: datetime, *, close: str, opened: str, volume: str) -> Tick | None:
    """None when the price is no price; a change or a volume that is none is left out of it."""
    if len(close) + len(opened) + len(volume) > LONGEST_NUMBERS:
        fault("not-a-price")
        return None
    try:
        value = to_price(Decimal(close))
        if value is None:
            fault("not-a-price")
            return None
        change = _change(float(close), float(opened))
        traded = to_volume(Decimal(volume))
    except (DecimalException, ValueError):
        fault("not-a-number")
        return None
    return Tick(pair, Price(value, SOURCE, at, False, change, traded))


def _change(close: float, opened: float) -> Decimal | None:
    """As `to_change`. A ratio of two prices: floats are good for twice as many digits as it has."""
    if not (0 < opened < math.inf and 0 < close < opened * LARGEST_CHANGE):
        return None
    steps = round((close / opened - 1.0) * CHANGE_STEPS)
    return Decimal(steps).scaleb(-CHANGE_PLACES) if steps > -CHANGE_STEPS else None


def rest_tick(pair: Pair, ticker: Ticker, now: datetime) -> Tick | None:
    """As `to_tick`."""
    return to_tick(
        pair,
        moment(ticker.close_time, now),
        close=ticker.last_price,
        opened=ticker.open_price,
        volume=ticker.quote_volume,
    )


def moment(stamp_ms: int, now: datetime) -> datetime:
    """When a price held: never later than now, and now when the stamp cannot be one."""
    return min(from_ms(stamp_ms), now) if EARLIEST_MS <= stamp_ms < LATEST_MS else now


def to_candle(
    interval: Interval,
    open_ms: int,
    *,
    values: tuple[str, str, str, str, str],
    trades: int,
    forming: bool,
) -> Candle | None:
    """`values` are open, high, low, close and volume; None when this cannot have happened."""
    try:
        opened, high, low, close, volume = map(float, values)
    except ValueError:
        fault("not-a-number")
        return None
    candle = Candle(interval, open_ms, opened, high, low, close, volume, trades, forming)
    if not (candle.sound and trades <= MOST_TRADES):
        fault("not-sound")
        return None
    if not (EARLIEST_MS <= open_ms < LATEST_MS) or interval.bucket_start(open_ms) != open_ms:
        fault("off-grid")
        return None
    return candle


def bar_candle(bar: Bar) -> Candle | None:
    """The candle of a minute from the stream."""
    values = (bar.open, bar.high, bar.low, bar.close, bar.volume)
    return to_candle(
        Interval.MINUTE, bar.open_ms, values=values, trades=bar.trades, forming=not bar.closed
    )


def row_candle(row: Row, interval: Interval) -> Candle | None:
    """The candle of a row, which the caller knows to be closed."""
    values = (row.open, row.high, row.low, row.close, row.volume)
    return to_candle(interval, row.open_ms, values=values, trades=row.trades, forming=False)


def to_trade(pair: Pair, time_ms: int, trade_id: int, price: str, quantity: str) -> Trade | None:
    """None when it cannot have happened."""
    try:
        value, amount = float(price), float(quantity)
    except ValueError:
        fault("not-a-number")
        return None
    if not (
        0 < value < math.inf
        and 0 <= amount < math.inf
        and 0 <= trade_id < MOST_ID
        and EARLIEST_MS <= time_ms < LATEST_MS
    ):
        fault("not-sound")
        return None
    return Trade(pair, time_ms, trade_id, value, amount)
