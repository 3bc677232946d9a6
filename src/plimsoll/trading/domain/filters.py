"""What is wrong with an order by itself, or by the bounds of its market: the first checks of all.

Nothing here looks at accounts, and nothing changes anything.
"""

from typing import Final

from plimsoll.trading.domain.instruments import MILLION
from plimsoll.trading.domain.orders import (
    Leg,
    Order,
    OrderType,
    TimeInForce,
    TriggerOn,
)
from plimsoll.trading.domain.refusals import (
    AboveMostQuantity,
    BelowMinimumNotional,
    NoPrice,
    NotForSpot,
    OrderRefused,
    OutOfRange,
    OutsideBand,
    WouldTriggerAtOnce,
)
from plimsoll.trading.domain.triggers import RISING, direction
from plimsoll.trading.domain.venue import Market

NET: Final = Leg.NET
GTC: Final = TimeInForce.GTC
GTX: Final = TimeInForce.GTX
GTD: Final = TimeInForce.GTD
LIMIT: Final = OrderType.LIMIT
MARKET: Final = OrderType.MARKET
TRAILING: Final = OrderType.TRAILING_STOP
MOST_CALLBACK_PPM: Final = 500_000
LONGEST_CLIENT_ID: Final = 64

LIMIT_TYPES: Final = frozenset({LIMIT, OrderType.STOP, OrderType.TAKE_PROFIT})
"""Those with a price of their own."""
PROFIT_TYPES: Final = frozenset({OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_MARKET})
ATTACHED_TYPES: Final = frozenset(OrderType) - {LIMIT, MARKET, TRAILING}


def is_triggered(order: Order) -> bool:
    """Whether it waits for a price before it is an order like others."""
    return order.type is not LIMIT and order.type is not MARKET


def check_fields(market: Market, order: Order, at_ms: int) -> None:
    """Fields that do not go together, whatever the state of the venue is."""
    if order.quantity < 0 or order.price < 0 or order.trigger_price < 0 or order.callback_ppm < 0:
        raise OutOfRange("an amount is below zero")
    if not order.quantity and not order.close_position:
        raise OutOfRange("an order is for at least one step", facts={"quantity": 0})
    if order.type is not LIMIT or not order.price:
        _check_price(order)
    if order.type is not LIMIT or order.trigger or order.trigger_price or order.callback_ppm:
        _check_trigger_fields(order)
    if order.time_in_force is not GTC or order.expires_at_ms:
        _check_time(order, at_ms)
    if market.base_unit and (
        order.leg is not NET or order.reduce_only or order.close_position or order.attached
    ):
        raise NotForSpot("legs, reducing and attached orders are for positions")
    if order.close_position and order.quantity:
        raise OrderRefused("an order that closes the position has no quantity of its own")
    if order.attached:
        _check_attached(market, order)
    if order.client_id is not None:
        _check_client_id(order.client_id)


def _check_client_id(client_id: str) -> None:
    """It is kept for ever, and goes through everybody's logs and files."""
    plain = client_id.isascii() and client_id.isprintable()
    if not plain or not 1 <= len(client_id) <= LONGEST_CLIENT_ID:
        raise OrderRefused(
            "a client id is of printable ASCII characters",
            facts={"length": len(client_id), "most": LONGEST_CLIENT_ID},
        )


def _check_price(order: Order) -> None:
    has_price = order.type in LIMIT_TYPES
    if has_price != bool(order.price):
        raise OrderRefused(f"a {order.type} order {'needs a' if has_price else 'has no'} price")


def _check_time(order: Order, at_ms: int) -> None:
    if order.time_in_force is GTD:
        if order.expires_at_ms <= at_ms:
            raise OrderRefused(
                "the order would be over at once",
                facts={"expires_at_ms": order.expires_at_ms, "at_ms": at_ms},
            )
    elif order.expires_at_ms:
        raise OrderRefused("only an order that is good until a moment has one")
    if not order.price and (
        order.time_in_force is GTX or (order.time_in_force is GTD and order.type is MARKET)
    ):
        raise OrderRefused(f"a {order.type} order cannot be {order.time_in_force}")


def _check_trigger_fields(order: Order) -> None:
    if not is_triggered(order):
        if order.trigger is not None or order.trigger_price or order.callback_ppm:
            raise OrderRefused("only triggered orders wait for a price")
    elif order.type is TRAILING:
        if not 0 < order.callback_ppm <= MOST_CALLBACK_PPM:
            raise OutOfRange(
                "a trailing stop follows within a share of the price",
                facts={"callback_ppm": order.callback_ppm, "most": MOST_CALLBACK_PPM},
            )
    elif not order.trigger_price or order.callback_ppm:
        raise OrderRefused(f"a {order.type} order has a trigger price and no callback")


def _check_attached(market: Market, order: Order) -> None:
    if is_triggered(order) or order.reduce_only or order.close_position:
        raise OrderRefused("take profit and stop are attached to orders that open")
    profits = sum(each.type in PROFIT_TYPES for each in order.attached)
    if profits > 1 or len(order.attached) - profits > 1:
        raise OrderRefused("at most one take profit and one stop can be attached")
    start = order.price or market.mark
    for each in order.attached:
        if each.type not in ATTACHED_TYPES or (each.type in LIMIT_TYPES) != bool(each.price):
            raise OrderRefused(f"a {each.type} order cannot be attached like this")
        way = order.side if each.type in PROFIT_TYPES else -order.side
        if each.price < 0 or each.trigger_price <= 0 or (each.trigger_price - start) * way <= 0:
            raise OrderRefused(
                "an attached trigger is on the wrong side of the price",
                facts={"trigger_price": each.trigger_price, "price": start},
            )


def check_filters(market: Market, order: Order, *, around: int = 0) -> None:
    """The market's own bounds: price band, size, least notional. `around`: what the band is around
    instead of the mark.
    """
    instrument, mark = market.instrument, market.mark
    if not mark:
        raise NoPrice(f"{instrument.symbol} has no mark price yet")
    if order.quantity > instrument.most_quantity:
        raise AboveMostQuantity(
            "more than one order may have",
            facts={"quantity": order.quantity, "most": instrument.most_quantity},
        )
    center = order.trigger_price or around or mark
    if order.price and abs(order.price - center) * MILLION > center * instrument.band_ppm:
        band = center * instrument.band_ppm
        raise OutsideBand(
            "the price is outside the band",
            facts={
                "price": order.price,
                "lowest": center - band // MILLION,
                "highest": center + band // MILLION,
            },
        )
    if order.close_position or order.reduce_only:
        return
    notional = order.quantity * (order.price or order.trigger_price or mark) * instrument.unit
    if notional < instrument.minimum_notional:
        raise BelowMinimumNotional(
            "the order is worth too little",
            facts={"notional": notional, "minimum": instrument.minimum_notional},
        )


def check_trigger(market: Market, order: Order) -> None:
    """A stop or take profit that is reached already is a mistake."""
    if order.type is TRAILING or not order.trigger_price:
        return
    watch = market.triggers.mark if order.trigger is TriggerOn.MARK else market.triggers.last
    way = direction(order)
    if watch.price and (watch.price - order.trigger_price) * way >= 0:
        raise WouldTriggerAtOnce(
            f"the price is {'above' if way == RISING else 'below'} the trigger already",
            facts={"trigger_price": order.trigger_price, "price": watch.price},
        )
