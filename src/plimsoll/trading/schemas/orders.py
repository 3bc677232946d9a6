"""JSON shapes of orders as they are told.

Amounts and moments of answers are text from the beginning: an order is answered some thousand times
a second, and pydantic then has nothing left to do but to write it down.
"""

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import WithJsonSchema

from plimsoll.kernel.clock import from_ms, rfc3339
from plimsoll.kernel.errors import PlimsollError
from plimsoll.kernel.money import format_amount
from plimsoll.plumbing.problems import status_of
from plimsoll.plumbing.shapes import View
from plimsoll.plumbing.tables import Columns
from plimsoll.trading.domain.events import (
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderTriggered,
)
from plimsoll.trading.domain.instruments import MILLION, Instrument
from plimsoll.trading.domain.orders import (
    Leg,
    OrderType,
    Side,
    TimeInForce,
    TriggerOn,
)
from plimsoll.trading.domain.units import average_price, money_of, price_of, quantity_of
from plimsoll.trading.schemas.tickets import Sides
from plimsoll.trading.service.orders import Placed
from plimsoll.trading.service.previewing import Previewed
from plimsoll.trading.service.tickets import PERCENT_PER_PPM
from plimsoll.trading.storage.orders import FillRecord, Happened, OrderRecord

_SIDE_NAMES: Final[dict[Side, Sides]] = {Side.BUY: "buy", Side.SELL: "sell"}

AmountText = Annotated[
    str, WithJsonSchema({"type": "string", "pattern": r"^-?\d{1,60}(\.\d{1,18})?$"})
]
MomentText = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
OrderId = Annotated[str, WithJsonSchema({"type": "string", "pattern": r"^\d{1,19}$"})]
"""Text, because it is larger than what JavaScript counts exactly."""

OrderStatusName = Literal["waiting", "open", "filled", "cancelled", "expired"]


class FillView(View):
    """One fill, from the order's side. `level` counts the price levels that were met, from the best
    (0); `queue_ahead` is what stood before the resting order at its price. `realised_profit` is
    before the fee.
    """

    id: str
    price: AmountText
    quantity: AmountText
    fee: AmountText
    realised_profit: AmountText
    maker: bool
    cause: Literal["order", "liquidation", "takeover", "deleveraging"]
    level: int
    queue_ahead: AmountText
    at: MomentText

    @classmethod
    def of(cls, fill: FillRecord, instrument: Instrument) -> "FillView":
        return cls(
            id=str(fill.id),
            price=format_amount(price_of(instrument, fill.price)),
            quantity=format_amount(quantity_of(instrument, fill.quantity)),
            fee=_money(fill.fee),
            realised_profit=_money(fill.profit),
            maker=fill.maker,
            cause=fill.cause,
            level=fill.level,
            queue_ahead=format_amount(quantity_of(instrument, fill.ahead)),
            at=_moment(fill.at_ms),
        )


class OrderView(View):
    """An order as it is now; fees and profit in the settlement asset. Nothing real is traded:
    `paper` and `simulated` are always true.
    """

    id: OrderId
    client_order_id: str | None
    symbol: str
    side: Sides
    type: OrderType
    status: OrderStatusName
    reason: str | None
    """Why it ended."""
    quantity: AmountText
    filled_quantity: AmountText
    price: AmountText | None
    average_price: AmountText | None
    time_in_force: TimeInForce
    expires_at: MomentText | None
    position_side: Leg
    reduce_only: bool
    close_position: bool
    trigger_price: AmountText | None
    trigger_on: TriggerOn | None
    callback_rate: AmountText | None
    parent_id: OrderId | None
    """Of the order that it was attached to."""
    fee: AmountText
    realised_profit: AmountText
    """Before fees."""
    placed_at: MomentText
    changed_at: MomentText
    paper: Literal[True] = True
    simulated: Literal[True] = True


class FilledOrderView(OrderView):
    """An order with its fills, the first 1,000 of them."""

    fills: list[FillView]


class HistoryView(View):
    """One thing that happened to an order, fills aside; fields that it says nothing of are null."""

    event: Literal["accepted", "triggered", "amended", "ended"]
    at: MomentText
    price: AmountText | None = None
    quantity: AmountText | None = None
    filled_quantity: AmountText | None = None
    reason: str | None = None


