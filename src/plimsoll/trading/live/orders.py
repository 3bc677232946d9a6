"""The caller's own orders, event by event."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from plimsoll.kernel.money import format_amount
from plimsoll.plumbing.database import ReadUnit
from plimsoll.trading.domain.commands import Command
from plimsoll.trading.domain.events import (
    Event,
    Filled,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderTriggered,
)
from plimsoll.trading.domain.handling import all_orders
from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.domain.units import average_price
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.engine.applied import Applied
from plimsoll.trading.live.amounts import (
    DecimalText,
    IdText,
    money_text,
    price_or_none,
    price_text,
    quantity_text,
)
from plimsoll.trading.live.private import AccountLog, LogChannel
from plimsoll.trading.service.broadcasting import own_events
from plimsoll.trading.service.retelling import Orders, orders_at, orders_before
from plimsoll.trading.service.tickets import PPM_PER_PERCENT
from plimsoll.trading.storage.orders import OrderRecord
from plimsoll.trading.storage.replays import Story

Happening = Literal["accepted", "triggered", "amended", "filled", "ended"]
HAPPENINGS: dict[type[Event], Happening] = {
    OrderAccepted: "accepted",
    OrderTriggered: "triggered",
    OrderAmended: "amended",
    Filled: "filled",
    OrderEnded: "ended",
}


class OrderFill(Struct):
    """What the event `filled` added."""

    id: IdText
    price: DecimalText
    quantity: DecimalText
    fee: DecimalText
    realised_profit: DecimalText
    maker: bool


class OrderRow(Struct):
    """An order as it was after the event. `event`, `at_ms`: in an update only."""

    id: IdText
    client_order_id: str | None
    symbol: str
    side: str
    type: str
    status: Annotated[str, Meta(description="waiting, open, filled, cancelled or expired")]
    quantity: DecimalText
    filled_quantity: DecimalText
    price: Annotated[DecimalText | None, Meta(description="Null: whatever the market gives")]
    average_price: DecimalText | None
    fee: DecimalText
    realised_profit: DecimalText
    time_in_force: str
    expires_at_ms: int | None
    position_side: str
    reduce_only: bool
    close_position: bool
    trigger_on: str | None
    trigger_price: DecimalText | None
    callback_rate: DecimalText | None
    parent_id: IdText | None
    reason: Annotated[str | None, Meta(description="Why it has ended")]
    placed_at_ms: int
    event: Happening | UnsetType = UNSET
    at_ms: int | UnsetType = UNSET
    fill: OrderFill | UnsetType = UNSET


class OrderBody(Struct):
    """A snapshot has all orders that are open or waiting; an update those that one command changed,
    event by event in the order in which it happened, each as it was then.
    """

    orders: list[OrderRow]
    paper: bool = True


class OrderLog(AccountLog):
    """The orders of one account."""

    _orders = Orders({})
    _begun: Sequence[int] = ()

    def look(self, venue: Venue) -> None:
        account = venue.accounts.get(self.person.account or 0)
        self._begun = [order.id for order in all_orders(account)] if account else ()

    async def begin(self, unit: ReadUnit) -> None:
        account = self.person.account or 0
        self._orders = await orders_at(unit, account, self._begun, until=self.seq)

    def snapshot(self) -> bytes:
        rows = [self._row(order) for order in self._orders.open.values()]
        return msgspec.json.encode(OrderBody(rows))

    def tell(self, applied: Applied, events: Sequence[Event]) -> bytes | None:
        return self._tell(self._orders, applied.command, events)

    async def retell(
        self, unit: ReadUnit, account: int, later: Sequence[Applied]
    ) -> list[tuple[int, bytes]]:
        if not later:
            return []
        orders = await orders_before(unit, account, later)
        told = []
        for applied in later:
            body = self._tell(orders, applied.command, own_events(applied, account))
            if body is not None:
                told.append((applied.seq, body))
        return told

    def _tell(self, orders: Orders, command: Command, events: Sequence[Event]) -> bytes | None:
        rows = []
        for event in events:
            order = orders.follow(command, event)
            if order is None:
                continue
            row = self._row(order)
            row.event, row.at_ms = HAPPENINGS[type(event)], command.at_ms
            if isinstance(event, Filled):
                row.fill = self._fill(event)
            rows.append(row)
        return msgspec.json.encode(OrderBody(rows)) if rows else None

    def _row(self, order: OrderRecord) -> OrderRow:
        return row_of(order, self.broadcasting.exchange.get_instrument(order.symbol))

    def _fill(self, event: Filled) -> OrderFill:
        instrument = self.broadcasting.exchange.get_instrument(event.symbol)
        return OrderFill(
            id=str(event.fill),
            price=price_text(instrument, event.price),
            quantity=quantity_text(instrument, event.quantity),
            fee=money_text(event.fee),
            realised_profit=money_text(event.profit),
            maker=event.maker,
        )


def row_of(order: OrderRecord, instrument: Instrument) -> OrderRow:
    """The order as it is now."""
    average = average_price(instrument, cost=order.cost, quantity=order.filled)
    return OrderRow(
        id=str(order.id),
        client_order_id=order.client_id,
        symbol=order.symbol,
        side=order.side.name.lower(),
        type=order.type.value,
        status=order.status,
        quantity=quantity_text(instrument, order.quantity),
        filled_quantity=quantity_text(instrument, order.filled),
        price=price_or_none(instrument, order.price),
        average_price=format_amount(average) if average is not None else None,
        fee=money_text(order.fee),
        realised_profit=money_text(order.profit),
        time_in_force=order.time_in_force.value,
        expires_at_ms=order.expires_at_ms or None,
        position_side=order.leg.value,
        reduce_only=order.reduce_only,
        close_position=order.close_position,
        trigger_on=order.trigger,
        trigger_price=price_or_none(instrument, order.trigger_price),
        callback_rate=_percent(order.callback_ppm) if order.callback_ppm else None,
        parent_id=str(order.parent) if order.parent else None,
        reason=order.reason,
        placed_at_ms=order.placed_at_ms,
    )


def _percent(ppm: int) -> str:
    return format_amount(Decimal(ppm) / PPM_PER_PERCENT)


class OrderChannel(LogChannel):
    """What happens to the caller's own orders; nothing is left out."""

    body = OrderBody
    story = Story.ORDERS
    log = OrderLog
