"""Oscillators: how fast and how far the close has moved.

Where the market does not move at all TA-Lib answers 0, which reads as "oversold"; here it is the
middle of the scale.
"""

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
    Parameter,
    ema_memory,
    formula_of,
    period,
    wilder_memory,
)
from plimsoll.insights.domain.handles import handle
from plimsoll.insights.domain.indicators.averages import average, of_close, stream_of

NEUTRAL: Final = 50.0


def rsi_of(values: Array, n: int) -> Array:
    """RSI of any series without holes."""
    index = talib.RSI(values, n)
    if len(values) > n and (values[: n + 1] == values[0]).all():
        moved = np.flatnonzero(values != values[0])
        index[n : int(moved[0]) if len(moved) else None] = NEUTRAL
    return index


def rsi(columns: Columns, n: int) -> tuple[Array, ...]:
    """100 * G / (G + L); G and L are Wilder averages of the gains and losses of the close: the
    mean of the first n (bars 1..n), then ((n-1) * previous + x) / n. 50 while both are 0: the
    close has not moved since the segment began.
    """
    return (rsi_of(columns.close, n),)


class Rsi:
    """TA-Lib's stream; 50 for as long as the close has never moved."""

    __slots__ = ("_price", "_rsi", "peek", "update")

    def __init__(self, columns: Columns, n: int) -> None:
        close = columns.close
        self._rsi = handle(stream_of(stream.RSI, n), close, first=n)
        self._price = float(close[0]) if len(close) else None
        """What the close has been so far."""
        self.update: Callable[..., float] = self._before_a_move
        self.peek: Callable[..., float] = self._peek_before_a_move
        if (close != self._price).any():
            self.update, self.peek = self._after_a_move, self._peek_after_a_move

    def _before_a_move(self, close: float) -> float:
        index: float = self._rsi.update(close)
        if self._price is None:
            self._price = close
        if close == self._price:
            return index if isnan(index) else NEUTRAL
        self.update, self.peek = self._after_a_move, self._peek_after_a_move
        return index

    def _peek_before_a_move(self, close: float) -> float:
        index: float = self._rsi.peek(close)
        return NEUTRAL if close == self._price and not isnan(index) else index

    def _after_a_move(self, close: float) -> float:
        index: float = self._rsi.update(close)
        if not isnan(index):  # open: from here on TA-Lib's own is enough
            self.update, self.peek = self._rsi.update, self._rsi.peek
        return index

    def _peek_after_a_move(self, close: float) -> float:
        index: float = self._rsi.peek(close)
        return index


def still(columns: Columns) -> Array | None:
    """1.0 for each bar without a true range: one price, which was the last close too. None where
    there is no such bar.
    """
    same = columns.high == columns.low
    if not same.any():
        return None
    same[1:] &= columns.close[1:] == columns.close[:-1]
    same[0] = False
    return np.asarray(same, np.float64)


def ultimate(columns: Columns, a: int, b: int, c: int) -> tuple[Array, ...]:
    """100 * (4 * A(a) + 2 * A(b) + A(c)) / 7; A(n) = sum of BP / sum of TR over n bars, 1/2 when
    the sum of TR is 0; BP = close - min(low, last close), TR = max(high, last close) - min(low,
    last close).
    """
    index = talib.ULTOSC(columns.high, columns.low, columns.close, a, b, c)
    motionless = still(columns)
    if motionless is not None:
        for n, weight in ((a, 4.0), (b, 2.0), (c, 1.0)):
            index[talib.SUM(motionless, n) == n] += weight * NEUTRAL / 7.0
    return (index,)


class Ultimate:
    """TA-Lib's stream; counts the bars without a true range."""

    __slots__ = ("_handle", "_periods", "_price", "_still", "peek", "update")

    def __init__(self, columns: Columns, a: int, b: int, c: int) -> None:
        high, low, close = columns.high, columns.low, columns.close
        self._handle = handle(stream_of(stream.ULTOSC, a, b, c), high, low, close, first=c)
        self._periods = ((a, 4.0), (b, 2.0), (c, 1.0))
        self._price = float(close[-1]) if len(close) else None
        motionless = still(columns)
        self._still = 0
        if motionless is not None:  # bar 0 never is
            self._still = len(close) - 1 - int(np.flatnonzero(motionless == 0)[-1])
        self.update: Callable[..., float] = self._update
        self.peek: Callable[..., float] = self._peek

    def _count(self, high: float, low: float) -> int:
        return self._still + 1 if high == low == self._price else 0

    def _centred(self, index: float, count: int) -> float:
        for n, weight in self._periods:
            if count >= n:
                index += weight * NEUTRAL / 7.0
        return index

    def _update(self, high: float, low: float, close: float) -> float:
        self._still, self._price = self._count(high, low), close
        index: float = self._handle.update(high, low, close)
        return self._centred(index, self._still) if self._still else index

    def _peek(self, high: float, low: float, close: float) -> float:
        return self._centred(self._handle.peek(high, low, close), self._count(high, low))


