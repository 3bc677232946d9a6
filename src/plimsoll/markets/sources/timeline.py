"""The clock of a recording: recorded time that passes at a speed of its own.

It starts at the first recorded moment and never runs ahead of what was not said yet: a player that
is held up holds the recording's time up as well. A stretch without any data is skipped when it is
longer than an hour and longer than what is recorded at a time. As fast as possible (speed infinite)
no wait is left, and the time is that of what was said last. After the end time goes on, so that
what is forming is closed and the last prices go stale: at the speed there was, or at that of the
clock when there was none.
"""

import asyncio
import math
from typing import Final

import structlog

from plimsoll.kernel.clock import Clock, from_ms, rfc3339

log = structlog.get_logger(__name__)

HOUR_MS: Final = 3_600_000
SPAN_MS: Final = 60_000
"""What is played at once lies within less than this, however fast: its hearers follow the time in
steps that they can take.
"""


class Timeline:
    """`speed` is recorded seconds per real second, or infinite; all moments in milliseconds."""

    def __init__(
        self, clock: Clock, *, speed: float, starts_ms: int, longest_gap_ms: int = HOUR_MS
    ) -> None:
        assert speed > 0
        self._clock = clock
        self._speed = speed
        self._longest_gap_ms = longest_gap_ms
        self._said_ms = starts_ms
        self._next_ms: int | None = starts_ms
        self._zero_ms: float | None = None
        """The recorded moment that belongs to the clock's zero, once it runs."""

    async def wait(self) -> None:
        """Until what comes next is due; the first is due at once."""
        assert self._next_ms is not None, "nothing comes after the end"
        if math.isinf(self._speed):
            await asyncio.sleep(0)  # leaves room for requests
            return
        if self._zero_ms is None:
            self._zero_ms = self._next_ms - self._elapsed_ms()
        gap_ms = self._next_ms - self._said_ms
        if gap_ms > self._longest_gap_ms:
            self._zero_ms += max(0.0, self._next_ms - self._running_ms())
            at = rfc3339(from_ms(self._said_ms))
            log.info("replay_gap_skipped", hours=gap_ms // HOUR_MS, at=at)
        await asyncio.sleep(max(0.0, (self._next_ms - self._running_ms()) / 1000 / self._speed))

    def until_ms(self) -> int:
        """The last moment that may be played now, together with what comes next."""
        assert self._next_ms is not None
        latest_ms = self._next_ms + SPAN_MS - 1
        if math.isinf(self._speed):
            return latest_ms
        return min(latest_ms, max(self._next_ms, math.floor(self._running_ms())))

    def said(self, at_ms: int, next_ms: int | None) -> None:
        """`at_ms` was played; `next_ms` comes next, None at the end."""
        self._said_ms, self._next_ms = at_ms, next_ms
        if next_ms is None and math.isinf(self._speed):
            self._speed, self._zero_ms = 1.0, None
        if next_ms is None and self._zero_ms is None:
            self._zero_ms = at_ms - self._elapsed_ms()

    def now_ms(self) -> int:
        if self._zero_ms is None:
            return self._said_ms
        now_ms = max(self._said_ms, math.floor(self._running_ms()))
        return now_ms if self._next_ms is None else min(now_ms, self._next_ms)

    def _running_ms(self) -> float:
        assert self._zero_ms is not None
        return self._zero_ms + self._elapsed_ms()

    def _elapsed_ms(self) -> float:
        return self._clock.monotonic() * 1000 * self._speed
