"""What happens by itself: time runs out, prices move, and what they set off.

Commands that let time pass do it in this order: what has run out ends, funding that is due is paid
at the mark before, the mark moves, orders that waited for it fire, and then those are liquidated
who could not help themselves. Orders that wait for a last price fire after every command that
traded, until none is reached any more: each fires once. Liquidation does a bounded amount of work
and goes on when time passes next.
"""

from collections import deque
from typing import Final

from plimsoll.trading.domain import liquidation, watching
from plimsoll.trading.domain import mark as marks
from plimsoll.trading.domain.accounts import TradingState
from plimsoll.trading.domain.commands import PassTime, SetIndex
from plimsoll.trading.domain.ending import end_order, end_orders
from plimsoll.trading.domain.events import CountdownSet, EndReason, MarkSet
from plimsoll.trading.domain.finding import find_market
from plimsoll.trading.domain.funding import rate_now, settle_due
from plimsoll.trading.domain.handling import all_orders, fire
from plimsoll.trading.domain.orders import Order, TriggerOn
from plimsoll.trading.domain.refusals import OutOfRange
from plimsoll.trading.domain.step import Step
from plimsoll.trading.domain.venue import Market

MARK: Final = TriggerOn.MARK
LAST: Final = TriggerOn.LAST
HALTED: Final = TradingState.HALTED
HIGHEST_PRICE: Final = 10**15
"""In ticks: what is above is a mistake."""

Fired = deque[tuple[Order, int]]


def set_index(step: Step, command: SetIndex) -> None:
    """The index moves, the mark follows, and then everything that looks at the mark."""
    venue = step.venue
    market = find_market(venue, command.symbol)
    price = command.index_price
    if not 0 < price <= HIGHEST_PRICE:
        raise OutOfRange(
            "an index price is above zero", facts={"price": str(price), "most": HIGHEST_PRICE}
        )
    _pass(step)
    if market.base_unit:
        market.index = market.mark = price
        rate = 0
    else:
        marks.set_index(market, price, step.at_ms)
        rate = rate_now(market)
    step.events.append(MarkSet(command.symbol, price, market.mark, rate))
    fired: Fired = deque()
    if not _is_halted(step, market):
        fired.extend((order, market.mark) for order in market.triggers.reached(MARK, market.mark))
    _fire_all(step, fired)
    _liquidate(step, None if market.base_unit else market)


def pass_time(step: Step, _command: PassTime) -> None:
    """Time alone, which the step has."""
    _pass(step)
    _liquidate(step, None)


def _liquidate(step: Step, moved: Market | None) -> None:
    """And once more when what was sold set off orders that wait for a last price. What those set
    off is seen to when time passes next: one command does a bounded amount of work.
    """
    liquidation.run(step, moved)
    if step.traded:
        _fire_all(step, deque())
        liquidation.run(step)


def _pass(step: Step) -> None:
    """Orders that rested until a moment, dead man's switches, funding stamps."""
    venue, now = step.venue, step.at_ms
    while venue.expiries and venue.expiries[0][0] <= now:
        end_order(step, venue.orders[venue.expiries[0][1]], EndReason.TIME)
    while venue.countdowns and venue.countdowns[0][0] <= now:
        _, account_id = venue.countdowns.pop(0)
        account = venue.accounts[account_id]
        account.countdown_at_ms = 0
        step.events.append(CountdownSet(account_id, 0))
        end_orders(step, all_orders(account), EndReason.COUNTDOWN)
    settle_due(step)


def settle(step: Step) -> None:
    """What any command may have set off: the last thing it does."""
    if step.traded:
        _fire_all(step, deque())
    if step.touched:
        watching.remember(step)


def _fire_all(step: Step, fired: Fired) -> None:
    """Those that are reached, in their order, and those that their trades reach."""
    markets, orders = step.venue.markets, step.venue.orders
    while True:
        for symbol, price in step.traded:
            market = markets[symbol]
            if not _is_halted(step, market):
                fired.extend((order, price) for order in market.triggers.reached(LAST, price))
        step.traded.clear()
        if not fired:
            return
        order, price = fired.popleft()
        if order.id in orders:
            fire(step, markets[order.symbol], order, price)


def _is_halted(step: Step, market: Market) -> bool:
    """Nothing fires in a market that is halted; the first price after it says what is reached."""
    return market.state is HALTED or step.venue.state is HALTED
