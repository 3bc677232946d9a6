"""What a position is worth, what it must keep, and the price at which it no longer does.

On plain numbers, so that a route can ask "what if" with the very code that decides; standing.py
adds up whole accounts with it.

A position is `quantity` (steps, below zero when short) and `cost` (the signed sum of price ×
quantity × unit of what is open), so what it has gained at a price P is quantity × P × unit − cost:
no entry price is needed and none is rounded. `margin` is the money that stands for it: what was put
aside for an isolated position; for a cross one the cross wallet with the profits of all other
positions, less what those must keep.

Units: prices in ticks, quantities in steps, money in hundred-millionths of the settlement asset,
rates in millionths. Margins are rounded up. A liquidation price is the first tick, coming from
where the position is safe, at which its margin ratio is 100 % or more; a bankruptcy price is the
last one at which it still owes nothing. Derivation, source and worked numbers:
docs/formulas/margin.md and docs/formulas/liquidation.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from plimsoll.kernel.errors import Invalid
from plimsoll.trading.domain.brackets import (
    find_bracket,
    leverage_cap,
    maintenance,
    maintenance_parts,
)
from plimsoll.trading.domain.instruments import MILLION, Bracket, Instrument
from plimsoll.trading.domain.orders import Side


class LeverageTooHigh(Invalid):
    """More than the bracket of the notional, or the person's tier, allows."""

    code = "leverage-too-high"
    title = "The leverage is too high for this size"


def notional_of(quantity: int, *, price: int, unit: int) -> int:
    """What is at stake, never below zero."""
    return abs(quantity) * price * unit


def unrealised(quantity: int, *, cost: int, mark: int, unit: int) -> int:
    return quantity * mark * unit - cost


