"""What people say that something was worth on a day."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from plimsoll.kernel.identifiers import AssetId, UserId
from plimsoll.plumbing.database import ReadUnit, Unit


@dataclass(frozen=True, slots=True)
class Valuation:
    """One unit of `asset_id` was worth `price` of `currency` at the end of the UTC `day`."""

    asset_id: AssetId
    currency: AssetId
    day: date
    price: Decimal
    note: str
    changed_at: datetime


Place = tuple[AssetId, date, AssetId]
"""Asset, day and currency of a valuation: the order of the list, and what is there once."""

COLUMNS = "asset_id, currency, day, price, note, changed_at"

SAVE = f"""
    insert into valuations (user_id, asset_id, currency, day, price, note)
    values ($1, $2, $3, $4, $5, $6)
    on conflict (user_id, asset_id, currency, day) do update
        set price = excluded.price, note = excluded.note, changed_at = now()
    returning {COLUMNS}
"""  # noqa: S608 - constants of this module
REMOVE = """
    delete from valuations where user_id = $1 and asset_id = $2 and currency = $3 and day = $4
    returning true
"""
ADVANCE = """
    insert into valuation_heads (user_id, version) values ($1, 1)
    on conflict (user_id) do update set version = valuation_heads.version + 1
"""
FIND_VERSION = "select version from valuation_heads where user_id = $1"
LIST = f"""
    select {COLUMNS} from valuations
    where user_id = $1 and ($2::text is null or asset_id = $2)
      and ($3::date is null or day >= $3) and ($4::date is null or day <= $4)
      and ($5::text is null or (asset_id, day, currency) > ($5, $6::date, $7::text))
    order by asset_id, day, currency limit $8
"""  # noqa: S608 - constants of this module
LIST_PRICES = """
    select asset_id, currency, day, price from valuations
    where user_id = $1 and asset_id = any($2) and day >= $3 and day <= $4
"""


async def save(
    unit: Unit,
    user_id: UserId,
    *,
    asset_id: AssetId,
    currency: AssetId,
    day: date,
    price: Decimal,
    note: str,
) -> Valuation:
    """In place of what was said of that asset, day and currency before."""
    await unit.execute(ADVANCE, user_id)
    row = await unit.fetchrow(SAVE, user_id, asset_id, currency, day, price, note)
    assert row is not None
    return Valuation(*row)


async def remove(
    unit: Unit, user_id: UserId, *, asset_id: AssetId, currency: AssetId, day: date
) -> bool:
    """Whether there was one."""
    await unit.execute(ADVANCE, user_id)
    return bool(await unit.fetchval(REMOVE, user_id, asset_id, currency, day))


async def find_version(unit: ReadUnit, user_id: UserId) -> int:
    """Grows with every change of this person's."""
    return await unit.fetchval(FIND_VERSION, user_id) or 0


async def list_valuations(
    unit: ReadUnit,
    user_id: UserId,
    *,
    asset_id: AssetId | None,
    first: date | None,
    last: date | None,
    after: Place | None,
    limit: int,
) -> list[Valuation]:
    """By asset, day and currency."""
    at = after or (None, None, None)
    rows = await unit.fetch(LIST, user_id, asset_id, first, last, *at, limit)
    return [Valuation(*row) for row in rows]


async def list_prices(
    unit: ReadUnit, user_id: UserId, assets: Collection[AssetId], *, first: date, last: date
) -> list[tuple[AssetId, AssetId, date, Decimal]]:
    """Asset, currency, day and price."""
    rows = await unit.fetch(LIST_PRICES, user_id, list(assets), first, last)
    return [(row[0], row[1], row[2], row[3]) for row in rows]