class OrderHistoryView(FilledOrderView):
    """An order with its fills and what else happened to it."""

    history: list[HistoryView]


def view_of(order: OrderRecord, instrument: Instrument) -> OrderView:
    return OrderView(**_fields(order, instrument))


def filled_view_of(placed: Placed) -> FilledOrderView:
    order, fills, instrument = placed.order, placed.fills, placed.instrument
    return FilledOrderView(
        **_fields(order, instrument), fills=[FillView.of(each, instrument) for each in fills]
    )


def history_view_of(placed: Placed, history: Sequence[Happened]) -> OrderHistoryView:
    order, fills, instrument = placed.order, placed.fills, placed.instrument
    return OrderHistoryView(
        **_fields(order, instrument),
        fills=[FillView.of(each, instrument) for each in fills],
        history=[_history_view(each, instrument) for each in history],
    )


def _fields(order: OrderRecord, instrument: Instrument) -> dict[str, Any]:
    tick, step = instrument.tick, instrument.step
    average = average_price(instrument, cost=order.cost, quantity=order.filled)
    return {
        "id": str(order.id),
        "client_order_id": order.client_id,
        "symbol": order.symbol,
        "side": _SIDE_NAMES[order.side],
        "type": order.type,
        "status": order.status,
        "reason": order.reason,
        "quantity": format_amount(step * order.quantity),
        "filled_quantity": format_amount(step * order.filled),
        "price": format_amount(tick * order.price) if order.price else None,
        "average_price": format_amount(average) if average is not None else None,
        "time_in_force": order.time_in_force,
        "expires_at": _moment(order.expires_at_ms) if order.expires_at_ms else None,
        "position_side": order.leg,
        "reduce_only": order.reduce_only,
        "close_position": order.close_position,
        "trigger_price": format_amount(tick * order.trigger_price) if order.trigger_price else None,
        "trigger_on": order.trigger,
        "callback_rate": (
            format_amount(PERCENT_PER_PPM * order.callback_ppm) if order.callback_ppm else None
        ),
        "parent_id": str(order.parent) if order.parent else None,
        "fee": _money(order.fee),
        "realised_profit": _money(order.profit),
        "placed_at": _moment(order.placed_at_ms),
        "changed_at": _moment(order.changed_at_ms),
    }


def _money(units: int) -> str:
    return format_amount(money_of(units))


@lru_cache(maxsize=4096)
def _moment(ms: int) -> str:
    """Kept, because all that one batch of the writer does has one moment."""
    return rfc3339(from_ms(ms))


def _history_view(happened: Happened, instrument: Instrument) -> HistoryView:
    event, at = happened.event, _moment(happened.at_ms)
    if isinstance(event, OrderEnded):
        filled = format_amount(quantity_of(instrument, event.filled))
        return HistoryView(event="ended", at=at, filled_quantity=filled, reason=event.reason.value)
    if isinstance(event, OrderTriggered):
        price = format_amount(price_of(instrument, event.price))
        return HistoryView(event="triggered", at=at, price=price)
    assert isinstance(event, OrderAccepted | OrderAmended)
    return HistoryView(
        event="accepted" if isinstance(event, OrderAccepted) else "amended",
        at=at,
        price=format_amount(price_of(instrument, event.price)) if event.price else None,
        quantity=format_amount(quantity_of(instrument, event.quantity)),
    )


class ProblemView(View):
    """Why one of several orders was refused, as the problem of a single one would say it."""

    model_config = View.model_config | {"extra": "allow"}

    code: str
    title: str
    status: int
    detail: str

    @classmethod
    def of(cls, error: PlimsollError) -> "ProblemView":
        facts = {name: value for name, value in error.facts.items() if name not in cls.model_fields}
        return cls(
            code=error.code,
            title=error.title,
            status=status_of(error),
            detail=error.detail,
            **facts,
        )


