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
from plimsoll.trading.domain.commands import Command, OpenAccount
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
from plimsoll.trading.engine.applied import Applied
from plimsoll.trading.engine.folding import OrderChange, OrderEvent, accepted, apply
from plimsoll.trading.storage.encoding import encode_event, list_kept
from plimsoll.trading.storage.journal import CHANGES, ORDERS, Table
from plimsoll.trading.storage.orders import OrderRecord

FUNDING: Final = WalletReason.FUNDING


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
    orders: dict[int, OrderRecord] = field(default_factory=dict)
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
                    _follow(rows, command, event)
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
        if order and account not in self.houses:
            _change(rows, event, at_ms)


_OF_ORDERS: Final = (OrderAccepted, OrderEnded, OrderAmended, OrderTriggered)
_OF_LIQUIDATION: Final = (LiquidationStarted, TakenOver, Deleveraged)
_STAGES: Final = {
    LiquidationStarted: "started",
    TakenOver: "taken-over",
    Deleveraged: "deleveraged",
}


def _follow(
    rows: Rows,
    command: Command,
    event: OrderAccepted | OrderEnded | OrderAmended | OrderTriggered,
) -> None:
    if isinstance(event, OrderAccepted):
        rows.orders[event.order] = accepted(command, event)
    else:
        _change(rows, event, command.at_ms)


def _change(rows: Rows, event: OrderEvent, at_ms: int) -> None:
    """An order of this batch becomes another row; of an earlier one what has changed is noted."""
    order: OrderRecord | OrderChange | None = rows.orders.get(event.order)
    if order is None:
        order = rows.changes.get(event.order)
    if order is None:
        order = rows.changes[event.order] = OrderChange(event.order, at_ms)
    order.changed_at_ms = at_ms
    apply(order, event)
