"""What an order has to pass before anything happens, in the order of this file.

After its fields and the market's filters (filters.py): trading states, reduce-only, limits and
rates, margin. Key and scope come before the machine, self-trade prevention and matching after.
Nothing here changes the venue: each check raises its refusal or gives back what it has found out.
"""

from dataclasses import dataclass
from typing import Final

from plimsoll.trading.domain.accounts import Account, Exposure, MarginMode, TradingState
from plimsoll.trading.domain.brackets import notional_cap
from plimsoll.trading.domain.coverage import (
    Trial,
    closable,
    fee_ppm,
    market_limit,
    plan_order,
    put_aside,
)
from plimsoll.trading.domain.holds import new_exposure, orders_of, spot_price
from plimsoll.trading.domain.instruments import MILLION
from plimsoll.trading.domain.margin import highest_leverage
from plimsoll.trading.domain.matching import Plan
from plimsoll.trading.domain.orders import Leg, Order, Side
from plimsoll.trading.domain.refusals import (
    AboveBrackets,
    AccountLimitReached,
    Halted,
    InsufficientBalance,
    InsufficientMargin,
    LegRefused,
    LeverageAboveCap,
    NotCovered,
    NothingToReduce,
    OnlyReducing,
    OrderRateReached,
    TooManyOrders,
    VenueLimitReached,
)
from plimsoll.trading.domain.standing import (
    held_by,
    largest_notional,
    required,
    resulting_notional,
    standing,
)
from plimsoll.trading.domain.venue import Market, Venue

BUY: Final = Side.BUY
NET: Final = Leg.NET
ISOLATED: Final = MarginMode.ISOLATED
ACTIVE: Final = TradingState.ACTIVE
HALTED: Final = TradingState.HALTED


@dataclass(slots=True, eq=False)
class Admitted:
    """`limit`: how far it may go; `outcome`: what it meets there, None when nobody."""

    limit: int
    outcome: Plan | None


# -- trading state, legs, reduce-only


def check_state(venue: Venue, market: Market, account: Account) -> bool:
    """Whether only reducing is allowed now; the strictest of venue, market and account counts. The
    house quotes while others may only reduce: somebody has to be there.
    """
    if venue.state is ACTIVE and market.state is ACTIVE and account.state is ACTIVE:
        return False
    only_reducing = False
    for scope, state in (
        ("venue", venue.state),
        ("market", market.state),
        ("account", account.state),
    ):
        if state is ACTIVE:
            continue
        if state is HALTED:
            raise Halted(f"the {scope} is halted", facts={"scope": scope})
        only_reducing = only_reducing or not account.house
    return only_reducing


def fit_position(account: Account, order: Order, *, only_reducing: bool) -> None:
    """Make the order fit the position: one that closes gets its size, one that reduces no more
    than that, and when only reducing is allowed any other has to be of that kind. Changes the
    order, which is not anybody's yet.
    """
    if account.hedge:
        if order.leg is NET:
            raise LegRefused("in hedge mode an order names the long or the short position")
        opens = (order.leg is Leg.LONG) == (order.side is BUY)
        if opens and (order.reduce_only or order.close_position):
            raise NothingToReduce("this side adds to the position it names")
        order.reduce_only = not opens
    elif order.leg is not NET:
        raise LegRefused("in one-way mode there is only the net position")
    order.reduce_only = order.reduce_only or order.close_position
    if not order.reduce_only and not only_reducing:
        return
    room = closable(account, order.symbol, order.leg, order.side)
    if order.reduce_only and not room:
        raise NothingToReduce("no position that this would reduce", facts={"position": 0})
    if order.reduce_only:
        order.quantity = room if order.close_position else min(order.quantity, room)
    elif order.quantity <= room:
        order.reduce_only = True
    else:
        raise OnlyReducing(
            "this would open or add to a position",
            facts={"quantity": order.quantity, "reducible": room},
        )


# -- limits and rates


def check_open_orders(market: Market, account: Account) -> None:
    """How many are open in the market. The house is not counted."""
    most = market.instrument.most_orders
    count = len(orders_of(account, market))
    if count >= most and not account.house:
        raise TooManyOrders("too many open orders", facts={"open": count, "most": most})


