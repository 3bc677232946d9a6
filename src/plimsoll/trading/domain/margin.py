"""What a position is worth, what it must keep, and the price at which it no longer does.

On plain numbers, so that a route can ask "what if" with the very code that decides; standing.py
adds up whole accounts with it.

A position is `quantity` (steps, below zero when short) and `cost` (the signed sum of price ×
quantity × unit of what is open), so what it has gained at a price P is quantity × P × unit − cost:
no entry price is needed and none is rounded. `margin` is the money that stands for it: what was put
aside for an isolated position; for a cross one the cross wallet with the profits of all other
positions, less what those must keep.

Units: prices in ticks, quantities in steps, money in hundred-millionths of the settlement asset,
rates in millionths. Margins are rounded up. A liquidation price, which is shown, is rounded to the
tick that liquidates earlier; a due price, by which the venue acts, is the first tick at which the
margin ratio is 100 % or more; a bankruptcy price is the last one at which nothing is owed yet.
Derivation, source and worked numbers: docs/formulas/margin.md and docs/formulas/liquidation.md.
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


def due_price(
    brackets: Sequence[Bracket], quantity: int, *, cost: int, margin: int, unit: int
) -> int | None:
    """The first tick at which the position is liquidated; None: no price above zero does it.

    Exact with respect to `is_due`: at this tick it is true of the rounded maintenance, one tick
    safer it is false. Maintenance is rounded up to whole hundred-millionths, so due means that less
    than one is left over; therefore the + 1.
    """
    top, bottom = _root(brackets, quantity, owed=cost - margin + 1, unit=unit)
    if quantity > 0:
        price = (top - 1) // bottom
        return price if price > 0 else None
    return max(1, top // bottom + 1)


def liquidation_price(
    brackets: Sequence[Bracket], quantity: int, *, cost: int, margin: int, unit: int
) -> int | None:
    """Where the margin ratio reaches 100 %, on the tick that liquidates earlier (long up, short
    down), so that nobody is liquidated before the price that was shown; None: no price above zero
    does it. Fees and funding not yet charged are not included.

    It is the due price when that is where the ratio is 100 %, else one tick safer.
    """
    due = due_price(brackets, quantity, cost=cost, margin=margin, unit=unit)
    if due is None:
        return None
    top, bottom = _root(brackets, quantity, owed=cost - margin, unit=unit)
    return max(due, -(-top // bottom)) if quantity > 0 else max(1, min(due, top // bottom))


def _root(brackets: Sequence[Bracket], quantity: int, *, owed: int, unit: int) -> tuple[int, int]:
    """The price, as numerator and denominator above zero, at which what was gained is `owed` more
    than what must be kept.

    Solves quantity·P·unit − owed = rate·|quantity|·P·unit − deduction with the bracket that holds
    |quantity|·P·unit itself. Maintenance is continuous across brackets and its rate is below 1, so
    what is left falls all the way to one side and exactly one bracket fits: from below, the first
    whose cap lies beyond its root.
    """
    side = 1 if quantity > 0 else -1
    worth = quantity * side * unit
    top = bottom = 1
    for bracket in brackets:
        top = side * (owed - bracket.deduction) * MILLION
        bottom = worth * (MILLION - side * bracket.maintenance_ppm)
        if worth * top < bracket.cap * bottom:
            break
    return top, bottom


@dataclass(frozen=True, slots=True)
class SafeRange:
    """Prices strictly between the two are safe, those beyond are not; None: there is no end on that
    side. The ends are where the ratio is 100 %, each on the tick that liquidates earlier.
    """

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
    convex curves: it rises at most once and then falls, so the safe prices are one range. A nearly
    balanced pair has both ends: what it gains from one direction, maintenance takes away in the
    other. Where what is left hardly moves with the price, rounded maintenance is reached before
    the exact one: the earlier of both ends counts.
    """
    rising, falling = _roots(brackets, legs, owed=legs.cost - margin + 1, unit=unit)
    if rising is None and falling is None and not _stands(brackets, legs, margin=margin, unit=unit):
        return None
    below = (rising[0] - 1) // rising[1] if rising else 0
    above = falling[0] // falling[1] + 1 if falling else None
    rising, falling = _roots(brackets, legs, owed=legs.cost - margin, unit=unit)
    if below > 0 and rising:
        below = max(below, -(-rising[0] // rising[1]))
    if above is not None and falling:
        above = min(above, falling[0] // falling[1])
    return SafeRange(below if below > 0 else None, above)


_Root = tuple[int, int]


def _roots(
    brackets: Sequence[Bracket], legs: Hedged, *, owed: int, unit: int
) -> tuple[_Root | None, _Root | None]:
    """The prices above which, and from which on no more, what is gained is `owed` more than what
    must be kept: in those pairs of brackets that hold the notionals at the root.
    """
    rising = falling = None
    for upper in brackets:
        for lower in brackets:
            rate = (
                (legs.long - legs.short) * MILLION
                - legs.long * upper.maintenance_ppm
                - legs.short * lower.maintenance_ppm
            )
            if not rate:
                continue
            top, bottom = (owed - upper.deduction - lower.deduction) * MILLION, rate * unit
            if bottom < 0:
                top, bottom = -top, -bottom
            if not (
                _holds(upper, legs.long * unit * top, bottom, last=upper is brackets[-1])
                and _holds(lower, legs.short * unit * top, bottom, last=lower is brackets[-1])
            ):
                continue
            if rate > 0:
                rising = top, bottom
            else:
                falling = top, bottom
    return rising, falling


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
