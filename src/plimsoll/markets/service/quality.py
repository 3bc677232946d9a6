"""What is let into the candles, and what is remembered of the rest.

A wrong candle is worse than a missing one: what cannot be a candle, or lies a whole factor away
from the last known close, is refused, counted by reason, and kept as a flag that people can read.
A level that is a day old holds nobody back any more: then the market may really be elsewhere, and
the flag says that it moved.
"""

from collections import deque
from enum import StrEnum
from math import inf
from typing import Final, NamedTuple

from prometheus_client import Counter

from plimsoll.markets.domain.candles import DAY_MS, MINUTE_MS, Candle
from plimsoll.markets.domain.prices import Pair

REFUSED: Final = Counter(
    "market_candle_data_refused", "Trades and candles that were not taken.", ["reason"]
)
MOST_FLAGS: Final = 1_000
MOST_TRADES: Final = 2**31 - 1
LEVEL_HOLDS_MS: Final = DAY_MS


class Reason(StrEnum):
    NOT_SOUND = "not-sound"
    """Not finite, not above zero, or a high that is not on top."""
    OFF_GRID = "off-grid"
    """It does not begin where a bucket of its interval begins."""
    IMPLAUSIBLE = "implausible"
    """Further from the last known close than a market moves."""
    LEVEL_CHANGED = "level-changed"
    """As far away, and taken: the last known close was too old to say no."""
    AHEAD = "ahead"
    """Later than now."""
    LATE = "late"
    """A trade whose candle cannot be made anew any more: the source has to say the candle."""


class QualityFlag(NamedTuple):
    """Something about a pair's data that was not right; `at_ms` is the data's own time."""

    pair: Pair
    at_ms: int
    reason: Reason


class Flags:
    """The latest flags; one for each pair, reason and minute, however often it happened."""

    def __init__(self) -> None:
        self._flags: deque[QualityFlag] = deque(maxlen=MOST_FLAGS)

    def add(self, pair: Pair, at_ms: int, reason: Reason) -> None:
        if reason is not Reason.LEVEL_CHANGED:
            REFUSED.labels(reason.value).inc()
        flag = QualityFlag(pair, at_ms - at_ms % MINUTE_MS, reason)
        if flag not in self._flags:
            self._flags.append(flag)

    def list_flags(self) -> list[QualityFlag]:
        """The oldest first."""
        return list(self._flags)


class Level:
    """Where the price of a pair is known to be: `low` and `high` are what is believed at once."""

    __slots__ = ("_at_ms", "_factor", "high", "low")

    def __init__(self, factor: float) -> None:
        assert factor > 1
        self._factor = factor
        self._at_ms = 0
        self.low, self.high = 0.0, inf

    def set(self, close: float, at_ms: int) -> None:
        """A close that is known; one that is older than the last one changes nothing."""
        if at_ms >= self._at_ms:
            self._at_ms = at_ms
            self.low, self.high = close / self._factor, close * self._factor

    def doubt(self, low: float, high: float, at_ms: int) -> Reason | None:
        """What is wrong with a candle, or with a trade as its own low and high; None: nothing."""
        if not 0 < low <= high < inf:
            return Reason.NOT_SOUND
        if self.low < low and high < self.high:
            return None
        if at_ms - self._at_ms > LEVEL_HOLDS_MS:
            return Reason.LEVEL_CHANGED
        return Reason.IMPLAUSIBLE


def find_fault(candle: Candle) -> Reason | None:
    """What makes this no candle at all, whatever the market did."""
    if not candle.sound or candle.trades > MOST_TRADES:
        return Reason.NOT_SOUND
    if not 0 <= candle.open_time_ms < LAST_MS:
        return Reason.OFF_GRID
    if candle.interval.bucket_start(candle.open_time_ms) != candle.open_time_ms:
        return Reason.OFF_GRID
    return None


LAST_MS: Final = 253_000_000_000_000
"""In the year 9987: what is later has no calendar."""
