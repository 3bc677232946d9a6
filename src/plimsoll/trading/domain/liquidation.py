"""Liquidation: what happens to those whose margin is no more than what must stay (watching.py).

For an isolated position with its own money, for the cross positions of an account together:

1. its open orders are cancelled (of the symbol; for a cross account those of all perpetuals);
2. an IOC order closes what brings it to a lower bracket where it would comply, or all of it, no
   worse than the bankruptcy price; if it complies after loss and liquidation fee, that is all;
3. else the insurance fund takes the rest over at the bankruptcy price;
4. if the fund cannot carry it, those in profit are deleveraged at that price.

The fee is charged on what was liquidated and is capped at what is left; it is the fund's. Whatever
is missing after all is made good (covering.py).

One command liquidates at most `MOST`, the worst margin ratio first; the others stay noted and are
next in the next command that lets time pass.
"""

from typing import Final

from plimsoll.trading.domain import margin
from plimsoll.trading.domain.accounts import Account
from plimsoll.trading.domain.bankruptcy import bankruptcy_prices, reduction
from plimsoll.trading.domain.covering import change_insurance, cover, fund_of, make_good, sweep_fund
from plimsoll.trading.domain.deleveraging import deleverage
from plimsoll.trading.domain.ending import end_orders
from plimsoll.trading.domain.events import (
    EndReason,
    FillCause,
    LiquidationStarted,
    WalletChanged,
    WalletReason,
)
from plimsoll.trading.domain.execution import tell_position
from plimsoll.trading.domain.finding import FUND
from plimsoll.trading.domain.handover import Holder, hand_over
from plimsoll.trading.domain.insurance import can_carry, equity, take_over, trade_now, work_off
from plimsoll.trading.domain.orders import Leg
from plimsoll.trading.domain.standing import standing
from plimsoll.trading.domain.step import Step
from plimsoll.trading.domain.venue import Market
from plimsoll.trading.domain.watching import (
    Due,
    Place,
    cross_places,
    find_due,
    is_halted,
    remember,
)

LIQUIDATION: Final = EndReason.LIQUIDATION
MOST: Final = 100
"""Liquidations in one command."""


def run(step: Step, moved: Market | None = None) -> None:
    """Liquidate who is due. For commands that let time pass, after funding and triggers; `moved` is
    the market with a new mark.
    """
    venue = step.venue
    unchecked = venue.unchecked
    remember(step)
    if moved is not None:
        unchecked.update(dict.fromkeys(moved.alarms.ring(moved.mark)))
    left = MOST
    while unchecked and left > 0:
        due = find_due(venue)
        if not due:
            break
        for each in due[:left]:
            _liquidate(step, each)
        left -= len(due)
        remember(step)
    if moved is not None:
        _look_after_fund(step, moved)
        remember(step)


def _liquidate(step: Step, due: Due) -> None:
    """Unless those before have changed it: their positions were closed against somebody."""
    account = step.venue.accounts[due.account]
    if not due.symbol:
        if standing(account, step.venue.markets).is_due:
            _liquidate_cross(step, account)
        return
    exposure = account.exposures[due.symbol]
    position = exposure.positions.get(due.leg)
    if position is not None:
        place = Place(step.venue.markets[due.symbol], exposure, due.leg, position)
        balance = position.isolated + place.open().profit
        if margin.is_due(maintenance=place.maintenance(), balance=balance):
            _liquidate_isolated(step, account, place)


def _liquidate_isolated(step: Step, account: Account, place: Place) -> None:
    """All that was put aside stands until the end: what a partial close releases stays with it."""
    market, exposure, leg, position = place
    instrument = market.instrument
    opened = place.open()
    stake, wallet = position.isolated, account.wallet
    balance = stake + opened.profit
    step.events.append(
        LiquidationStarted(account.id, exposure.symbol, balance, place.maintenance())
    )
    end_orders(step, exposure.orders.values(), LIQUIDATION)
    (price,) = bankruptcy_prices(balance, [opened])
    size = reduction(
        instrument.brackets,
        position.quantity,
        value=market.mark * instrument.unit,
        balance=balance,
        others=0,
        fee_ppm=instrument.liquidation_fee_ppm,
    )
    notional = _trade(step, account, place, size=size, limit=price)
    if position.quantity:
        position.isolated = max(0, stake + account.wallet - wallet)
        fee = min(place.fee(notional), position.isolated)
        if position.isolated - fee + place.open().profit > place.maintenance():
            position.isolated -= fee
            tell_position(step, account.id, exposure, leg)
            _charge(step, account, fee)
            return
        notional += abs(position.quantity) * price * instrument.unit
        _give_up(step, account, place, price)
    left = stake + account.wallet - wallet
    if left < 0:
        make_good(step, account, -left)
    else:
        _charge(step, account, min(place.fee(notional), left))


