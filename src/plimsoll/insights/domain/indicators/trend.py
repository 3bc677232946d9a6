"""Trend: MACD, directional movement, Ichimoku, and the crosses of two averages."""

from collections.abc import Callable
from math import copysign, isnan
from typing import Final

import numpy as np
import talib
from talib import stream

from plimsoll.insights.domain.bars import Array, Columns
from plimsoll.insights.domain.definitions import (
    Definition,
    Inputs,
    ema_memory,
    formula_of,
    period,
    wilder_memory,
)
from plimsoll.insights.domain.handles import UNDEFINED, from_first, handle
from plimsoll.insights.domain.indicators.averages import stream_of

AGREEING: Final = 64
"""Bars on which two recursions are equal to the last bit before they count as one."""

SAME: Final = 1e-12
"""Two averages no further apart than this part of them are equal."""


def macd(columns: Columns, fast: int, slow: int, signal: int) -> tuple[Array, ...]:
    """line = EMA(fast) - EMA(slow) of the close, each seeded with its own first bars; signal =
    EMA(signal) of the line; histogram = line - signal.
    """
    close = columns.close
    meeting = 2 * (ema_memory(slow) + ema_memory(signal))
    if len(close) < 2 * meeting:
        return _macd(close, fast, slow, signal)
    # TA-Lib seeds the fast average with later bars. By now both have forgotten their seeds, so
    # the rest of a long series is TA-Lib's in one pass; the comparison proves it.
    head = _macd(close[:meeting], fast, slow, signal)
    whole: tuple[Array, ...] = talib.MACD(close, fast, slow, signal)
    recent = slice(meeting - AGREEING, meeting)
    if not all(np.array_equal(a[recent], b[recent]) for a, b in zip(head, whole, strict=True)):
        return _macd(close, fast, slow, signal)
    for ours, theirs in zip(head, whole, strict=True):
        theirs[:meeting] = ours
    return whole


def _macd(close: Array, fast: int, slow: int, signal: int) -> tuple[Array, ...]:
    line = talib.EMA(close, fast) - talib.EMA(close, slow)
    average = from_first(line, slow - 1, lambda values: talib.EMA(values, signal))
    return line, average, line - average


class Macd:
    __slots__ = ("_fast", "_signal", "_slow", "peek", "update")

    def __init__(self, columns: Columns, fast: int, slow: int, signal: int) -> None:
        close = columns.close
        line = _macd(close, fast, slow, signal)[0][slow - 1 :]
        self._fast = handle(stream_of(stream.EMA, fast), close, first=fast - 1)
        self._slow = handle(stream_of(stream.EMA, slow), close, first=slow - 1)
        self._signal = handle(stream_of(stream.EMA, signal), line, first=signal - 1)
        self.update: Callable[..., tuple[float, float, float]] = self._update
        self.peek: Callable[..., tuple[float, float, float]] = self._peek

    def _update(self, close: float) -> tuple[float, float, float]:
        line = self._fast.update(close) - self._slow.update(close)
        if isnan(line):  # still warming
            return UNDEFINED, UNDEFINED, UNDEFINED
        signal = self._signal.update(line)
        return line, signal, line - signal

    def _peek(self, close: float) -> tuple[float, float, float]:
        line = self._fast.peek(close) - self._slow.peek(close)
        if isnan(line):
            return UNDEFINED, UNDEFINED, UNDEFINED
        signal = self._signal.peek(line)
        return line, signal, line - signal


def _movements(columns: Columns) -> tuple[Array, Array, Array]:
    """+DM, -DM and TR of the bars from 1 on."""
    up = np.diff(columns.high)
    down = columns.low[:-1] - columns.low[1:]
    plus = np.where(up > down, up, 0.0)
    minus = np.where(down > up, down, 0.0)
    np.maximum(plus, 0.0, out=plus)
    np.maximum(minus, 0.0, out=minus)
    reach = talib.TRANGE(columns.high, columns.low, columns.close)[1:]
    return plus, minus, reach


