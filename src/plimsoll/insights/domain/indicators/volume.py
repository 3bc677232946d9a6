"""Volume: on-balance volume, and the volume-weighted price of the day."""

from collections.abc import Callable

import numpy as np
import talib
from talib import stream

from plimsoll.insights.domain.bars import DAY_MS, Array, Columns, Times
from plimsoll.insights.domain.definitions import Definition, Inputs, bars_of_a_day, formula_of
from plimsoll.insights.domain.handles import UNDEFINED, handle


def obv(columns: Columns) -> tuple[Array, ...]:
    """Running sum of the volume, added when the close rises and taken off when it falls; begins
    with the volume of the first bar. Only differences mean something: it counts from the first bar
    of the segment.
    """
    return (talib.OBV(columns.close, columns.volume),)


def day_starts(time_ms: Times) -> list[int]:
    """Index of the first bar of each UTC day."""
    if not len(time_ms):
        return []
    midnights = np.arange(time_ms[0] // DAY_MS + 1, time_ms[-1] // DAY_MS + 1) * DAY_MS
    # Weekly and monthly bars pass several midnights at once.
    return [0, *np.unique(np.searchsorted(time_ms, midnights)).tolist()]


def vwap(columns: Columns) -> tuple[Array, ...]:
    """Sum of TP * volume / sum of volume since 00:00 UTC (or since the last hole, when that is
    later); TP = (high + low + close) / 3. Undefined until something was traded.
    """
    _, _, high, low, close, volume = columns
    starts = day_starts(columns.time_ms)
    price = np.empty(len(close))
    idle = (volume[starts] == 0).tolist()
    for a, b, untraded in zip(starts, [*starts[1:], len(close)], idle, strict=True):
        price[a:b] = talib.VWAP(high[a:b], low[a:b], close[a:b], volume[a:b])
        if untraded:
            traded = np.flatnonzero(volume[a:b])
            price[a : a + int(traded[0]) if len(traded) else b] = UNDEFINED
    return (price,)


class Vwap:
    """Two running sums that begin again with each UTC day."""

    __slots__ = ("_day", "_value", "_volume", "peek", "update")

    def __init__(self, columns: Columns) -> None:
        self._day = -1
        self._value = self._volume = 0.0
        self.update: Callable[..., float] = self._update
        self.peek: Callable[..., float] = self._peek
        if not len(columns.close):
            return
        today = day_starts(columns.time_ms)[-1]
        high, low, close, volume = (each[today:] for each in columns[2:])
        self._day = int(columns.time_ms[-1]) // DAY_MS
        # Added one after the other, as updates are: `sum` would pair them.
        self._value = float(np.cumsum((high + low + close) / 3.0 * volume)[-1])
        self._volume = float(np.cumsum(volume)[-1])

    def _update(self, time_ms: int, high: float, low: float, close: float, volume: float) -> float:
        day = time_ms // DAY_MS
        if day != self._day:
            self._day, self._value, self._volume = day, 0.0, 0.0
        self._value += (high + low + close) / 3.0 * volume
        self._volume += volume
        return self._value / self._volume if self._volume else UNDEFINED

    def _peek(self, time_ms: int, high: float, low: float, close: float, volume: float) -> float:
        traded = (high + low + close) / 3.0 * volume
        if time_ms // DAY_MS != self._day:
            return traded / volume if volume else UNDEFINED
        total = self._volume + volume
        return (self._value + traded) / total if total else UNDEFINED


DEFINITIONS = (
    Definition(
        name="obv",
        title="On-balance volume",
        formula=formula_of(obv),
        inputs=Inputs.CLOSE_VOLUME,
        parameters=(),
        columns=("obv",),
        first=lambda: (0,),
        warm_up=lambda: None,
        batch=obv,
        stream=lambda columns: handle(stream.OBV, columns.close, columns.volume, first=0),
        reach=lambda _step_ms: 0,
    ),
    Definition(
        name="vwap",
        title="Volume-weighted average price of the UTC day",
        formula=formula_of(vwap),
        inputs=Inputs.EVERYTHING,
        parameters=(),
        columns=("vwap",),
        first=lambda: (None,),
        warm_up=lambda: None,
        batch=vwap,
        stream=Vwap,
        reach=bars_of_a_day,
    ),
)
