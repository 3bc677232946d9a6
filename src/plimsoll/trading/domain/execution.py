"""An order meets the book: planned, settled, and what is left rests or ends.

What a fill moves: the position by its cost, the wallet by profit and fee, money put aside for an
isolated position, what the maker's order held. Both accounts' other orders follow: those that only
reduce never reach beyond the position, siblings make way, attached orders are placed.
"""

from typing import Final

from plimsoll.trading.domain.accounts import Account, Exposure, MarginMode, Position
from plimsoll.trading.domain.coverage import fee_ppm, plan_order
from plimsoll.trading.domain.ending import tell_end
from plimsoll.trading.domain.events import (
    EndReason,
    FillCause,
    Filled,
    OrderAmended,
    PositionChanged,
    WalletChanged,
    WalletReason,
)
from plimsoll.trading.domain.fills import apply_fill, fee
from plimsoll.trading.domain.following import follow
from plimsoll.trading.domain.holds import balance_of, exposure_of, register, release, unregister
from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.domain.matching import Match, Plan, execute, verdict
from plimsoll.trading.domain.orders import Leg, Order, OrderStatus, Side, TimeInForce
from plimsoll.trading.domain.step import Step
from plimsoll.trading.domain.venue import Market

IOC: Final = TimeInForce.IOC
FOK: Final = TimeInForce.FOK
OPEN: Final = OrderStatus.OPEN
ISOLATED: Final = MarginMode.ISOLATED
DONE: Final = EndReason.DONE
PROFIT: Final = WalletReason.PROFIT
FEE: Final = WalletReason.FEE
TRADE: Final = WalletReason.TRADE


def execute_order(
    step: Step,
    market: Market,
    order: Order,
    *,
    limit: int,
    cause: FillCause = FillCause.ORDER,
    outcome: Plan | None = None,
) -> EndReason | None:
    """Match an order that nobody has registered, no further than `limit` ticks, and settle.

    For liquidations: an IOC order made with `step.new_order_id()`, of the account that is
    liquidated; it pays no fee. `outcome` is the plan, when the caller has made it in this very
    moment. Makers that could not pay are ended first. None: what is left rests.
    """
    account = step.venue.accounts[order.account]
    step.touched[account.id] = account
    if outcome is None and not market.book.crosses(order.side, limit):
        if order.price and order.time_in_force is not IOC and order.time_in_force is not FOK:
            order.status = OPEN
            market.book.add(order)
            register(step.venue, market, account, order)
            return None
        outcome = Plan(order.quantity - order.filled)
    outcome = outcome or plan_order(step.venue, market, order, limit)
    reason = verdict(order, outcome)
    if reason is not None:
        tell_end(step, order, reason)
        return reason
    if not outcome.matches and not outcome.removals:
        ended = execute(market.book, order, outcome)
    else:
        ended = _meet(step, market, order, outcome)
    if ended is None:
        register(step.venue, market, account, order)
    if outcome.matches:
        settle = _settle_spot if market.base_unit else _settle
        settle(step, market, order, outcome.matches, cause)
    if ended is not None:
        tell_end(step, order, ended)
    if outcome.matches and not market.base_unit:
        follow(step, market, order, outcome.matches)
    return ended


def _meet(step: Step, market: Market, order: Order, outcome: Plan) -> EndReason | None:
    """Make the plan true in the book; the makers' holds go before their numbers change."""
    accounts = step.venue.accounts
    for maker, _ in outcome.removals:
        unregister(step.venue, market, accounts[maker.account], maker)
    for match in outcome.matches:
        maker = match.maker
        release(market, accounts[maker.account], maker, match.quantity)
    ended = execute(market.book, order, outcome)
    for maker, why in outcome.removals:
        step.touched[maker.account] = accounts[maker.account]
        tell_end(step, maker, why)
    for maker, quantity in outcome.shrinks:
        step.events.append(OrderAmended(maker.id, maker.account, maker.price, quantity))
    return ended


