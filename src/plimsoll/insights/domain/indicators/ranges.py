"""Oscillators that say where the close stands in the range of the last bars."""

from collections.abc import Callable
from math import isnan
from typing import Final

import numpy as np
import talib
from talib import stream

from plimsoll.insights.domain.bars import Array, Columns
from plimsoll.insights.domain.definitions import (
    Definition,
    Inputs,
    formula_of,
    period,
    wilder_memory,
)
from plimsoll.insights.domain.handles import UNDEFINED, from_first, handle
from plimsoll.insights.domain.indicators.averages import average, stream_of
from plimsoll.insights.domain.indicators.momentum import NEUTRAL, Rsi, rsi_of

RSI_NOISE: Final = 1e-9
"""A standing RSI moves by its rounding; a range of no more than this is none."""


def place_in_range(high: Array, low: Array, close: Array, n: int, noise: float = 0.0) -> Array:
    """Where the close stands between the lowest low (0) and highest high (100) of n bars; 50 in
    a range of no more than `noise`.
    """
    bottom = talib.MIN(low, n)
    span = talib.MAX(high, n)
    span -= bottom
    flat = span <= noise
    if flat.any():
        span[flat] = 1.0
    np.subtract(close, bottom, out=bottom)
    bottom /= span
    bottom *= 100.0
    if flat.any():
        bottom[flat] = NEUTRAL
    return bottom


def _smoothed(raw: Array, first: int, *, k: int, d: int) -> tuple[Array, ...]:
    slow = from_first(raw, first, lambda values: talib.SMA(values, k))
    return slow, from_first(slow, first + k - 1, lambda values: talib.SMA(values, d))


def stochastic(columns: Columns, n: int, k: int, d: int) -> tuple[Array, ...]:
    """raw = 100 * (close - lowest low of n) / (highest high of n - lowest low of n), 50 when the
    range is 0; K = SMA(k) of raw, D = SMA(d) of K.
    """
    raw = place_in_range(columns.high, columns.low, columns.close, n)
    return _smoothed(raw, n - 1, k=k, d=d)


class _Smoothing:
    """Raw place in the range of n bars, and its two averages."""

    __slots__ = ("_d", "_k", "_noise", "_range")

    def __init__(
        self, prices: tuple[Array, Array, Array], n: int, *, k: int, d: int, noise: float = 0.0
    ) -> None:
        high, low, close = prices
        raw = place_in_range(high, low, close, n, noise)
        self._noise = noise
        slow, _ = _smoothed(raw, n - 1, k=k, d=d)
        self._range = handle(stream_of(stream.DONCHIAN, n), high, low, first=n - 1, outputs=3)
        self._k = handle(stream_of(stream.SMA, k), raw[n - 1 :], first=k - 1)
        self._d = handle(stream_of(stream.SMA, d), slow[n + k - 2 :], first=d - 1)

    def update(self, high: float, low: float, close: float) -> tuple[float, float]:
        top, _, bottom = self._range.update(high, low)
        span = top - bottom
        if isnan(span):  # still warming
            return UNDEFINED, UNDEFINED
        slow = self._k.update((close - bottom) / span * 100.0 if span > self._noise else NEUTRAL)
        if isnan(slow):
            return UNDEFINED, UNDEFINED
        return slow, self._d.update(slow)

    def peek(self, high: float, low: float, close: float) -> tuple[float, float]:
        top, _, bottom = self._range.peek(high, low)
        span = top - bottom
        if isnan(span):
            return UNDEFINED, UNDEFINED
        slow = self._k.peek((close - bottom) / span * 100.0 if span > self._noise else NEUTRAL)
        if isnan(slow):
            return UNDEFINED, UNDEFINED
        return slow, self._d.peek(slow)


class Stochastic:
    __slots__ = ("peek", "update")

    def __init__(self, columns: Columns, n: int, k: int, d: int) -> None:
        smoothing = _Smoothing((columns.high, columns.low, columns.close), n, k=k, d=d)
        self.update: Callable[..., tuple[float, float]] = smoothing.update
        self.peek: Callable[..., tuple[float, float]] = smoothing.peek


