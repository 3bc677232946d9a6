"""How an account stands: what it has, what must stay, what is held, and what is free.

    balance     = wallet − Σ put aside for isolated positions + Σ unrealised profit of cross ones
    maintenance = Σ maintenance margin of cross positions
    held        = Σ initial margin of cross positions and their orders + Σ that of isolated orders
    available   = balance − held, at least 0

An isolated position stands for itself; its open orders wait for money of the wallet. One pass over
the symbols an account is in, nothing kept: marks move more often than accounts are asked.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from plimsoll.trading.domain import margin
from plimsoll.trading.domain.accounts import Account, Exposure, MarginMode, Position
from plimsoll.trading.domain.brackets import maintenance_parts
from plimsoll.trading.domain.instruments import MILLION, Bracket, Instrument
from plimsoll.trading.domain.orders import Leg, Side
from plimsoll.trading.domain.venue import Market

_NOTHING = Position()


class Standing(NamedTuple):
    """Of the cross part of an account, in hundred-millionths. `held` has the orders of isolated
    symbols too.
    """

    balance: int
    maintenance: int
    held: int

    @property
    def available(self) -> int:
        return max(0, self.balance - self.held)

    @property
    def is_due(self) -> bool:
        return margin.is_due(maintenance=self.maintenance, balance=self.balance)

    @property
    def ratio_ppm(self) -> int | None:
        return margin.margin_ratio_ppm(maintenance=self.maintenance, balance=self.balance)


def standing(account: Account, markets: Mapping[str, Market]) -> Standing:
    """The sums of an account at the present marks."""
    balance = account.wallet
    kept = held = 0
    hedge = account.hedge
    for exposure in account.exposures.values():
        positions = exposure.positions
        if not positions and not exposure.bids and not exposure.asks:
            continue
        market = markets[exposure.symbol]
        instrument = market.instrument
        value = market.mark * instrument.unit
        if exposure.mode is MarginMode.ISOLATED:
            for position in positions.values():
                balance -= position.isolated
            held += order_margin(exposure, value=value, hedge=hedge)
            continue
        held += held_by(exposure, value=value, hedge=hedge)
        for position in positions.values():
            balance += position.quantity * value - position.cost
        kept += maintenance_of(exposure, instrument.brackets, value=value)
    return Standing(balance, kept, held)


def maintenance_of(exposure: Exposure, brackets: Sequence[Bracket], *, value: int) -> int:
    """What the positions of a symbol must keep, summed and rounded up once; `value` is the money of
    one step at the mark.
    """
    parts = 0
    for position in exposure.positions.values():
        if position.quantity:
            parts += maintenance_parts(brackets, abs(position.quantity) * value)
    return -(-parts // MILLION)


def held_by(exposure: Exposure, *, value: int, hedge: bool) -> int:
    """Initial margin of a symbol's positions and open orders together, and their open loss."""
    leverage = exposure.leverage
    positions = exposure.positions
    if hedge:
        return margin.held_margin_hedged(
            positions.get(Leg.LONG, _NOTHING).quantity * value,
            -positions.get(Leg.SHORT, _NOTHING).quantity * value,
            bids=exposure.bids,
            asks=exposure.asks,
            bid_loss=exposure.bid_loss,
            ask_loss=exposure.ask_loss,
            leverage=leverage,
        )
    return margin.held_margin(
        positions.get(Leg.NET, _NOTHING).quantity * value,
        bids=exposure.bids,
        asks=exposure.asks,
        bid_loss=exposure.bid_loss,
        ask_loss=exposure.ask_loss,
        leverage=leverage,
    )


def order_margin(exposure: Exposure, *, value: int, hedge: bool) -> int:
    """The part of `held_by` that is not the positions' own: what isolated orders wait with."""
    if not exposure.bids and not exposure.asks:
        return 0
    own = sum(abs(each.quantity) for each in exposure.positions.values()) * value
    held = held_by(exposure, value=value, hedge=hedge)
    return max(0, held - margin.initial_margin(own, exposure.leverage))


