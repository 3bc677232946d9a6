"""What an open order holds: margin of a perpetual, or money or coins of a spot purse.

An order in the book is registered with its account and holds for what remains of it; what it holds
is a multiple of its steps, so a fill releases exactly its part. Orders that only reduce hold
nothing, and neither do waiting ones: they are checked when their trigger is reached.

The fee of a spot buy is held at the highest rate of the market, rounded up for each step: never
less than what its fills will be charged, however they are cut.
"""

from bisect import bisect_left, insort

from plimsoll.trading.domain.accounts import Account, Balance, Exposure
from plimsoll.trading.domain.instruments import MILLION
from plimsoll.trading.domain.orders import Order, OrderStatus, Side, TimeInForce
from plimsoll.trading.domain.venue import Market, Venue

BUY = Side.BUY
GTD = TimeInForce.GTD
OPEN = OrderStatus.OPEN


def exposure_of(account: Account, market: Market) -> Exposure:
    """What the account has in a perpetual; made with the highest leverage there is for it."""
    symbol = market.instrument.symbol
    exposure = account.exposures.get(symbol)
    if exposure is None:
        exposure = account.exposures[symbol] = new_exposure(account, market)
    return exposure


def new_exposure(account: Account, market: Market) -> Exposure:
    """As it is before anything was set or traded; not yet the account's."""
    highest = market.instrument.brackets[0].leverage
    leverage = highest if account.house else min(highest, account.leverage_cap)
    return Exposure(market.instrument.symbol, leverage)


def balance_of(account: Account, asset: str) -> Balance:
    balance = account.balances.get(asset)
    if balance is None:
        balance = account.balances[asset] = Balance()
    return balance


def spot_price(market: Market, price: int) -> int:
    """What is held for one step bought at `price`: its money and the most its fee can be."""
    money = price * market.instrument.unit
    return money - (-money * market.highest_fee_ppm // MILLION)


def orders_of(account: Account, market: Market) -> dict[int, Order]:
    """The account's orders in a market, to look at."""
    symbol = market.instrument.symbol
    if market.base_unit:
        return account.spot_orders.get(symbol) or {}
    exposure = account.exposures.get(symbol)
    return exposure.orders if exposure else {}


def register(venue: Venue, market: Market, account: Account, order: Order) -> None:
    """Into the account's lists, and its clock if it has one; an open order holds from now on."""
    venue.orders[order.id] = order
    if market.base_unit:
        account.spot_orders.setdefault(order.symbol, {})[order.id] = order
    else:
        exposure = exposure_of(account, market)
        exposure.orders[order.id] = order
        if order.reduce_only:
            exposure.reducing[order.id] = order
    if order.time_in_force is GTD:
        schedule(venue.expiries, order.id, 0, order.expires_at_ms)
    if order.status is OPEN:
        hold(market, account, order)


def unregister(venue: Venue, market: Market, account: Account, order: Order) -> None:
    """Out of the lists, nothing held any more. Before its status changes from open."""
    del venue.orders[order.id]
    if order.status is OPEN:
        release(market, account, order, order.quantity - order.filled)
    if market.base_unit:
        del account.spot_orders[order.symbol][order.id]
    else:
        exposure = account.exposures[order.symbol]
        del exposure.orders[order.id]
        if order.reduce_only:
            del exposure.reducing[order.id]
    if order.time_in_force is GTD:
        schedule(venue.expiries, order.id, order.expires_at_ms, 0)


def schedule(entries: list[tuple[int, int]], key: int, before_ms: int, at_ms: int) -> None:
    """Move an entry of a sorted list of (moment, key); 0: it is not in it."""
    if before_ms:
        del entries[bisect_left(entries, (before_ms, key))]
    if at_ms:
        insort(entries, (at_ms, key))


def hold(market: Market, account: Account, order: Order, loss: int | None = None) -> None:
    """For all that remains of an order that is going into the book. `loss`: what it held before,
    when it is to be again as it was.
    """
    remaining = order.quantity - order.filled
    if market.base_unit:
        if order.side is BUY:
            asset, amount = market.instrument.settle, remaining * spot_price(market, order.price)
        else:
            asset, amount = market.instrument.base, remaining * market.base_unit
        account.balances[asset].held += amount
        return
    if order.reduce_only:
        return
    exposure = account.exposures[order.symbol]
    unit = market.instrument.unit
    if loss is None:
        worse = (order.price - market.mark) * order.side
        loss = remaining * worse * unit if worse > 0 else 0
    order.open_loss = loss
    if order.side is BUY:
        exposure.bids += remaining * order.price * unit
        exposure.bid_loss += loss
    else:
        exposure.asks += remaining * order.price * unit
        exposure.ask_loss += loss


def release(market: Market, account: Account, order: Order, quantity: int) -> None:
    """Of `quantity` steps that leave an open order, before its own numbers are lowered."""
    if market.base_unit:
        if order.side is BUY:
            asset, amount = market.instrument.settle, quantity * spot_price(market, order.price)
        else:
            asset, amount = market.instrument.base, quantity * market.base_unit
        account.balances[asset].held -= amount
        return
    if order.reduce_only:
        return
    exposure = account.exposures[order.symbol]
    loss = order.open_loss
    if loss:
        loss = loss * quantity // (order.quantity - order.filled)
        order.open_loss -= loss
    value = quantity * order.price * market.instrument.unit
    if order.side is BUY:
        exposure.bids -= value
        exposure.bid_loss -= loss
    else:
        exposure.asks -= value
        exposure.ask_loss -= loss