def _indexes(columns: Columns, n: int) -> tuple[Array, Array, Array]:
    """+DI, -DI and DX of the bars from 1 on."""
    plus, minus, reach = (talib.RMA(each, n) for each in _movements(columns))
    still = reach == 0
    if still.any():
        reach[still] = 1.0  # no reach, no movement: 0 / 1
    plus /= reach
    plus *= 100.0
    minus /= reach
    minus *= 100.0
    both = np.add(plus, minus, out=reach)
    idle = both == 0
    if idle.any():
        both[idle] = 1.0
    direction = plus - minus
    np.abs(direction, out=direction)
    direction /= both
    direction *= 100.0
    return plus, minus, direction


def adx(columns: Columns, n: int) -> tuple[Array, ...]:
    """+DM = up if up > down and up > 0 else 0, -DM the mirror; up = high - last high, down = last
    low - low; TR = max(high, last close) - min(low, last close). Wilder averages of n from bar 1:
    +DI = 100 * avg +DM / avg TR, -DI likewise (0 when avg TR is 0); DX = 100 * |+DI - -DI| / (+DI
    + -DI), 0 when both are 0; ADX = Wilder average of DX, seeded with the mean of the first n DX.
    """
    undefined = np.full(len(columns.close), UNDEFINED)
    if len(undefined) <= n:
        return undefined, undefined.copy(), undefined.copy()
    plus, minus, direction = _indexes(columns, n)
    average = talib.RMA(direction[n - 1 :], n)
    columns_out = []
    for values in (average, plus, minus):
        column = np.empty(len(undefined))
        missing = len(column) - len(values)
        column[:missing], column[missing:] = UNDEFINED, values
        columns_out.append(column)
    return tuple(columns_out)


class Adx:
    __slots__ = ("_adx", "_close", "_high", "_low", "_minus", "_plus", "_reach", "peek", "update")

    def __init__(self, columns: Columns, n: int) -> None:
        plus, minus, reach = _movements(columns) if len(columns.close) else (np.empty(0),) * 3
        wilder = stream_of(stream.RMA, n)
        self._plus, self._minus, self._reach = (
            handle(wilder, each, first=n - 1) for each in (plus, minus, reach)
        )
        direction = _indexes(columns, n)[2][n - 1 :] if len(plus) else plus
        self._adx = handle(wilder, direction, first=n - 1)
        self._high = self._low = self._close = UNDEFINED
        self.update: Callable[..., tuple[float, float, float]] = self._first
        self.peek: Callable[..., tuple[float, float, float]] = _unknown
        if len(columns.close):
            last = (float(each[-1]) for each in (columns.high, columns.low, columns.close))
            self._first(*last)

    def _first(self, high: float, low: float, close: float) -> tuple[float, float, float]:
        self._high, self._low, self._close = high, low, close
        self.update, self.peek = self._update, self._peek
        return UNDEFINED, UNDEFINED, UNDEFINED

    def _moved(self, high: float, low: float) -> tuple[float, float, float]:
        """+DM, -DM and TR; conditions, as max() and min() are three times slower."""
        up, down, close = high - self._high, self._low - low, self._close
        top = high if high > close else close  # noqa: FURB136
        bottom = low if low < close else close  # noqa: FURB136
        return (
            up if up > down and up > 0.0 else 0.0,
            down if down > up and down > 0.0 else 0.0,
            top - bottom,
        )

    def _update(self, high: float, low: float, close: float) -> tuple[float, float, float]:
        plus, minus, reach = self._moved(high, low)
        self._high, self._low, self._close = high, low, close
        plus, minus = self._plus.update(plus), self._minus.update(minus)
        reach = self._reach.update(reach)
        if isnan(reach):
            return UNDEFINED, UNDEFINED, UNDEFINED
        plus, minus, direction = _direction(plus, minus, reach)
        return self._adx.update(direction), plus, minus

    def _peek(self, high: float, low: float, _close: float) -> tuple[float, float, float]:
        plus, minus, reach = self._moved(high, low)
        plus, minus = self._plus.peek(plus), self._minus.peek(minus)
        reach = self._reach.peek(reach)
        if isnan(reach):
            return UNDEFINED, UNDEFINED, UNDEFINED
        plus, minus, direction = _direction(plus, minus, reach)
        return self._adx.peek(direction), plus, minus


