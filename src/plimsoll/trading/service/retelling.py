"""Orders as they were at some command of the journal, and as further events change them.

What is told live and what is repeated to whoever comes back is made of the same commands and events
by the same steps; only where they begin differs, and that is read from the read models up to a
number.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from plimsoll.plumbing.database import ReadUnit
from plimsoll.trading.domain.commands import Command
from plimsoll.trading.domain.events import (
    Event,
    OrderAccepted,
    OrderEnded,
)
from plimsoll.trading.engine.applied import Applied
from plimsoll.trading.engine.folding import ORDER_EVENTS, accepted, apply, first_status
from plimsoll.trading.service.broadcasting import own_events
from plimsoll.trading.storage import orders as stored
from plimsoll.trading.storage import replays
from plimsoll.trading.storage.orders import OrderRecord


@dataclass(slots=True)
class Orders:
    """Open orders of one account by id, changed by one event after the other."""

    open: dict[int, OrderRecord]

    def follow(self, command: Command, event: Event) -> OrderRecord | None:
        """The order after an event of it; None when it is about no order."""
        if isinstance(event, OrderAccepted):
            order = self.open[event.order] = accepted(command, event)
            return order
        if not isinstance(event, ORDER_EVENTS) or not event.order:
            return None
        order = self.open[event.order]
        apply(order, event)
        if isinstance(event, OrderEnded):
            del self.open[event.order]
        return order


async def orders_at(unit: ReadUnit, account: int, ids: Sequence[int], *, until: int) -> Orders:
    """Those of these orders that were open after command `until`, as they were then."""
    if not ids:
        return Orders({})
    past = await replays.read_past(unit, ids, until=until)
    found: dict[int, OrderRecord] = {}
    for now in await stored.get_orders(unit, account, list(past.events)):
        order = _before_all(now, past.events[now.id][0])
        for event in past.events[now.id][1:]:
            if isinstance(event, ORDER_EVENTS):
                apply(order, event)
        filled = past.filled.get(now.id)
        if filled is not None:
            order.filled, order.cost, order.fee, order.profit = filled
        if order.is_open:
            found[order.id] = order
    return Orders(found)


def _before_all(now: OrderRecord, first: Event) -> OrderRecord:
    """The order as it was accepted."""
    assert isinstance(first, OrderAccepted), "an order begins with its acceptance"
    return replace(
        now,
        price=first.price,
        quantity=first.quantity,
        status=first_status(first),
        reason=None,
        filled=0,
        cost=0,
        fee=0,
        profit=0,
    )


async def orders_before(unit: ReadUnit, account: int, later: Sequence[Applied]) -> Orders:
    """The orders that these commands are about, as they were before the first of them."""
    new: set[int] = set()
    known: dict[int, None] = {}
    for applied in later:
        for event in own_events(applied, account):
            if isinstance(event, OrderAccepted):
                new.add(event.order)
            elif isinstance(event, ORDER_EVENTS) and event.order and event.order not in new:
                known[event.order] = None
    return await orders_at(unit, account, list(known), until=later[0].seq - 1)
