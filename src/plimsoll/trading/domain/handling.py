"""Orders: placed, amended, cancelled, triggered, quoted by the house.

First everything is checked (admission.py), on an order that is nobody's yet; then it is the
account's, and meets the book.
"""

from dataclasses import replace
from typing import Final

from plimsoll.kernel.errors import PlimsollError
from plimsoll.trading.domain.accounts import Account, Exposure
from plimsoll.trading.domain.admission import (
    Admitted,
    check_leverage,
    check_money,
    check_open_orders,
    check_rate,
    check_state,
    count_order,
    exposure_view,
    fit_position,
)
from plimsoll.trading.domain.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Countdown,
    ForceReduce,
    PlaceOrder,
)
from plimsoll.trading.domain.ending import end_order, end_orders, tell_end
from plimsoll.trading.domain.events import (
    CountdownSet,
    EndReason,
    LeverageSet,
    OrderAmended,
    OrderTriggered,
)
from plimsoll.trading.domain.execution import execute_order
from plimsoll.trading.domain.filters import (
    check_fields,
    check_filters,
    check_trigger,
    is_triggered,
)
from plimsoll.trading.domain.finding import find_account, find_market, find_order, find_perpetual
from plimsoll.trading.domain.following import accepted, wait
from plimsoll.trading.domain.holds import hold, orders_of, release, schedule, unregister
from plimsoll.trading.domain.orders import (
    Leg,
    Order,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
    TriggerOn,
)
from plimsoll.trading.domain.refusals import (
    AmendBelowFilled,
    DuplicateClientId,
    Halted,
    NoPosition,
    NotForSpot,
    NothingToReduce,
    OnlyReducing,
    OrderRefused,
    OutOfRange,
    WouldTake,
)
from plimsoll.trading.domain.step import Step
from plimsoll.trading.domain.venue import Market, Venue

OPEN: Final = OrderStatus.OPEN
WAITING: Final = OrderStatus.WAITING
GTX: Final = TimeInForce.GTX
MARK: Final = TriggerOn.MARK


def place(step: Step, command: PlaceOrder) -> None:
    venue = step.venue
    account = find_account(venue, command.account)
    market = find_market(venue, command.symbol)
    client_id = command.client_id
    if client_id is not None:
        known = venue.client_ids.get((account.id, client_id))
        if known is not None:
            raise DuplicateClientId("an order with this client id exists", facts={"order": known})
    order = _order_of(step, command)
    check_fields(market, order, step.at_ms)
    check_filters(market, order)
    only_reducing = check_state(venue, market, account)
    exposure = exposure_view(account, market)
    _fit(account, exposure, order, only_reducing=only_reducing)
    check_open_orders(market, account)
    check_rate(venue, account, step.at_ms)
    admitted = None
    leverage = exposure.leverage if exposure else 0
    if command.leverage and command.leverage != leverage:
        admitted = _admit_at(venue, market, account, exposure, order, command.leverage)
    elif is_triggered(order):
        check_trigger(market, order)
    else:
        admitted = check_money(venue, market, account, exposure, order)
    _adopt(step, account, exposure, order)
    if exposure is not None and exposure.leverage != leverage:
        step.events.append(LeverageSet(account.id, order.symbol, exposure.leverage))
        step.touched[account.id] = account
    if admitted is None:
        order.status = WAITING
        wait(step, market, account, order)
        return
    step.events.append(accepted(order))
    execute_order(
        step,
        market,
        order,
        limit=admitted.limit,
        outcome=admitted.outcome,
    )


def _fit(account: Account, exposure: Exposure | None, order: Order, *, only_reducing: bool) -> None:
    """To the position, or for spot to a state in which nothing is bought."""
    if exposure is not None:
        fit_position(account, order, only_reducing=only_reducing)
    elif only_reducing and order.side is Side.BUY:
        raise OnlyReducing("only sales are taken now")


