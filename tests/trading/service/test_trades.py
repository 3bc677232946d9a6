"""The latest trades in memory: never ahead of the database, never behind it."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from plimsoll.kernel.identifiers import UserId, new_id
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.shapes import InTheFuture, TooLongAgo
from plimsoll.trading.domain.commands import PassTime
from plimsoll.trading.domain.events import AccountOpened, Event, FillCause, Filled
from plimsoll.trading.domain.listing import DEFAULT_INSTRUMENTS
from plimsoll.trading.domain.orders import Leg, Side
from plimsoll.trading.domain.trades import Direction, Trade, TradeKind, TradeNotFound
from plimsoll.trading.engine.applied import Applied
from plimsoll.trading.service.trades import KEPT, Recent, Trades, check_executed_at
from tests.trading.filling import TEN_DAYS_AGO_MS, fill

LISTED = {each.symbol: each for each in DEFAULT_INSTRUMENTS}
ADA, BEN = UserId(new_id()), UserId(new_id())
NOBODY = "0199f000-0000-7000-8000-000000000000"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def trade(seconds: int = 0) -> Trade:
    return Trade(
        kind=TradeKind.MANUAL,
        id=new_id(),
        symbol="BTCUSDT",
        side=Direction.LONG,
        size=Decimal(1),
        price=Decimal(50_000),
        executed_at=NOON + timedelta(seconds=seconds),
        leverage=10,
    )


class Shelf:
    """What is stored, and how often it was read; reading waits while `gate` is closed."""

    def __init__(self, *trades: Trade) -> None:
        self.stored = sorted(trades, key=lambda each: each.place, reverse=True)
        self.reads = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def load(self, _: UserId) -> list[Trade]:
        self.reads += 1
        found = self.stored[:KEPT]
        await self.gate.wait()
        return found


async def test_it_is_read_once_and_then_kept_up() -> None:
    old, new, oldest = trade(1), trade(2), trade(0)
    shelf = Shelf(old)
    recent = Recent(shelf.load)
    assert await recent.of(ADA) == [old]
    recent.keep(ADA, [new])
    recent.keep(ADA, [oldest, new])
    assert await recent.of(ADA) == [new, old, oldest]
    assert shelf.reads == 1


async def test_a_full_list_lets_the_oldest_go() -> None:
    shelf = Shelf(*(trade(second) for second in range(KEPT + 20)))
    recent = Recent(shelf.load)
    newest = trade(1_000)
    await recent.of(ADA)
    recent.keep(ADA, [trade(-5), newest])
    assert await recent.of(ADA) == [newest, *shelf.stored[: KEPT - 1]]


async def test_what_is_committed_while_it_is_read_is_not_missed() -> None:
    old, new = trade(1), trade(2)
    shelf = Shelf(old)
    shelf.gate.clear()
    recent = Recent(shelf.load)
    asking = [asyncio.create_task(recent.of(ADA)) for _ in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    recent.keep(ADA, [new])
    shelf.gate.set()
    assert await asyncio.gather(*asking) == [[new, old]] * 3
    assert await recent.of(ADA) == [new, old]
    assert shelf.reads == 1


async def test_what_is_forgotten_while_it_is_read_is_read_again() -> None:
    shelf = Shelf(trade(1))
    shelf.gate.clear()
    recent = Recent(shelf.load)
    asking = asyncio.create_task(recent.of(ADA))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    recent.forget(ADA)
    shelf.stored = [trade(2)]
    shelf.gate.set()
    await asking
    assert await recent.of(ADA) == shelf.stored
    assert shelf.reads == 2


async def test_a_database_that_fails_is_asked_again() -> None:
    shelf = Shelf(trade(1))

    async def fail(_: UserId) -> list[Trade]:
        raise OSError("gone")

    recent = Recent(fail)
    with pytest.raises(OSError, match="gone"):
        await recent.of(ADA)
    recent._load = shelf.load
    assert await recent.of(ADA) == shelf.stored


async def test_whoever_asked_longest_ago_is_forgotten_first() -> None:
    shelf = Shelf(trade(1))
    recent = Recent(shelf.load, people=2)
    cleo = UserId(new_id())
    for person in (ADA, BEN, ADA, cleo):
        await recent.of(person)
    assert [recent.follows(person) for person in (ADA, BEN, cleo)] == [True, False, True]


async def test_memory_that_fails_is_dropped_and_nobody_hears_of_it() -> None:
    shelf = Shelf(trade(1))
    recent = Recent(shelf.load)
    await recent.of(ADA)
    recent.keep(ADA, [None])  # type: ignore[list-item]  # nothing that could be kept
    assert not recent.follows(ADA)
    assert await recent.of(ADA) == shelf.stored


@pytest.fixture
def trades(database: Database) -> Trades:
    return Trades(database, lambda: LISTED)


async def record(trades: Trades, database: Database, made: Trade) -> None:
    kept: list[Trade] = []
    with trades.keeping(ADA, kept):
        async with database.write() as unit:
            kept.append(await trades.record(unit, ADA, made))


def applied(*events: Event, at_ms: int = 0, actor: UserId | None = None) -> Applied:
    return Applied(PassTime(1, at_ms), list(events), "", actor)


async def filled(database: Database) -> Applied:
    """What the engine says of a fill that is in the database."""
    fill_id = await fill(database, ADA, fee=3, profit=-4)
    event = Filled(
        fill_id, 3 << 20, 10, "BTC-PERP", Side.BUY, Leg.NET, 500_000, 100, 3, -4, False,
        FillCause.ORDER, 1, 0, 0,
    )  # fmt: skip
    return applied(event, at_ms=TEN_DAYS_AGO_MS + 1_000 * fill_id)


async def latest(trades: Trades) -> list[Trade]:
    return await trades.list_trades(ADA, after=None, limit=100)


async def test_memory_says_what_a_new_process_reads(trades: Trades, database: Database) -> None:
    assert await latest(trades) == []
    for second in (1, 3, 2):
        await record(trades, database, trade(second))
    trades.notice([applied(AccountOpened(10), actor=ADA)])
    trades.notice([await filled(database)])
    remembered = await latest(trades)
    assert len(remembered) == 4
    assert remembered == await latest(Trades(database, lambda: LISTED))


async def test_the_account_of_whoever_had_one_before_is_known(
    trades: Trades, database: Database
) -> None:
    await fill(database, ADA)
    await latest(trades)
    trades.notice([await filled(database)])
    assert len(await latest(trades)) == 2


async def test_a_fill_that_cannot_be_told_is_read_instead(database: Database) -> None:
    """Nothing of its symbol is listed: the engine's listener must not fail for it."""
    listed = dict(LISTED)
    trades = Trades(database, lambda: listed)
    await fill(database, ADA)
    await latest(trades)
    batch = [await filled(database)]
    del listed["BTC-PERP"]
    trades.notice(batch)
    listed.update(LISTED)
    assert len(await latest(trades)) == 2


