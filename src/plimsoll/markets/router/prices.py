"""Prices and assets over HTTP; open to everyone, for the page shows prices before anybody signs
in.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Response
from starlette.types import Receive, Scope

from plimsoll.access.guards import Anyone, admit_anyone
from plimsoll.markets.domain.assets import (
    MAX_NAME_LENGTH,
    UnknownAsset,
    UnknownAssetField,
)
from plimsoll.markets.schemas.prices import AssetView, PairPriceView, PriceView
from plimsoll.markets.service.prices import PricesDep, PriceUnavailable, prepared_price
from plimsoll.plumbing.paging import BadCursor, Page, Paging
from plimsoll.plumbing.problems import problems

router = APIRouter(tags=["markets"])

JSON: Final = "application/json"

AssetName = Annotated[
    str,
    Path(
        max_length=MAX_NAME_LENGTH, description="An asset's id, or its symbol", examples=["bitcoin"]
    ),
]


@router.get(
    "/prices/{coin_id}",
    response_model=PriceView,
    responses=problems(UnknownAsset, UnknownAssetField, PriceUnavailable),
)
async def read_price(
    _: Anyone,
    prices: PricesDep,
    coin_id: AssetName,
    vs: Annotated[
        str, Query(max_length=MAX_NAME_LENGTH, description="Priced in this asset")
    ] = "usd",
) -> Response:
    """The latest price of an asset with its source and age: the last good value when the source is
    away.
    """
    answer = prepared_price(prices, coin_id, vs)
    if answer is None:
        coin = prices.catalogue.resolve(coin_id)
        currency = prices.catalogue.resolve_field(vs, pointer="query:vs")
        raise prices.no_price(coin.id, currency.id)
    return Response(answer, media_type=JSON)


@router.get(
    "/prices/{base}/{quote}/current",
    response_model=PairPriceView,
    responses=problems(UnknownAsset, PriceUnavailable),
)
async def read_pair_price(
    _: Anyone, prices: PricesDep, base: AssetName, quote: AssetName
) -> Response:
    """The latest price of one unit of `base` in `quote`, directly or through a common quote."""
    priced, unit = prices.catalogue.resolve(base), prices.catalogue.resolve(quote)
    answer = prices.prepare(priced, unit, as_pair=True)
    if answer is None:
        raise prices.no_price(priced.id, unit.id)
    return Response(answer, media_type=JSON)


@router.get("/assets", responses=problems(BadCursor))
async def search_assets(
    _: Anyone,
    prices: PricesDep,
    paging: Paging,
    search: Annotated[
        str, Query(max_length=MAX_NAME_LENGTH, description="Part of an id, symbol or name")
    ] = "",
) -> Page[AssetView]:
    """Known assets: exact matches first, then those that start with the text, then those that
    contain it.
    """
    found = prices.catalogue.search(search, len(prices.catalogue))
    after = paging.after(str)
    if after is not None:
        ids: list[object] = [asset.id for asset in found]
        if after[0] not in ids:
            raise BadCursor("the cursor belongs to another search")
        found = found[ids.index(after[0]) + 1 :]
    cut = paging.cut(found[: paging.limit + 1], key=lambda asset: (asset.id,))
    return Page(data=[AssetView.of(asset) for asset in cut.rows], next_cursor=cut.next_cursor)


async def quick_price(scope: Scope, _: Receive) -> bytes | None:
    """`GET /prices/{coin_id}?vs=` for whoever asks without a credential, from prepared bytes."""
    query = scope["query_string"]
    if query and not (query.startswith(b"vs=") and query[3:].isalnum()):
        return None
    answer = prepared_price(
        scope["app"].state.prices,
        scope["path"].partition("/prices/")[2],
        query[3:].decode() if query else "usd",
    )
    if answer is not None:
        await admit_anyone(scope)
    return answer