def _admit_at(
    venue: Venue,
    market: Market,
    account: Account,
    exposure: Exposure | None,
    order: Order,
    leverage: int,
) -> Admitted | None:
    """With a new leverage, which is set when all is well and only then."""
    if exposure is None:
        raise NotForSpot("only positions have leverage")
    check_leverage(venue, market, account, exposure, leverage)
    before, exposure.leverage = exposure.leverage, leverage
    try:
        if not is_triggered(order):
            return check_money(venue, market, account, exposure, order)
        check_trigger(market, order)
    except PlimsollError:
        exposure.leverage = before
        raise
    return None


def _order_of(step: Step, command: PlaceOrder) -> Order:
    order = Order(
        step.new_order_id(),
        command.account,
        command.symbol,
        command.side,
        command.type,
        command.quantity,
        command.price,
        command.time_in_force,
        command.leg,
        command.reduce_only,
        command.close_position,
        command.client_id,
        command.expires_at_ms,
        command.trigger,
        command.trigger_price,
        command.callback_ppm,
        attached=command.attached,
        placed_at_ms=step.at_ms,
    )
    if order.trigger is None and is_triggered(order):
        order.trigger = MARK
    return order


def _adopt(step: Step, account: Account, exposure: Exposure | None, order: Order) -> None:
    """From here on the order is the account's, and nothing can refuse it any more."""
    venue = step.venue
    if exposure is not None and order.symbol not in account.exposures:
        account.exposures[order.symbol] = exposure
    if order.client_id is not None:
        venue.client_ids[account.id, order.client_id] = order.id
    count_order(venue, account, step.at_ms)


def amend(step: Step, command: AmendOrder) -> None:
    venue = step.venue
    account = find_account(venue, command.account)
    order = find_order(venue, account, command.order)
    market = venue.markets[order.symbol]
    if command.price < 0 or command.quantity < 0:
        raise OutOfRange("an amount is below zero")
    if command.price and not order.price:
        raise OrderRefused("an order at the market's price has no price to change")
    if command.quantity and order.close_position:
        raise OrderRefused("an order that closes the position has no quantity of its own")
    price = command.price or order.price
    quantity = command.quantity or order.quantity
    if price == order.price and quantity == order.quantity:
        raise OrderRefused("nothing would change")
    if quantity <= order.filled:
        raise AmendBelowFilled(
            "more than that has been filled", facts={"quantity": quantity, "filled": order.filled}
        )
    if order.status is OPEN and price == order.price and quantity < order.quantity:
        release(market, account, order, order.quantity - quantity)
        market.book.shrink(order, quantity)
        step.events.append(OrderAmended(order.id, account.id, price, quantity))
        step.touched[account.id] = account
        return
    changed = replace(order, price=price, quantity=quantity - order.filled, filled=0, cost=0)
    check_filters(market, changed)
    only_reducing = check_state(venue, market, account)
    _fit(account, exposure_view(account, market), changed, only_reducing=only_reducing)
    quantity = changed.quantity + order.filled
    if command.counted:
        check_rate(venue, account, step.at_ms)
    if order.status is WAITING:
        order.price, order.quantity = price, quantity
        step.events.append(OrderAmended(order.id, account.id, price, quantity))
    else:
        _requote(step, market, account, order, changed)
    if command.counted:
        count_order(venue, account, step.at_ms)


def _requote(step: Step, market: Market, account: Account, order: Order, changed: Order) -> None:
    """A new price, or more: checked without what the order holds now, then like a new order."""
    venue = step.venue
    loss = order.open_loss
    release(market, account, order, order.quantity - order.filled)
    try:
        exposure = exposure_view(account, market)
        admitted = check_money(venue, market, account, exposure, changed)
        if changed.time_in_force is GTX and admitted.outcome is not None:
            raise WouldTake("at this price the order would take liquidity")
    finally:
        hold(market, account, order, loss)
    market.book.remove(order)
    unregister(venue, market, account, order)
    order.price, order.quantity = changed.price, changed.quantity + order.filled
    order.reduce_only = changed.reduce_only
    step.events.append(OrderAmended(order.id, account.id, order.price, order.quantity))
    execute_order(
        step,
        market,
        order,
        limit=admitted.limit,
        outcome=admitted.outcome,
    )


