"""Price levels: the Fibonacci retracement of a confirmed swing, and pivot points of the day."""

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import talib

from plimsoll.insights.domain.bars import DAY_MS, Array, Columns, Times
from plimsoll.insights.domain.definitions import (
    Definition,
    Inputs,
    bars_of_a_day,
    formula_of,
    period,
)
from plimsoll.insights.domain.handles import UNDEFINED

RATIOS: Final = (0.236, 0.382, 0.5, 0.618, 0.786)
SWINGS: Final = 20
"""In so many times the bars of a swing there is one; where there is none, nothing is told."""
Places = np.ndarray[tuple[int], np.dtype[np.int64]]


def retracement(high: float, low: float) -> tuple[float, ...]:
    """high - (high - low) * ratio, for each of the five ratios."""
    return tuple(high - (high - low) * ratio for ratio in RATIOS)


def _turning_points(values: Array, k: int) -> Places:
    """At each bar the index of the last confirmed high of `values`, -1 before the first.

    A high is confirmed k bars later: above each of the k values before it, not below any of the k
    after it.
    """
    found = np.full(len(values), -1, np.int64)
    if len(values) > 2 * k:
        middle = values[k:-k]
        top = talib.MAX(values, 2 * k + 1)[2 * k :]
        before = (talib.MAX(values, k) if k > 1 else values)[k - 1 : -k - 1]
        places = np.arange(k, len(values) - k)
        found[2 * k :] = np.where((middle == top) & (middle > before), places, -1)
    return np.maximum.accumulate(found) if len(found) else found


def fibonacci(columns: Columns, k: int) -> tuple[Array, ...]:
    """high and low: the last confirmed swing high and swing low. A swing high is above the k highs
    before it and not below the k highs after it, so it is known k bars later and not before; a
    swing low is its mirror. direction = +1 when the high came after the low, -1 before it, 0 in
    one bar. Levels: high - (high - low) * (.236, .382, .5, .618, .786). Undefined while either is
    missing or the high is not above the low.
    """
    at_high = _turning_points(columns.high, k)
    at_low = _turning_points(-columns.low, k)
    known = (at_high >= 0) & (at_low >= 0)
    high = np.where(known, columns.high[at_high], UNDEFINED)
    low = np.where(known, columns.low[at_low], UNDEFINED)
    known = high > low
    high[~known] = low[~known] = UNDEFINED
    direction = np.where(known, np.sign(at_high - at_low).astype(np.float64), UNDEFINED)
    reach = high - low
    return high, low, direction, *(high - reach * ratio for ratio in RATIOS)


class _Swing(NamedTuple):
    """The last confirmed high and low, with their bars; -1: none yet."""

    high_at: int
    high: float
    low_at: int
    low: float

    def values(self) -> tuple[float, ...]:
        if self.high_at < 0 or self.low_at < 0 or self.high <= self.low:
            return (UNDEFINED,) * (3 + len(RATIOS))
        direction = float((self.high_at > self.low_at) - (self.high_at < self.low_at))
        return self.high, self.low, direction, *retracement(self.high, self.low)


class Fibonacci:
    __slots__ = ("_count", "_highs", "_k", "_lows", "_swing", "peek", "update")

    def __init__(self, columns: Columns, k: int) -> None:
        high, low = columns.high, columns.low
        self._k = k
        self._count = len(high)
        self._highs = deque(high[-2 * k - 1 :].tolist(), maxlen=2 * k + 1)
        self._lows = deque(low[-2 * k - 1 :].tolist(), maxlen=2 * k + 1)
        at_high = int(_turning_points(high, k)[-1]) if len(high) else -1
        at_low = int(_turning_points(-low, k)[-1]) if len(low) else -1
        self._swing = _Swing(
            at_high,
            float(high[at_high]) if at_high >= 0 else UNDEFINED,
            at_low,
            float(low[at_low]) if at_low >= 0 else UNDEFINED,
        )
        self.update: Callable[..., tuple[float, ...]] = self._update
        self.peek: Callable[..., tuple[float, ...]] = self._peek

    def _after(self, highs: deque[float], lows: deque[float], count: int) -> _Swing:
        k, swing = self._k, self._swing
        if count <= 2 * k:
            return swing
        past_highs, past_lows = list(highs), list(lows)
        high, low = past_highs[k], past_lows[k]
        if high == max(past_highs) and high > max(past_highs[:k]):
            swing = swing._replace(high_at=count - 1 - k, high=high)
        if low == min(past_lows) and low < min(past_lows[:k]):
            swing = swing._replace(low_at=count - 1 - k, low=low)
        return swing

    def _update(self, high: float, low: float) -> tuple[float, ...]:
        self._count += 1
        self._highs.append(high)
        self._lows.append(low)
        self._swing = self._after(self._highs, self._lows, self._count)
        return self._swing.values()

    def _peek(self, high: float, low: float) -> tuple[float, ...]:
        length = self._highs.maxlen
        highs, lows = deque([*self._highs, high], length), deque([*self._lows, low], length)
        return self._after(highs, lows, self._count + 1).values()


def _sessions(time_ms: Times, step_ms: int | None) -> Times:
    """The session of each bar: its UTC day, or the bar itself where it lasts a day or longer."""
    return time_ms if step_ms is None or step_ms >= DAY_MS else time_ms // DAY_MS * DAY_MS


