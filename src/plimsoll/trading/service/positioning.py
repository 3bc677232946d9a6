"""Settings of margin, and positions that their owner makes safer or closes."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final

from plimsoll.access.domain.principals import Principal
from plimsoll.plumbing.idempotency import Key
from plimsoll.trading.domain.accounts import MarginMode
from plimsoll.trading.domain.commands import (
    MoveMargin,
    PlaceOrder,
    SetHedge,
    SetLeverage,
    SetMarginMode,
)
from plimsoll.trading.domain.events import PositionChanged
from plimsoll.trading.domain.orders import Leg, OrderType, Side
from plimsoll.trading.domain.refusals import LegRefused, NoPosition
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.engine.applied import Applied, Draft
from plimsoll.trading.service.exchange import Exchange
from plimsoll.trading.service.once import Done, do_once, once
from plimsoll.trading.service.refusals import submit, told

WHOLE: Final = Decimal(100)


async def set_leverage(
    exchange: Exchange, principal: Principal, symbol: str, leverage: int
) -> Applied:
    """Raises LeverageAboveCap with the `highest` one for this account and what it has."""
    instrument = exchange.get_instrument(symbol)
    account = await exchange.account_of(principal)

    def draft(seq: int, at_ms: int) -> SetLeverage:
        return SetLeverage(seq, at_ms, account, symbol, leverage)

    return await submit(exchange, draft, actor=principal.user_id, instrument=instrument)


async def set_margin_mode(
    exchange: Exchange, principal: Principal, symbol: str, mode: MarginMode
) -> Applied:
    instrument = exchange.get_instrument(symbol)
    account = await exchange.account_of(principal)

    def draft(seq: int, at_ms: int) -> SetMarginMode:
        return SetMarginMode(seq, at_ms, account, symbol, mode)

    return await submit(exchange, draft, actor=principal.user_id, instrument=instrument)


async def set_hedge(exchange: Exchange, principal: Principal, *, hedge: bool) -> Applied:
    account = await exchange.account_of(principal)

    def draft(seq: int, at_ms: int) -> SetHedge:
        return SetHedge(seq, at_ms, account, hedge)

    return await submit(exchange, draft, actor=principal.user_id)


async def move_margin(
    exchange: Exchange,
    principal: Principal,
    key: Key | None,
    *,
    symbol: str,
    leg: Leg,
    amount: int,
) -> Done:
    """Hundred-millionths to an isolated position, below zero: away from it."""
    instrument = exchange.get_instrument(symbol)
    account = await exchange.account_of(principal)
    if exchange.feeding is not None:
        await exchange.feeding.ready(symbol)

    def draft(seq: int, at_ms: int) -> MoveMargin:
        return MoveMargin(seq, at_ms, account, symbol, leg, amount)

    return await do_once(exchange, principal.user_id, key, draft, instrument=instrument)


# closing


@dataclass(frozen=True, slots=True)
class Part:
    """How much of a position: `percent` above 0, up to 100, or a number of `steps`."""

    percent: Decimal = WHOLE
    steps: int = 0

    def of(self, size: int) -> int:
        """Steps of a position with `size`; 0: all of it, whatever it is by then."""
        if self.steps:
            return self.steps
        if self.percent >= WHOLE:
            return 0
        return max(1, int(size * self.percent / WHOLE))


async def close(
    exchange: Exchange,
    principal: Principal,
    key: Key | None,
    *,
    symbol: str,
    leg: Leg,
    part: Part,
) -> Done:
    """At the market, and never more than there is; done by a `PlaceOrder`. Raises NoPosition and
    what the machine refuses an order with.
    """
    instrument = exchange.get_instrument(symbol)
    account = await exchange.account_of(principal)
    if exchange.feeding is not None:
        await exchange.feeding.ready(symbol)

    async def plan() -> Sequence[Draft]:
        quantity = await exchange.read(partial(_quantity, account=account, symbol=symbol, leg=leg))
        draft = partial(
            _closing_order,
            account=account,
            symbol=symbol,
            side=Side.SELL if quantity > 0 else Side.BUY,
            leg=leg,
            size=part.of(abs(quantity)),
        )
        return [draft]

    done = await once(exchange, principal.user_id, key, plan)
    refusal = done.applied[0].refusal
    if refusal is not None:
        raise told(refusal, instrument)
    return done


def _quantity(venue: Venue, *, account: int, symbol: str, leg: Leg) -> int:
    """Signed steps of an open position."""
    owner = venue.accounts[account]
    if owner.hedge != (leg is not Leg.NET):
        raise LegRefused(
            "in hedge mode a position is the long or the short one"
            if owner.hedge
            else "in one-way mode there is only the net position"
        )
    exposure = owner.exposures.get(symbol)
    position = exposure.positions.get(leg) if exposure else None
    if position is None or not position.quantity:
        raise NoPosition("there is no such position", facts={"symbol": symbol})
    return position.quantity


def _closing_order(
    seq: int, at_ms: int, *, account: int, symbol: str, side: Side, leg: Leg, size: int
) -> PlaceOrder:
    return PlaceOrder(
        seq,
        at_ms,
        account,
        symbol,
        side,
        OrderType.MARKET,
        size,
        leg=leg,
        reduce_only=True,
        close_position=not size,
    )


def moved_of(applied: Applied, account: int) -> PositionChanged:
    """What became of the position whose margin was moved."""
    return next(
        each
        for each in applied.events
        if isinstance(each, PositionChanged) and each.account == account
    )
