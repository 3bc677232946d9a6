"""Recorded prices as if they happened now.

All files share one timeline. It starts at the earliest close, which is there at once, and runs at
`speed` recorded seconds per real second; the price of a candle appears when the candle closes. A
stretch without any data is skipped when it is longer than an hour and longer than the candles
themselves. At the end the last prices stay where they are and go stale. Files are read as they are
needed, one row ahead of each series.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final

import structlog

from plimsoll.kernel.clock import Clock, from_ms, rfc3339
from plimsoll.kernel.money import CONTEXT
from plimsoll.markets.domain.feeds import NothingToReplay
from plimsoll.markets.domain.prices import Pair, Price, Tick, to_change
from plimsoll.markets.sources.klines import Close, find_series, read_series

log = structlog.get_logger(__name__)

SOURCE: Final = "replay"
DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000
LARGEST_BATCH: Final = 200
"""Ticks handed over at once, so that a fast replay leaves room for requests."""


class DayAgo:
    """The closes of one pair's last day, to say how much it changed."""

    def __init__(self) -> None:
        self._closes: deque[Close] = deque()

    def change(self, close: Close) -> Decimal | None:
        """The ratio by which `close` differs from 24 h before; None when nothing was recorded
        within an hour of then.
        """
        self._closes.append(close)
        day_ago = close.at_ms - DAY_MS
        while len(self._closes) > 1 and self._closes[1].at_ms <= day_ago:
            self._closes.popleft()
        before = self._closes[0]
        if not day_ago - HOUR_MS <= before.at_ms <= day_ago:
            return None
        return to_change(CONTEXT.divide(close.value, before.value) - 1)


class ReplaySource:
    """`speed` is recorded seconds per real second."""

    def __init__(self, folder: Path, clock: Clock, *, speed: float) -> None:
        """Raises NothingToReplay when `folder` has no usable file."""
        self._clock = clock
        self._speed = speed
        if not folder.is_dir():
            raise NothingToReplay(f"{folder} is not a folder")
        series = find_series(folder)
        self._closes = heapq.merge(*(read_series(one) for one in series))
        self._upcoming = next(self._closes, None)
        if self._upcoming is None:
            raise NothingToReplay(
                f"{folder} has no candles of a known pair in files like BTCUSDT-1m-2024-01.zip"
            )
        self._days: dict[Pair, DayAgo] = {one.pair: DayAgo() for one in series}
        self._longest_gap_ms = max(HOUR_MS, *(one.interval_ms for one in series))
        self._at_ms = self._upcoming.at_ms
        self._zero_ms: float | None = None
        """The recorded moment that belongs to the clock's zero."""
        log.info("replay_opened", series=len(series), starts=rfc3339(from_ms(self._at_ms)))

    def state(self) -> None:
        """A replay starts over each time."""
        return

    async def next_ticks(self) -> Sequence[Tick] | None:
        """The closes that are due, at most LARGEST_BATCH of them."""
        if self._upcoming is None:
            return None
        if self._zero_ms is None:
            self._zero_ms = self._at_ms - self._elapsed_ms()
        gap_ms = self._upcoming.at_ms - self._at_ms
        if gap_ms > self._longest_gap_ms:
            now_ms = self._zero_ms + self._elapsed_ms()
            self._zero_ms += max(0.0, self._upcoming.at_ms - now_ms)
            log.info(
                "replay_gap_skipped", hours=gap_ms // HOUR_MS, at=rfc3339(from_ms(self._at_ms))
            )
        wait_ms = self._upcoming.at_ms - self._zero_ms - self._elapsed_ms()
        await asyncio.sleep(max(0.0, wait_ms / 1000 / self._speed))
        return self._take_due(self._upcoming)

    def _elapsed_ms(self) -> float:
        return self._clock.monotonic() * 1000 * self._speed

    def _take_due(self, first: Close) -> list[Tick]:
        """`first` and what else is due by now, up to the next gap."""
        assert self._zero_ms is not None
        due_ms = max(self._zero_ms + self._elapsed_ms(), first.at_ms)
        ticks = list[Tick]()
        upcoming: Close | None = first
        while upcoming and upcoming.at_ms <= due_ms and len(ticks) < LARGEST_BATCH:
            if upcoming.at_ms - self._at_ms > self._longest_gap_ms and ticks:
                break
            self._at_ms = upcoming.at_ms
            ticks.append(self._tick(upcoming))
            upcoming = next(self._closes, None)
        self._upcoming = upcoming
        return ticks

    def _tick(self, close: Close) -> Tick:
        change = self._days[close.pair].change(close)
        price = Price(close.value, SOURCE, from_ms(close.at_ms), change_24h=change)
        return Tick(close.pair, price)
