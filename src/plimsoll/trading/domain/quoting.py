"""A maker of the house replaces its quotes in one step.

What is the same stays and keeps its place; the rest goes and comes anew. A level that meets orders
of others trades with them: when the index walks through somebody's limit order, it is filled. The
house is not asked for initial margin, but it cannot trade what its wallet could not pay.
"""

from itertools import pairwise
from typing import Final

from plimsoll.kernel.errors import PlimsollError
from plimsoll.trading.domain.accounts import Account, TradingState
from plimsoll.trading.domain.admission import check_money, exposure_view
from plimsoll.trading.domain.commands import Quote
from plimsoll.trading.domain.ending import end_order
from plimsoll.trading.domain.events import EndReason
from plimsoll.trading.domain.execution import execute_order
from plimsoll.trading.domain.filters import check_filters
from plimsoll.trading.domain.finding import find_account, find_market
from plimsoll.trading.domain.following import accepted
from plimsoll.trading.domain.holds import orders_of
from plimsoll.trading.domain.orders import Leg, Order, OrderType, Side, TimeInForce
from plimsoll.trading.domain.refusals import Halted, NoPrice, OrderRefused, OutOfRange
from plimsoll.trading.domain.step import Step
from plimsoll.trading.domain.venue import Market

MOST_LEVELS: Final = 500
LIMIT: Final = OrderType.LIMIT
GTC: Final = TimeInForce.GTC
HALTED: Final = TradingState.HALTED

Level = tuple[int, int]


def quote(step: Step, command: Quote) -> None:
    venue = step.venue
    account = find_account(venue, command.account)
    market = find_market(venue, command.symbol)
    _check(account, command)
    if not market.mark:
        raise NoPrice(f"{command.symbol} has no mark price yet")
    if HALTED in {venue.state, market.state, account.state}:
        raise Halted("nothing is quoted while trading is halted")
    wanted = {(Side.BUY, *level): None for level in command.bids}
    wanted |= {(Side.SELL, *level): None for level in command.asks}
    for order in list(orders_of(account, market).values()):
        key = (order.side, order.price, order.quantity - order.filled)
        if key in wanted:
            del wanted[key]
        else:
            end_order(step, order, EndReason.REPLACED)
    for side, price, quantity in wanted:
        _place_level(
            step, market, account, side, price=price, quantity=quantity, around=command.index_price
        )


def _check(account: Account, command: Quote) -> None:
    if not account.house or account.hedge:
        raise OrderRefused("only a maker of the house quotes, in one-way mode")
    if len(command.bids) + len(command.asks) > MOST_LEVELS:
        raise OutOfRange("too many levels", facts={"most": MOST_LEVELS})
    if command.index_price < 0:
        raise OutOfRange("an index price is above zero")
    for price, quantity in command.bids + command.asks:
        if price <= 0 or quantity <= 0:
            raise OutOfRange("a level has a price and a quantity above zero")
    _check_ladders(command.bids, command.asks)


def _check_ladders(bids: tuple[Level, ...], asks: tuple[Level, ...]) -> None:
    for better, worse in pairwise(bids):
        if worse[0] >= better[0]:
            raise OrderRefused("bids fall from level to level")
    for better, worse in pairwise(asks):
        if worse[0] <= better[0]:
            raise OrderRefused("asks rise from level to level")
    if bids and asks and bids[0][0] >= asks[0][0]:
        raise OrderRefused("bids are below asks", facts={"bid": bids[0][0], "ask": asks[0][0]})


def _place_level(
    step: Step,
    market: Market,
    account: Account,
    side: Side,
    *,
    price: int,
    quantity: int,
    around: int,
) -> None:
    """Left out when it is beyond the market's filters, or not covered."""
    venue = step.venue
    order = Order(
        step.new_order_id(),
        account.id,
        market.instrument.symbol,
        side,
        LIMIT,
        quantity,
        price,
        GTC,
        Leg.NET,
        placed_at_ms=step.at_ms,
    )
    exposure = exposure_view(account, market)
    try:
        check_filters(market, order, around=around)
        admitted = check_money(venue, market, account, exposure, order)
    except PlimsollError:
        return
    if exposure is not None:
        account.exposures.setdefault(order.symbol, exposure)
    step.events.append(accepted(order))
    execute_order(step, market, order, limit=price, outcome=admitted.outcome)
