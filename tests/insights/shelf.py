"""Candles on a shelf: what the markets would answer, from a list that a test writes."""

import asyncio
from collections.abc import Sequence

from plimsoll.insights.domain.bars import Bars
from plimsoll.kernel.errors import Unavailable
from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.candles import Candle, FillPolicy, Interval
from plimsoll.markets.domain.prices import Pair

BTC_USD = Pair(AssetId("bitcoin"), AssetId("usd"))


def candles_of(bars: Bars, interval: Interval) -> list[Candle]:
    assert bars.step_ms == (interval.length_ms or None)
    return [Candle(interval, *bars.bar(at)) for at in range(len(bars))]


class Shelf:
    """Candles of one pair. `gate` holds answers back that were looked up already."""

    def __init__(self, candles: Sequence[Candle] = ()) -> None:
        self.candles = list(candles)
        self.forming: list[Candle] = []
        self.asked: list[tuple[int, int, int]] = []
        self.away = False
        self.gate = asyncio.Event()
        self.gate.set()

    def knows(self, pair: Pair) -> bool:
        return pair == BTC_USD

    def list_forming(self, pair: Pair, interval: Interval) -> list[Candle]:
        return [
            candle for candle in self.forming if self.knows(pair) and candle.interval is interval
        ]

    async def list_candles(
        self,
        pair: Pair,
        interval: Interval,
        *,
        from_ms: int,
        to_ms: int,
        limit: int,
        fill: FillPolicy,
    ) -> list[Candle]:
        assert fill is FillPolicy.NONE
        self.asked.append((from_ms, to_ms, limit))
        found = [
            candle
            for candle in [*self.candles, *self.forming]
            if self.knows(pair)
            and candle.interval is interval
            and from_ms <= candle.open_time_ms < to_ms
        ]
        await self.gate.wait()
        if self.away:
            raise Unavailable("the database is away")
        return found[-limit:]
