"""Which pairs move most; open to everyone."""

from typing import Annotated, Final

from fastapi import APIRouter, Query

from plimsoll.access.guards import Anyone
from plimsoll.markets.domain.volatility import Window
from plimsoll.markets.schemas.candles import StandingView, VolatilityView
from plimsoll.markets.service.candles import CandlesDep
from plimsoll.markets.service.prices import PricesDep
from plimsoll.markets.service.ranking import define, step_of

router = APIRouter(tags=["markets"])

MOST_PAIRS: Final = 100


@router.get("/markets/volatility")
async def list_volatility(
    _: Anyone,
    prices: PricesDep,
    candles: CandlesDep,
    window: Annotated[
        Window, Query(description="Returns of minutes for 1h and 24h, of hours for 7d and 30d")
    ] = Window.DAY,
    limit: Annotated[int, Query(ge=1, le=MOST_PAIRS, description="The most volatile so many")] = 20,
) -> VolatilityView:
    """The most volatile pairs of a window, with the number of returns that each value is made of.
    Pairs with too few returns have no rank and are not listed.
    """
    standings = await candles.standings.list_standings(window, limit)
    names = [
        "/".join(
            asset.symbol if (asset := prices.catalogue.find_by_id(each)) else each
            for each in standing.pair
        )
        for standing in standings
    ]
    return VolatilityView(
        window=window,
        step="1m" if step_of(window) == "1m" else "1h",
        definition=define(window),
        simulated=prices.simulated,
        data=[
            StandingView.of(standing, name) for standing, name in zip(standings, names, strict=True)
        ],
    )
