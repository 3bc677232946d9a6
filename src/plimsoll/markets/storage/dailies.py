"""Prices of days in PostgreSQL: those from files, and the closes of stored daily candles.

Candles of days are kept in PostgreSQL for good, so no archive is asked.
"""

from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.candles import DAY_MS
from plimsoll.plumbing.database import ReadUnit, Unit

EPOCH: Final = date(1970, 1, 1)


class DailyPrice(NamedTuple):
    """One unit of `asset_id` was worth `price` of `currency` at the end of `day`."""

    asset_id: AssetId
    currency: AssetId
    day: date
    price: Decimal


class Stored(NamedTuple):
    price: DailyPrice
    source: str


LIST_CLOSES: Final = """
    select base, quote, open_time_ms / $4::bigint as day, close
    from pairs join candles on pair_id = pairs.id
    where interval = '1d' and base = any($1) and quote = any($1)
      and open_time_ms >= $2 and open_time_ms <= $3 and not forming
"""

LIST_PRICES: Final = """
    select asset_id, currency, day, price, source from daily_prices
    where asset_id = any($1) and currency = any($1) and day >= $2 and day <= $3
"""

STAGE: Final = """
    create temporary table daily_price_stage (
        asset_id text, currency text, day date, price numeric(38,18), source text
    ) on commit drop
"""
COLUMNS: Final = ("asset_id", "currency", "day", "price", "source")
KEEP_STAGED: Final = """
    with written as (
        insert into daily_prices as old (asset_id, currency, day, price, source)
        select * from daily_price_stage
        order by asset_id, currency, day
        on conflict (asset_id, currency, day) do update
            set price = excluded.price, source = excluded.source
            where old.price <> excluded.price or old.source <> excluded.source
        returning (xmax = 0) as new
    )
    select count(*) filter (where new) as new, count(*) filter (where not new) as changed
    from written
"""
ADVANCE: Final = "update daily_price_head set version = version + 1"
FIND_VERSION: Final = "select version from daily_price_head"


async def list_closes(
    unit: ReadUnit, assets: Collection[AssetId], *, first: date, last: date
) -> list[DailyPrice]:
    """Closes of all pairs among `assets`, each a float's shortest text."""
    rows = await unit.fetch(LIST_CLOSES, list(assets), _ms(first), _ms(last), DAY_MS)
    days: dict[int, date] = {}
    return [
        DailyPrice(
            AssetId(base),
            AssetId(quote),
            days.get(day) or days.setdefault(day, date.fromordinal(EPOCH.toordinal() + day)),
            Decimal(repr(close)),
        )
        for base, quote, day, close in rows
    ]


async def list_prices(
    unit: ReadUnit, assets: Collection[AssetId], *, first: date, last: date
) -> list[Stored]:
    """What files said of all of `assets` in each other."""
    rows = await unit.fetch(LIST_PRICES, list(assets), first, last)
    return [Stored(DailyPrice(*row[:4]), row[4]) for row in map(tuple, rows)]


async def save_prices(unit: Unit, prices: Iterable[DailyPrice], source: str) -> tuple[int, int]:
    """How many were new, and how many had been something else. One price for a day at most."""
    await unit.execute(STAGE)
    rows = ((*each, source) for each in prices)
    await unit.copy_records("daily_price_stage", COLUMNS, rows)
    written = await unit.fetchrow(KEEP_STAGED)
    assert written is not None
    if written["new"] or written["changed"]:
        await unit.execute(ADVANCE)
    return written["new"], written["changed"]


async def find_version(unit: ReadUnit) -> int:
    """Grows with every change of the prices from files."""
    version: int = await unit.fetchval(FIND_VERSION)
    return version


def _ms(day: date) -> int:
    return (day - EPOCH).days * DAY_MS
