"""HTTP for what people say that something was worth on a day."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from plimsoll.access.guards import Reader, Trader
from plimsoll.ledger.schemas.valuations import ValuationBody, ValuationView
from plimsoll.ledger.service import valuations
from plimsoll.markets.domain.assets import UnknownAssetField
from plimsoll.markets.service.prices import PricesDep
from plimsoll.plumbing.database import Reading, Writing
from plimsoll.plumbing.paging import BadCursor, Page, Paging
from plimsoll.plumbing.present import Now
from plimsoll.plumbing.problems import problems
from plimsoll.plumbing.shapes import AssetName, Day, InTheFuture, TooLongAgo

router = APIRouter(tags=["ledger"])


@router.get("/valuations", responses=problems(UnknownAssetField, BadCursor))
async def list_valuations(
    owner: Reader,
    unit: Reading,
    prices: PricesDep,
    page: Paging,
    coin_id: AssetName | None = None,
    first: Annotated[Day | None, Query(alias="from")] = None,
    last: Annotated[Day | None, Query(alias="to", description="Inclusive")] = None,
) -> Page[ValuationView]:
    """What the caller said that assets were worth, by asset and day."""
    catalogue = prices.catalogue
    after = page.after(str, date, str)
    rows = await valuations.list_valuations(
        unit,
        owner.user_id,
        asset_id=catalogue.resolve_field(coin_id, pointer="query:coin_id").id if coin_id else None,
        first=first,
        last=last,
        after=after,  # type: ignore[arg-type]  # checked against these kinds by the cursor
        limit=page.limit + 1,
    )
    cut = page.cut(rows, lambda row: (row.asset_id, row.day, row.currency))
    return Page(
        data=[ValuationView.of(row, catalogue) for row in cut.rows], next_cursor=cut.next_cursor
    )


@router.put(
    "/valuations",
    responses=problems(
        UnknownAssetField, valuations.WorthItself, valuations.NotAPrice, InTheFuture, TooLongAgo
    ),
)
async def save_valuation(
    body: ValuationBody, owner: Trader, unit: Writing, prices: PricesDep, now: Now
) -> ValuationView:
    """Say what an asset was worth on a day, before what the markets say.

    It counts from that day on, until the next day that has a price.
    """
    catalogue = prices.catalogue
    kept = await valuations.save_valuation(
        unit,
        owner.user_id,
        asset_id=catalogue.resolve_field(body.coin_id, pointer="#/coin_id").id,
        currency=catalogue.resolve_field(body.currency, pointer="#/currency").id,
        day=body.day,
        price=body.price,
        note=body.note,
        now=now,
    )
    return ValuationView.of(kept, catalogue)


@router.delete(
    "/valuations",
    status_code=204,
    responses=problems(UnknownAssetField, valuations.ValuationNotFound),
)
async def remove_valuation(
    owner: Trader,
    unit: Writing,
    prices: PricesDep,
    coin_id: AssetName,
    day: Day,
    currency: AssetName = "usd",
) -> None:
    """Take back what was said; the markets' price counts again."""
    catalogue = prices.catalogue
    await valuations.remove_valuation(
        unit,
        owner.user_id,
        asset_id=catalogue.resolve_field(coin_id, pointer="query:coin_id").id,
        currency=catalogue.resolve_field(currency, pointer="query:currency").id,
        day=day,
    )
