"""All pairs at a glance, one pair, and the sources behind them."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response

from plimsoll.access.guards import Anyone
from plimsoll.markets.domain.assets import MAX_NAME_LENGTH, UnknownAsset, UnknownAssetField
from plimsoll.markets.schemas.markets import (
    FlagView,
    MarketDetailView,
    MarketView,
    SourcesView,
    SourceView,
    to_columns,
)
from plimsoll.markets.service.overview import (
    MarketsDep,
    SortBy,
    UnknownPair,
    Wanted,
)
from plimsoll.markets.service.prices import PricesDep
from plimsoll.plumbing.lists import TablePaging
from plimsoll.plumbing.paging import BadCursor, Page
from plimsoll.plumbing.problems import problems
from plimsoll.plumbing.tables import AskedFormat, Columns, Files, Format, choose_format

router = APIRouter(tags=["markets"])

AssetName = Annotated[
    str,
    Path(max_length=MAX_NAME_LENGTH, description="An asset's id, or its symbol", examples=["btc"]),
]
Filter = Annotated[
    str | None, Query(max_length=MAX_NAME_LENGTH, description="An asset's id, or its symbol")
]


@router.get(
    "/markets",
    response_model=Page[MarketView],
    responses=problems(BadCursor, UnknownAssetField),
)
async def list_markets(
    request: Request,
    _: Anyone,
    prices: PricesDep,
    markets: MarketsDep,
    paging: TablePaging,
    search: Annotated[
        str, Query(max_length=MAX_NAME_LENGTH, description="Part of a symbol, an id or a name")
    ] = "",
    base: Filter = None,
    quote: Filter = None,
    source: Annotated[
        str | None, Query(max_length=MAX_NAME_LENGTH, description="Priced by this source now")
    ] = None,
    stale: Annotated[bool | None, Query(description="Only stale ones, or only fresh ones")] = None,
    sort: SortBy = SortBy.PAIR,
    descending: bool = False,  # noqa: FBT001, FBT002 - a query parameter
    format: AskedFormat = None,  # noqa: A002 - the name of the parameter
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Page[MarketView] | Response:
    """Every pair that a source prices directly: price, 24 h change, volume, volatility and its
    rank, source and age. Pairs without the value that is sorted by come last. A table has all of
    them, without pages.
    """
    resolve = prices.catalogue.resolve_field
    wanted = Wanted(
        search=search,
        base=resolve(base, pointer="query:base") if base else None,
        quote=resolve(quote, pointer="query:quote") if quote else None,
        source=source,
        stale=stale,
    )
    chosen = choose_format(format, accept)
    if chosen is not Format.JSON:

        async def build() -> Columns:
            return to_columns(markets.list_markets(wanted, sort, descending=descending))

        files: Files = request.app.state.files
        return await files.answer(request, "markets", chosen, (wanted, sort, descending), build)
    found = markets.list_markets(wanted, sort, descending=descending)
    after = paging.after(str)
    if after is not None:
        keys: list[object] = [market.key for market in found]
        if after[0] not in keys:
            raise BadCursor("the cursor belongs to another list")
        found = found[keys.index(after[0]) + 1 :]
    cut = paging.cut(found[: paging.limit + 1], key=lambda market: (market.key,))
    return Page(data=[MarketView.of(market) for market in cut.rows], next_cursor=cut.next_cursor)


router.add_api_route(
    "/markets",
    list_markets,
    methods=["HEAD"],
    response_model=None,
    include_in_schema=False,
    name="head_markets",
)


@router.get("/markets/sources")
async def list_sources(_: Anyone, markets: MarketsDep) -> SourcesView:
    """Where prices come from, how each source is and since when, and what is doubtful now."""
    return SourcesView(
        sources=[SourceView.of(status) for status in markets.list_sources()],
        flags=[FlagView.of(flag) for flag in markets.list_flags()],
    )


@router.get(
    "/markets/{base}/{quote}",
    response_model=MarketDetailView,
    responses=problems(UnknownAsset, UnknownPair),
)
async def read_market(
    request: Request,
    _: Anyone,
    prices: PricesDep,
    markets: MarketsDep,
    base: AssetName,
    quote: AssetName,
    format: AskedFormat = None,  # noqa: A002 - the name of the parameter
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> MarketDetailView | Response:
    """One pair at a glance, who prices it, and what is doubtful about it. A table has its row."""
    resolve = prices.catalogue.resolve
    market = markets.get_market(resolve(base), resolve(quote))
    chosen = choose_format(format, accept)
    if chosen is Format.JSON:
        return MarketDetailView.of(market)

    async def build() -> Columns:
        return to_columns([market])

    files: Files = request.app.state.files
    name = f"{market.base.symbol}-{market.quote.symbol}"
    return await files.answer(request, name, chosen, (market.key,), build)


router.add_api_route(
    "/markets/{base}/{quote}",
    read_market,
    methods=["HEAD"],
    response_model=None,
    include_in_schema=False,
    name="head_market",
)
