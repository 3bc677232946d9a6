"""Trades in PostgreSQL: recorded ones and paper fills as one list."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import asyncpg
import pytest

from plimsoll.kernel.clock import from_ms
from plimsoll.kernel.identifiers import UserId, new_id
from plimsoll.plumbing.database import Database
from plimsoll.trading.domain.listing import DEFAULT_INSTRUMENTS
from plimsoll.trading.domain.orders import Side
from plimsoll.trading.domain.trades import Direction, PaperFacts, Trade, TradeKind
from plimsoll.trading.service.trades import position_after
from plimsoll.trading.storage.trades import (
    LIST,
    START,
    find_fill,
    find_recorded,
    insert_trade,
    list_trades,
)
from tests.trading.filling import ORDER, TEN_DAYS_AGO_MS, fill

LISTED = {each.symbol: each for each in DEFAULT_INSTRUMENTS}
ADA, BEN = UserId(new_id()), UserId(new_id())


def trade(seconds: float = 0, **changes: object) -> Trade:
    """Recorded by hand; `seconds` after the moment from which the fills are counted."""
    facts: dict[str, object] = {
        "kind": TradeKind.MANUAL,
        "id": new_id(),
        "symbol": "PEPEUSDT",
        "side": Direction.LONG,
        "size": Decimal(1_000_000),
        "price": Decimal("0.00000123"),
        "executed_at": from_ms(TEN_DAYS_AGO_MS) + timedelta(seconds=seconds),
        "leverage": 10,
        "note": "",
    }
    return Trade(**{**facts, **changes})  # type: ignore[arg-type]


async def insert(database: Database, made: Trade, user_id: UserId = ADA) -> datetime:
    async with database.write() as unit:
        return await insert_trade(unit, user_id, made)


async def listed(database: Database, user_id: UserId = ADA, limit: int = 100) -> list[Trade]:
    async with database.read() as unit:
        return await list_trades(unit, user_id, LISTED, limit=limit)


async def test_every_digit_is_kept(database: Database) -> None:
    made = trade(
        size=Decimal("99999999999999999999.999999999999999999"),
        price=Decimal("0.000000000000000001"),
        executed_at=datetime(2024, 1, 31, 12, 0, 0, 123_456, UTC),
        note="a note,\nwith lines",
    )
    recorded_at = await insert(database, made)
    (found,) = await listed(database)
    assert found.recorded_at == recorded_at
    assert (found.size, found.price, found.executed_at) == (
        made.size,
        made.price,
        made.executed_at,
    )
    assert (found.symbol, found.side, found.leverage, found.note) == (
        "PEPEUSDT",
        Direction.LONG,
        10,
        made.note,
    )


async def test_a_fill_is_read_in_coins(database: Database) -> None:
    fill_id = await fill(
        database, ADA, side=-1, price=500_001, quantity=12, fee=30_000, profit=-5, maker=True
    )
    (found,) = await listed(database)
    assert found == Trade(
        kind=TradeKind.PAPER,
        id=fill_id,
        symbol="BTC-PERP",
        side=Side.SELL,
        size=Decimal("0.012"),
        price=Decimal("50000.1"),
        executed_at=from_ms(TEN_DAYS_AGO_MS + 1_000 * fill_id),
        paper=PaperFacts(ORDER, Decimal("0.0003"), Decimal("-0.00000005"), maker=True),
    )


async def test_both_kinds_in_one_order_and_page_by_page(database: Database) -> None:
    for number in range(12):
        await fill(database, ADA, at_ms=TEN_DAYS_AGO_MS + 1_000 * (number // 3))
        await insert(database, trade(number / 2))
    await fill(database, BEN)
    await insert(database, trade(3), BEN)
    whole = await listed(database)
    assert len(whole) == 24
    assert whole == sorted(whole, key=lambda each: each.place, reverse=True)
    for limit in (1, 2, 5, 7, 23):
        pages: list[Trade] = []
        position = START
        while True:
            async with database.read() as unit:
                page = await list_trades(unit, ADA, LISTED, after=position, limit=limit)
            if not page:
                break
            pages += page
            position = position_after(page, position)
        assert pages == whole, limit


async def test_pages_go_on_while_new_trades_come(database: Database) -> None:
    for number in range(4):
        await fill(database, ADA)
        await insert(database, trade(number))
    whole = await listed(database)
    position = position_after(whole[:3], None)
    await fill(database, ADA)
    await insert(database, trade(1_000))
    async with database.read() as unit:
        rest = await list_trades(unit, ADA, LISTED, after=position, limit=100)
    assert rest == whole[3:]


async def test_one_trade_is_found_by_its_owner_only(database: Database) -> None:
    made = trade()
    await insert(database, made)
    fill_id = await fill(database, ADA)
    await fill(database, BEN)
    assert isinstance(made.id, type(new_id()))
    async with database.read() as unit:
        mine = await find_recorded(unit, ADA, made.id)
        paper = await find_fill(unit, ADA, LISTED, fill_id)
        assert mine
        assert paper
        assert (mine.id, paper.id) == (made.id, fill_id)
        assert await find_recorded(unit, BEN, made.id) is None
        assert await find_fill(unit, BEN, LISTED, fill_id) is None
        assert await find_fill(unit, UserId(new_id()), LISTED, fill_id) is None


async def test_what_is_recorded_is_never_changed(database: Database) -> None:
    await insert(database, trade())
    for statement in ("update recorded_trades set note = 'x'", "delete from recorded_trades"):
        with pytest.raises(asyncpg.RaiseError):
            async with database.write() as unit:
                await unit.execute(statement)


async def test_each_kind_is_read_by_its_index(database: Database) -> None:
    """However far back, a page costs what it shows."""
    async with database.write() as unit:
        await unit.execute("set local enable_seqscan = off")
        await unit.execute("set local enable_sort = off")
        rows = await unit.fetch(f"explain {LIST}", ADA, *START, 10)
    plan = "\n".join(row[0] for row in rows)
    assert "recorded_trades_in_time" in plan
    assert "fills_of_an_account" in plan
