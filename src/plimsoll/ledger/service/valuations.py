"""What a person says an asset was worth on a day, before what the markets say."""

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal

from plimsoll.kernel.errors import FieldFault, Invalid, NotFound
from plimsoll.kernel.identifiers import AssetId, UserId
from plimsoll.kernel.money import CONTEXT
from plimsoll.ledger.storage import valuations
from plimsoll.ledger.storage.valuations import Place, Valuation
from plimsoll.markets.domain.prices import to_price
from plimsoll.markets.service.dailies import Dailies
from plimsoll.plumbing.database import ReadUnit, Unit
from plimsoll.plumbing.shapes import GENESIS, InTheFuture, TooLongAgo

__all__ = ["Place", "Valuation"]
list_valuations = valuations.list_valuations
find_version = valuations.find_version


class ValuationNotFound(NotFound):
    code = "valuation-not-found"
    title = "No such valuation"


class WorthItself(Invalid):
    code = "worth-itself"
    title = "An asset is worth 1 in itself"


class NotAPrice(Invalid):
    code = "not-a-price"
    title = "The price is out of bounds"


async def save_valuation(  # noqa: PLR0913 - the facts of one valuation, all named
    unit: Unit,
    user_id: UserId,
    *,
    asset_id: AssetId,
    currency: AssetId,
    day: date,
    price: Decimal,
    note: str,
    now: datetime,
) -> Valuation:
    """Keep what `asset_id` was worth on `day`, in place of what was said of it before."""
    if asset_id == currency:
        fault = FieldFault("#/currency", "worth-itself", "name another currency")
        raise WorthItself(f"1 {asset_id} is 1 {asset_id} on every day", faults=(fault,))
    if day > now.date():
        raise InTheFuture(f"{day} has not come yet", facts={"now": now.date().isoformat()})
    if day < GENESIS.date():
        raise TooLongAgo(f"{day} is before the first block")
    kept = to_price(price)
    if kept is None:
        fault = FieldFault("#/price", "not-a-price", "a price lies between 1e-15 and 1e15")
        raise NotAPrice("nothing costs that", faults=(fault,))
    return await valuations.save(
        unit, user_id, asset_id=asset_id, currency=currency, day=day, price=kept, note=note
    )


async def remove_valuation(
    unit: Unit, user_id: UserId, *, asset_id: AssetId, currency: AssetId, day: date
) -> None:
    """From then on the markets' price counts again. Raises ValuationNotFound."""
    if not await valuations.remove(unit, user_id, asset_id=asset_id, currency=currency, day=day):
        raise ValuationNotFound(f"nothing was said of {asset_id} in {currency} on {day}")


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
    """Prices in `currency` by asset and day: the person's own where there is one, else the
    market's.

    What was said in another currency is turned at that currency's price of the day, the person's
    own first; without one it does not count.
    """
    own = await valuations.list_prices(unit, user_id, assets, first=first, last=last)
    others = {said_in for _, said_in, _, _ in own if said_in != currency}
    if others - set(assets):
        rates = await valuations.list_prices(
            unit, user_id, others - set(assets), first=first, last=last
        )
        own += [each for each in rates if each[1] == currency]
    prices = await dailies.load(unit, {*assets, *others}, currency, first=first, last=last)
    for asset, said_in, day, price in own:
        if said_in == currency:
            prices.setdefault(asset, {})[day] = price
    said = {(asset, day) for asset, said_in, day, _ in own if said_in == currency}
    for asset, said_in, day, price in own:
        rate = prices.get(said_in, {}).get(day)
        if said_in == currency or (asset, day) in said or rate is None:
            continue
        turned = to_price(CONTEXT.multiply(price, rate))
        if turned is not None:
            prices.setdefault(asset, {})[day] = turned
    return {asset: each for asset, each in prices.items() if asset in set(assets)}