def check_rate(venue: Venue, account: Account, at_ms: int) -> None:
    """Orders in the last second. The house is not counted."""
    rate = venue.limits.orders_per_second
    if rate and not account.house:
        pace = venue.paces.get(account.id, [])
        if len(pace) >= rate and pace[0] > at_ms - 1_000:
            raise OrderRateReached("too many orders in a second", facts={"orders_per_second": rate})


def count_order(venue: Venue, account: Account, at_ms: int) -> None:
    """One more order that was taken."""
    rate = venue.limits.orders_per_second
    if rate and not account.house:
        pace = venue.paces.setdefault(account.id, [])
        pace.append(at_ms)
        del pace[:-rate]


def check_exposure(
    venue: Venue,
    market: Market,
    account: Account,
    exposure: Exposure,
    side: Side,
    notional: int,
) -> None:
    """The most that one account, and all together, may have, and the largest position there is."""
    value = market.mark * market.instrument.unit
    reached = resulting_notional(
        exposure, side, value=value, hedge=account.hedge, notional=notional
    )
    if not reached:
        return
    brackets = market.instrument.brackets
    if reached > brackets[-1].cap:
        raise AboveBrackets(
            "no position may be that large", facts={"notional": reached, "most": brackets[-1].cap}
        )
    if account.house:
        return
    highest = highest_leverage(brackets, notional=reached, tier_cap=account.leverage_cap)
    if exposure.leverage > highest:
        raise LeverageAboveCap(
            "at this leverage the position may not be that large",
            facts={
                "leverage": exposure.leverage,
                "highest": highest,
                "notional": reached,
                "most": notional_cap(brackets, exposure.leverage),
            },
        )
    limits = venue.limits
    if limits.account_notional:
        total = reached + sum(
            largest_notional(
                other,
                value=venue.markets[other.symbol].mark
                * venue.markets[other.symbol].instrument.unit,
                hedge=account.hedge,
            )
            for other in account.exposures.values()
            if other is not exposure and other.symbol != exposure.symbol
        )
        if total > limits.account_notional:
            raise AccountLimitReached(
                "the account would be exposed beyond its limit",
                facts={"notional": total, "most": limits.account_notional},
            )
    if limits.venue_notional:
        total = notional + sum(
            each.open_interest * each.mark * each.instrument.unit for each in venue.markets.values()
        )
        if total > limits.venue_notional:
            raise VenueLimitReached(
                "all accounts together would be exposed beyond the limit",
                facts={"notional": total, "most": limits.venue_notional},
            )


# -- margin


def check_money(
    venue: Venue, market: Market, account: Account, exposure: Exposure | None, order: Order
) -> Admitted:
    """Whether the order is covered: as a whole, because what finds nobody rests, but one at the
    market's price as what it meets now. `exposure` None: spot.
    """
    limit = order.price or market_limit(market, order.side)
    outcome: Plan | None = None
    if not order.price or market.book.crosses(order.side, limit):
        outcome = plan_order(venue, market, order, limit)
    if exposure is None:
        _check_purse(market, account, order, outcome)
        return Admitted(limit, outcome)
    if not order.reduce_only:
        quantity = order.quantity - order.filled
        value = quantity * order.price
        if outcome is not None and not order.price:
            quantity -= outcome.left
            value = outcome.value()
        unit = market.instrument.unit
        check_exposure(venue, market, account, exposure, order.side, value * unit)
        if not account.house:
            worse = (value - quantity * market.mark) * order.side
            loss = worse * unit if worse > 0 else 0
            _check_margin(venue, market, account, exposure, order.side, value * unit, loss)
    if outcome is not None and outcome.matches:
        _check_fills(venue, market, account, exposure, order, outcome)
    return Admitted(limit, outcome)


def _check_margin(
    venue: Venue,
    market: Market,
    account: Account,
    exposure: Exposure,
    side: Side,
    notional: int,
    loss: int,
) -> None:
    """`loss`: what the order would lose at once, by the mark."""
    needed = required(
        exposure,
        side,
        value=market.mark * market.instrument.unit,
        hedge=account.hedge,
        notional=notional,
        loss=loss,
    )
    if not needed:
        return
    needed -= -notional * fee_ppm(account, market.instrument, maker=False) // MILLION
    now = standing(account, venue.markets)
    free = now.balance - now.held
    if needed > free:
        raise InsufficientMargin(
            "the order needs more margin than is available",
            facts={"required": needed, "available": max(0, free)},
        )


