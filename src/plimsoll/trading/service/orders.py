"""A person's orders, looked at: as they are now, what filled them, what happened to them."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.domain.refusals import UnknownOrder
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.service.exchange import Exchange
from plimsoll.trading.storage import orders
from plimsoll.trading.storage.orders import NEWEST, FillRecord, Happened, OrderRecord, Wanted


class Placed(NamedTuple):
    """An order and its fills. `first`: it came to be now, not by an earlier request that this one
    repeats; `replayed`: an Idempotency-Key did that.
    """

    order: OrderRecord
    fills: Sequence[FillRecord]
    instrument: Instrument
    first: bool = True
    replayed: bool = False


async def get_order(exchange: Exchange, account: int, order_id: int) -> Placed:
    """An order of the account as it is now, with its fills."""
    async with exchange.database.read() as unit:
        order = await orders.find_order(unit, account, order_id)
        if order is None:
            raise unknown(order_id)
        fills = await orders.list_fills(unit, account, order_id) if order.filled else []
    return Placed(order, fills, exchange.get_instrument(order.symbol))


async def read_order(
    exchange: Exchange, user_id: UUID, order_id: int
) -> tuple[Placed, list[Happened]]:
    """The same of a person, and what else happened to it."""
    account = await get_account(exchange, user_id, order_id)
    placed = await get_order(exchange, account, order_id)
    async with exchange.database.read() as unit:
        return placed, await orders.list_history(unit, account, order_id)


async def get_account(exchange: Exchange, user_id: UUID, order_id: int) -> int:
    """Whoever never had an account has no order either."""
    account = await exchange.find_account(user_id)
    if account is None:
        raise unknown(order_id)
    return account


def unknown(order_id: int) -> UnknownOrder:
    return UnknownOrder("there is none with this id", facts={"order": str(order_id)})


async def list_orders(
    exchange: Exchange, user_id: UUID, wanted: Wanted, *, limit: int
) -> list[OrderRecord]:
    """Newest first."""
    account = await exchange.find_account(user_id)
    if account is None:
        return []
    async with exchange.database.read() as unit:
        return await orders.list_orders(unit, account, wanted, limit=limit)


async def list_open(
    exchange: Exchange,
    user_id: UUID,
    *,
    symbol: str | None = None,
    before: int = NEWEST,
    limit: int,
) -> list[int]:
    """The ids of open and waiting orders, newest first: asked of the venue, because there they are
    found without a look at all those that have ended.
    """
    account = await exchange.find_account(user_id)
    if account is None:
        return []
    who = account

    def look(venue: Venue) -> list[int]:
        mine = venue.accounts.get(who)
        if mine is None:
            return []
        found = [
            order
            for of_symbol, listed in (
                *((each.symbol, each.orders) for each in mine.exposures.values()),
                *mine.spot_orders.items(),
            )
            if symbol in (None, of_symbol)
            for order in listed
            if order < before
        ]
        return sorted(found, reverse=True)[:limit]

    return await exchange.read(look)


async def list_still_open(
    exchange: Exchange, user_id: UUID, ids: Sequence[int]
) -> list[OrderRecord]:
    """Those of them that have not ended meanwhile, newest first."""
    account = await exchange.find_account(user_id)
    if account is None or not ids:
        return []
    async with exchange.database.read() as unit:
        found = await orders.get_orders(unit, account, ids)
    return [each for each in found if each.is_open]