def cancel(step: Step, command: CancelOrder) -> None:
    account = find_account(step.venue, command.account)
    end_order(step, find_order(step.venue, account, command.order), EndReason.ASKED)


def cancel_all(step: Step, command: CancelAll) -> None:
    account = find_account(step.venue, command.account)
    if command.symbol:
        market = find_market(step.venue, command.symbol)
        orders = list(orders_of(account, market).values())
    else:
        orders = all_orders(account)
    end_orders(step, orders, EndReason.ASKED)


def all_orders(account: Account) -> list[Order]:
    """Of an account, open and waiting, in all markets."""
    orders = [each for exposure in account.exposures.values() for each in exposure.orders.values()]
    for mine in account.spot_orders.values():
        orders.extend(mine.values())
    return orders


def count_down(step: Step, command: Countdown) -> None:
    """Set, set again, or switched off."""
    venue = step.venue
    account = find_account(venue, command.account)
    until = command.until_ms
    if until and until <= step.at_ms:
        raise OutOfRange(
            "a countdown ends in the future", facts={"until_ms": until, "at_ms": step.at_ms}
        )
    schedule(venue.countdowns, account.id, account.countdown_at_ms, until)
    account.countdown_at_ms = until
    step.events.append(CountdownSet(account.id, until))


def fire(step: Step, market: Market, order: Order, price: int) -> None:
    """A waiting order whose trigger has been reached: checked anew, then like any other. What it
    needs may be gone; then it ends, and nothing else happens.
    """
    venue = step.venue
    account = venue.accounts[order.account]
    step.touched[account.id] = account
    unregister(venue, market, account, order)
    order.status = OPEN
    step.events.append(OrderTriggered(order.id, account.id, price))
    quantity = order.quantity
    try:
        only_reducing = check_state(venue, market, account)
        exposure = exposure_view(account, market)
        _fit(account, exposure, order, only_reducing=only_reducing)
        admitted = check_money(venue, market, account, exposure, order)
    except (Halted, OnlyReducing):
        tell_end(step, order, EndReason.HALTED)
        return
    except NothingToReduce:
        tell_end(step, order, EndReason.NOTHING_TO_REDUCE)
        return
    except PlimsollError:
        tell_end(step, order, EndReason.NOT_COVERED)
        return
    if order.quantity != quantity:
        step.events.append(OrderAmended(order.id, account.id, order.price, order.quantity))
    execute_order(
        step,
        market,
        order,
        limit=admitted.limit,
        outcome=admitted.outcome,
    )


def force_reduce(step: Step, command: ForceReduce) -> None:
    """By an operator, whatever the trading state: a market order that only reduces."""
    venue = step.venue
    account = find_account(venue, command.account)
    market = find_perpetual(venue, command.symbol)
    exposure = account.exposures.get(command.symbol)
    position = exposure.positions.get(command.leg) if exposure else None
    if exposure is None or position is None:
        raise NoPosition("there is no such position")
    if command.quantity <= 0:
        raise OutOfRange("at least one step", facts={"quantity": command.quantity})
    order = Order(
        step.new_order_id(),
        account.id,
        command.symbol,
        Side.SELL if position.quantity > 0 else Side.BUY,
        OrderType.MARKET,
        min(command.quantity, abs(position.quantity)),
        0,
        TimeInForce.IOC,
        Leg(command.leg),
        reduce_only=True,
        placed_at_ms=step.at_ms,
    )
    admitted = check_money(venue, market, account, exposure, order)
    step.events.append(accepted(order))
    execute_order(
        step,
        market,
        order,
        limit=admitted.limit,
        outcome=admitted.outcome,
    )
