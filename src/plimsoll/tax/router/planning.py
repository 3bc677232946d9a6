"""HTTP for planning: what is held, losses to harvest, a sale under each method."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query

from plimsoll.access.guards import Reader
from plimsoll.markets.domain.assets import UnknownAssetField
from plimsoll.markets.service.prices import PriceUnavailable
from plimsoll.plumbing.paging import BadCursor, Paging
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
    responses=problems(UnknownJurisdiction, MethodNotAllowed, AllocationDoesNotFit, BadCursor),
)
async def list_unrealised(
    jurisdiction: Rules, owner: Reader, tax: TaxRunsDep, page: Paging, method: Method = None
) -> UnrealisedPage:
    """What the caller holds, lot by lot: cost, worth at the latest prices, days to long-term."""
    after = page.after(int)
    start = int(str(after[0])) + 1 if after else 0
    ruleset = get_ruleset(jurisdiction, pointer="query:jurisdiction")
    seen = await look(tax, Wish(owner.user_id, ruleset.code, method))
    held = list(seen.looked.held)
    placed = list(enumerate(held))[max(start, 0) : max(start, 0) + page.limit + 1]
    cut = page.cut(placed, lambda each: (each[0],))
    return UnrealisedPage(
        **facts_of(seen, held),
        **sums_of(held),
        data=[UnrealisedView.of(each, seen.names) for _, each in cut.rows],
        next_cursor=cut.next_cursor,
    )


@router.get(
    "/harvest", responses=problems(UnknownJurisdiction, MethodNotAllowed, AllocationDoesNotFit)
)
async def list_harvest(
    jurisdiction: Rules,
    owner: Reader,
    tax: TaxRunsDep,
    method: Method = None,
    within_days: Annotated[int, Query(ge=1, le=366)] = 60,
) -> HarvestView:
    """Lots whose sale would count as a loss, and gains that are soon taxed less."""
    ruleset = get_ruleset(jurisdiction, pointer="query:jurisdiction")
    seen = await look(tax, Wish(owner.user_id, ruleset.code, method))
    found = harvest_of(seen.looked.held, within_days=within_days)
    losses, soon = found.losses[:MOST_CANDIDATES], found.soon[:MOST_CANDIDATES]
    return HarvestView(
        **facts_of(seen, [*losses, *soon]),
        losses=[UnrealisedView.of(each, seen.names) for each in losses],
        soon=[UnrealisedView.of(each, seen.names) for each in soon],
    )


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
    """The same sale under each method that the rules allow, with what to know before it. Nothing is
    recorded.
    """
    if body.at is not None:
        check_moment(body.at, now=now + FARTHEST)
    asset = tax.prices.catalogue.resolve_field(body.coin_id, pointer="#/coin_id")
    wish = Wish(owner.user_id, body.jurisdiction, body.method)
    tried = await try_sale(tax, wish, body.sale(asset.id))
    return WhatIfView.of(tried, simulated=tax.prices.simulated and body.price is None)