async def test_everything_is_forgotten_when_the_engine_is_made_anew(
    trades: Trades, database: Database
) -> None:
    await latest(trades)
    await fill(database, ADA)
    trades.forget_all()
    assert len(await latest(trades)) == 1


async def test_a_fill_of_somebody_who_does_not_look_is_read_when_he_does(
    trades: Trades, database: Database
) -> None:
    fill_id = await fill(database, ADA)
    assert [each.id for each in await latest(trades)] == [fill_id]


async def test_a_write_that_fails_leaves_nothing_in_memory(
    trades: Trades, database: Database
) -> None:
    await latest(trades)
    kept: list[Trade] = []
    with pytest.raises(ZeroDivisionError), trades.keeping(ADA, kept):  # noqa: PT012
        async with database.write() as unit:
            kept.append(await trades.record(unit, ADA, trade()))
            raise ZeroDivisionError
    assert await latest(trades) == []


async def test_a_write_that_is_in_the_database_after_all_is_seen(
    trades: Trades, database: Database
) -> None:
    """The connection was lost after the commit: the caller does not know, the list does."""
    await latest(trades)
    made = trade()
    with pytest.raises(ConnectionError), trades.keeping(ADA, []):  # noqa: PT012
        async with database.write() as unit:
            await trades.record(unit, ADA, made)
        raise ConnectionError
    assert [each.id for each in await latest(trades)] == [made.id]


@pytest.mark.parametrize("trade_id", ["", "0", "x", "-1", "9" * 18, "9" * 19, "٣", NOBODY])
async def test_an_id_that_is_nobodys(trades: Trades, database: Database, trade_id: str) -> None:
    await fill(database, ADA)
    async with database.read() as unit:
        with pytest.raises(TradeNotFound, match="Trade not found"):
            await trades.get_trade(unit, ADA, trade_id)


def test_another_venues_clock_may_be_five_minutes_ahead() -> None:
    check_executed_at(NOON + timedelta(minutes=5), now=NOON)
    with pytest.raises(InTheFuture):
        check_executed_at(NOON + timedelta(minutes=5, microseconds=1), now=NOON)
    with pytest.raises(TooLongAgo):
        check_executed_at(datetime(2009, 1, 2, tzinfo=UTC), now=NOON)
