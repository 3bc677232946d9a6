"""The insurance fund: takes over what the market does not, and works it off.

The fund's money is `venue.insurance`. Positions it took over are those of account 0, which has no
wallet of its own and pays no fees. It takes a position only while its money and its profits, at the
present marks, stay at zero or more; else those in profit are closed (deleveraging.py). What it has
it offers at each mark: no farther from the mark than a fifth of the price band, because it can
wait for the next one, and never at a loss it could not pay.
"""

from typing import Final

from plimsoll.trading.domain.accounts import Account, TradingState
from plimsoll.trading.domain.coverage import market_limit
from plimsoll.trading.domain.covering import fund_of, sweep_fund
from plimsoll.trading.domain.events import FillCause, TakenOver
from plimsoll.trading.domain.execution import execute_order
from plimsoll.trading.domain.finding import FUND
from plimsoll.trading.domain.following import accepted
from plimsoll.trading.domain.handover import Holder, hand_over
from plimsoll.trading.domain.margin import bankruptcy_price
from plimsoll.trading.domain.orders import Leg, Order, OrderType, Side, TimeInForce
from plimsoll.trading.domain.step import Step
from plimsoll.trading.domain.venue import Market, Venue

NET: Final = Leg.NET
HALTED: Final = TradingState.HALTED
PATIENCE: Final = 5
"""The part of the price band within which the fund trades."""


def equity(venue: Venue, *, without: str = "") -> int:
    """What the fund is worth at the present marks. `without` a symbol: what its other positions
    leave for that one, with their losses and not their profits, which may never be had.
    """
    total = venue.insurance
    fund = venue.accounts.get(FUND)
    if fund is None:
        return total
    for exposure in fund.exposures.values():
        if exposure.symbol == without:
            continue
        market = venue.markets[exposure.symbol]
        value = market.mark * market.instrument.unit
        for position in exposure.positions.values():
            profit = position.quantity * value - position.cost
            total += min(0, profit) if without else profit
    return total


def can_carry(venue: Venue, market: Market, *, quantity: int, price: int) -> bool:
    """Whether the fund would still be worth zero or more with `quantity` signed steps more, taken
    at `price`.
    """
    return equity(venue) + quantity * (market.mark - price) * market.instrument.unit >= 0


def take_over(
    step: Step, market: Market, account: Account, leg: Leg, *, quantity: int, price: int
) -> None:
    """`quantity` signed steps of somebody's position become the fund's, at the bankruptcy price."""
    fund = fund_of(step.venue)
    hand_over(
        step,
        market,
        Holder(account, leg),
        Holder(fund, NET),
        quantity=quantity,
        price=price,
        cause=FillCause.TAKEOVER,
    )
    step.events.append(TakenOver(account.id, market.instrument.symbol, leg, quantity, price))
    sweep_fund(step, account.id)


def work_off(step: Step, market: Market) -> None:
    """Offer what the fund has in a market to whoever is near the mark now."""
    venue = step.venue
    symbol = market.instrument.symbol
    fund = venue.accounts.get(FUND)
    exposure = fund.exposures.get(symbol) if fund else None
    position = exposure.positions.get(NET) if exposure else None
    if position is None or HALTED in {market.state, venue.state}:
        return
    quantity = position.quantity
    side = Side.SELL if quantity > 0 else Side.BUY
    near = market.mark + (market_limit(market, side) - market.mark) // PATIENCE
    worst = bankruptcy_price(
        quantity,
        cost=position.cost,
        margin=max(0, equity(venue, without=symbol)),
        unit=market.instrument.unit,
    )
    limit = max(near, worst or 1) if side is Side.SELL else min(near, worst or near)
    if trade_now(step, market, FUND, NET, quantity=quantity, limit=limit):
        sweep_fund(step)


def trade_now(
    step: Step, market: Market, account: int, leg: Leg, *, quantity: int, limit: int
) -> int:
    """Close `quantity` signed steps of a position by an IOC order without fees, no worse than
    `limit`; returns the notional of its fills. No order when nobody is there.
    """
    side = Side.SELL if quantity > 0 else Side.BUY
    if not market.book.crosses(side, limit):
        return 0
    order = Order(
        step.new_order_id(),
        account,
        market.instrument.symbol,
        side,
        OrderType.MARKET,
        abs(quantity),
        0,
        TimeInForce.IOC,
        leg,
        reduce_only=True,
        placed_at_ms=step.at_ms,
    )
    step.events.append(accepted(order))
    execute_order(step, market, order, limit=limit, cause=FillCause.LIQUIDATION)
    return order.cost * market.instrument.unit
