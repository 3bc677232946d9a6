"""The public tape and the stamps in PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from plimsoll.plumbing.database import Database
from plimsoll.settings import Settings
from plimsoll.trading.domain.commands import Deposit
from plimsoll.trading.domain.events import Filled, TakenOver
from plimsoll.trading.storage import lease, trades_tape
from tests.trading.market_desk import ANNA, BERT, BTC, BUY, SELL, SPOT, MarketDesk


@pytest.fixture
async def desk(database: Database, settings: Settings) -> AsyncIterator[MarketDesk]:
    desk = MarketDesk(database, settings)
    await desk.open()
    desk.say("60000")
    for symbol in (BTC, SPOT):
        await desk.feeding.ready(symbol)
    for who in (ANNA, BERT):
        await desk.admit(who, money=10_000)
    yield desk
    await desk.exchange.close()


async def test_a_trade_is_on_the_tape_once_with_the_side_that_took(desk: MarketDesk) -> None:
    await desk.place(ANNA, BUY, 10, 600_010)
    await desk.place(BERT, SELL, 4, 600_010)
    async with desk.database.read() as unit:
        (row,) = await trades_tape.list_trades(unit, BTC, limit=10)
    assert row[1:] == (-1, desk.exchange.clock.now().timestamp() * 1000, 600_010, 4, "order")


async def test_the_tape_goes_on_below_an_id(desk: MarketDesk) -> None:
    for quantity in (1, 2, 3, 4):
        await desk.place(ANNA, BUY, quantity)
    async with desk.database.read() as unit:
        first = await trades_tape.list_trades(unit, BTC, limit=3)
        rest = await trades_tape.list_trades(unit, BTC, before=first[-1].id, limit=3)
        assert await trades_tape.list_trades(unit, SPOT, limit=3) == []
    assert [each.quantity for each in first] == [4, 3, 2]
    assert [each.quantity for each in rest] == [1]


async def test_what_the_fund_took_over_met_nobody_in_the_book(desk: MarketDesk) -> None:
    await desk.place(ANNA, BUY, 800, leverage=5)
    done = await desk.feeding.set_price(BTC, 460_000, hold_s=60)
    events = [event for each in done for event in each.events]
    assert any(isinstance(each, TakenOver) for each in events)
    met = [each for each in events if isinstance(each, Filled) and each.cause == "liquidation"]
    async with desk.database.read() as unit:
        rows = await trades_tape.list_trades(unit, BTC, limit=1000)
    assert {each.cause for each in rows} <= {"order", "liquidation"}
    assert sum(each.cause == "liquidation" for each in rows) * 2 == len(met)


async def test_where_the_journal_stands(desk: MarketDesk) -> None:
    async with desk.database.read() as unit:
        row = await lease.read(unit)
    assert (row.epoch, row.seq, row.snapshot_seq) == (1, desk.seq, None)
    await desk.do(Deposit, account=ANNA, asset="tether", amount=1)
    await desk.reopen()
    async with desk.database.read() as unit:
        row = await lease.read(unit)
    assert row.epoch == 2
    assert row.snapshot_seq is not None
