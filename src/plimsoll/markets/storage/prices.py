"""The feed of this database and the latest prices."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.feeds import FeedKind
from plimsoll.markets.domain.prices import Pair, Price, Tick
from plimsoll.plumbing.database import ReadUnit, Unit


@dataclass(frozen=True, slots=True)
class StoredFeed:
    """`state`: what the source left behind to go on from, as JSON."""

    kind: FeedKind
    state: str | None


@dataclass(frozen=True, slots=True)
class StoredPrice:
    """`received_at`: the moment from which the price's age counts."""

    tick: Tick
    received_at: datetime


FIND_FEED: Final = "select kind, state::text as state from feed"

CLAIM_FEED: Final = """
    with claimed as (
        insert into feed (kind) values ($1) on conflict (only_row) do nothing returning kind
    )
    select kind from claimed union all select kind from feed limit 1
"""

SAVE_STATE: Final = "update feed set state = $1::text::jsonb"

LIST_PRICES: Final = """
    select base, quote, price, source, at, received_at, change_24h, simulated, volume_24h
    from latest_prices
"""

SAVE_PRICES: Final = """
    insert into latest_prices
        (base, quote, price, source, at, received_at, change_24h, simulated, volume_24h)
    select * from unnest($1::text[], $2::text[], $3::numeric[], $4::text[], $5::timestamptz[],
                         $6::timestamptz[], $7::numeric[], $8::boolean[], $9::numeric[])
    on conflict (base, quote) do update set
        price = excluded.price, source = excluded.source, at = excluded.at,
        received_at = excluded.received_at, change_24h = excluded.change_24h,
        simulated = excluded.simulated, volume_24h = excluded.volume_24h
"""


async def find_feed(unit: ReadUnit) -> StoredFeed | None:
    """The kind of feed this database belongs to; None when no feed ever ran here."""
    row = await unit.fetchrow(FIND_FEED)
    return StoredFeed(FeedKind(row["kind"]), row["state"]) if row else None


async def claim_feed(unit: Unit, kind: FeedKind) -> FeedKind:
    """Make the database belong to `kind` unless it has one already; returns the kind it belongs
    to.
    """
    return FeedKind(await unit.fetchval(CLAIM_FEED, kind.value))


async def save_state(unit: Unit, state: str) -> None:
    await unit.execute(SAVE_STATE, state)


async def list_prices(unit: ReadUnit) -> list[StoredPrice]:
    """The last good price of every pair that ever had one."""
    return [
        StoredPrice(
            Tick(
                Pair(AssetId(row["base"]), AssetId(row["quote"])),
                Price(
                    row["price"],
                    row["source"],
                    row["at"],
                    row["simulated"],
                    row["change_24h"],
                    row["volume_24h"],
                ),
            ),
            row["received_at"],
        )
        for row in await unit.fetch(LIST_PRICES)
    ]


async def save_prices(unit: Unit, prices: Iterable[StoredPrice]) -> None:
    """Keep these as the latest prices, in one statement; in the order of pairs, so writers cannot
    deadlock.
    """
    rows = sorted(prices, key=lambda stored: stored.tick.pair)
    await unit.execute(
        SAVE_PRICES,
        [row.tick.pair.base for row in rows],
        [row.tick.pair.quote for row in rows],
        [row.tick.price.value for row in rows],
        [row.tick.price.source for row in rows],
        [row.tick.price.at for row in rows],
        [row.received_at for row in rows],
        [row.tick.price.change_24h for row in rows],
        [row.tick.price.simulated for row in rows],
        [row.tick.price.volume_24h for row in rows],
    )
