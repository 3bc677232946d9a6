"""Everything the insights keep while the service runs, beside the candles it is made of."""

from typing import Annotated, Final

from fastapi import Depends
from starlette.requests import HTTPConnection

from plimsoll.insights.service.history import CandleReader
from plimsoll.insights.service.ratings import Ratings
from plimsoll.insights.service.sets import LiveSets
from plimsoll.markets.domain.candles import Candle
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.service.overview import UnknownPair


class Insights:
    """`notice` has to be called for every candle that closes, is amended or comes late, and `touch`
    for every pair whose forming candles change.
    """

    def __init__(self, candles: CandleReader) -> None:
        self.candles: Final = candles
        self.ratings: Final = Ratings(candles)
        self.sets: Final = LiveSets(candles)

    def notice(self, pair: Pair, candle: Candle) -> None:
        self.ratings.notice(pair, candle)
        self.sets.notice(pair, candle)

    def touch(self, pair: Pair) -> None:
        self.sets.touch(pair)

    def check(self, pair: Pair) -> None:
        """Raises UnknownPair when there was never a candle of it."""
        if not self.candles.knows(pair):
            raise UnknownPair(
                f"there are no candles of {pair.base} in {pair.quote}",
                facts={"base": pair.base, "quote": pair.quote},
            )

    async def aclose(self) -> None:
        await self.ratings.aclose()
        await self.sets.aclose()


async def insights_of(connection: HTTPConnection) -> Insights:
    insights = connection.app.state.insights
    assert isinstance(insights, Insights)
    return insights


InsightsDep = Annotated[Insights, Depends(insights_of)]
"""The insights of this process, for a handler."""