def _check_fills(
    venue: Venue,
    market: Market,
    account: Account,
    exposure: Exposure,
    order: Order,
    outcome: Plan,
) -> None:
    """What it meets now must leave the wallet at zero or more, and, unless it is better than the
    mark, the whole account too: nobody hands a loss to the fund.
    """
    unit, mark = market.instrument.unit, market.mark
    ppm = fee_ppm(account, market.instrument, maker=False)
    trial = Trial(exposure, order.leg, unit=unit, ppm=ppm)
    change = worse = 0
    for _, price, quantity, _, _ in outcome.matches:
        change += trial.fill(order.side, quantity=quantity, price=price)
        worse += (price - mark) * order.side * quantity
    free = account.wallet - put_aside(account)
    if free + change < 0:
        raise NotCovered(
            "the wallet could not pay for the loss and the fees of these fills",
            facts={"required": -change, "available": max(0, free)},
        )
    if order.reduce_only and worse > 0 and exposure.mode is not ISOLATED:
        left = standing(account, venue.markets).balance
        if left < worse * unit:
            raise NotCovered(
                "so far from the mark the account could not pay for its loss",
                facts={"required": worse * unit, "available": max(0, left)},
            )


def _check_purse(market: Market, account: Account, order: Order, outcome: Plan | None) -> None:
    instrument = market.instrument
    quantity = order.quantity - order.filled
    if order.side is not BUY:
        asset, needed = instrument.base, quantity * market.base_unit
    elif order.price:
        asset, needed = instrument.settle, quantity * spot_price(market, order.price)
    else:
        ppm = fee_ppm(account, instrument, maker=False)
        values = [
            match.price * match.quantity * instrument.unit
            for match in (outcome.matches if outcome else ())
        ]
        asset = instrument.settle
        needed = sum(value - (-value * ppm // MILLION) for value in values)
    balance = account.balances.get(asset)
    free = balance.total - balance.held if balance else 0
    if needed > free:
        raise InsufficientBalance(
            f"not enough {asset} in the spot balance",
            facts={"asset": asset, "required": needed, "available": free},
        )


def leverage_bound(market: Market, account: Account, exposure: Exposure) -> tuple[int, int]:
    """The highest leverage that an exposure may have, and the notional that decides it: that of
    the positions and orders that it has. 0: none, for so much is not allowed.
    """
    brackets = market.instrument.brackets
    value = market.mark * market.instrument.unit
    notional = largest_notional(exposure, value=value, hedge=account.hedge)
    tier_cap = brackets[0].leverage if account.house else account.leverage_cap
    return highest_leverage(brackets, notional=notional, tier_cap=tier_cap), notional


def check_leverage(
    venue: Venue, market: Market, account: Account, exposure: Exposure, leverage: int
) -> None:
    """Whether an exposure may have this leverage, with the positions and orders that it has."""
    value = market.mark * market.instrument.unit
    highest, notional = leverage_bound(market, account, exposure)
    if not 1 <= leverage <= highest:
        raise LeverageAboveCap(
            f"leverage is from 1 to {highest} here",
            facts={"leverage": leverage, "highest": highest, "notional": notional},
        )
    if leverage >= exposure.leverage:
        return
    if exposure.mode is ISOLATED and exposure.positions:
        raise LeverageAboveCap(
            "an isolated position keeps its leverage or gets a higher one",
            facts={"leverage": leverage, "lowest": exposure.leverage},
        )
    before = held_by(exposure, value=value, hedge=account.hedge)
    changed = Exposure(
        exposure.symbol,
        leverage,
        exposure.mode,
        exposure.positions,
        bids=exposure.bids,
        asks=exposure.asks,
        bid_loss=exposure.bid_loss,
        ask_loss=exposure.ask_loss,
    )
    more = held_by(changed, value=value, hedge=account.hedge) - before
    now = standing(account, venue.markets)
    if more > max(0, now.balance - now.held):
        raise InsufficientMargin(
            "with less leverage positions and orders need more margin than is available",
            facts={"required": more, "available": now.available},
        )


def exposure_view(account: Account, market: Market) -> Exposure | None:
    """What the account has in a perpetual, or what it would begin with; None for spot."""
    if market.base_unit:
        return None
    return account.exposures.get(market.instrument.symbol) or new_exposure(account, market)