class PreviewView(View):
    """What an order would do now, found out by the exchange itself; amounts in the settlement
    asset. With a `refusal` nothing would happen.

    `cost` is what is filled at once, price × quantity; `margin_required` how much more positions
    and orders would hold of the margin. Of a spot pair `available_*` and `wallet_after` are of the
    balance that pays. The liquidation price and the margin ratio, maintenance ÷ balance, are null
    while nothing is open.
    """

    status: OrderStatusName | None
    reason: str | None
    cost: AmountText
    fee: AmountText
    margin_required: AmountText
    available_before: AmountText
    available_after: AmountText
    wallet_after: AmountText
    margin_ratio_after: AmountText | None
    liquidation_price_before: AmountText | None
    liquidation_price_after: AmountText | None
    quantity: AmountText | None
    """What would be ordered: an order that only reduces gets no larger than the position."""
    filled_quantity: AmountText
    average_price: AmountText | None
    fills: list[FillView]
    refusal: ProblemView | None
    paper: Literal[True] = True
    simulated: Literal[True] = True

    @classmethod
    def of(cls, found: Previewed) -> "PreviewView":
        instrument, before, after = found.instrument, found.before, found.after
        order = found.placed.order if found.placed else None
        fills = found.placed.fills if found.placed else ()
        cost, filled = (order.cost, order.filled) if order else (0, 0)
        average = average_price(instrument, cost=cost, quantity=filled)
        ratio = after.ratio_ppm

        def price(ticks: int | None) -> str | None:
            return format_amount(price_of(instrument, ticks)) if ticks is not None else None

        return cls(
            status=order.status if order else None,
            reason=order.reason if order else None,
            cost=_money(cost * instrument.unit),
            fee=_money(order.fee if order else 0),
            margin_required=_money(max(0, after.held - before.held)),
            available_before=_money(before.available),
            available_after=_money(after.available),
            wallet_after=_money(after.wallet),
            margin_ratio_after=format_amount(Decimal(ratio) / MILLION)
            if ratio is not None
            else None,
            liquidation_price_before=price(before.liquidation_price),
            liquidation_price_after=price(after.liquidation_price),
            quantity=format_amount(quantity_of(instrument, order.quantity)) if order else None,
            filled_quantity=format_amount(quantity_of(instrument, filled)),
            average_price=format_amount(average) if average is not None else None,
            fills=[FillView.of(each, instrument) for each in fills],
            refusal=ProblemView.of(found.refusal) if found.refusal else None,
        )


class BatchItemView(View):
    """One of both is null."""

    order: FilledOrderView | None
    problem: ProblemView | None

    @classmethod
    def of(cls, outcome: Placed | PlimsollError) -> "BatchItemView":
        if isinstance(outcome, PlimsollError):
            return cls(order=None, problem=ProblemView.of(outcome))
        return cls(order=filled_view_of(outcome), problem=None)


class BatchView(View):
    """What became of each, in the order in which they were asked for."""

    data: list[BatchItemView]


class CancelledView(View):
    cancelled: int
    ids: list[OrderId]


class CountdownView(View):
    """When all orders are cancelled unless it is asked for again; null: they are not."""

    cancels_at: MomentText | None

    @classmethod
    def of(cls, at_ms: int | None) -> "CountdownView":
        return cls(cancels_at=_moment(at_ms) if at_ms is not None else None)


def to_columns(orders: Sequence[OrderRecord], views: Sequence[OrderView]) -> Columns:
    """The same as a table: amounts are text and exact, what is not there is empty."""

    def texts(name: str) -> list[str]:
        return [str(value) if (value := getattr(view, name)) is not None else "" for view in views]

    return {
        **{name: texts(name) for name in _TABLE_TEXTS},
        "reduce_only": np.array([each.reduce_only for each in orders], np.int64),
        "close_position": np.array([each.close_position for each in orders], np.int64),
        "placed_at_ms": np.array([each.placed_at_ms for each in orders], np.int64),
        "changed_at_ms": np.array([each.changed_at_ms for each in orders], np.int64),
        "expires_at_ms": np.array([each.expires_at_ms for each in orders], np.int64),
        "simulated": np.ones(len(orders), np.int64),
    }


_TABLE_TEXTS: Final = (
    "id", "client_order_id", "symbol", "side", "type", "status", "reason", "quantity",
    "filled_quantity", "price", "average_price", "time_in_force", "position_side", "trigger_price",
    "trigger_on", "callback_rate", "parent_id", "fee", "realised_profit",
)  # fmt: skip