def _settle(
    step: Step, market: Market, taker: Order, matches: list[Match], cause: FillCause
) -> None:
    """The fills of a perpetual: for each both sides and the maker's account; then the taker's."""
    venue, events = step.venue, step.events
    instrument = market.instrument
    unit = instrument.unit
    accounts = venue.accounts
    account = accounts[taker.account]
    exposure = exposure_of(account, market)
    ppm = fee_ppm(account, instrument, maker=False) if cause is FillCause.ORDER else 0
    profits = fees = 0
    symbol, leg = taker.symbol, taker.leg
    for maker, price, quantity, level, ahead in matches:
        other = accounts[maker.account]
        theirs = other.exposures[symbol]
        venue.fills += 1
        paid = -(-price * quantity * unit * ppm // 1_000_000)
        profit = move_position(
            market, account, exposure, leg, taker.side, quantity=quantity, price=price
        )
        profits += profit
        fees += paid
        events.append(
            Filled(
                venue.fills, taker.id, taker.account, symbol, taker.side, leg, price, quantity,
                paid, profit, False, cause, maker.id, level, ahead,
            )
        )  # fmt: skip
        paid = fee(
            price=price, quantity=quantity, unit=unit, ppm=fee_ppm(other, instrument, maker=True)
        )
        profit = move_position(
            market, other, theirs, maker.leg, maker.side, quantity=quantity, price=price
        )
        events.append(
            Filled(
                venue.fills, maker.id, maker.account, symbol, maker.side, maker.leg, price,
                quantity, paid, profit, True, cause, taker.id, level, ahead,
            )
        )  # fmt: skip
        _pay(step, other, profit=profit, fees=paid, order=maker.id)
        tell_position(step, other.id, theirs, maker.leg)
        _end_filled(step, market, other, maker)
        step.touched[other.id] = other
    _pay(step, account, profit=profits, fees=fees, order=taker.id)
    tell_position(step, account.id, exposure, leg)
    _remember_prices(step, market, matches)


def move_position(
    market: Market,
    account: Account,
    exposure: Exposure,
    leg: Leg,
    side: Side,
    *,
    quantity: int,
    price: int,
) -> int:
    """A fill's effect on a position and on what the market knows of it; returns the profit, which
    is the caller's to pay. An isolated position puts aside for what it opens. A position that is
    flat is forgotten.
    """
    position = exposure.positions.get(leg)
    if position is None:
        position = exposure.positions[leg] = Position()
        market.holders.add((account.id, leg))
    before = position.quantity
    unit = market.instrument.unit
    done = apply_fill(position, side, quantity=quantity, price=price, unit=unit)
    after = position.quantity
    market.open_interest += max(0, after) - max(0, before)
    if not after:
        del exposure.positions[leg]
        market.holders.discard((account.id, leg))
    elif exposure.mode is ISOLATED and done.opened:
        position.isolated += -(-done.opened * price * unit // exposure.leverage)
    return done.profit


def tell_position(step: Step, account: int, exposure: Exposure, leg: Leg) -> None:
    position = exposure.positions.get(leg)
    step.events.append(
        PositionChanged(
            account, exposure.symbol, leg, position.quantity, position.cost, position.isolated
        )
        if position
        else PositionChanged(account, exposure.symbol, leg, 0, 0, 0)
    )


def _pay(step: Step, account: Account, *, profit: int, fees: int, order: int) -> None:
    if profit:
        account.wallet += profit
        step.events.append(WalletChanged(account.id, "", profit, account.wallet, PROFIT, order))
    if fees:
        account.wallet -= fees
        step.venue.fees += fees
        step.events.append(WalletChanged(account.id, "", -fees, account.wallet, FEE, order))


def _settle_spot(
    step: Step, market: Market, taker: Order, matches: list[Match], cause: FillCause
) -> None:
    """The fills of a spot pair: coins one way, money the other, each its own fee in money."""
    venue, events = step.venue, step.events
    instrument = market.instrument
    account = venue.accounts[taker.account]
    ppm = fee_ppm(account, instrument, maker=False)
    symbol = taker.symbol
    for maker, price, quantity, level, ahead in matches:
        other = venue.accounts[maker.account]
        venue.fills += 1
        value = price * quantity * instrument.unit
        paid = -(-value * ppm // 1_000_000)
        theirs = -(-value * fee_ppm(other, instrument, maker=True) // 1_000_000)
        events.append(
            Filled(
                venue.fills, taker.id, taker.account, symbol, taker.side, taker.leg, price,
                quantity, paid, 0, False, cause, maker.id, level, ahead,
            )
        )  # fmt: skip
        events.append(
            Filled(
                venue.fills, maker.id, maker.account, symbol, maker.side, maker.leg, price,
                quantity, theirs, 0, True, cause, taker.id, level, ahead,
            )
        )  # fmt: skip
        coins = quantity * market.base_unit
        _exchange(step, account, instrument, taker, coins=coins, value=value, fees=paid)
        _exchange(step, other, instrument, maker, coins=coins, value=value, fees=theirs)
        _end_filled(step, market, other, maker)
        step.touched[other.id] = other
    _remember_prices(step, market, matches)


def _exchange(
    step: Step,
    account: Account,
    instrument: Instrument,
    order: Order,
    *,
    coins: int,
    value: int,
    fees: int,
) -> None:
    base, money = balance_of(account, instrument.base), balance_of(account, instrument.settle)
    base.total += order.side * coins
    money.total -= order.side * value
    events, who = step.events, account.id
    events.append(
        WalletChanged(who, instrument.base, order.side * coins, base.total, TRADE, order.id)
    )
    events.append(
        WalletChanged(who, instrument.settle, -order.side * value, money.total, TRADE, order.id)
    )
    if fees:
        money.total -= fees
        step.venue.fees += fees
        events.append(WalletChanged(who, instrument.settle, -fees, money.total, FEE, order.id))


def _end_filled(step: Step, market: Market, account: Account, maker: Order) -> None:
    """A maker that matching has filled whole has left the book; now the lists."""
    if maker.filled == maker.quantity:
        unregister(step.venue, market, account, maker)
        tell_end(step, maker, DONE)


def _remember_prices(step: Step, market: Market, matches: list[Match]) -> None:
    """For triggers on the last price: where the taker began and where it ended."""
    first, last = matches[0].price, matches[-1].price
    market.last = last
    step.traded.append((market.instrument.symbol, first))
    if last != first:
        step.traded.append((market.instrument.symbol, last))
