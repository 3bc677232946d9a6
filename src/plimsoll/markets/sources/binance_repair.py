"""What was missed is asked for: minutes as candles, trades by their ids, the most traded first.

Each answer is taken in when the next news is told. What cannot be had stays known as missing and is
asked for again, after a pause that grows; only what Binance refuses for good is given up. Trades
that are too many, or that are refused, are asked for as candles of a second.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog

from plimsoll.kernel.errors import Unavailable
from plimsoll.markets.domain.candles import HOUR_MS, SECOND_MS, Candle, Interval
from plimsoll.markets.domain.feeds import Trade
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.sources.binance_api import MOST_PAST_TRADES, BinanceApi, BinanceRefused
from plimsoll.markets.sources.binance_course import Course, Gap
from plimsoll.markets.sources.binance_wire import SOURCE

WORKERS: Final = 4
"""Requests under way at once."""
MOST_FOUND: Final = 5_000
"""Candles that may wait to be told before more are asked for."""
MOST_TOLD: Final = 1_000
"""Candles, and trades, told at once."""
LONGEST_SECONDS_MS: Final = HOUR_MS
"""Of a longer hole only the minutes are asked for."""
LONGEST_PAUSE_S: Final = 60.0

log = structlog.get_logger(__name__)


class Repair:
    """Runs beside the stream."""

    def __init__(self, api: BinanceApi, now_ms: Callable[[], int], *, settle_s: float) -> None:
        """`settle_s`: what came in another order may still come by itself for so long."""
        self._api = api
        self._now_ms = now_ms
        self._settle_s = settle_s
        self._courses: dict[Course, None] = {}
        """Those with something missing; a dict keeps their order."""
        self._wanted = asyncio.Event()
        self._candles: deque[tuple[Pair, Candle]] = deque()
        self._trades: deque[Trade] = deque()
        self._room = asyncio.Event()
        self._room.set()
        self._task: asyncio.Task[None] | None = None

    @property
    def missing(self) -> list[Pair]:
        """Pairs of which something is still missing, or found and not told yet."""
        pairs = dict.fromkeys(course.pair for course in self._courses)
        pairs |= dict.fromkeys(pair for pair, _ in self._candles)
        pairs |= dict.fromkeys(trade.pair for trade in self._trades)
        return list(pairs)

    def want(self, course: Course) -> None:
        """Something of `course` is missing."""
        self._courses[course] = None
        self._wanted.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="binance-repair")

    def found(self) -> tuple[list[tuple[Pair, Candle]], list[Trade]]:
        """What was found since the last call, in parts when it is much."""
        candles = [self._candles.popleft() for _ in range(min(len(self._candles), MOST_TOLD))]
        trades = [self._trades.popleft() for _ in range(min(len(self._trades), MOST_TOLD))]
        if len(self._candles) <= MOST_FOUND:
            self._room.set()
        return candles, trades

    async def aclose(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.wait((self._task,))
            self._task = None

    async def _run(self) -> None:
        failures = 0
        while True:
            await self._wanted.wait()
            await asyncio.sleep(self._settle_s)
            self._wanted.clear()
            try:
                await self._round()
                failures = 0
            except Unavailable as error:
                failures += 1
                longest_s = min(2.0**failures, LONGEST_PAUSE_S)
                pause_s = error.retry_after_s
                if pause_s is None:  # 0: somebody else is finding out whether it is back
                    pause_s = random.uniform(0, longest_s)  # noqa: S311 - spreads callers
                log.warning(
                    "repair_waits",
                    source=SOURCE,
                    code=error.code,
                    pairs=len(self._courses),
                    pause_s=round(pause_s, 1),
                )
                await asyncio.sleep(pause_s)
            except Exception:
                log.exception("repair_broke", source=SOURCE)
                await asyncio.sleep(LONGEST_PAUSE_S)
            if self._courses:
                self._wanted.set()

    async def _round(self) -> None:
        """Ask once for everything that is missing now.

        The first one alone: where the circuit is half-open only one request is let through, and the
        refusals of the others would end it.
        """
        queue = deque(sorted(self._courses, key=lambda course: course.rank))
        await self._work(deque((queue.popleft(),)) if queue else queue)
        workers = [asyncio.create_task(self._work(queue)) for _ in range(WORKERS)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, queue: deque[Course]) -> None:
        while queue:
            course = queue.popleft()
            try:
                await self._fill_minutes(course)
                await self._fill_trades(course)
                await self._fill_seconds(course)
            except BinanceRefused as error:
                if not _for_good(error):
                    raise
                log.warning("hole_left", source=SOURCE, symbol=course.symbol, why=error.detail)
            if not course.missing:
                del self._courses[course]

    async def _fill_minutes(self, course: Course) -> None:
        from_ms, course.minutes_from_ms = course.minutes_from_ms, None
        try:
            while from_ms is not None and from_ms < self._now_ms():
                from_ms = await self._fetch(course, Interval.MINUTE, from_ms, self._now_ms())
        except BaseException as error:
            if from_ms is not None and not _for_good(error):
                course.miss_minutes(from_ms)
            raise

    async def _fill_seconds(self, course: Course) -> None:
        seconds, course.seconds = course.seconds, None
        if seconds is None:
            return
        to_ms = seconds[1]
        from_ms: int | None = max(seconds[0], to_ms - LONGEST_SECONDS_MS)
        try:
            while from_ms is not None and from_ms < to_ms:
                from_ms = await self._fetch(course, Interval.SECOND, from_ms, to_ms)
        except BaseException as error:
            if from_ms is not None and not _for_good(error):
                course.miss_seconds(from_ms, to_ms)
            raise

    async def _fetch(
        self, course: Course, interval: Interval, from_ms: int, to_ms: int
    ) -> int | None:
        """One page; where to go on, None at the end."""
        await self._room.wait()
        page = await self._api.page_candles(course.symbol, interval, from_ms=from_ms, to_ms=to_ms)
        self._candles.extend((course.pair, candle) for candle in page.candles)
        if interval is Interval.MINUTE and page.candles:
            course.confirm(page.candles[-1])
        if len(self._candles) > MOST_FOUND:
            self._room.clear()
        if page.unsure_ms is not None:  # nearly over: asked for again in the next round
            if interval is Interval.MINUTE:
                course.miss_minutes(page.unsure_ms)
            else:
                course.miss_seconds(page.unsure_ms, to_ms)
        return page.next_ms

    async def _fill_trades(self, course: Course) -> None:
        if course.ids is None:
            return
        gaps, course.ids.gaps = course.ids.gaps, []
        for at, gap in enumerate(gaps):
            count = gap.last - gap.first + 1
            trades = list[Trade]()
            try:
                if count <= MOST_PAST_TRADES:
                    with suppress(BinanceRefused):
                        trades = await self._api.list_trades(
                            course.pair, course.symbol, first=gap.first, last=gap.last
                        )
            except BaseException:
                course.ids.gaps[:0] = gaps[at:]
                raise
            self._trades.extend(trades)
            if len(trades) < count:
                course.miss_seconds(*_seconds(gap))


def _for_good(error: BaseException) -> bool:
    """Whether asking again would be answered in the same way."""
    return isinstance(error, BinanceRefused) and error.permanent


def _seconds(gap: Gap) -> tuple[int, int]:
    """The seconds that may lack a trade of the gap."""
    before_ms, after_ms = sorted((gap.after_ms, gap.before_ms))
    return (
        Interval.SECOND.bucket_start(before_ms),
        Interval.SECOND.bucket_start(after_ms) + SECOND_MS,
    )
