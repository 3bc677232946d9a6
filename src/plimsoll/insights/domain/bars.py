"""Closed candles as arrays, checked once, so that nothing below has to doubt them.

TA-Lib answers a NaN with silence (an RSI of 0.0 for ever, a maximum that skips it), so a NaN must
not get that far: `Bars.of` refuses it. A missing candle is as bad, an average would reach over the
hole as if nothing had happened: the bars after a hole are a segment of their own, and everything
is computed per segment.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from plimsoll.kernel.errors import Invalid

Array = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]

DAY_MS: Final = 86_400_000


class BadBars(Invalid):
    """Candles that no indicator can be computed of."""

    code = "bad-bars"
    title = "These candles are not valid"


class Bar(NamedTuple):
    """One candle. `time_ms` is when it opens, in milliseconds UTC."""

    time_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float

    def check(self) -> None:
        """Refuse what is not finite, prices of 0 or below, and a close beyond high or low."""
        low, high = self.low, self.high
        if not (
            0.0 < low <= self.close <= high < np.inf
            and low <= self.open <= high
            and 0.0 <= self.volume < np.inf
        ):
            raise BadBars(f"not a candle: {self}")


class Columns(NamedTuple):
    """The bars of one segment: no hole, no NaN. `step_ms` None: calendar months."""

    step_ms: int | None
    time_ms: Times
    high: Array
    low: Array
    close: Array
    volume: Array

    @classmethod
    def empty(cls, step_ms: int | None) -> Self:
        none = np.empty(0)
        return cls(step_ms, np.empty(0, np.int64), none, none, none, none)


def next_open(time_ms: int, step_ms: int | None) -> int:
    """When the candle after the one that opened at `time_ms` opens."""
    if step_ms is not None:
        return time_ms + step_ms
    month = np.datetime64(time_ms, "ms").astype("datetime64[M]") + 1
    return int(month.astype("datetime64[ms]").astype(np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Closed candles of one pair and interval, oldest first; the arrays are read-only."""

    step_ms: int | None
    time_ms: Times
    open: Array
    high: Array
    low: Array
    close: Array
    volume: Array
    starts: tuple[int, ...]
    """Index of the first bar of each segment."""

    @classmethod
    def of(
        cls,
        *,
        step_ms: int | None,
        time_ms: npt.ArrayLike,
        open: npt.ArrayLike,  # noqa: A002 -- what the column is called everywhere
        high: npt.ArrayLike,
        low: npt.ArrayLike,
        close: npt.ArrayLike,
        volume: npt.ArrayLike,
    ) -> Self:
        """Take the columns, refuse what cannot be, and find the holes.

        `step_ms` is the interval's length; None: calendar months.
        """
        times = np.array(time_ms, dtype=np.int64, ndmin=1)
        opens, highs, lows, closes, volumes = (
            np.array(column, dtype=np.float64, order="C", ndmin=1)
            for column in (open, high, low, close, volume)
        )
        for column in (times, opens, highs, lows, closes, volumes):
            column.flags.writeable = False
        if {len(column) for column in (opens, highs, lows, closes, volumes)} != {len(times)}:
            raise BadBars("the columns are not of one length")
        # A comparison with NaN is false, so these refuse NaN as well.
        sound = (
            np.all(lows > 0)
            and np.all(highs < np.inf)
            and np.all(lows <= np.minimum(opens, closes))
            and np.all(np.maximum(opens, closes) <= highs)
            and np.all(volumes >= 0)
            and np.all(volumes < np.inf)
        )
        if not sound:
            raise BadBars("a price or volume is not finite, not positive, or beyond high or low")
        if np.any(np.diff(times) <= 0):
            raise BadBars("the candles are not in the order of their time")
        starts = _starts(times, step_ms)
        return cls(step_ms, times, opens, highs, lows, closes, volumes, starts)

    @classmethod
    def none(cls, step_ms: int | None) -> Self:
        """No candles yet."""
        return cls.of(step_ms=step_ms, time_ms=[], open=[], high=[], low=[], close=[], volume=[])

    def __len__(self) -> int:
        return len(self.time_ms)

    def segments(self) -> list[slice]:
        return [slice(a, b) for a, b in pairwise((*self.starts, len(self)))]

    def columns(self, part: slice) -> Columns:
        """The columns of one segment, without a copy."""
        if part == slice(0, len(self)):
            return Columns(self.step_ms, self.time_ms, self.high, self.low, self.close, self.volume)
        return Columns(
            self.step_ms,
            self.time_ms[part],
            self.high[part],
            self.low[part],
            self.close[part],
            self.volume[part],
        )

    def bar(self, index: int) -> Bar:
        return Bar(
            int(self.time_ms[index]),
            float(self.open[index]),
            float(self.high[index]),
            float(self.low[index]),
            float(self.close[index]),
            float(self.volume[index]),
        )

    def first(self, count: int) -> "Bars":
        """The oldest `count` bars, as if the rest had not happened yet."""
        return Bars(
            self.step_ms,
            self.time_ms[:count],
            self.open[:count],
            self.high[:count],
            self.low[:count],
            self.close[:count],
            self.volume[:count],
            tuple(start for start in self.starts if start < count),
        )


def _starts(times: Times, step_ms: int | None) -> tuple[int, ...]:
    if not len(times):
        return ()
    if step_ms is None:
        steps, step = np.diff(times.astype("datetime64[ms]").astype("datetime64[M]")).astype(int), 1
    else:
        steps, step = np.diff(times), step_ms
    if np.any(steps < step):
        raise BadBars("two candles are closer than their interval")
    return (0, *(int(hole) + 1 for hole in np.flatnonzero(steps != step)))
