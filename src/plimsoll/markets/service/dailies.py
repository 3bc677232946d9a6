"""What an asset was worth on a day that is over: closes of daily candles, and prices from files.

A price is the last one of the UTC day. Pairs that are quoted in another currency are turned by
that currency's own price of the day; a dollar coin counts as a dollar only where no pair says what
it was worth.
"""

from collections.abc import Collection
from datetime import date
from decimal import Decimal

from plimsoll.kernel.identifiers import AssetId
from plimsoll.plumbing.database import ReadUnit


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
        """Observed prices in `currency` of those days that have one; nothing is carried."""
        raise NotImplementedError
