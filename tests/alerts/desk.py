"""Watching prices on a real database; the test says the prices."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from plimsoll.access.domain.principals import Role, Tier
from plimsoll.access.domain.users import User
from plimsoll.access.storage import users
from plimsoll.alerts.domain.alerts import Alert, Happened, Terms
from plimsoll.alerts.domain.conditions import (
    Comparison,
    Condition,
    ConditionId,
    Repeat,
    Subject,
    SubjectKind,
)
from plimsoll.alerts.service.hearing import Tell
from plimsoll.alerts.service.price_hearing import PriceHearing
from plimsoll.alerts.service.watching import Watching, WatchTerms
from plimsoll.alerts.storage import conditions, events
from plimsoll.kernel.clock import Clock
from plimsoll.kernel.identifiers import AssetId, UserId, new_id
from plimsoll.markets.domain.board import PriceBoard
from plimsoll.markets.domain.feeds import FeedKind
from plimsoll.markets.domain.prices import Pair, Price, Tick
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.markets.service.prices import Prices
from plimsoll.plumbing.database import Database
from tests.fakes.clock import START, ManualClock

CATALOGUE = load_catalogue()
BTC = Pair(AssetId("bitcoin"), AssetId("usd"))
ETH = Pair(AssetId("ethereum"), AssetId("usd"))
QUICK = WatchTerms(beat_s=0.05, lease_s=1.0)
ADA = UserId(UUID(int=1))
BEN = UserId(UUID(int=2))


class Desk:
    """One process that watches."""

    def __init__(self, database: Database, clock: Clock, terms: WatchTerms = QUICK) -> None:
        self.database = database
        self.board = PriceBoard(stale_after_s=60)
        self.clock = clock
        self.prices = Prices(
            catalogue=CATALOGUE, board=self.board, clock=clock, feed_kind=FeedKind.LIVE
        )
        self.hearing: PriceHearing

        def make(tell: Tell) -> dict[SubjectKind, PriceHearing]:
            self.hearing = PriceHearing(self.prices, tell)
            return {SubjectKind.PRICE: self.hearing}

        self.hears = True
        self.watching = Watching(
            database, clock, CATALOGUE, make, terms=terms, may_watch=lambda: self.hears
        )

    async def until_watching(self) -> None:
        self.watching.nudge()
        await until(lambda: self.watching.epoch is not None)

    def put(self, value: str | Decimal, pair: Pair = BTC, *, old_s: float = 0.0) -> Tick:
        """A price on the board that nobody has heard yet."""
        at = self.clock.now() - timedelta(seconds=old_s)
        tick = Tick(pair, Price(Decimal(value), "test", at))
        assert self.board.put(pair, tick.price, self.clock.monotonic() - old_s)
        return tick

    def say(self, value: str | Decimal, pair: Pair = BTC) -> None:
        self.hearing.hear([self.put(value, pair)])

    async def settle(self) -> None:
        await asyncio.wait_for(self.watching.settle(), 10)


@asynccontextmanager
async def watching(
    database: Database, clock: Clock | None = None, terms: WatchTerms = QUICK
) -> AsyncIterator[Desk]:
    desk = Desk(database, clock or ManualClock(), terms)
    task = asyncio.create_task(desk.watching.run())
    try:
        yield desk
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def make_alert(
    database: Database,
    comparison: Comparison = Comparison.ABOVE,
    threshold: str = "100",
    *,
    hysteresis: str = "0",
    user_id: UserId = ADA,
    of: str = "bitcoin/usd",
    repeat: Repeat = Repeat.ALWAYS,
    kind: SubjectKind = SubjectKind.PRICE,
) -> Alert:
    condition = Condition(
        ConditionId(new_id()),
        Subject(kind, of),
        comparison,
        threshold if comparison is Comparison.IS else Decimal(threshold),
        Decimal(hysteresis),
        repeat=repeat,
    )
    user = User(user_id, f"{user_id}@example.org", Role.USER, Tier.BEGINNER, START, None)
    async with database.write() as unit:
        await users.insert(unit, user, password_hash="")
        return await conditions.add(unit, Terms(condition), user_id, START)


async def events_of(database: Database, user_id: UserId = ADA) -> list[Happened]:
    """The oldest first."""
    async with database.read() as unit:
        found = await events.list_latest(unit, user_id, after=None, limit=10_000)
    return found[::-1]


async def standing_of(database: Database, alert: Alert) -> Alert:
    async with database.read() as unit:
        found = await conditions.find(unit, alert.user_id, alert.id)
    assert found is not None
    return found


async def until(holds: Callable[[], bool], within_s: float = 10.0) -> None:
    """Wait until it is so."""
    for _ in range(int(within_s * 100)):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it is never so")
