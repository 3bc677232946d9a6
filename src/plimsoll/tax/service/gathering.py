"""The input of a calculation, put together from the ledger as it stands at one moment."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from plimsoll.kernel.identifiers import AssetId, UserId
from plimsoll.plumbing.database import Database
from plimsoll.tax.domain.choices import Choices
from plimsoll.tax.domain.elections import country_of
from plimsoll.tax.domain.rulesets import Family, Ruleset
from plimsoll.tax.service import decisions
from plimsoll.tax.service.facts import Valuing, stream_facts
from plimsoll.tax.service.inputs import Header, Input, InputWriter
from plimsoll.tax.service.portfolios import add_portfolios

Told = Callable[[int], Awaitable[None]]
"""How many transactions were read."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """`assets` are all that are in it, and the currency of the tax."""

    input: Input
    currency: AssetId
    assets: frozenset[AssetId]


async def gather(  # noqa: PLR0913 - what to read, and how far
    database: Database,
    valuing: Valuing,
    user_id: UserId,
    ruleset: Ruleset,
    year: int,
    *,
    until: datetime,
    change: Callable[[Choices], Choices],
    told: Told,
) -> Gathered:
    """Everything that happened before `until`, valued, with what was elected and `change` made of
    it.
    """
    async with database.look() as unit:
        choices = change(await decisions.load_choices(unit, user_id, ruleset.code, year))
        said = await decisions.load_said(unit, user_id, choices)
        anywhere = ruleset.code == "generic"
        currency = country_of(ruleset.country, choices, any_currency=anywhere).currency
        writer, assets = InputWriter(Header(ruleset.code, ruleset.name, year, choices)), {currency}
        done = 0
        async for facts in stream_facts(unit, user_id, valuing, currency, said, until=until):
            assets.update(leg.asset for fact in facts for leg in fact.legs)
            await asyncio.to_thread(writer.add, facts)
            done += len(facts)
            await told(done)
        given = await asyncio.to_thread(writer.finish)
        if ruleset.family is Family.FRANCE:
            given = await add_portfolios(unit, user_id, valuing, currency, given)
    return Gathered(given, currency, frozenset(assets))