def _liquidate_cross(step: Step, account: Account) -> None:
    """The position that needs most margin first, until the account complies."""
    venue = step.venue
    now = standing(account, venue.markets)
    step.events.append(LiquidationStarted(account.id, "", now.balance, now.maintenance))
    orders = [each for mine in account.exposures.values() for each in mine.orders.values()]
    end_orders(step, orders, LIQUIDATION)
    _net_hedged(step, account)
    now = standing(account, venue.markets)
    places = cross_places(venue, account)
    prices = bankruptcy_prices(now.balance, [each.open() for each in places])
    queue = sorted(
        zip(places, prices, strict=True),
        key=lambda each: (-each[0].maintenance(), each[0].exposure.symbol, each[0].leg),
    )
    fee = 0
    for place, price in queue:
        now = standing(account, venue.markets)
        if not margin.is_due(maintenance=now.maintenance, balance=now.balance - fee):
            break
        market = place.market
        size = reduction(
            market.instrument.brackets,
            place.position.quantity,
            value=market.mark * market.instrument.unit,
            balance=now.balance - fee,
            others=now.maintenance - place.maintenance(),
            fee_ppm=market.instrument.liquidation_fee_ppm,
        )
        fee += place.fee(_trade(step, account, place, size=size, limit=price))
    now = standing(account, venue.markets)
    if margin.is_due(maintenance=now.maintenance, balance=now.balance - fee):
        for place, price in queue:
            if place.position.quantity:
                unit = place.market.instrument.unit
                fee += place.fee(abs(place.position.quantity) * price * unit)
                _give_up(step, account, place, price)
    left = standing(account, venue.markets).balance
    _charge(step, account, min(fee, max(0, left)))
    cover(step, account)


def _net_hedged(step: Step, account: Account) -> None:
    """The long and the short position of a symbol close each other at the mark, as far as they are
    equal: that costs nothing and frees the margin of both.
    """
    for place in cross_places(step.venue, account):
        other = place.exposure.positions.get(Leg.SHORT)
        if place.leg is Leg.LONG and other is not None:
            hand_over(
                step,
                place.market,
                Holder(account, Leg.LONG),
                Holder(account, Leg.SHORT),
                quantity=min(place.position.quantity, -other.quantity),
                price=place.market.mark,
                cause=FillCause.LIQUIDATION,
            )


def _trade(step: Step, account: Account, place: Place, *, size: int, limit: int) -> int:
    """Close `size` steps at the market; the notional of what was filled."""
    quantity = size if place.position.quantity > 0 else -size
    return trade_now(step, place.market, account.id, place.leg, quantity=quantity, limit=limit)


def _give_up(step: Step, account: Account, place: Place, price: int) -> None:
    """What the market did not take: the fund, or those in profit."""
    market, quantity = place.market, place.position.quantity
    if can_carry(step.venue, market, quantity=quantity, price=price):
        take_over(step, market, account, place.leg, quantity=quantity, price=price)
    else:
        deleverage(step, market, account, place.leg, quantity=quantity, price=price)


def _charge(step: Step, account: Account, fee: int) -> None:
    """The liquidation fee, from the wallet to the fund."""
    if not fee:
        return
    account.wallet -= fee
    step.events.append(
        WalletChanged(account.id, "", -fee, account.wallet, WalletReason.LIQUIDATION_FEE)
    )
    change_insurance(step, fee, account.id)


def _look_after_fund(step: Step, market: Market) -> None:
    """It works off what it has; if it is worth less than nothing it is bankrupt like anybody, only
    that nobody is left to take over.
    """
    venue = step.venue
    fund = venue.accounts.get(FUND)
    places = cross_places(venue, fund) if fund else []
    if not places or is_halted(venue, places):
        return
    worth = equity(venue)
    if worth >= 0:
        work_off(step, market)
        return
    fund = fund_of(venue)
    prices = bankruptcy_prices(worth, [each.open() for each in places])
    for place, price in zip(places, prices, strict=True):
        quantity = place.position.quantity
        deleverage(step, place.market, fund, place.leg, quantity=quantity, price=price)
        sweep_fund(step)