def required(
    exposure: Exposure, side: Side, *, value: int, hedge: bool, notional: int, loss: int
) -> int:
    """How much more is held with one more order that may increase a position: what must be
    available before it is accepted.

    `notional` at the order's price, `loss` what it would lose at once and whatever else the caller
    wants held for it, as fees. 0 for an order that reduces a position or stands opposite to larger
    ones. In hedge mode only for orders that open: buys of the long and sells of the short leg.
    """
    leverage = exposure.leverage
    if hedge:
        return margin.initial_margin(notional, leverage) + loss
    position = exposure.positions.get(Leg.NET, _NOTHING).quantity * value
    if side > 0:
        reached, losses = position + exposure.bids + notional, exposure.bid_loss
    else:
        reached, losses = position - exposure.asks - notional, exposure.ask_loss
    after = margin.initial_margin(abs(reached), leverage) + losses + loss
    return max(0, after - held_by(exposure, value=value, hedge=False))


def resulting_notional(
    exposure: Exposure, side: Side, *, value: int, hedge: bool, notional: int = 0
) -> int:
    """The notional of the long (for a buy; else short) position if all open orders of that side and
    one more filled. 0 while they would only reduce the other one. Brackets are chosen by it.
    """
    positions = exposure.positions
    leg = (Leg.LONG if side > 0 else Leg.SHORT) if hedge else Leg.NET
    orders = exposure.bids if side > 0 else exposure.asks
    return max(0, side * positions.get(leg, _NOTHING).quantity * value + orders + notional)


def largest_notional(exposure: Exposure, *, value: int, hedge: bool) -> int:
    """The more of both sides: what a new leverage has to be allowed for."""
    return max(
        resulting_notional(exposure, Side.BUY, value=value, hedge=hedge),
        resulting_notional(exposure, Side.SELL, value=value, hedge=hedge),
    )


def isolated_price(position: Position, instrument: Instrument) -> int | None:
    """The liquidation price of an open isolated position."""
    return margin.liquidation_price(
        instrument.brackets,
        position.quantity,
        cost=position.cost,
        margin=position.isolated,
        unit=instrument.unit,
    )


def liquidation_price(
    account: Account, symbol: str, leg: Leg, markets: Mapping[str, Market]
) -> int | None:
    """Of one position, as things stand: for a cross one, if all other marks stayed where they are.

    Both cross positions of a hedged symbol have the same one: of the two ends of their safe range
    the one nearer to the mark; the mark itself when nothing is safe.
    """
    exposure = account.exposures[symbol]
    instrument = markets[symbol].instrument
    position = exposure.positions[leg]
    if exposure.mode is MarginMode.ISOLATED:
        return isolated_price(position, instrument)
    mark, unit, brackets = markets[symbol].mark, instrument.unit, instrument.brackets
    money = cross_margin(account, exposure, markets)
    if not account.hedge:
        return margin.liquidation_price(
            brackets, position.quantity, cost=position.cost, margin=money, unit=unit
        )
    long = exposure.positions.get(Leg.LONG, _NOTHING)
    short = exposure.positions.get(Leg.SHORT, _NOTHING)
    legs = margin.Hedged(long.quantity, -short.quantity, long.cost + short.cost)
    safe = margin.safe_range(brackets, legs, margin=money, unit=unit)
    return safe.nearest(mark) if safe else mark


def cross_margin(account: Account, exposure: Exposure, markets: Mapping[str, Market]) -> int:
    """The money that stands for a cross symbol: the account's, without its own profit, less what
    all other symbols must keep.
    """
    market = markets[exposure.symbol]
    value = market.mark * market.instrument.unit
    total = standing(account, markets)
    own = sum(each.quantity * value - each.cost for each in exposure.positions.values())
    kept = maintenance_of(exposure, market.instrument.brackets, value=value)
    return total.balance - own - (total.maintenance - kept)
