"""Prices that a test says, on the real board."""

from decimal import Decimal

from plimsoll.kernel.clock import Clock
from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.board import PriceBoard
from plimsoll.markets.domain.feeds import FeedKind
from plimsoll.markets.domain.prices import Pair, Price
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.markets.service.prices import Prices

STALE_AFTER_S = 180.0


def no_prices(clock: Clock) -> Prices:
    return Prices(
        catalogue=load_catalogue(),
        board=PriceBoard(stale_after_s=STALE_AFTER_S),
        clock=clock,
        feed_kind=FeedKind.LIVE,
    )


def say(
    prices: Prices, base: str, value: str, *, quote: str = "usd", change: str | None = None
) -> None:
    """`base` is worth `value` from now on."""
    price = Price(
        Decimal(value),
        "test",
        prices.clock.now(),
        change_24h=None if change is None else Decimal(change),
    )
    taken = prices.board.put(Pair(AssetId(base), AssetId(quote)), price, prices.clock.monotonic())
    assert taken
