"""What everything was worth before each sale, for the rules that divide by it (France).

Units at the prices of the day. A portfolio of which one asset has no price that day has no value:
the sale is told as unvalued, and the report stays a draft. What somebody gave by hand comes first.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date
from decimal import Decimal

from plimsoll.kernel.identifiers import AssetId, UserId
from plimsoll.kernel.money import ZERO, worth
from plimsoll.ledger.service.valuations import load_prices
from plimsoll.plumbing.database import ReadUnit
from plimsoll.tax.domain.movements import Ref
from plimsoll.tax.domain.portfolios import Wanted, wanted
from plimsoll.tax.domain.reading import read
from plimsoll.tax.domain.rulesets import RULESETS
from plimsoll.tax.service.facts import Valuing
from plimsoll.tax.service.inputs import Input, read_input, with_choices


async def add_portfolios(
    unit: ReadUnit, user_id: UserId, valuing: Valuing, currency: AssetId, given: Input
) -> Input:
    """The input with the values that its sales ask for, as far as they are known."""
    asked = await asyncio.to_thread(list_wanted, given.document)
    if not asked:
        return given
    days = [each.at.astimezone(UTC).date() for each in asked]
    prices = await load_prices(
        unit,
        user_id,
        valuing.dailies,
        {asset for each in asked for asset in each.units},
        currency,
        first=min(days),
        last=max(days),
    )
    values: dict[Ref, Decimal] = {}
    for each, day in zip(asked, days, strict=True):
        value = _value(each.units, prices, day)
        if value is not None:
            values[each.ref] = value
    return await asyncio.to_thread(_with_values, given.document, values)


def list_wanted(document: bytes) -> Sequence[Wanted]:
    """The portfolios that the facts of an input ask a value of."""
    header, facts = read_input(document)
    country, choices = RULESETS[header.rules].country, header.choices
    found = wanted(read(facts, country, choices.treatments).movements)
    return [each for each in found if each.ref not in choices.portfolios]


def _value(
    units: Mapping[AssetId, Decimal], prices: Mapping[AssetId, Mapping[date, Decimal]], day: date
) -> Decimal | None:
    total = ZERO
    for asset, quantity in units.items():
        price = prices.get(asset, {}).get(day)
        if price is None:
            return None
        total += worth(quantity, price)
    return total


def _with_values(document: bytes, values: Mapping[Ref, Decimal]) -> Input:
    header, _ = read_input(document)
    known = {**values, **header.choices.portfolios}
    return with_choices(document, replace(header.choices, portfolios=known))