def _unknown(*_bar: float) -> tuple[float, float, float]:
    return UNDEFINED, UNDEFINED, UNDEFINED


def _direction(plus: float, minus: float, reach: float) -> tuple[float, float, float]:
    """+DI, -DI and DX of the three averages; the same operations in the same order as in bulk."""
    reach = reach or 1.0
    plus, minus = plus / reach * 100.0, minus / reach * 100.0
    return plus, minus, abs(plus - minus) / ((plus + minus) or 1.0) * 100.0


def ichimoku(columns: Columns, tenkan: int, kijun: int, senkou: int) -> tuple[Array, ...]:
    """middle(n) = (highest high + lowest low of n) / 2; tenkan = middle(tenkan), kijun =
    middle(kijun), span A = (tenkan + kijun) / 2, span B = middle(senkou). The spans stand at the
    bar they are computed of; a chart draws them `displacement` bars further on. There is no chikou
    line: it is the close drawn back, as a column it would tell the future.
    """
    high, low = columns.high, columns.low
    a, b = talib.MIDPRICE(high, low, tenkan), talib.MIDPRICE(high, low, kijun)
    span = a + b
    span /= 2.0
    return a, b, span, talib.MIDPRICE(high, low, senkou)


class Ichimoku:
    __slots__ = ("_kijun", "_senkou", "_tenkan", "peek", "update")

    def __init__(self, columns: Columns, tenkan: int, kijun: int, senkou: int) -> None:
        self._tenkan, self._kijun, self._senkou = (
            handle(stream_of(stream.MIDPRICE, n), columns.high, columns.low, first=n - 1)
            for n in (tenkan, kijun, senkou)
        )
        self.update: Callable[..., tuple[float, ...]] = self._update
        self.peek: Callable[..., tuple[float, ...]] = self._peek

    def _update(self, high: float, low: float) -> tuple[float, ...]:
        a, b = self._tenkan.update(high, low), self._kijun.update(high, low)
        return a, b, (a + b) / 2.0, self._senkou.update(high, low)

    def _peek(self, high: float, low: float) -> tuple[float, ...]:
        a, b = self._tenkan.peek(high, low), self._kijun.peek(high, low)
        return a, b, (a + b) / 2.0, self._senkou.peek(high, low)


def cross(columns: Columns, fast: int, slow: int) -> tuple[Array, ...]:
    """cross = +1 (golden) where SMA(fast) - SMA(slow) turns from negative to positive, -1 (death)
    where it turns from positive to negative, else 0; where both are equal, to 1e-12 of the slow
    one, the side before holds.
    """
    quick, steady = talib.SMA(columns.close, fast), talib.SMA(columns.close, slow)
    turns = np.full(len(quick), UNDEFINED)
    side = _sides(quick, steady)[slow - 1 :]
    told = np.flatnonzero(side)
    turned = told[1:][side[told[1:]] != side[told[:-1]]]
    turns[slow - 1 :] = 0.0
    turns[slow - 1 + turned] = side[turned]
    return turns, quick, steady


def _sides(quick: Array, steady: Array) -> Array:
    """-1, 0 or +1; the means of equal prices differ by their rounding, which is no side."""
    difference = quick - steady
    side = np.sign(difference)
    side[np.abs(difference) <= SAME * steady] = 0.0
    return side


