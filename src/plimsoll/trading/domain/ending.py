"""The end of an order: out of the book or the triggers, what it held released, everybody told."""

from collections.abc import Iterable
from typing import Final

from plimsoll.trading.domain.events import EndReason, OrderEnd, OrderEnded
from plimsoll.trading.domain.holds import unregister
from plimsoll.trading.domain.orders import Order, OrderStatus
from plimsoll.trading.domain.step import Step

OPEN: Final = OrderStatus.OPEN
WAITING: Final = OrderStatus.WAITING

ENDS: Final = dict.fromkeys(EndReason, (OrderEnd.CANCELLED, OrderStatus.CANCELLED)) | {
    EndReason.DONE: (OrderEnd.FILLED, OrderStatus.FILLED),
    EndReason.IMMEDIATE: (OrderEnd.EXPIRED, OrderStatus.EXPIRED),
    EndReason.WOULD_TAKE: (OrderEnd.EXPIRED, OrderStatus.EXPIRED),
    EndReason.TIME: (OrderEnd.EXPIRED, OrderStatus.EXPIRED),
    EndReason.BAND: (OrderEnd.EXPIRED, OrderStatus.EXPIRED),
    EndReason.NOT_COVERED: (OrderEnd.EXPIRED, OrderStatus.EXPIRED),
}
"""What an order is after it ended for a reason: expired when it ran out of time or luck."""


def end_order(step: Step, order: Order, reason: EndReason) -> None:
    """End an order that is open (in the book) or waiting (for its trigger), whatever is left."""
    venue = step.venue
    market = venue.markets[order.symbol]
    if order.status is WAITING:
        if order.id in market.triggers.orders:  # or it has been reached and is about to fire
            market.triggers.remove(order)
    else:
        market.book.remove(order)
    account = venue.accounts[order.account]
    unregister(venue, market, account, order)
    step.touched[account.id] = account
    tell_end(step, order, reason)


def tell_end(step: Step, order: Order, reason: EndReason) -> None:
    """The same for an order that is in no list, any more or yet."""
    end, order.status = ENDS[reason]
    step.events.append(OrderEnded(order.id, order.account, order.symbol, end, reason, order.filled))


def end_orders(step: Step, orders: Iterable[Order], reason: EndReason) -> None:
    """All of them, the oldest first; `orders` may be the very collection they leave."""
    for order in sorted(orders, key=_age):
        if order.status is OPEN or order.status is WAITING:
            end_order(step, order, reason)


def _age(order: Order) -> int:
    return order.id
