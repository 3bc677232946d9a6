"""HTTP for the portfolio: what everything is worth, and how it came about."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.types import Receive, Scope

from plimsoll.access.domain.principals import Scope as Access
from plimsoll.access.guards import Reader, admit
from plimsoll.kernel.identifiers import AssetId
from plimsoll.ledger.domain.transactions import TransactionFilter
from plimsoll.ledger.service import reading
from plimsoll.markets.domain.assets import USD, UnknownAssetField
from plimsoll.markets.service.prices import Prices, PricesDep
from plimsoll.plumbing.database import Reading
from plimsoll.plumbing.paging import Page, Paging
from plimsoll.plumbing.problems import problems
from plimsoll.plumbing.shapes import AssetName
from plimsoll.portfolio.domain.valuation import Valuation
from plimsoll.portfolio.schemas.summary import HistoryView, SummaryView
from plimsoll.portfolio.service.summaries import Summaries

router = APIRouter(prefix="/portfolio", tags=["portfolio"])


async def _summaries_of(request: Request) -> Summaries:
    summaries = request.app.state.summaries
    assert isinstance(summaries, Summaries)
    return summaries


@router.get("/summary", response_model=SummaryView, responses=problems(UnknownAssetField))
async def read_summary(
    owner: Reader,
    prices: PricesDep,
    summaries: Annotated[Summaries, Depends(_summaries_of)],
    currency: AssetName = "usd",
) -> Response:
    """Value, cost and profit of everything the caller holds, at the latest prices."""
    asset = prices.catalogue.resolve_field(currency, pointer="query:currency")
    body = await summaries.read(owner.user_id, asset.id, _writer(prices))
    return Response(body, media_type="application/json")


async def quick_summary(scope: Scope, _: Receive) -> bytes | None:
    """The summary in dollars, which is asked for again and again."""
    if scope["query_string"] not in (b"", b"currency=usd"):
        return None
    owner = await admit(scope, Access.READ)
    state = scope["app"].state
    summaries: Summaries = state.summaries
    return await summaries.read(owner.user_id, USD, _writer(state.prices))


def _writer(prices: Prices) -> Callable[[Valuation, AssetId], bytes]:
    def write(valuation: Valuation, currency: AssetId) -> bytes:
        view = SummaryView.of(valuation, currency, prices.catalogue, simulated=prices.simulated)
        return view.__pydantic_serializer__.to_json(view)

    return write


@router.get("/history")
async def read_history(owner: Reader, unit: Reading, page: Paging) -> Page[HistoryView]:
    """Every transaction in force with the profit it realised, newest first."""
    after = page.after(datetime, int)
    rows = await reading.list_transactions(
        unit,
        owner.user_id,
        TransactionFilter(in_force=True),
        after=after,  # type: ignore[arg-type]  # checked against (datetime, int) by the cursor
        limit=page.limit + 1,
    )
    cut = page.cut(rows, lambda row: (row.transaction.occurred_at, row.seq))
    return Page(data=[HistoryView.of(row) for row in cut.rows], next_cursor=cut.next_cursor)
