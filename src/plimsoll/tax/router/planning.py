"""HTTP for planning: what is held, losses to harvest, a sale under each method."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from plimsoll.access.guards import Reader
from plimsoll.markets.domain.assets import UnknownAssetField
from plimsoll.markets.service.prices import PriceUnavailable
from plimsoll.plumbing.lists import Listing, Tables
from plimsoll.plumbing.paging import BadCursor
from plimsoll.plumbing.present import Now
from plimsoll.plumbing.problems import problems
from plimsoll.plumbing.shapes import TEXT, InTheFuture, TooLongAgo, check_moment
from plimsoll.tax.domain.allocation import AllocationDoesNotFit
from plimsoll.tax.domain.choices import Way
from plimsoll.tax.domain.elections import MethodNotAllowed
from plimsoll.tax.domain.planning import SaleInThePast
from plimsoll.tax.domain.planning import harvest as harvest_of
from plimsoll.tax.schemas.planning import (
    HarvestView,
    UnrealisedPage,
    UnrealisedView,
    WhatIfBody,
    WhatIfView,
    facts_of,
    harvest_table,
    held_table,
    sums_of,
)
from plimsoll.tax.service.calculating import NothingHeld
from plimsoll.tax.service.planning import Wish, look, try_sale
from plimsoll.tax.service.runs import TaxRunsDep, UnknownJurisdiction, get_ruleset

router = APIRouter(prefix="/tax", tags=["tax"])

MOST_CANDIDATES: Final = 100
FARTHEST: Final = timedelta(days=5 * 366)
"""So far ahead a sale may be thought of."""
Rules = Annotated[str, Query(max_length=20, pattern=TEXT, examples=["us"])]
Method = Annotated[Way | None, Query(description="For this look; else as elected")]


@router.get(
    "/unrealised",
    response_model=UnrealisedPage,
    responses=problems(UnknownJurisdiction, MethodNotAllowed, AllocationDoesNotFit, BadCursor),
)
async def list_unrealised(
    jurisdiction: Rules, owner: Reader, tax: TaxRunsDep, listing: Listing, method: Method = None
) -> UnrealisedPage | Response:
    """What the caller holds, lot by lot: cost, worth at the latest prices, days to long-term."""
    page = listing.page
    after = page.after(int)
    start = int(str(after[0])) + 1 if after else 0
    ruleset = get_ruleset(jurisdiction, pointer="query:jurisdiction")
    seen = await look(tax, Wish(owner.user_id, ruleset.code, method))
    held = list(seen.looked.held)
    placed = list(enumerate(held))[max(start, 0) : max(start, 0) + page.limit + 1]
    cut = page.cut(placed, lambda each: (each[0],))
    answer = await listing.answer(
        "unrealised",
        owner.user_id,
        cut,
        view=lambda each: UnrealisedView.of(each[1], seen.names),
        table=lambda _, views: held_table(seen.currency, views),
    )
    if isinstance(answer, Response):
        return answer
    return UnrealisedPage(
        **facts_of(seen, held), **sums_of(held), data=answer.data, next_cursor=answer.next_cursor
    )


@router.get(
    "/harvest",
    response_model=HarvestView,
    responses=problems(UnknownJurisdiction, MethodNotAllowed, AllocationDoesNotFit),
)
async def list_harvest(
    jurisdiction: Rules,
    owner: Reader,
    tax: TaxRunsDep,
    tables: Tables,
    method: Method = None,
    within_days: Annotated[int, Query(ge=1, le=366)] = 60,
) -> HarvestView | Response:
    """Lots whose sale would count as a loss, and gains that are soon taxed less.

    A table has both one below the other; `candidate` says which is which.
    """
    ruleset = get_ruleset(jurisdiction, pointer="query:jurisdiction")
    seen = await look(tax, Wish(owner.user_id, ruleset.code, method))
    found = harvest_of(seen.looked.held, within_days=within_days)
    picked = (found.losses[:MOST_CANDIDATES], found.soon[:MOST_CANDIDATES])
    losses, soon = ([UnrealisedView.of(each, seen.names) for each in some] for some in picked)
    if tables.wanted:
        return await tables.answer(
            "harvest",
            (owner.user_id, seen.currency, *losses, None, *soon),
            lambda: harvest_table(seen.currency, losses, soon),
            cursor=None,
        )
    facts = facts_of(seen, [each for some in picked for each in some])
    return HarvestView(**facts, losses=losses, soon=soon)


@router.post(
    "/what-if",
    responses=problems(
        UnknownJurisdiction,
        UnknownAssetField,
        MethodNotAllowed,
        AllocationDoesNotFit,
        SaleInThePast,
        InTheFuture,
        TooLongAgo,
        NothingHeld,
        PriceUnavailable,
    ),
)
async def try_out_sale(body: WhatIfBody, owner: Reader, tax: TaxRunsDep, now: Now) -> WhatIfView:
    """The same sale under each method that the rules allow, with what to know before it, and the
    lots that `picks` could name. Nothing is recorded.
    """
    if body.at is not None:
        check_moment(body.at, now=now + FARTHEST)
    asset = tax.prices.catalogue.resolve_field(body.coin_id, pointer="#/coin_id")
    wish = Wish(owner.user_id, body.jurisdiction, body.method)
    tried, names = await try_sale(tax, wish, body.sale(asset.id))
    return WhatIfView.of(tried, names, simulated=tax.prices.simulated and body.price is None)
