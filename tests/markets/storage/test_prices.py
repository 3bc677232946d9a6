from datetime import UTC, datetime, timedelta
from decimal import Decimal

import asyncpg
import pytest

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.feeds import FeedKind
from plimsoll.markets.domain.prices import HIGHEST, LOWEST, Pair, Price, Tick
from plimsoll.markets.storage import prices as storage
from plimsoll.markets.storage.prices import StoredPrice
from plimsoll.plumbing.database import Database

AT = datetime(2026, 1, 5, 12, 0, 0, 999_000, tzinfo=UTC)
BITCOIN = Pair(AssetId("bitcoin"), AssetId("usd"))
ETHEREUM = Pair(AssetId("ethereum"), AssetId("usd"))


def stored(pair: Pair, value: str | Decimal, change: str | None = None) -> StoredPrice:
    change_24h = None if change is None else Decimal(change)
    price = Price(Decimal(value), "somewhere", AT, simulated=True, change_24h=change_24h)
    return StoredPrice(Tick(pair, price), AT + timedelta(seconds=1))


async def save(database: Database, *prices: StoredPrice) -> None:
    async with database.write() as unit:
        await storage.save_prices(unit, prices)


async def load(database: Database) -> dict[Pair, StoredPrice]:
    async with database.read() as unit:
        return {row.tick.pair: row for row in await storage.list_prices(unit)}


async def test_what_is_saved_comes_back_as_it_was(database: Database) -> None:
    rows = {
        BITCOIN: stored(BITCOIN, HIGHEST, "-0.01409235"),
        ETHEREUM: stored(ETHEREUM, LOWEST),
    }
    await save(database, *rows.values())
    assert await load(database) == rows


async def test_the_latest_price_takes_the_place_of_the_one_before(database: Database) -> None:
    await save(database, stored(BITCOIN, "1"), stored(ETHEREUM, "2"))
    await save(database, stored(BITCOIN, "3", "0.5"))
    found = await load(database)
    assert found[BITCOIN] == stored(BITCOIN, "3", "0.5")
    assert found[ETHEREUM] == stored(ETHEREUM, "2")


async def test_a_price_of_0_cannot_be_stored(database: Database) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await save(database, stored(BITCOIN, "1"), stored(ETHEREUM, "0"))
    assert await load(database) == {}


async def test_a_database_belongs_to_the_first_kind_of_feed_that_claims_it(
    database: Database,
) -> None:
    async with database.read() as unit:
        assert await storage.find_feed(unit) is None
    claims = []
    for kind in (FeedKind.REPLAY, FeedKind.LIVE, FeedKind.REPLAY):
        async with database.write() as unit:
            claims.append(await storage.claim_feed(unit, kind))
    assert claims == [FeedKind.REPLAY] * 3


async def test_the_state_of_a_source_is_kept_with_the_feed(database: Database) -> None:
    async with database.write() as unit:
        await storage.claim_feed(unit, FeedKind.SIMULATED)
        await storage.save_state(unit, '{"dice": 18446744073709551615, "price": 6.4e-05}')
    async with database.read() as unit:
        feed = await storage.find_feed(unit)
    assert feed
    assert feed.kind is FeedKind.SIMULATED
    assert feed.state == '{"dice": 18446744073709551615, "price": 0.000064}'
