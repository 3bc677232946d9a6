"""A refusal of the machine as a person is told it: in coins, prices and quantities of the market.

The machine refuses with the numbers it decided by: ticks, steps, hundred-millionths. Here each fact
gets the unit that it is in, and becomes a decimal as text; what is nobody's business, the numbers
of accounts, goes. Every fact that the domain gives is in the table below, and a test finds the one
that is not.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final
from uuid import UUID

from plimsoll.kernel.errors import PlimsollError
from plimsoll.kernel.money import format_amount
from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.domain.refusals import (
    AboveBrackets,
    AboveMostQuantity,
    AccountLimitReached,
    AlreadyExists,
    AmendBelowFilled,
    BelowMinimumNotional,
    DuplicateClientId,
    InsufficientBalance,
    InsufficientMargin,
    LeverageAboveCap,
    MarginNeeded,
    NotCovered,
    NothingToReduce,
    OnlyReducing,
    OrderRateReached,
    OrderRefused,
    OutOfRange,
    OutsideBand,
    UnknownAccount,
    UnknownOrder,
    VenueLimitReached,
    WouldTriggerAtOnce,
)
from plimsoll.trading.domain.units import money_of, price_of, quantity_of
from plimsoll.trading.engine.applied import Applied, Draft
from plimsoll.trading.engine.asking import Request
from plimsoll.trading.service.exchange import Exchange
from plimsoll.trading.service.tickets import PERCENT_PER_PPM


class Unit(Enum):
    """What a number in the facts counts."""

    MONEY = auto()
    """Hundred-millionths of the settlement asset, or of a coin."""
    PRICE = auto()
    QUANTITY = auto()
    SHARE = auto()
    """Millionths; told as percent, under the name that a caller gives it by."""
    ID = auto()
    """Of an order: larger than what JavaScript counts exactly, so it is text."""
    SAME = auto()
    """As the fact before it."""
    HIDDEN = auto()
    PLAIN = auto()


UNITS: Final[Mapping[str, Mapping[str, Unit]]] = {
    error.code: units
    for error, units in (
        (UnknownAccount, {"account": Unit.HIDDEN}),
        (AlreadyExists, {"account": Unit.HIDDEN}),
        (UnknownOrder, {"order": Unit.ID}),
        (DuplicateClientId, {"order": Unit.ID}),
        (
            OutOfRange,
            {
                "account": Unit.HIDDEN,
                "quantity": Unit.QUANTITY,
                "callback_ppm": Unit.SHARE,
                "price": Unit.PRICE,
                "amount": Unit.MONEY,
                "most": Unit.SAME,
            },
        ),
        (
            OrderRefused,
            {
                "trigger_price": Unit.PRICE,
                "price": Unit.PRICE,
                "bid": Unit.PRICE,
                "ask": Unit.PRICE,
            },
        ),
        (BelowMinimumNotional, {"notional": Unit.MONEY, "minimum": Unit.MONEY}),
        (AboveMostQuantity, {"quantity": Unit.QUANTITY, "most": Unit.QUANTITY}),
        (OutsideBand, {"price": Unit.PRICE, "lowest": Unit.PRICE, "highest": Unit.PRICE}),
        (OnlyReducing, {"quantity": Unit.QUANTITY, "reducible": Unit.QUANTITY}),
        (NothingToReduce, {"position": Unit.QUANTITY}),
        (AccountLimitReached, {"notional": Unit.MONEY, "most": Unit.MONEY}),
        (VenueLimitReached, {"notional": Unit.MONEY, "most": Unit.MONEY}),
        (AboveBrackets, {"notional": Unit.MONEY, "most": Unit.MONEY}),
        (LeverageAboveCap, {"notional": Unit.MONEY, "most": Unit.MONEY}),
        (InsufficientMargin, {"required": Unit.MONEY, "available": Unit.MONEY}),
        (InsufficientBalance, {"required": Unit.MONEY, "available": Unit.MONEY}),
        (NotCovered, {"required": Unit.MONEY, "available": Unit.MONEY}),
        (MarginNeeded, {"required": Unit.MONEY, "available": Unit.MONEY}),
        (WouldTriggerAtOnce, {"trigger_price": Unit.PRICE, "price": Unit.PRICE}),
        (AmendBelowFilled, {"quantity": Unit.QUANTITY, "filled": Unit.QUANTITY}),
    )
}
"""By code and name of the fact; what is in neither is told as it is: counts, symbols, moments."""

RETRY_S: Final = {OrderRateReached.code: 1.0}
UNSAID: Final = {UnknownAccount.code: "nothing was traded or deposited yet"}
"""Details that name what is hidden, and what is said instead."""
_GRIDS: Final = {Unit.PRICE: price_of, Unit.QUANTITY: quantity_of}


def told(error: PlimsollError, instrument: Instrument | None) -> PlimsollError:
    """The same refusal with facts in people's units. `instrument`: the market that it is about;
    without it facts that are prices or quantities are left out.
    """
    units = UNITS.get(error.code, {})
    facts: dict[str, str | int | bool | None] = {}
    unit = Unit.PLAIN
    for name, fact in error.facts.items():
        found = units.get(name, Unit.PLAIN)
        unit = unit if found is Unit.SAME else found
        shown = _shown(fact, unit, instrument)
        if shown is not None:
            facts["callback_rate" if name == "callback_ppm" else name] = shown
    return type(error)(
        UNSAID.get(error.code, error.detail),
        facts=facts,
        faults=error.faults,
        retry_after_s=error.retry_after_s or RETRY_S.get(error.code),
    )


def _shown(fact: str | int | None, unit: Unit, instrument: Instrument | None) -> str | int | None:
    """None: not told."""
    if unit is Unit.HIDDEN or fact is None:
        return None
    if unit is Unit.PLAIN:
        return fact
    number = int(fact)
    if unit is Unit.ID:
        return str(number)
    if unit in _GRIDS:
        return format_amount(_GRIDS[unit](instrument, number)) if instrument else None
    return format_amount(money_of(number) if unit is Unit.MONEY else number * PERCENT_PER_PPM)


async def submit(
    exchange: Exchange,
    draft: Draft,
    *,
    actor: UUID | None,
    instrument: Instrument | None = None,
    request: Request | None = None,
) -> Applied:
    """Do one command; raises why it was refused, as a person is told it."""
    try:
        return await exchange.engine.submit(draft, actor=actor, request=request)
    except PlimsollError as error:
        raise told(error, instrument) from None
