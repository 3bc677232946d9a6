"""What somebody wants to order, in people's decimals, and the command that it becomes."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from plimsoll.kernel.errors import Invalid
from plimsoll.kernel.money import format_amount
from plimsoll.trading.domain.commands import PlaceOrder
from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.domain.orders import (
    Attached,
    Leg,
    OrderType,
    Side,
    TimeInForce,
    TriggerOn,
)
from plimsoll.trading.domain.refusals import OrderRefused
from plimsoll.trading.domain.units import to_steps, to_ticks
from plimsoll.trading.engine.applied import Draft

PPM_PER_PERCENT: Final = 10_000
PERCENT_PER_PPM: Final = Decimal("0.0001")


class CallbackOffGrid(Invalid):
    code = "callback-off-grid"
    title = "The callback rate has too many digits"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A take profit or a stop that follows the fills of an order; with a price it is a limit."""

    trigger_price: Decimal
    price: Decimal | None = None
    trigger_on: TriggerOn = TriggerOn.MARK


@dataclass(frozen=True, slots=True)
class Ticket:
    """`callback_rate` in percent; `leverage` 0 leaves it as it is."""

    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal | None = None
    price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    leg: Leg = Leg.NET
    reduce_only: bool = False
    close_position: bool = False
    client_id: str | None = None
    expires_at_ms: int = 0
    trigger_on: TriggerOn | None = None
    trigger_price: Decimal | None = None
    callback_rate: Decimal | None = None
    leverage: int = 0
    take_profit: Attachment | None = None
    stop_loss: Attachment | None = None


def time_in_force_of(asked: TimeInForce, *, post_only: bool) -> TimeInForce:
    """`post_only` is another word for GTX, and goes together with no other but the usual one."""
    if not post_only:
        return asked
    if asked not in {TimeInForce.GTC, TimeInForce.GTX}:
        raise OrderRefused(f"a post-only order cannot be {asked}")
    return TimeInForce.GTX


def draft_of(ticket: Ticket, instrument: Instrument, account: int) -> Draft:
    """The command of a ticket; refuses what is not on the grid of the instrument, and an order
    that is good until a moment and names none.
    """
    if ticket.time_in_force is TimeInForce.GTD and not ticket.expires_at_ms:
        raise OrderRefused("an order that is good until a moment needs `expires_at`")
    fields = (
        account,
        ticket.symbol,
        ticket.side,
        ticket.type,
        to_steps(instrument, ticket.quantity) if ticket.quantity is not None else 0,
        to_ticks(instrument, ticket.price) if ticket.price is not None else 0,
        ticket.time_in_force,
        ticket.leg,
        ticket.reduce_only,
        ticket.close_position,
        ticket.client_id,
        ticket.expires_at_ms,
        ticket.trigger_on,
        to_ticks(instrument, ticket.trigger_price) if ticket.trigger_price is not None else 0,
        _to_ppm(ticket.callback_rate),
        ticket.leverage,
        _attached(ticket, instrument),
    )

    def draft(seq: int, at_ms: int) -> PlaceOrder:
        return PlaceOrder(seq, at_ms, *fields)

    return draft


def _to_ppm(percent: Decimal | None) -> int:
    if percent is None:
        return 0
    ppm = percent * PPM_PER_PERCENT
    if ppm != ppm.to_integral_value():
        raise CallbackOffGrid(
            "callback rates are multiples of 0.0001 percent",
            facts={"callback_rate": format_amount(percent), "step": "0.0001"},
        )
    return int(ppm)


def _attached(ticket: Ticket, instrument: Instrument) -> tuple[Attached, ...]:
    made = []
    for attachment, at_market, at_limit in (
        (ticket.take_profit, OrderType.TAKE_PROFIT_MARKET, OrderType.TAKE_PROFIT),
        (ticket.stop_loss, OrderType.STOP_MARKET, OrderType.STOP),
    ):
        if attachment is None:
            continue
        trigger_price = to_ticks(instrument, attachment.trigger_price)
        if attachment.price is None:
            made.append(Attached(at_market, trigger_price, attachment.trigger_on))
        else:
            price = to_ticks(instrument, attachment.price)
            made.append(Attached(at_limit, trigger_price, attachment.trigger_on, price))
    return tuple(made)
