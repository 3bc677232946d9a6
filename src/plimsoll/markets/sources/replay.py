"""Recorded candles and trades as if they happened now.

All files share one timeline, which starts at the earliest moment in them. A candle is said when it
closes, a trade when it was made, each with its price. At the end the last prices stay where they
are and go stale. Files are read as they are needed, one row ahead of each series.
"""

import heapq
import math
from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

import structlog

from plimsoll.kernel.clock import Clock, from_ms, rfc3339
from plimsoll.kernel.money import CONTEXT
from plimsoll.markets.domain.candles import DAY_MS, HOUR_MS, MINUTE_MS, Candle
from plimsoll.markets.domain.feeds import News, NothingToReplay, Trade
from plimsoll.markets.domain.prices import Pair, Price, Tick, to_change
from plimsoll.markets.sources.klines import Recorded, find_series, read_series
from plimsoll.markets.sources.timeline import Timeline

log = structlog.get_logger(__name__)

SOURCE: Final = "replay"
LARGEST_BATCH: Final = 200
"""Rows handed over at once, so that a fast replay leaves room for requests."""


class DayAgo:
    """The prices of one pair's last day, to say how much it changed; the last one of a minute."""

    def __init__(self) -> None:
        self._prices: deque[tuple[int, Decimal]] = deque()

    def change(self, at_ms: int, price: Decimal) -> Decimal | None:
        """The ratio by which `price` differs from 24 h before; None when nothing was recorded
        within an hour of then.
        """
        prices = self._prices
        if prices and prices[-1][0] // MINUTE_MS == at_ms // MINUTE_MS:
            prices.pop()
        prices.append((at_ms, price))
        day_ago = at_ms - DAY_MS
        while len(prices) > 1 and prices[1][0] <= day_ago:
            prices.popleft()
        before_ms, before = prices[0]
        if not day_ago - HOUR_MS <= before_ms <= day_ago:
            return None
        return to_change(CONTEXT.divide(price, before) - 1)


class ReplaySource:
    """`speed` is recorded seconds per real second; infinite: as fast as possible."""

    name: Final = SOURCE
    pushes: Final = False
    silence_s: Final = math.inf
    """A recording has gaps, and nothing is wrong with it."""

    def __init__(self, folder: Path, clock: Clock, *, speed: float) -> None:
        """Raises NothingToReplay when `folder` has no usable file."""
        if not folder.is_dir():
            raise NothingToReplay(f"{folder} is not a folder")
        series = find_series(folder)
        self._rows: Iterator[Recorded] = heapq.merge(
            *(read_series(one) for one in series), key=_moment
        )
        self._upcoming = next(self._rows, None)
        if self._upcoming is None:
            raise NothingToReplay(
                f"{folder} has no candles or trades of a known pair in files like"
                " BTCUSDT-1m-2024-01.zip or BTCUSDT-trades-2024-01-01.csv"
            )
        self._days: dict[Pair, DayAgo] = {one.pair: DayAgo() for one in series}
        lengths = [one.interval.length_ms or 31 * DAY_MS for one in series if one.interval]
        starts_ms = self._upcoming.at_ms
        self._timeline = Timeline(
            clock, speed=speed, starts_ms=starts_ms, longest_gap_ms=max(HOUR_MS, *lengths, 0)
        )
        log.info("replay_opened", series=len(series), starts=rfc3339(from_ms(starts_ms)))

    def state(self) -> None:
        """A replay starts over each time."""
        return

    def now_ms(self) -> int:
        return self._timeline.now_ms()

    async def aclose(self) -> None:
        """Let go of the files."""
        self._upcoming, self._rows = None, iter(())

    async def next_news(self) -> News | None:
        """What is due, at most LARGEST_BATCH rows of it."""
        if self._upcoming is None:
            return None
        await self._timeline.wait()
        rows, until_ms = list[Recorded](), self._timeline.until_ms()
        upcoming: Recorded | None = self._upcoming
        while upcoming and upcoming.at_ms <= until_ms and len(rows) < LARGEST_BATCH:
            rows.append(upcoming)
            upcoming = next(self._rows, None)
        self._upcoming = upcoming
        self._timeline.said(rows[-1].at_ms, upcoming.at_ms if upcoming else None)
        return self._tell(rows)

    def _tell(self, rows: list[Recorded]) -> News:
        """The last price of each pair, and everything that was recorded."""
        latest = {row.pair: row for row in rows}
        return News(
            ticks=[self._tick(row) for row in latest.values()],
            trades=[row.what for row in rows if isinstance(row.what, Trade)],
            candles=[(row.pair, row.what) for row in rows if isinstance(row.what, Candle)],
        )

    def _tick(self, row: Recorded) -> Tick:
        change = self._days[row.pair].change(row.at_ms, row.price)
        return Tick(row.pair, Price(row.price, SOURCE, from_ms(row.at_ms), change_24h=change))


def _moment(row: Recorded) -> int:
    return row.at_ms
