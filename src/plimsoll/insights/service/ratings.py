"""Ratings of the last closed candle, each computed once for as long as that candle is the last."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from plimsoll.insights.domain.confluence import Confluence, confluence
from plimsoll.insights.domain.rating import WARM_UP, Rating, rate
from plimsoll.insights.service.history import CandleReader, read_closed, to_bars
from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.domain.prices import Pair

MOST_KEPT: Final = 3_000
BARS: Final = WARM_UP + 3
"""What the slowest average needs, and the two bars before the last that rules look at."""

Key = tuple[Pair, Interval]


@dataclass(frozen=True, slots=True)
class Rated:
    """What the last closed candle of a pair and interval says.

    `segment_bars` candles follow each other without a hole up to it: with fewer than the rating's
    warm-up the slow averages still show where they began, or cannot vote at all. `time_ms` is when
    the candle opened; None: there is no candle.
    """

    interval: Interval
    time_ms: int | None
    segment_bars: int
    rating: Rating
    confluence: Confluence

    @property
    def settled(self) -> bool:
        return self.segment_bars > self.rating.warm_up


class Ratings:
    """Ratings by pair and interval. `notice` has to hear of every closed candle: what was said of
    the one before it, or of what was there before, is forgotten.
    """

    def __init__(self, candles: CandleReader) -> None:
        self._candles = candles
        self._kept: OrderedDict[Key, asyncio.Task[Rated]] = OrderedDict()
        """Under way or done; who asks meanwhile waits for the same one."""

    async def find(self, pair: Pair, interval: Interval) -> Rated:
        """The rating of the last closed candle, from memory where it is known."""
        key = pair, interval
        task = self._kept.get(key)
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            task = asyncio.create_task(self._rate(pair, interval), name="rating")
            self._kept[key] = task
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return await asyncio.shield(task)

    async def list_all(self, pair: Pair) -> list[Rated]:
        """Of every interval, the shortest first; one after the other, for the loop's sake."""
        return [await self.find(pair, interval) for interval in Interval]

    def notice(self, pair: Pair, candle: Candle) -> None:
        """A candle has closed, was amended, or came late."""
        self._kept.pop((pair, candle.interval), None)

    async def aclose(self) -> None:
        """End what is under way."""
        tasks = [task for task in self._kept.values() if not task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _rate(self, pair: Pair, interval: Interval) -> Rated:
        candles = await read_closed(self._candles, pair, interval, BARS)
        bars = to_bars(candles, interval)
        return Rated(
            interval,
            candles[-1].open_time_ms if candles else None,
            len(bars) - bars.starts[-1] if candles else 0,
            rate(bars),
            confluence(bars),
        )
