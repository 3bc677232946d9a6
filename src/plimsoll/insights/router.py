"""Indicators and ratings over HTTP; open to everyone, as the candles are."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Response

from plimsoll.access.guards import Anyone
from plimsoll.insights.domain.catalogue import (
    BadIndicatorList,
    BadIndicatorParameter,
    UnknownIndicator,
    parse,
)
from plimsoll.insights.schemas import (
    CatalogueView,
    IndicatorsView,
    PairNames,
    PairRatingsView,
    PairRatingView,
    RatingView,
    write_csv,
    write_indicators,
)
from plimsoll.insights.service import indicators
from plimsoll.insights.service.history import TooFarBack
from plimsoll.insights.service.indicators import BackwardRange, Question, TooManyRows
from plimsoll.insights.service.insights import InsightsDep
from plimsoll.markets.domain.assets import MAX_NAME_LENGTH, Asset, UnknownAsset
from plimsoll.markets.domain.candles import Interval
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.service.overview import UnknownPair
from plimsoll.markets.service.prices import PricesDep
from plimsoll.plumbing.problems import problems
from plimsoll.plumbing.shapes import MomentMs

router = APIRouter(tags=["insights"])
of_market = APIRouter(prefix="/markets/{base}/{quote}")

JSON: Final = "application/json"
LONGEST_LIST: Final = 2_000
FEW_VALUES: Final = 20_000
"""Written on the event loop: a millisecond or two."""

AssetName = Annotated[
    str,
    Path(max_length=MAX_NAME_LENGTH, description="An asset's id, or its symbol", examples=["btc"]),
]


@dataclass(frozen=True, slots=True)
class Market:
    """The pair that the path names, by its assets."""

    base: Asset
    quote: Asset

    @property
    def pair(self) -> Pair:
        return Pair(self.base.id, self.quote.id)


async def _market(
    prices: PricesDep, insights: InsightsDep, base: AssetName, quote: AssetName
) -> Market:
    """Raises UnknownAsset or UnknownPair."""
    market = Market(prices.catalogue.resolve(base), prices.catalogue.resolve(quote))
    insights.check(market.pair)
    return market


OfMarket = Annotated[Market, Depends(_market)]
OfInterval = Annotated[Interval, Query(description="How long a candle is")]


class Format(StrEnum):
    JSON = "json"
    CSV = "csv"


@cache
def _catalogue() -> bytes:
    view = CatalogueView.whole()
    return view.__pydantic_serializer__.to_json(view)


@router.get("/indicators", response_model=CatalogueView)
async def list_indicators(_: Anyone) -> Response:
    """Every indicator with its formula, parameters and bounds, and the rules of the rating."""
    return Response(_catalogue(), media_type=JSON)


@of_market.get(
    "/indicators",
    response_model=IndicatorsView,
    responses=problems(
        UnknownAsset,
        UnknownPair,
        BadIndicatorList,
        UnknownIndicator,
        BadIndicatorParameter,
        BackwardRange,
        TooManyRows,
        TooFarBack,
    ),
)
async def read_indicators(
    _: Anyone,
    insights: InsightsDep,
    market: OfMarket,
    names: Annotated[
        str,
        Query(
            max_length=LONGEST_LIST,
            description="Indicators with their parameters; what is left out takes its default",
            examples=["rsi(14),macd(12,26,9)"],
        ),
    ],
    interval: OfInterval = Interval.HOUR,
    from_ms: Annotated[
        MomentMs | None, Query(alias="from", description="Candles that open then or later")
    ] = None,
    to_ms: Annotated[
        MomentMs | None, Query(alias="to", description="Candles that open before then")
    ] = None,
    limit: Annotated[
        int | None, Query(ge=1, description="How many rows at most, the newest ones")
    ] = None,
    format: Annotated[Format, Query()] = Format.JSON,  # noqa: A002 -- the parameter's name
) -> Response:
    """Indicators of every candle, from the candles up to it and never from later ones.

    As many candles are read in front of the first row as the values need to be settled.
    """
    requests = tuple(parse(names))
    question = Question(market.pair, interval, requests, from_ms, to_ms, limit)
    answer = await indicators.answer(insights.candles, question)
    if format is Format.CSV:
        text = await asyncio.to_thread(write_csv, question, answer)
        return Response(text, media_type="text/csv")
    of = PairNames.of(market.base, market.quote)
    if len(answer.time_ms) * len(requests) <= FEW_VALUES:
        return Response(write_indicators(of, question, answer), media_type=JSON)
    body = await asyncio.to_thread(write_indicators, of, question, answer)
    return Response(body, media_type=JSON)


@of_market.get("/rating", responses=problems(UnknownAsset, UnknownPair))
async def read_rating(
    _: Anyone,
    insights: InsightsDep,
    market: OfMarket,
    interval: OfInterval = Interval.HOUR,
) -> PairRatingView:
    """What 26 components say of the last closed candle, each vote with the figures behind it."""
    rated = await insights.ratings.find(market.pair, interval)
    return PairRatingView(
        **dict(PairNames.of(market.base, market.quote)), rating=RatingView.of(rated)
    )


@of_market.get("/ratings", responses=problems(UnknownAsset, UnknownPair))
async def list_ratings(_: Anyone, insights: InsightsDep, market: OfMarket) -> PairRatingsView:
    """The rating over every interval at once."""
    found = await insights.ratings.list_all(market.pair)
    return PairRatingsView(
        **dict(PairNames.of(market.base, market.quote)),
        ratings=[RatingView.of(rated) for rated in found],
    )


router.include_router(of_market)
