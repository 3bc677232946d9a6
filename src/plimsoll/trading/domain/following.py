"""What follows from placing and filling an order, for the account's other orders.

Orders that only reduce never reach beyond the position, siblings make way for each other, and what
is attached to an order is placed as far as that one has filled.
"""

from typing import Final

from plimsoll.trading.domain.accounts import Account, Exposure
from plimsoll.trading.domain.ending import end_order
from plimsoll.trading.domain.events import EndReason, OrderAccepted, OrderAmended
from plimsoll.trading.domain.holds import register
from plimsoll.trading.domain.matching import Match
from plimsoll.trading.domain.orders import (
    Attached,
    Leg,
    Order,
    OrderStatus,
    Side,
    TimeInForce,
)
from plimsoll.trading.domain.step import Step
from plimsoll.trading.domain.venue import Market

OPEN: Final = OrderStatus.OPEN
WAITING: Final = OrderStatus.WAITING


def follow(step: Step, market: Market, taker: Order, matches: list[Match]) -> None:
    """Once all fills are settled, because two siblings may both have been met."""
    accounts = step.venue.accounts
    for maker, _, quantity, _, _ in matches:
        _follow_one(step, market, accounts[maker.account], maker, quantity)
    total = sum(match.quantity for match in matches)
    _follow_one(step, market, accounts[taker.account], taker, total)


def _follow_one(step: Step, market: Market, account: Account, order: Order, quantity: int) -> None:
    """What a fill of `quantity` means for other orders of the account."""
    exposure = account.exposures[order.symbol]
    if order.siblings:
        _shrink_siblings(step, order, quantity)
    if exposure.reducing:
        _fit_reducing(step, exposure, order.leg)
    if order.attached:
        _attach(step, market, exposure, order)


def _fit_reducing(step: Step, exposure: Exposure, leg: Leg) -> None:
    """No order that only reduces reaches beyond its position: shrunk, or ended with it."""
    position = exposure.positions.get(leg)
    held = position.quantity if position else 0
    for order in list(exposure.reducing.values()):
        if order.leg is not leg:
            continue
        room = -order.side * held
        if room <= 0:
            end_order(step, order, EndReason.NOTHING_TO_REDUCE)
        elif order.quantity - order.filled > room:
            _shrink(step, order, order.filled + room)


def _shrink(step: Step, order: Order, quantity: int) -> None:
    """To a whole quantity of which something remains. Only for orders that hold nothing."""
    if order.status is OPEN:
        step.venue.markets[order.symbol].book.shrink(order, quantity)
    else:
        order.quantity = quantity
    step.events.append(OrderAmended(order.id, order.account, order.price, quantity))


def _shrink_siblings(step: Step, order: Order, quantity: int) -> None:
    """What one of them has done the others need not do any more."""
    for each in order.siblings:
        sibling = step.venue.orders.get(each)
        if sibling is None:
            continue
        if sibling.quantity - sibling.filled <= quantity or order.filled == order.quantity:
            end_order(step, sibling, EndReason.SIBLING)
        else:
            _shrink(step, sibling, sibling.quantity - quantity)


def _attach(step: Step, market: Market, exposure: Exposure, parent: Order) -> None:
    """Place what is attached to an order, for what it has filled so far; later fills make it grow.
    Nothing while the position is on the other side.
    """
    position = exposure.positions.get(parent.leg)
    room = parent.side * position.quantity if position else 0
    if room <= 0:
        return
    quantity = min(parent.filled, room)
    orders = step.venue.orders
    for number in parent.children:
        child = orders.get(number)
        if child is not None and child.status is WAITING and child.quantity < quantity:
            child.quantity = quantity
            step.events.append(OrderAmended(number, child.account, child.price, quantity))
    if parent.children:
        return
    ids = parent.children = tuple(step.new_order_id() for _ in parent.attached)
    account = step.venue.accounts[parent.account]
    for number, each in zip(ids, parent.attached, strict=True):
        child = _child_of(parent, each, number)
        child.quantity = quantity
        child.siblings = tuple(other for other in ids if other != number)
        child.placed_at_ms = step.at_ms
        wait(step, market, account, child, parent=parent.id)


def _child_of(parent: Order, attached: Attached, number: int) -> Order:
    return Order(
        id=number,
        account=parent.account,
        symbol=parent.symbol,
        side=Side(-parent.side),
        type=attached.type,
        quantity=0,
        price=attached.price,
        time_in_force=TimeInForce.GTC,
        leg=parent.leg,
        reduce_only=True,
        trigger=attached.trigger,
        trigger_price=attached.trigger_price,
        status=WAITING,
    )


def wait(step: Step, market: Market, account: Account, order: Order, *, parent: int = 0) -> None:
    """Register an order whose trigger has not been reached."""
    register(step.venue, market, account, order)
    market.triggers.add(order)
    step.events.append(accepted(order, parent=parent))


def accepted(order: Order, *, parent: int = 0) -> OrderAccepted:
    return OrderAccepted(
        order.id,
        order.account,
        order.symbol,
        order.side,
        order.type,
        order.quantity,
        order.price,
        order.time_in_force,
        order.leg,
        order.reduce_only,
        order.client_id,
        order.trigger,
        order.trigger_price,
        parent,
    )
