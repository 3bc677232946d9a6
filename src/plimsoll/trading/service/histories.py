"""Pages of an account's own rows. Who never had an account has none."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol, TypeVar

from plimsoll.access.domain.principals import Principal
from plimsoll.plumbing.paging import Cut, PageRequest
from plimsoll.trading.service.accounts import Owner, PositionLook, look
from plimsoll.trading.service.exchange import Exchange
from plimsoll.trading.storage import entries, fills, funding, liquidations
from plimsoll.trading.storage.entries import EntryRow
from plimsoll.trading.storage.fills import FillRow
from plimsoll.trading.storage.funding import PaymentRow
from plimsoll.trading.storage.liquidations import LiquidationRow


class Placed(Protocol):
    """A row that knows its place in the list."""

    @property
    def place(self) -> tuple[object, ...]: ...


Row = TypeVar("Row", bound=Placed)


async def list_entries(exchange: Exchange, account: int | None, page: PageRequest) -> Cut[EntryRow]:
    after = page.after(int, int)
    place = entries.Place(*after) if after else entries.FIRST  # type: ignore[arg-type]  # as read
    return await _cut(exchange, account, page, partial(entries.list_entries, after=place))


async def list_fills(
    exchange: Exchange,
    owner: Principal,
    page: PageRequest,
    symbol: str | None,
    *,
    order_id: int | None,
) -> Cut[FillRow]:
    """Raises UnknownSymbol, as the others of one symbol do."""
    _check(exchange, symbol)
    after = page.after(int, int)
    place = fills.Place(*after) if after else fills.FIRST  # type: ignore[arg-type]  # as read
    read = partial(fills.list_fills, after=place, symbol=symbol, order_id=order_id)
    return await _cut(exchange, await exchange.find_account(owner.user_id), page, read)


async def list_payments(
    exchange: Exchange, owner: Principal, page: PageRequest, symbol: str | None
) -> Cut[PaymentRow]:
    _check(exchange, symbol)
    after = page.after(int, str)
    place = funding.Place(*after) if after else funding.FIRST  # type: ignore[arg-type]  # as read
    read = partial(funding.list_payments, after=place, symbol=symbol)
    return await _cut(exchange, await exchange.find_account(owner.user_id), page, read)


async def list_liquidations(
    exchange: Exchange, owner: Principal, page: PageRequest, symbol: str | None
) -> Cut[LiquidationRow]:
    _check(exchange, symbol)
    after = page.after(int, int)
    place = liquidations.Place(*after) if after else liquidations.FIRST  # type: ignore[arg-type]  # as read
    read = partial(liquidations.list_liquidations, after=place, symbol=symbol)
    return await _cut(exchange, await exchange.find_account(owner.user_id), page, read)


async def list_positions(
    exchange: Exchange, owner: Principal, page: PageRequest, symbol: str | None
) -> Cut[PositionLook]:
    """Open now, by symbol."""
    _check(exchange, symbol)
    after = page.after(str, str)
    number = await exchange.find_account(owner.user_id)
    found = await look(exchange, Owner(owner.user_id, owner.tier, number))
    rows = sorted(found.positions, key=_place_of)
    if symbol is not None:
        rows = [each for each in rows if each.instrument.symbol == symbol]
    if after is not None:
        rows = [each for each in rows if _place_of(each) > after]
    return page.cut(rows, _place_of)


def _place_of(position: PositionLook) -> tuple[str, str]:
    return position.instrument.symbol, position.leg.value


def _check(exchange: Exchange, symbol: str | None) -> None:
    if symbol is not None:
        exchange.get_instrument(symbol)


async def _cut(
    exchange: Exchange,
    account: int | None,
    page: PageRequest,
    read: Callable[..., Awaitable[list[Row]]],
) -> Cut[Row]:
    if account is None:
        return Cut([], None)
    async with exchange.database.read() as unit:
        rows = await read(unit, account, limit=page.limit + 1)
    return page.cut(rows, lambda row: row.place)
