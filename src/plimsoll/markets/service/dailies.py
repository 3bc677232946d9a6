"""What an asset was worth on a day that is over: closes of daily candles, and prices from files.

A price is the last one of the UTC day. Pairs that are quoted in another currency are turned by
that currency's own price of the day; a dollar coin counts as a dollar only where no pair says what
it was worth.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.assets import Catalogue
from plimsoll.markets.domain.dailies import BRIDGES, STANDS, Rates
from plimsoll.markets.sources import price_files
from plimsoll.markets.storage import dailies
from plimsoll.markets.storage.dailies import DailyPrice, Stored
from plimsoll.plumbing.database import Database, ReadUnit

BadPriceFile = price_files.BadPriceFile

SOURCES: Final = {price_files.Layout.ECB: "ecb", price_files.Layout.PLAIN: "file"}
OFFICIAL: Final = SOURCES[price_files.Layout.ECB]


class Dailies:
    """One per process."""

    async def load(
        self,
        unit: ReadUnit,
        assets: Collection[AssetId],
        currency: AssetId,
        *,
        first: date,
        last: date,
    ) -> dict[AssetId, dict[date, Decimal]]:
        """Observed prices in `currency` of those days that have one; nothing is carried but
        official exchange rates over days without any.
        """
        wanted = {*assets, currency} | BRIDGES
        start = first - timedelta(days=STANDS)
        closes = await dailies.list_closes(unit, wanted, first=first, last=last)
        told = await dailies.list_prices(unit, wanted, first=start, last=last)
        return await asyncio.to_thread(
            _work_out, closes, told, assets, currency, first=first, last=last
        )

    async def find_version(self, unit: ReadUnit) -> int:
        """Grows with every change of prices from files; those of candles are not counted."""
        return await dailies.find_version(unit)


def _work_out(
    closes: list[DailyPrice],
    told: list[Stored],
    assets: Collection[AssetId],
    currency: AssetId,
    *,
    first: date,
    last: date,
) -> dict[AssetId, dict[date, Decimal]]:
    rates = Rates()
    for close in closes:
        rates.put(*close)
    rates.put_official((each.price for each in told if each.source == OFFICIAL), last=last)
    for each in told:
        if each.source != OFFICIAL:
            rates.put(*each.price)
    return rates.list_prices(assets, currency, first=first, last=last)


@dataclass(frozen=True, slots=True)
class PricesTaken:
    """What became of the prices of a file. `unknown`: columns of currencies that the catalogue
    does not have; they were left out.
    """

    layout: str
    read: int
    new: int
    changed: int
    unknown: tuple[str, ...]

    @property
    def same(self) -> int:
        return self.read - self.new - self.changed


async def take_price_file(database: Database, catalogue: Catalogue, path: Path) -> PricesTaken:
    """Take in the prices of a file: the European Central Bank's history of euro reference rates,
    or lines of `date,asset,currency,price`. Taking it again changes nothing.

    Raises BadPriceFile with every fault that there is; nothing is taken in then.
    """
    found = await asyncio.to_thread(price_files.read, path, catalogue)
    prices = [
        DailyPrice(each.asset_id, each.currency, each.day, each.price) for each in found.prices
    ]
    async with database.write() as unit:
        await unit.lift_limits()
        new, changed = await dailies.save_prices(unit, prices, SOURCES[found.layout])
    return PricesTaken(found.layout.value, len(prices), new, changed, found.unknown)