def cci(columns: Columns, n: int) -> tuple[Array, ...]:
    """(TP - mean of TP) / (0.015 * mean absolute deviation of TP from that mean), over n bars;
    TP = (high + low + close) / 3. 0 when the deviation is 0.
    """
    return (talib.CCI(columns.high, columns.low, columns.close, n),)


def awesome(columns: Columns, fast: int, slow: int) -> tuple[Array, ...]:
    """SMA(fast) - SMA(slow) of (high + low) / 2."""
    return (talib.AO(columns.high, columns.low, fast, slow),)


def momentum(columns: Columns, n: int) -> tuple[Array, ...]:
    """close - the close n bars before."""
    return (talib.MOM(columns.close, n),)


def rate_of_change(columns: Columns, n: int) -> tuple[Array, ...]:
    """100 * (close / the close n bars before - 1)."""
    return (talib.ROC(columns.close, n),)


def bull_bear(columns: Columns, n: int) -> tuple[Array, ...]:
    """bull = high - EMA(n) of the close, bear = low - EMA(n) of the close."""
    bull, bear = talib.ERI(columns.high, columns.low, columns.close, n)
    return bull, bear


def _behind(n: int) -> int:
    """First defined index of what looks n bars back."""
    return n


DEFINITIONS = (
    average(
        "rsi",
        "Relative strength index",
        rsi,
        Rsi,
        14,
        first=_behind,
        memory=wilder_memory,
    ),
    Definition(
        name="ultimate",
        title="Ultimate oscillator",
        formula=formula_of(ultimate),
        inputs=Inputs.HIGH_LOW_CLOSE,
        parameters=(
            period(7, name="short"),
            period(14, name="middle"),
            period(28, name="long"),
        ),
        columns=("ultimate",),
        first=lambda _a, _b, c: (c,),
        warm_up=lambda _a, _b, c: c,
        batch=ultimate,
        stream=Ultimate,
        ascending=("short", "middle", "long"),
    ),
    average(
        "cci",
        "Commodity channel index",
        cci,
        lambda columns, n: handle(
            stream_of(stream.CCI, n), columns.high, columns.low, columns.close, first=n - 1
        ),
        20,
        inputs=Inputs.HIGH_LOW_CLOSE,
    ),
    Definition(
        name="ao",
        title="Awesome oscillator",
        formula=formula_of(awesome),
        inputs=Inputs.HIGH_LOW,
        parameters=(period(5, name="fast"), period(34, name="slow")),
        columns=("ao",),
        first=lambda _fast, slow: (slow - 1,),
        warm_up=lambda _fast, slow: slow - 1,
        batch=awesome,
        stream=lambda columns, fast, slow: handle(
            stream_of(stream.AO, fast, slow), columns.high, columns.low, first=slow - 1
        ),
        ascending=("fast", "slow"),
    ),
    average(
        "momentum",
        "Momentum",
        momentum,
        of_close(stream.MOM, _behind),
        10,
        first=_behind,
        minimum=1,
    ),
    average(
        "roc",
        "Rate of change",
        rate_of_change,
        of_close(stream.ROC, _behind),
        10,
        first=_behind,
        minimum=1,
    ),
    Definition(
        name="bullbear",
        title="Bull and bear power",
        formula=formula_of(bull_bear),
        inputs=Inputs.HIGH_LOW_CLOSE,
        parameters=(Parameter("period", 13),),
        columns=("bull", "bear"),
        first=lambda n: (n - 1, n - 1),
        warm_up=lambda n: n - 1 + ema_memory(n),
        batch=bull_bear,
        stream=lambda columns, n: handle(
            stream_of(stream.ERI, n),
            columns.high,
            columns.low,
            columns.close,
            first=n - 1,
            outputs=2,
        ),
    ),
)
