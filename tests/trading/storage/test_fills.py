"""Fills of an account."""

from plimsoll.plumbing.database import Database
from plimsoll.trading.domain.events import Filled
from plimsoll.trading.storage import fills
from plimsoll.trading.storage.fills import FillRow
from tests.trading.living import live


async def read_all(
    database: Database,
    account: int,
    *,
    limit: int = 1_000,
    symbol: str | None = None,
    order_id: int | None = None,
) -> list[FillRow]:
    rows: list[FillRow] = []
    place = fills.FIRST
    async with database.read() as unit:
        while page := await fills.list_fills(
            unit, account, after=place, limit=limit, symbol=symbol, order_id=order_id
        ):
            rows, place = rows + page, page[-1].place
    return rows


async def test_all_of_an_account_newest_first(database: Database) -> None:
    machine, happened = await live(database, seed=12, commands=1_000)
    count = 0
    for account in list(machine.venue.accounts)[1:]:
        told = [
            (event.fill, event.side, each.at_ms, event.order, event.symbol, event.price,
             event.quantity, event.fee, event.profit, event.maker, event.cause)
            for each in happened
            for event in each.events
            if isinstance(event, Filled) and event.account == account
        ]  # fmt: skip
        rows = await read_all(database, account, limit=3)
        shown = [
            (row.id, row.side, row.at_ms, row.order_id, row.symbol, row.price, row.quantity,
             row.fee, row.profit, row.maker, row.cause)
            for row in rows
        ]  # fmt: skip
        assert shown == sorted(told, reverse=True)
        count += len(told)
    assert count > 20


async def test_of_one_market_or_one_order(database: Database) -> None:
    machine, _ = await live(database, seed=12, commands=1_000)
    rows = [
        (account, row)
        for account in list(machine.venue.accounts)[1:]
        for row in await read_all(database, account)
    ]
    account, one = rows[0]
    mine = [row for who, row in rows if who == account]
    assert await read_all(database, account, symbol=one.symbol) == [
        row for row in mine if row.symbol == one.symbol
    ]
    assert await read_all(database, account, order_id=one.order_id) == [
        row for row in mine if row.order_id == one.order_id
    ]
    other = next(who for who, _ in rows if who != account)
    assert await read_all(database, other, order_id=one.order_id) == []


async def test_any_place_is_one_that_can_be_asked_for(database: Database) -> None:
    async with database.read() as unit:
        place = fills.Place(2**63 - 1, 2**63 - 1)
        assert await fills.list_fills(unit, 2, after=place, limit=2) == []
