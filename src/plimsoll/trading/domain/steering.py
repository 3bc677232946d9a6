"""What operators do: list markets, halt and resume, set limits, fund the insurance."""

from typing import Final

from plimsoll.trading.domain.accounts import Account, TradingState
from plimsoll.trading.domain.book import Book
from plimsoll.trading.domain.commands import FundInsurance, ListInstrument, SetLimits, SetState
from plimsoll.trading.domain.ending import end_orders
from plimsoll.trading.domain.events import (
    EndReason,
    InstrumentListed,
    InsuranceChanged,
    LimitsSet,
    StateSet,
)
from plimsoll.trading.domain.finding import find_account, find_market
from plimsoll.trading.domain.handling import all_orders
from plimsoll.trading.domain.instruments import MONEY, InstrumentKind
from plimsoll.trading.domain.listing import InstrumentRefused, check_instrument
from plimsoll.trading.domain.orders import Order
from plimsoll.trading.domain.purses import MOST_AMOUNT
from plimsoll.trading.domain.refusals import (
    AlreadyExists,
    InsufficientBalance,
    OutOfRange,
)
from plimsoll.trading.domain.step import Step
from plimsoll.trading.domain.venue import Limits, Market

ACTIVE: Final = TradingState.ACTIVE
HALTED: Final = TradingState.HALTED


def list_instrument(step: Step, command: ListInstrument) -> None:
    """A new market; everything about it is checked here, once."""
    venue, instrument = step.venue, command.instrument
    if instrument.symbol in venue.markets:
        raise AlreadyExists("the symbol is listed", facts={"symbol": instrument.symbol})
    if venue.settle and instrument.settle != venue.settle:
        raise InstrumentRefused(
            "all instruments settle in one asset", facts={"settle": venue.settle}
        )
    check_instrument(instrument)
    market = Market(instrument, Book())
    if instrument.kind is InstrumentKind.SPOT:
        market.base_unit = int(instrument.step * MONEY)
        market.highest_fee_ppm = max(each.taker_ppm for each in instrument.fees)
    venue.settle = instrument.settle
    venue.markets[instrument.symbol] = market
    step.events.append(InstrumentListed(instrument.symbol))


def set_state(step: Step, command: SetState) -> None:
    """Halted: nothing is matched; a halted account loses its orders, because others would still
    meet them. Reducing only: orders that open go, wherever they rest; the house's stay, so that
    there is somebody to reduce with.
    """
    venue, state = step.venue, command.state
    if command.symbol and command.account:
        raise OutOfRange("a market or an account, not both")
    gone: list[Order] = []
    if command.account:
        account = find_account(venue, command.account)
        account.state = state
        if state is not ACTIVE:
            gone = [each for each in all_orders(account) if state is HALTED or _opens(each)]
    elif command.symbol:
        market = find_market(venue, command.symbol)
        market.state = state
        if state is TradingState.REDUCE_ONLY:
            gone = _opening(venue.accounts, market.instrument.symbol, venue.orders)
    else:
        venue.state = state
        if state is TradingState.REDUCE_ONLY:
            gone = _opening(venue.accounts, "", venue.orders)
    step.events.append(StateSet(state, command.symbol, command.account))
    end_orders(step, gone, EndReason.HALTED)


def _opening(accounts: dict[int, Account], symbol: str, orders: dict[int, Order]) -> list[Order]:
    """Looks at every order there is: rare, and an operator waits for it."""
    return [
        each
        for each in orders.values()
        if (not symbol or each.symbol == symbol)
        and _opens(each)
        and not accounts[each.account].house
    ]


def _opens(order: Order) -> bool:
    return not order.reduce_only


def set_limits(step: Step, command: SetLimits) -> None:
    limits = Limits(command.account_notional, command.venue_notional, command.orders_per_second)
    if min(limits.account_notional, limits.venue_notional, limits.orders_per_second) < 0:
        raise OutOfRange("a limit is not below zero")
    step.venue.limits = limits
    step.venue.paces.clear()
    step.events.append(
        LimitsSet(limits.account_notional, limits.venue_notional, limits.orders_per_second)
    )


def fund_insurance(step: Step, command: FundInsurance) -> None:
    """Money of the venue's owner into the fund; below zero out of it again."""
    venue, amount = step.venue, command.amount
    if not 0 < abs(amount) <= MOST_AMOUNT:
        raise OutOfRange("no such amount", facts={"amount": str(amount)})
    if venue.insurance + amount < 0:
        raise InsufficientBalance(
            "the fund does not have that much",
            facts={"required": -amount, "available": venue.insurance},
        )
    venue.insurance += amount
    venue.deposited += amount
    step.events.append(InsuranceChanged(amount, venue.insurance))
