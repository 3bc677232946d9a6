"""A live source listened to as the service does: prices to a board, candles through cascades."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from plimsoll.kernel.errors import Unavailable
from plimsoll.markets.domain.board import PriceBoard
from plimsoll.markets.domain.candles import HOUR_MS, Candle, Interval
from plimsoll.markets.domain.cascade import Cascade
from plimsoll.markets.domain.feeds import MarketSource
from plimsoll.markets.domain.prices import Pair

Values = tuple[float, float, float, float, float, int]


class Follower:
    """`errors` are the codes of what the source raised; it goes on after each."""

    def __init__(self, source: MarketSource) -> None:
        self.source = source
        self.board = PriceBoard(stale_after_s=60.0)
        self.errors: list[str] = []
        self.trades: list[tuple[Pair, int]] = []
        self._cascades: dict[Pair, Cascade] = {}
        self._closed: dict[tuple[Pair, Interval, int], Candle] = {}
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._follow())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await self.source.aclose()

    def closed(
        self, pair: Pair, interval: Interval, *, from_ms: int, to_ms: int
    ) -> dict[int, Values]:
        """The newest version of every closed candle that opens in from_ms … to_ms − 1."""
        return {
            start_ms: candle[2:8]
            for (its, length, start_ms), candle in self._closed.items()
            if its == pair and length is interval and from_ms <= start_ms < to_ms
        }

    async def _follow(self) -> None:
        while True:
            try:
                news = await self.source.next_news()
            except Unavailable as error:
                self.errors.append(error.code)
                continue
            assert news is not None
            for tick in news.ticks:
                self.board.put(tick.pair, tick.price, 0.0)
            for trade in news.trades:
                self.trades.append((trade.pair, trade.id))
                self._cascade(trade.pair).add(*trade[1:])
            for pair, candle in news.candles:
                self._cascade(pair).put(candle)
            for pair, cascade in self._cascades.items():
                for candle in cascade.advance(self.source.now_ms()):
                    self._closed[pair, candle.interval, candle.open_time_ms] = candle

    def _cascade(self, pair: Pair) -> Cascade:
        if pair not in self._cascades:
            self._cascades[pair] = Cascade(retain_ms=HOUR_MS)  # a slow machine is not the subject
        return self._cascades[pair]


async def until(holds: Callable[[], object], *, within_s: float = 10.0) -> None:
    """Wait for a condition; fails when it does not come true in time."""
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 - asks what has no event
            await asyncio.sleep(0.01)