def stochrsi(columns: Columns, r: int, n: int, k: int, d: int) -> tuple[Array, ...]:
    """The stochastic of RSI(r): raw = 100 * (RSI - lowest of n) / (highest of n - lowest of n),
    50 when the range is 0 (to 1e-9, as RSI stands still to its rounding only); K = SMA(k) of raw,
    D = SMA(d) of K.
    """
    index = rsi_of(columns.close, r)
    raw = from_first(index, r, lambda values: place_in_range(values, values, values, n, RSI_NOISE))
    return _smoothed(raw, r + n - 1, k=k, d=d)


class StochRsi:
    __slots__ = ("_rsi", "_smoothing", "peek", "update")

    def __init__(self, columns: Columns, r: int, n: int, k: int, d: int) -> None:
        self._rsi = Rsi(columns, r)
        index = rsi_of(columns.close, r)[r:]
        self._smoothing = _Smoothing((index, index, index), n, k=k, d=d, noise=RSI_NOISE)
        self.update: Callable[..., tuple[float, float]] = self._update
        self.peek: Callable[..., tuple[float, float]] = self._peek

    def _update(self, close: float) -> tuple[float, float]:
        index = self._rsi.update(close)
        if isnan(index):
            return UNDEFINED, UNDEFINED
        return self._smoothing.update(index, index, index)

    def _peek(self, close: float) -> tuple[float, float]:
        index = self._rsi.peek(close)
        if isnan(index):
            return UNDEFINED, UNDEFINED
        return self._smoothing.peek(index, index, index)


def williams(columns: Columns, n: int) -> tuple[Array, ...]:
    """-100 * (highest high of n - close) / (highest high of n - lowest low of n); -50 when the
    range is 0.
    """
    place = talib.WILLR(columns.high, columns.low, columns.close, n)
    if len(place) and (columns.high == columns.low).any():
        place[talib.MAX(columns.high, n) == talib.MIN(columns.low, n)] = -NEUTRAL
    return (place,)


class Williams:
    """TA-Lib's stream; counts the bars that did not move at all."""

    __slots__ = ("_handle", "_n", "_price", "_still", "peek", "update")

    def __init__(self, columns: Columns, n: int) -> None:
        high, low, close = columns.high, columns.low, columns.close
        self._handle = handle(stream_of(stream.WILLR, n), high, low, close, first=n - 1)
        self._n = n
        self._price = float(close[-1]) if len(close) else None
        moved = np.flatnonzero((high != self._price) | (low != self._price))
        self._still = len(close) - 1 - int(moved[-1]) if len(moved) else len(close)
        self.update: Callable[..., float] = self._update
        self.peek: Callable[..., float] = self._peek

    def _count(self, high: float, low: float) -> int:
        if high != low:
            return 0
        return self._still + 1 if low == self._price else 1

    def _update(self, high: float, low: float, close: float) -> float:
        self._still, self._price = self._count(high, low), close
        place: float = self._handle.update(high, low, close)
        return -NEUTRAL if self._still >= self._n else place

    def _peek(self, high: float, low: float, close: float) -> float:
        if self._count(high, low) >= self._n:
            return -NEUTRAL
        place: float = self._handle.peek(high, low, close)
        return place


DEFINITIONS = (
    Definition(
        name="stochastic",
        title="Stochastic oscillator",
        formula=formula_of(stochastic),
        inputs=Inputs.HIGH_LOW_CLOSE,
        parameters=(period(14), period(3, name="k"), period(3, name="d")),
        columns=("k", "d"),
        first=lambda n, k, d: (n + k - 2, n + k + d - 3),
        warm_up=lambda n, k, d: n + k + d - 3,
        batch=stochastic,
        stream=Stochastic,
    ),
    Definition(
        name="stochrsi",
        title="Stochastic RSI",
        formula=formula_of(stochrsi),
        inputs=Inputs.CLOSE,
        parameters=(
            period(14, name="rsi"),
            period(14),
            period(3, name="k"),
            period(3, name="d"),
        ),
        columns=("k", "d"),
        first=lambda r, n, k, d: (r + n + k - 2, r + n + k + d - 3),
        warm_up=lambda r, n, k, d: r + n + k + d - 3 + wilder_memory(r),
        batch=stochrsi,
        stream=StochRsi,
    ),
    average(
        "williams",
        "Williams %R",
        williams,
        Williams,
        14,
        inputs=Inputs.HIGH_LOW_CLOSE,
    ),
)
