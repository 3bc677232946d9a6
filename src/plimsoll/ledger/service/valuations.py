"""What a person says an asset was worth on a day, before what the markets say."""

from collections.abc import Collection
from datetime import date
from decimal import Decimal

from plimsoll.kernel.identifiers import AssetId, UserId
from plimsoll.markets.service.dailies import Dailies
from plimsoll.plumbing.database import ReadUnit


async def load_prices(
    unit: ReadUnit,
    user_id: UserId,
    dailies: Dailies,
    assets: Collection[AssetId],
    currency: AssetId,
    *,
    first: date,
    last: date,
) -> dict[AssetId, dict[date, Decimal]]:
    """Prices in `currency` by asset and day: the person's own where there is one, else the market's."""
    raise NotImplementedError
