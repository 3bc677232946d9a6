"""Before a sale: what is held, what it would bring at the latest prices, what a sale would be.

Everything is worked out anew from the ledger as it is now, in a process of its own; nothing is
kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from plimsoll.kernel.identifiers import AssetId, UserId
from plimsoll.plumbing.shapes import CLOCK_SKEW
from plimsoll.tax.domain.calendars import day_of
from plimsoll.tax.domain.choices import Choices, Way
from plimsoll.tax.domain.elections import ways_of
from plimsoll.tax.domain.report import Names
from plimsoll.tax.domain.rulesets import Ruleset
from plimsoll.tax.service import calculating
from plimsoll.tax.service.calculating import Looked, SaleWish, Tried
from plimsoll.tax.service.gathering import Gathered, gather
from plimsoll.tax.service.runs import TaxRuns, get_ruleset


@dataclass(frozen=True, slots=True)
class Wish:
    """Whose holdings, by which rules. `method` is for this look; None: as elected."""

    user_id: UserId
    jurisdiction: str
    method: Way | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What is held, with names and the prices that it was valued at."""

    ruleset: Ruleset
    currency: AssetId
    as_of: datetime
    looked: Looked
    names: Names
    prices: Mapping[AssetId, Decimal]
    simulated: bool


async def look(tax: TaxRuns, wish: Wish) -> Seen:
    """Everything that is held, by lot. Raises UnknownJurisdiction, MethodNotAllowed."""
    ruleset, now = get_ruleset(wish.jurisdiction), tax.clock.now()
    gathered = await _gather(tax, wish, ruleset, now)
    prices: dict[AssetId, Decimal] = {}
    for asset in gathered.assets:
        quote = tax.prices.find_quote(asset, gathered.currency)
        if quote is not None:
            prices[asset] = quote.value
    day = day_of(now, ruleset.country.zone)
    looked = await tax.calculate(calculating.look, gathered.input.document, prices, day)
    async with tax.database.read() as unit:
        names = await tax.load_names(unit, wish.user_id, gathered.assets)
    return Seen(ruleset, gathered.currency, now, looked, names, prices, tax.prices.simulated)


async def try_sale(tax: TaxRuns, wish: Wish, sale: SaleWish) -> tuple[Tried, Names]:
    """The same sale under each method, or under that of the wish, and how people call what it
    speaks of. Nothing is recorded.

    Raises UnknownJurisdiction, MethodNotAllowed, PriceUnavailable, NothingHeld, SaleInThePast.
    """
    ruleset, now = get_ruleset(wish.jurisdiction), tax.clock.now()
    gathered = await _gather(tax, wish, ruleset, now)
    price = sale.price
    if price is None:
        price = tax.prices.get_quote(sale.asset, gathered.currency).value
    whole = replace(sale, price=price, at=sale.at or now)
    ways = (wish.method,) if wish.method is not None else ()
    tried = await tax.calculate(calculating.try_sale, gathered.input.document, whole, ways)
    async with tax.database.read() as unit:
        return tried, await tax.load_names(unit, wish.user_id, gathered.assets)


async def _gather(tax: TaxRuns, wish: Wish, ruleset: Ruleset, now: datetime) -> Gathered:
    year = ruleset.year_of(day_of(now, ruleset.country.zone))
    if wish.method is not None:
        ways_of(ruleset.methods, Choices(methods=((year, wish.method),)))

    def change(choices: Choices) -> Choices:
        if wish.method is None:
            return choices
        kept = tuple(each for each in choices.methods if each[0] < year)
        return replace(choices, methods=(*kept, (year, wish.method)))

    async def told(_: int) -> None:
        pass

    return await gather(
        tax.database,
        tax.valuing,
        wish.user_id,
        ruleset,
        year,
        until=now + CLOCK_SKEW,
        change=change,
        told=told,
    )
