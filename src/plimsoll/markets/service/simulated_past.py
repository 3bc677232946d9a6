"""Gives invented prices a past: candles of years, and a market that goes on from there."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from plimsoll.kernel.clock import Clock, to_ms
from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.assets import USD
from plimsoll.markets.domain.candles import Candle
from plimsoll.markets.domain.feeds import FeedKind, FeedMismatch
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.sources.simulated_past import Past, make_past
from plimsoll.markets.storage import prices as storage
from plimsoll.markets.storage.archive import Archive
from plimsoll.markets.storage.store import StoredCandles
from plimsoll.plumbing.database import Database
from plimsoll.settings import Settings

__all__ = ["InventedPrices", "Past", "keep_past", "make_past"]


class InventedPrices:
    """What things were worth in a past, in usd: the price at the end of the step before."""

    def __init__(self, past: Past) -> None:
        self._past = past

    def at(self, asset: AssetId, at: datetime) -> Decimal:
        """Rounded to six significant digits; usd is worth 1."""
        if asset == USD:
            return Decimal(1)
        steps, at_ms = self._past.steps[asset], to_ms(at)
        low, high = 0, len(steps)
        while low < high:
            middle = (low + high) // 2
            if steps[middle].at_ms + steps[middle].length_ms <= at_ms:
                low = middle + 1
            else:
                high = middle
        found = steps[low - 1].close if low else steps[0].open
        return Decimal(f"{found:.5e}").normalize() + Decimal(0)


async def keep_past(settings: Settings, database: Database, clock: Clock, past: Past) -> int:
    """Store it in a database that no feed has claimed; the number of candles. Raises FeedMismatch,
    Unavailable.
    """
    async with database.write() as unit:
        owner = await storage.claim_feed(unit, FeedKind.SIMULATED)
        if owner is not FeedKind.SIMULATED:
            raise FeedMismatch(f"it belongs to the feed {owner.value}")
        await storage.save_state(unit, past.state)
    archive = Archive(settings.archive_dir or settings.data_dir / "archive")
    store = StoredCandles(database, archive, clock)
    try:
        candles = await asyncio.to_thread(list, _list_candles(past))
        half = len(candles) // 2  # two connections: the server has a core of its own
        return sum(await asyncio.gather(store.save(candles[:half]), store.save(candles[half:])))
    finally:
        store.close()


def _list_candles(past: Past) -> Iterator[tuple[Pair, Candle]]:
    for asset in past.steps:
        pair = Pair(asset, USD)
        for candle in past.candles(asset):
            yield pair, candle