def initial_margin(notional: int, leverage: int) -> int:
    return -(-notional // leverage)


def open_loss(side: Side, *, quantity: int, price: int, mark: int, unit: int) -> int:
    """What an order would lose at once if it filled at `price` while the mark is `mark`."""
    worse = (price - mark) * side
    return quantity * worse * unit if worse > 0 else 0


def held_margin(
    position: int, *, bids: int, asks: int, bid_loss: int, ask_loss: int, leverage: int
) -> int:
    """Initial margin of a one-way position and its open orders together.

    The worse of all buys filled and all sells filled: orders of both sides never both add to a
    position, and orders that reduce it cost nothing. `position` is the signed notional at the
    mark, `bids` and `asks` are the notionals of open orders.
    """
    bought = -(-abs(position + bids) // leverage) + bid_loss
    sold = -(-abs(position - asks) // leverage) + ask_loss
    return max(bought, sold)


def held_margin_hedged(
    long: int, short: int, *, bids: int, asks: int, bid_loss: int, ask_loss: int, leverage: int
) -> int:
    """The same in hedge mode, where `bids` only add to the long position and `asks` only to the
    short one; notionals of both above zero.
    """
    return -(-(long + bids + short + asks) // leverage) + bid_loss + ask_loss


def margin_ratio_ppm(*, maintenance: int, balance: int) -> int | None:
    """Maintenance margin in millionths of the margin balance; None: there is no balance left.

    Rounded down, so that it is 1,000,000 or more exactly when `is_due`.
    """
    if balance > 0:
        return maintenance * MILLION // balance
    return None if maintenance else 0


def is_due(*, maintenance: int, balance: int) -> bool:
    """Whether a liquidation has to begin: something is open and its margin ratio is 100 % or
    more.
    """
    return maintenance > 0 and balance <= maintenance


def highest_leverage(brackets: Sequence[Bracket], *, notional: int, tier_cap: int) -> int:
    """What is allowed for a resulting notional: the lower one of bracket and person's tier. 0: no
    position may be that large.
    """
    return min(leverage_cap(brackets, notional), tier_cap)


def bankruptcy_price(
    quantity: int, *, cost: int, margin: int, unit: int, exit_fee_ppm: int = 0
) -> int | None:
    """The last price at which closing everything, with the fee of that, leaves nothing owed.

    Solves margin + quantity·P·unit − cost − fee·|quantity|·P·unit = 0 and rounds to the side where
    something is left (long up, short down), so that even with the fee rounded up the balance is
    never below zero. None: a long position that no price above zero bankrupts; a short one that
    every price does has the lowest there is.
    """
    if quantity > 0:
        price = -((margin - cost) * MILLION // (quantity * unit * (MILLION - exit_fee_ppm)))
        return price if price > 0 else None
    return max(1, (margin - cost) * MILLION // (-quantity * unit * (MILLION + exit_fee_ppm)))


def liquidation_price(
    brackets: Sequence[Bracket], quantity: int, *, cost: int, margin: int, unit: int
) -> int | None:
    """The first tick at which the position is liquidated; None: no price above zero does it.

    Solves margin + quantity·P·unit − cost = rate·|quantity|·P·unit − deduction with the bracket
    that holds |quantity|·P·unit itself. Maintenance is continuous across brackets and its rate is
    below 1, so what is left falls all the way to one side and exactly one bracket fits: from below,
    the first whose cap lies beyond its root.

    Exact with respect to `is_due`: at this tick it is true of the rounded maintenance, one tick
    safer it is false. Maintenance is rounded up to whole hundred-millionths, so due means that less
    than one is left over; therefore the + 1. Fees and funding not yet charged are not included.
    """
    side = 1 if quantity > 0 else -1
    worth = quantity * side * unit
    owed = cost - margin + 1
    top = bottom = 1
    for bracket in brackets:
        top = side * (owed - bracket.deduction) * MILLION
        bottom = worth * (MILLION - side * bracket.maintenance_ppm)
        if worth * top < bracket.cap * bottom:
            break
    if quantity > 0:
        price = (top - 1) // bottom
        return price if price > 0 else None
    return max(1, top // bottom + 1)


@dataclass(frozen=True, slots=True)
class SafeRange:
    """Prices strictly between the two are safe; None: there is no end on that side."""

    below: int | None
    above: int | None

    def nearest(self, mark: int) -> int | None:
        """The end that `mark` has less far to go to."""
        if self.below is None or self.above is None:
            return self.above if self.below is None else self.below
        return self.below if mark - self.below <= self.above - mark else self.above


@dataclass(frozen=True, slots=True)
class Hedged:
    """A long and a short position of one symbol. `long` and `short` in steps, both above zero;
    `cost` is the signed sum of both.
    """

    long: int
    short: int
    cost: int


def safe_range(
    brackets: Sequence[Bracket], legs: Hedged, *, margin: int, unit: int
) -> SafeRange | None:
    """Where both positions of a hedged symbol stand together; None: at no price.

    What is left, margin + (long − short)·P·unit − cost − maintenance of each, is a line less two
    convex curves: it rises at most once and then falls, so the safe prices are one range. Its ends
    are the roots in those pairs of brackets that hold the notionals at the root. A nearly balanced
    pair has both: what it gains from one direction, maintenance takes away in the other.
    """
    below = above = None
    for upper in brackets:
        for lower in brackets:
            rate = (
                (legs.long - legs.short) * MILLION
                - legs.long * upper.maintenance_ppm
                - legs.short * lower.maintenance_ppm
            )
            if not rate:
                continue
            rest = legs.cost - margin - upper.deduction - lower.deduction + 1
            top, bottom = rest * MILLION, rate * unit
            if bottom < 0:
                top, bottom = -top, -bottom
            if not (
                _holds(upper, legs.long * unit * top, bottom, last=upper is brackets[-1])
                and _holds(lower, legs.short * unit * top, bottom, last=lower is brackets[-1])
            ):
                continue
            if rate > 0:
                below = (top - 1) // bottom
            else:
                above = top // bottom + 1
    if above is None and below is None and not _stands(brackets, legs, margin=margin, unit=unit):
        return None
    return SafeRange(below if below and below > 0 else None, above)


def _holds(bracket: Bracket, top: int, bottom: int, *, last: bool) -> bool:
    """Whether the notional top ÷ bottom is in the bracket or where it meets the next."""
    return bracket.floor * bottom <= top and (last or top <= bracket.cap * bottom)


def _stands(brackets: Sequence[Bracket], legs: Hedged, *, margin: int, unit: int) -> bool:
    """At one tick: without roots it is the same everywhere."""
    balance = margin + (legs.long - legs.short) * unit - legs.cost
    return balance > hedged_maintenance(brackets, long=legs.long * unit, short=legs.short * unit)


def hedged_maintenance(brackets: Sequence[Bracket], *, long: int, short: int) -> int:
    """Of two notionals in one symbol: each in its own bracket, the sum rounded up once."""
    parts = maintenance_parts(brackets, long) + maintenance_parts(brackets, short)
    return -(-parts // MILLION)


@dataclass(frozen=True, slots=True)
class Simulation:
    """An isolated position as it would be right after it was opened at the mark. The most it can
    lose is its margin.
    """

    notional: int
    initial: int
    maintenance: int
    liquidation_price: int | None
    bankruptcy_price: int | None
    bracket: Bracket


def simulate(
    instrument: Instrument, side: Side, *, quantity: int, price: int, leverage: int
) -> Simulation:
    """What an isolated position would keep and where it would end, fees aside. Refuses a leverage
    that the bracket does not allow.
    """
    notional = notional_of(quantity, price=price, unit=instrument.unit)
    highest = leverage_cap(instrument.brackets, notional)
    if not 1 <= leverage <= highest:
        raise LeverageTooHigh(
            f"leverage {leverage} is not from 1 to {highest}, the highest for this size",
            facts={"leverage": leverage, "highest": highest},
        )
    signed, cost, margin = side * quantity, side * notional, initial_margin(notional, leverage)
    return Simulation(
        notional,
        margin,
        maintenance(instrument.brackets, notional),
        liquidation_price(
            instrument.brackets, signed, cost=cost, margin=margin, unit=instrument.unit
        ),
        bankruptcy_price(signed, cost=cost, margin=margin, unit=instrument.unit),
        find_bracket(instrument.brackets, notional),
    )
