"""An order as its events make it, one after the other: what is stored, answered at once, told live
and told again later are made of the same steps.
"""

from dataclasses import dataclass
from typing import Final

from plimsoll.trading.domain.commands import Command, PlaceOrder
from plimsoll.trading.domain.events import (
    Filled,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderTriggered,
)
from plimsoll.trading.domain.orders import OrderStatus
from plimsoll.trading.storage.orders import OrderRecord

OrderEvent = OrderAccepted | OrderTriggered | OrderAmended | OrderEnded | Filled
ORDER_EVENTS: Final = (OrderAccepted, OrderTriggered, OrderAmended, OrderEnded, Filled)


@dataclass(slots=True)
class OrderChange:
    """What events did to an order that is not at hand; None leaves a field as it is, and the last
    four are added to what it has.
    """

    id: int
    changed_at_ms: int
    price: int | None = None
    quantity: int | None = None
    status: str | None = None
    reason: str | None = None
    filled: int = 0
    cost: int = 0
    fee: int = 0
    profit: int = 0


def accepted(command: Command, event: OrderAccepted) -> OrderRecord:
    """A new order; what the event does not say is in the command, when it is this very order."""
    asked = command if isinstance(command, PlaceOrder) and not event.parent else None
    if asked is not None and asked.account != event.account:
        asked = None
    return OrderRecord(
        id=event.order,
        account=event.account,
        symbol=event.symbol,
        side=event.side,
        type=event.type,
        quantity=event.quantity,
        price=event.price,
        time_in_force=event.time_in_force,
        leg=event.leg,
        reduce_only=event.reduce_only,
        close_position=asked.close_position if asked else False,
        client_id=event.client_id,
        trigger=event.trigger.value if event.trigger else None,
        trigger_price=event.trigger_price,
        callback_ppm=asked.callback_ppm if asked else 0,
        expires_at_ms=asked.expires_at_ms if asked else 0,
        parent=event.parent,
        status=first_status(event),
        placed_at_ms=command.at_ms,
        changed_at_ms=command.at_ms,
    )


def apply(order: OrderRecord | OrderChange, event: OrderEvent) -> None:
    """Change the order as the event says; when that was is the caller's to note."""
    if isinstance(event, Filled):
        order.filled += event.quantity
        order.cost += event.price * event.quantity
        order.fee += event.fee
        order.profit += event.profit
    elif isinstance(event, OrderEnded):
        order.status, order.reason = event.end.value, event.reason.value
    elif isinstance(event, OrderAmended):
        order.price, order.quantity = event.price, event.quantity
    elif isinstance(event, OrderTriggered):
        order.status = OrderStatus.OPEN.value


def first_status(event: OrderAccepted) -> str:
    return (OrderStatus.WAITING if event.trigger else OrderStatus.OPEN).value
