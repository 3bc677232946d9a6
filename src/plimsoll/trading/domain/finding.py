"""Whom and what a command names, or the refusal that it is not known."""

from plimsoll.trading.domain.accounts import Account
from plimsoll.trading.domain.orders import Order
from plimsoll.trading.domain.refusals import (
    NotForSpot,
    UnknownAccount,
    UnknownOrder,
    UnknownSymbol,
)
from plimsoll.trading.domain.venue import Market, Venue

FUND = 0
"""The account under which the insurance fund holds positions: nobody commands it."""


def find_account(venue: Venue, account_id: int) -> Account:
    account = venue.accounts.get(account_id)
    if account is None or account_id == FUND:
        raise UnknownAccount(f"no account {account_id}", facts={"account": account_id})
    return account


def find_market(venue: Venue, symbol: str) -> Market:
    market = venue.markets.get(symbol)
    if market is None:
        raise UnknownSymbol(f"nothing is traded as {symbol}", facts={"symbol": symbol})
    return market


def find_perpetual(venue: Venue, symbol: str) -> Market:
    market = find_market(venue, symbol)
    if market.base_unit:
        raise NotForSpot(f"{symbol} is a spot pair", facts={"symbol": symbol})
    return market


def find_order(venue: Venue, account: Account, order_id: int) -> Order:
    """Somebody else's is as unknown as one that has ended."""
    order = venue.orders.get(order_id)
    if order is None or order.account != account.id:
        raise UnknownOrder(f"no open order {order_id}", facts={"order": order_id})
    return order
