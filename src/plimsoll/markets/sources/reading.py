"""What venues send, turned into values that can be right; what cannot is counted and left out."""

import math
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeVar

import msgspec

from plimsoll.kernel.clock import to_ms
from plimsoll.kernel.errors import Unavailable
from plimsoll.kernel.money import CONTEXT
from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.domain.feeds import Trade
from plimsoll.markets.domain.prices import Pair, to_change, to_volume
from plimsoll.markets.sources.faults import FAULTS

UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
MOST_TRADES: Final = 2**31 - 1
MOST_ID: Final = 2**63
EARLIEST_MS: Final = 1_230_940_800_000
LATEST_MS: Final = 4_102_444_800_000
"""2009-01-03, the first block, and 2100-01-01; a stamp in another unit lies outside."""
LARGEST: Final = Decimal(10**15)
HUNDRED: Final = Decimal(100)

Answered = TypeVar("Answered")


class VenueRefused(Unavailable):
    """A venue answered, but not with what was asked for."""

    code = "venue-refused"
    title = "A venue gave no data"


def refused(venue: str, detail: str) -> VenueRefused:
    return VenueRefused(f"{venue}: {detail}", facts={"source": venue})


def fault(venue: str, reason: str) -> None:
    FAULTS.labels(venue, reason).inc()


def read_answer(
    venue: str, body: bytes | msgspec.Raw, decoder: "msgspec.json.Decoder[Answered]"
) -> Answered:
    """Raises VenueRefused; what came instead is described, not repeated."""
    try:
        return decoder.decode(body)
    except UNREADABLE:
        size = len(bytes(body))
        raise refused(venue, f"{size} bytes that are not what was asked for") from None


def read_each(
    venue: str, parts: Iterable[msgspec.Raw], decoder: "msgspec.json.Decoder[Answered]"
) -> list[Answered]:
    """Those parts that can be read."""
    sound = list[Answered]()
    for part in parts:
        try:
            sound.append(decoder.decode(part))
        except UNREADABLE:
            fault(venue, "wrong-type")
    return sound


def to_candle(
    venue: str,
    interval: Interval,
    open_ms: int,
    values: Iterable[str | float],
    trades: int = 0,
) -> Candle | None:
    """`values` are open, high, low, close and volume."""
    try:
        opened, high, low, close, volume = map(float, values)
    except ValueError:
        fault(venue, "not-a-number")
        return None
    candle = Candle(interval, open_ms, opened, high, low, close, volume, trades)
    if not candle.sound or trades > MOST_TRADES:
        fault(venue, "not-sound")
        return None
    if not EARLIEST_MS <= open_ms < LATEST_MS or interval.bucket_start(open_ms) != open_ms:
        fault(venue, "off-grid")
        return None
    return candle


def to_trade(
    venue: str, pair: Pair, at: datetime, trade_id: int, *, price: float, quantity: float
) -> Trade | None:
    if at.tzinfo is None or not (
        0 < price < math.inf and 0 <= quantity < math.inf and 0 <= trade_id < MOST_ID
    ):
        fault(venue, "not-sound")
        return None
    return Trade(pair, to_ms(at), trade_id, price, quantity)


def ratio(percent: Decimal | None) -> Decimal | None:
    """A change in percent as a ratio; compared before any arithmetic."""
    if percent is None or not percent.is_finite() or not -HUNDRED < percent < LARGEST:
        return None
    return to_change(percent / HUNDRED)


def change_since(before: Decimal, price: Decimal) -> Decimal | None:
    """The ratio by which `price`, which is a price, differs from the one of a day before."""
    if not before.is_finite() or not 1 / LARGEST <= before < LARGEST:
        return None
    return to_change(CONTEXT.divide(price, before) - 1)


def turnover(volume: Decimal, price: Decimal) -> Decimal | None:
    """A volume of the base asset in units of the quote asset; None when it cannot be right."""
    if not (volume.is_finite() and price.is_finite()):
        return None
    return to_volume(volume * price) if 0 <= volume < LARGEST and 0 <= price < LARGEST else None