def pivot_levels(high: float, low: float, close: float) -> tuple[float, ...]:
    """P, R1, R2, R3, S1, S2, S3 of a session's high, low and close."""
    pivot = (high + low + close) / 3.0
    reach = high - low
    return (
        pivot,
        2.0 * pivot - low,
        pivot + reach,
        high + 2.0 * (pivot - low),
        2.0 * pivot - high,
        pivot - reach,
        low - 2.0 * (high - pivot),
    )


def pivots(columns: Columns) -> tuple[Array, ...]:
    """P = (H + L + C) / 3 of the UTC day before (of the candle before, where one lasts a day or
    longer); R1 = 2P - L, S1 = 2P - H, R2 = P + (H - L), S2 = P - (H - L), R3 = H + 2(P - L), S3 =
    L - 2(H - P). Undefined until a whole day has passed since the segment began.
    """
    session = _sessions(columns.time_ms, columns.step_ms)
    levels = np.full((7, len(session)), UNDEFINED)
    if len(session):
        starts = np.flatnonzero(np.concatenate(([True], session[1:] != session[:-1])))
        ends = np.append(starts[1:], len(session))
        whole = columns.time_ms[starts] == session[starts]
        high = np.where(whole, np.maximum.reduceat(columns.high, starts), UNDEFINED)
        low = np.minimum.reduceat(columns.low, starts)
        close = columns.close[ends - 1]
        pivot = (high + low + close) / 3.0
        reach = high - low
        by_session = (
            pivot,
            2.0 * pivot - low,
            pivot + reach,
            high + 2.0 * (pivot - low),
            2.0 * pivot - high,
            pivot - reach,
            low - 2.0 * (high - pivot),
        )
        lengths = (ends - starts)[1:]
        for row, values in zip(levels, by_session, strict=True):
            row[starts[1] if len(starts) > 1 else len(row) :] = np.repeat(values[:-1], lengths)
    return tuple(levels)


class _Session(NamedTuple):
    """A day so far. `whole`: seen from its beginning."""

    starts: int
    whole: bool
    high: float
    low: float
    close: float


class Pivots:
    __slots__ = ("_levels", "_session", "_step_ms", "peek", "update")

    def __init__(self, columns: Columns) -> None:
        self._step_ms = columns.step_ms
        self._session: _Session | None = None
        self._levels: tuple[float, ...] = (UNDEFINED,) * 7
        self.update: Callable[..., tuple[float, ...]] = self._update
        self.peek: Callable[..., tuple[float, ...]] = self._peek
        session = _sessions(columns.time_ms, columns.step_ms)
        starts = [0, *(np.flatnonzero(session[1:] != session[:-1]) + 1).tolist()]
        recent = (column[starts[-2:][0] :].tolist() for column in columns[1:])
        for bar in zip(*recent, strict=True):
            self._update(*bar)

    def _after(
        self, time_ms: int, high: float, low: float, close: float
    ) -> tuple[_Session, tuple[float, ...]]:
        day = self._step_ms is not None and self._step_ms < DAY_MS
        starts = time_ms // DAY_MS * DAY_MS if day else time_ms
        past = self._session
        if past and past.starts == starts:
            highest = high if high > past.high else past.high  # noqa: FURB136 -- max() is slower
            lowest = low if low < past.low else past.low  # noqa: FURB136
            return _Session(starts, past.whole, highest, lowest, close), self._levels
        levels: tuple[float, ...] = (UNDEFINED,) * 7
        if past and past.whole:
            levels = pivot_levels(past.high, past.low, past.close)
        return _Session(starts, time_ms == starts, high, low, close), levels

    def _update(
        self, time_ms: int, high: float, low: float, close: float, _volume: float
    ) -> tuple[float, ...]:
        self._session, self._levels = self._after(time_ms, high, low, close)
        return self._levels

    def _peek(
        self, time_ms: int, high: float, low: float, close: float, _volume: float
    ) -> tuple[float, ...]:
        return self._after(time_ms, high, low, close)[1]


DEFINITIONS = (
    Definition(
        name="fibonacci",
        title="Fibonacci retracement of the last confirmed swing",
        formula=formula_of(fibonacci),
        inputs=Inputs.HIGH_LOW,
        parameters=(period(10, name="confirmation", minimum=1),),
        columns=(
            "high",
            "low",
            "direction",
            "level_236",
            "level_382",
            "level_500",
            "level_618",
            "level_786",
        ),
        first=lambda _k: (None,) * 8,
        warm_up=lambda _k: None,
        batch=fibonacci,
        stream=Fibonacci,
        reach=lambda _step_ms, k: SWINGS * (2 * k + 1),
    ),
    Definition(
        name="pivots",
        title="Pivot points of the UTC day before",
        formula=formula_of(pivots),
        inputs=Inputs.EVERYTHING,
        parameters=(),
        columns=("pivot", "r1", "r2", "r3", "s1", "s2", "s3"),
        first=lambda: (None,) * 7,
        warm_up=lambda: None,
        batch=pivots,
        stream=Pivots,
        reach=lambda step_ms: 2 * bars_of_a_day(step_ms),
    ),
)
