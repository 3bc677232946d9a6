"""Read models: what a batch of applied commands writes beside the journal, as rows of tables.

A function of commands and of the events that the journal keeps, so that all of it can be made again
from there; the number of an event is its place among them. What makers of the house quote is left
out, because nobody asks for it: fills are there of everyone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final, NamedTuple

from plimsoll.trading.domain.bookkeeping import VENUE, entries_of
from plimsoll.trading.domain.commands import Command, OpenAccount, PlaceOrder
from plimsoll.trading.domain.events import (
    Deleveraged,
    Event,
    Filled,
    FundingSettled,
    LiquidationStarted,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderTriggered,
    PositionChanged,
    TakenOver,
    WalletChanged,
    WalletReason,
)
from plimsoll.trading.domain.orders import OrderStatus
from plimsoll.trading.engine.applied import Applied
from plimsoll.trading.storage.encoding import encode_event, list_kept
from plimsoll.trading.storage.journal import CHANGES, ORDERS, Table

WAITING: Final = OrderStatus.WAITING.value
OPEN: Final = OrderStatus.OPEN.value
FUNDING: Final = WalletReason.FUNDING


@dataclass(slots=True)
class OrderRow:
    """A new order as it is after the batch."""

    id: int
    account: int
    symbol: str
    side: int
    type: str
    quantity: int
    price: int
    time_in_force: str
    leg: str
    reduce_only: bool
    close_position: bool
    client_id: str | None
    trigger: str | None
    trigger_price: int
    callback_ppm: int
    expires_at_ms: int
    parent: int
    status: str
    placed_at_ms: int
    changed_at_ms: int
    reason: str | None = None
    filled: int = 0
    cost: int = 0
    fee: int = 0
    profit: int = 0


@dataclass(slots=True)
class OrderChange:
    """What a batch did to an order of an earlier one; None leaves a field as it is."""

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


class PositionRow(NamedTuple):
    account: int
    symbol: str
    leg: str
    quantity: int
    cost: int
    isolated: int
    changed_at_ms: int


@dataclass(slots=True)
class Rows:
    """Of one batch, table by table; those that are tuples are in the order of the columns."""

    accounts: list[tuple[Any, ...]] = field(default_factory=list)
    orders: dict[int, OrderRow] = field(default_factory=dict)
    changes: dict[int, OrderChange] = field(default_factory=dict)
    order_events: list[tuple[Any, ...]] = field(default_factory=list)
    fills: list[tuple[Any, ...]] = field(default_factory=list)
    positions: dict[tuple[int, str, str], PositionRow] = field(default_factory=dict)
    stamps: list[tuple[Any, ...]] = field(default_factory=list)
    payments: list[tuple[Any, ...]] = field(default_factory=list)
    liquidations: list[tuple[Any, ...]] = field(default_factory=list)
    entries: list[tuple[Any, ...]] = field(default_factory=list)
    balances: dict[tuple[str, int, str], int] = field(default_factory=dict)

    def tables(self) -> list[Table]:
        """In the order that storage writes them in."""
        return [
            self.accounts,
            [_ORDER_COLUMNS(each) for each in self.orders.values()],
            [_CHANGE_COLUMNS(each) for each in self.changes.values()],
            self.order_events,
            self.fills,
            list(self.positions.values()),
            self.stamps,
            self.payments,
            self.liquidations,
            self.entries,
            [(*key, amount) for key, amount in self.balances.items()],
        ]


_ORDER_COLUMNS: Final = attrgetter(*(name for name, _ in ORDERS))
_CHANGE_COLUMNS: Final = attrgetter(*(name for name, _ in CHANGES))


class Projector:
    """Makes rows of commands, one after the other. It remembers who is a maker of the house, and
    what the venue has earned.
    """

    def __init__(self, *, houses: Iterable[int] = (), fees: int = 0) -> None:
        self.houses = {VENUE, *houses}
        self.fees = fees

    def add(self, rows: Rows, applied: Applied, *, settle: str, fees: int) -> None:
        """`settle` and `fees` of the venue after the command."""
        command = applied.command
        events = list_kept(command, applied.events)
        if isinstance(command, OpenAccount) and applied.refusal_code is None:
            if command.house:
                self.houses.add(command.account)
            rows.accounts.append((command.account, applied.actor, command.at_ms))
        self._add_events(rows, command, events)
        change, self.fees = fees - self.fees, fees
        seq = command.seq
        balances = rows.balances
        for number, entry in enumerate(entries_of(command, events, settle=settle, fees=change)):
            book, account, asset, amount, reason = entry
            if not amount:
                continue
            rows.entries.append((seq, number, book.value, account, asset, amount, reason))
            key = (book.value, account, asset)
            balances[key] = balances.get(key, 0) + amount

    def _add_events(self, rows: Rows, command: Command, events: Sequence[Event]) -> None:
        seq, at_ms = command.seq, command.at_ms
        stamp: FundingSettled | None = None
        for number, event in enumerate(events):
            if isinstance(event, Filled):
                self._add_fill(rows, event, seq=seq, at_ms=at_ms)
            elif isinstance(event, _OF_ORDERS):
                if event.account not in self.houses:
                    _add_order_event(rows, command, event)
                    rows.order_events.append(
                        (event.account, seq, number, event.order, at_ms, encode_event(event))
                    )
            elif isinstance(event, PositionChanged):
                rows.positions[event.account, event.symbol, event.leg] = PositionRow(
                    event.account, event.symbol, event.leg.value, event.quantity, event.cost,
                    event.isolated, at_ms,
                )  # fmt: skip
            elif isinstance(event, FundingSettled):
                stamp = event
                rows.stamps.append((event.symbol, event.stamp_ms, seq, event.rate, event.mark))
            elif isinstance(event, WalletChanged):
                if event.reason is FUNDING and stamp is not None:
                    rows.payments.append(
                        (event.account, stamp.symbol, stamp.stamp_ms, seq, stamp.rate, stamp.mark,
                         event.change)
                    )  # fmt: skip
            elif isinstance(event, _OF_LIQUIDATION):
                rows.liquidations.append(
                    (seq, number, at_ms, event.account, event.symbol, _STAGES[type(event)],
                     encode_event(event))
                )  # fmt: skip

    def _add_fill(self, rows: Rows, event: Filled, *, seq: int, at_ms: int) -> None:
        (fill, order, account, symbol, side, leg, price, quantity, fee, profit, maker, cause,
         other, level, ahead) = event  # fmt: skip
        rows.fills.append(
            (fill, side.value, seq, at_ms, account, order, other, symbol, leg.value, price,
             quantity, fee, profit, maker, cause.value, level, ahead)
        )  # fmt: skip
        if account in self.houses or not order:
            return
        row = rows.orders.get(order) or _change(rows, order, at_ms)
        row.filled += quantity
        row.cost += price * quantity
        row.fee += fee
        row.profit += profit
        row.changed_at_ms = at_ms


_OF_ORDERS: Final = (OrderAccepted, OrderEnded, OrderAmended, OrderTriggered)
_OF_LIQUIDATION: Final = (LiquidationStarted, TakenOver, Deleveraged)
_STAGES: Final = {
    LiquidationStarted: "started",
    TakenOver: "taken-over",
    Deleveraged: "deleveraged",
}


def _change(rows: Rows, order: int, at_ms: int) -> OrderChange:
    change = rows.changes.get(order)
    if change is None:
        change = rows.changes[order] = OrderChange(order, at_ms)
    return change


def _add_order_event(
    rows: Rows,
    command: Command,
    event: OrderAccepted | OrderEnded | OrderAmended | OrderTriggered,
) -> None:
    at_ms = command.at_ms
    if isinstance(event, OrderAccepted):
        rows.orders[event.order] = _new_order(command, event)
        return
    row = rows.orders.get(event.order) or _change(rows, event.order, at_ms)
    row.changed_at_ms = at_ms
    if isinstance(event, OrderEnded):
        row.status, row.reason = event.end.value, event.reason.value
    elif isinstance(event, OrderAmended):
        row.price, row.quantity = event.price, event.quantity
    else:
        row.status = OPEN


def _new_order(command: Command, event: OrderAccepted) -> OrderRow:
    """What the event does not say is in the command, when it is this very order."""
    asked = command if isinstance(command, PlaceOrder) and not event.parent else None
    if asked is not None and asked.account != event.account:
        asked = None
    return OrderRow(
        id=event.order,
        account=event.account,
        symbol=event.symbol,
        side=event.side.value,
        type=event.type.value,
        quantity=event.quantity,
        price=event.price,
        time_in_force=event.time_in_force.value,
        leg=event.leg.value,
        reduce_only=event.reduce_only,
        close_position=asked.close_position if asked else False,
        client_id=event.client_id,
        trigger=event.trigger.value if event.trigger else None,
        trigger_price=event.trigger_price,
        callback_ppm=asked.callback_ppm if asked else 0,
        expires_at_ms=asked.expires_at_ms if asked else 0,
        parent=event.parent,
        status=WAITING if event.trigger else OPEN,
        placed_at_ms=command.at_ms,
        changed_at_ms=command.at_ms,
    )
