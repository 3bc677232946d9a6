"""Orders for tests, with what matters there and defaults for the rest."""

from itertools import count

from plimsoll.trading.domain.orders import Order, OrderType, Side, TimeInForce, TriggerOn
from plimsoll.trading.domain.triggers import Triggers

IDS = count(1)


def limit(
    side: Side,
    quantity: int,
    price: int,
    *,
    account: int = 1,
    time_in_force: TimeInForce = TimeInForce.GTC,
    reduce_only: bool = False,
    order_id: int = 0,
) -> Order:
    return Order(
        id=order_id or next(IDS),
        account=account,
        symbol="BTC-PERP",
        side=side,
        type=OrderType.LIMIT if price else OrderType.MARKET,
        quantity=quantity,
        price=price,
        time_in_force=time_in_force,
        reduce_only=reduce_only,
    )


def waiting(
    side: Side,
    kind: OrderType,
    trigger_price: int = 0,
    *,
    on: TriggerOn = TriggerOn.MARK,
    callback_ppm: int = 0,
    order_id: int = 0,
) -> Order:
    order = limit(side, 1, 0, order_id=order_id)
    order.type = kind
    order.trigger = on
    order.trigger_price = trigger_price
    order.callback_ppm = callback_ppm
    return order


def waiting_at(price: int, *orders: Order) -> Triggers:
    """Both sources have said this price."""
    triggers = Triggers()
    triggers.reached(TriggerOn.MARK, price)
    triggers.reached(TriggerOn.LAST, price)
    for order in orders:
        triggers.add(order)
    return triggers