class Cross:
    __slots__ = ("_fast", "_side", "_slow", "peek", "update")

    def __init__(self, columns: Columns, fast: int, slow: int) -> None:
        close = columns.close
        self._fast = handle(stream_of(stream.SMA, fast), close, first=fast - 1)
        self._slow = handle(stream_of(stream.SMA, slow), close, first=slow - 1)
        sides = _sides(talib.SMA(close, fast), talib.SMA(close, slow)) if len(close) else close
        told = sides[(sides == 1) | (sides == -1)]
        self._side = float(told[-1]) if len(told) else 0.0
        self.update: Callable[..., tuple[float, float, float]] = self._update
        self.peek: Callable[..., tuple[float, float, float]] = self._peek

    def _side_of(self, quick: float, steady: float) -> float:
        """-1 or +1; what it was where the two are equal. Undefined while one of them is."""
        difference = quick - steady
        if abs(difference) <= SAME * steady:
            return self._side
        return difference if isnan(difference) else copysign(1.0, difference)

    def _turn(self, side: float) -> float:
        if isnan(side):
            return side
        return side if self._side and side != self._side else 0.0

    def _update(self, close: float) -> tuple[float, float, float]:
        quick, steady = self._fast.update(close), self._slow.update(close)
        side = self._side_of(quick, steady)
        turn = self._turn(side)
        if not isnan(side):
            self._side = side
        return turn, quick, steady

    def _peek(self, close: float) -> tuple[float, float, float]:
        quick, steady = self._fast.peek(close), self._slow.peek(close)
        return self._turn(self._side_of(quick, steady)), quick, steady


DEFINITIONS = (
    Definition(
        name="macd",
        title="Moving average convergence divergence",
        formula=formula_of(macd),
        inputs=Inputs.CLOSE,
        parameters=(period(12, name="fast"), period(26, name="slow"), period(9, name="signal")),
        columns=("line", "signal", "histogram"),
        first=lambda _fast, slow, signal: (slow - 1, slow + signal - 2, slow + signal - 2),
        warm_up=lambda _fast, slow, signal: (
            slow + signal - 2 + ema_memory(slow) + ema_memory(signal)
        ),
        batch=macd,
        stream=Macd,
        ascending=("fast", "slow"),
    ),
    Definition(
        name="adx",
        title="Average directional index",
        formula=formula_of(adx),
        inputs=Inputs.HIGH_LOW_CLOSE,
        parameters=(period(14),),
        columns=("adx", "plus_di", "minus_di"),
        first=lambda n: (2 * n - 1, n, n),
        warm_up=lambda n: 2 * n - 1 + 2 * wilder_memory(n),
        batch=adx,
        stream=Adx,
    ),
    Definition(
        name="ichimoku",
        title="Ichimoku cloud",
        formula=formula_of(ichimoku),
        inputs=Inputs.HIGH_LOW,
        parameters=(period(9, name="tenkan"), period(26, name="kijun"), period(52, name="senkou")),
        columns=("tenkan", "kijun", "span_a", "span_b"),
        first=lambda tenkan, kijun, senkou: (tenkan - 1, kijun - 1, kijun - 1, senkou - 1),
        warm_up=lambda _tenkan, _kijun, senkou: senkou - 1,
        batch=ichimoku,
        stream=Ichimoku,
        ascending=("tenkan", "kijun", "senkou"),
        displacement=(("span_a", "kijun"), ("span_b", "kijun")),
    ),
    Definition(
        name="cross",
        title="Golden and death cross",
        formula=formula_of(cross),
        inputs=Inputs.CLOSE,
        parameters=(period(50, name="fast"), period(200, name="slow")),
        columns=("cross", "fast", "slow"),
        first=lambda fast, slow: (slow - 1, fast - 1, slow - 1),
        warm_up=lambda _fast, slow: slow - 1,
        batch=cross,
        stream=Cross,
        ascending=("fast", "slow"),
    ),
)
