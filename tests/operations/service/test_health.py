"""Whether the service can do its work, and what is away."""

import asyncio
from decimal import Decimal

import pytest

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.assets import Catalogue
from plimsoll.markets.domain.board import PriceBoard
from plimsoll.markets.domain.feeds import FeedKind
from plimsoll.markets.domain.prices import Pair, Price
from plimsoll.markets.service.prices import Prices
from plimsoll.operations.service.health import Health, Readiness
from plimsoll.operations.storage.health import PROBE
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.limits import LocalLimiter
from plimsoll.plumbing.shared_limits import SharedLimiter
from tests.fakes.clock import ManualClock
from tests.plumbing.limit_forms import PATIENT_S
from tests.plumbing.valkey import Valkey

BITCOIN = Pair(AssetId("bitcoin"), AssetId("usd"))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def prices(clock: ManualClock) -> Prices:
    """A board on which a price was put just now."""
    board = PriceBoard(stale_after_s=180)
    board.put(BITCOIN, Price(Decimal(1), "test", clock.now()), clock.monotonic())
    return Prices(catalogue=Catalogue([]), board=board, clock=clock, feed_kind=FeedKind.SIMULATED)


@pytest.fixture
def health(database: Database, prices: Prices, clock: ManualClock) -> Health:
    return Health(database, prices, clock, LocalLimiter(clock))


async def test_with_a_database_and_fresh_prices_nothing_is_missing(health: Health) -> None:
    assert await health.readiness() == Readiness(ready=True, degraded=())


async def test_silent_prices_are_named_and_do_not_make_it_unready(
    health: Health, clock: ManualClock
) -> None:
    clock.advance(180)
    assert await health.readiness() == Readiness(ready=True, degraded=())
    clock.advance(1)
    assert await health.readiness() == Readiness(ready=True, degraded=("prices",))


async def test_prices_that_never_came_are_named(database: Database, clock: ManualClock) -> None:
    prices = Prices(
        catalogue=Catalogue([]),
        board=PriceBoard(stale_after_s=180),
        clock=clock,
        feed_kind=FeedKind.LIVE,
    )
    assert (await Health(database, prices, clock, LocalLimiter(clock)).readiness()).degraded == (
        "prices",
    )


async def test_limits_that_are_counted_alone_are_named(
    database: Database, prices: Prices, clock: ManualClock, valkey: Valkey
) -> None:
    limiter = SharedLimiter(valkey.url, clock, deadline_s=PATIENT_S)  # nobody has opened it
    alone = Health(database, prices, clock, limiter)
    assert await alone.readiness() == Readiness(ready=True, degraded=("limits",))

    await limiter.open()
    together = Health(database, prices, clock, limiter)
    assert await together.readiness() == Readiness(ready=True, degraded=())
    await limiter.aclose()


async def test_prices_that_come_again_are_not_named_any_more(
    health: Health, prices: Prices, clock: ManualClock
) -> None:
    clock.advance(200)
    assert (await health.readiness()).degraded == ("prices",)
    prices.board.put(BITCOIN, Price(Decimal(2), "test", clock.now()), clock.monotonic())
    clock.advance(1)
    assert (await health.readiness()).degraded == ()


async def test_without_a_database_it_is_not_ready(health: Health, database: Database) -> None:
    await database.close()
    assert not (await health.readiness()).ready


async def test_a_database_that_does_not_answer_in_time_is_away(
    health: Health, database: Database
) -> None:
    async with database.write() as unit:
        held = [asyncio.create_task(hold(database)) for _ in range(9)]
        await asyncio.sleep(0.2)
        async with asyncio.timeout(2):
            assert not (await health.readiness()).ready
        await unit.fetchval("select 1")
        for task in held:
            task.cancel()
        await asyncio.gather(*held, return_exceptions=True)


async def hold(database: Database) -> None:
    async with database.write():
        await asyncio.sleep(30)


async def test_a_judgement_is_kept_for_half_a_second(
    health: Health, database: Database, clock: ManualClock
) -> None:
    assert (await health.readiness()).ready
    await database.close()
    clock.advance(0.4)
    assert (await health.readiness()).ready
    clock.advance(0.2)
    assert not (await health.readiness()).ready


async def test_many_who_ask_at_once_cost_one_look(
    health: Health, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    once = database.once

    async def note(sql: str, *args: object) -> object:
        asked.append(sql)
        return await once(sql, *args)

    monkeypatch.setattr(database, "once", note)
    assert len(set(await asyncio.gather(*(health.readiness() for _ in range(50))))) == 1
    assert asked == [PROBE]
