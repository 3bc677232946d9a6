"""Moving averages of the close."""

from collections.abc import Callable
from math import isqrt
from typing import Any

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
)
from plimsoll.insights.domain.handles import UNDEFINED, Stream, handle


def sma(columns: Columns, n: int) -> tuple[Array, ...]:
    """Mean of the last n closes."""
    return (talib.SMA(columns.close, n),)


def ema(columns: Columns, n: int) -> tuple[Array, ...]:
    """E = E' + (close - E') * 2 / (n + 1), seeded at bar n-1 with the mean of the first n."""
    return (talib.EMA(columns.close, n),)


def wma(columns: Columns, n: int) -> tuple[Array, ...]:
    """Sum of w * close over the last n closes / (n(n+1)/2); w = 1 for the oldest, n for the
    newest.
    """
    return (talib.WMA(columns.close, n),)


def hma(columns: Columns, n: int) -> tuple[Array, ...]:
    """WMA over floor(sqrt n) of 2 * WMA(floor(n/2)) - WMA(n)."""
    return (talib.HMA(columns.close, n),)


def vwma(columns: Columns, n: int) -> tuple[Array, ...]:
    """Sum of close * volume / sum of volume, over the last n bars; undefined when none of them
    was traded.
    """
    average = talib.VWMA(columns.close, columns.volume, n)
    idle = columns.volume == 0
    if idle.any() and len(idle) >= n:
        # The running sums keep a rounding residue where the window's volume is 0.
        average[talib.SUM(idle.astype(np.float64), n) == n] = UNDEFINED
    return (average,)


class Vwma:
    """TA-Lib's stream, undefined while the last n bars were not traded."""

    __slots__ = ("_handle", "_idle", "_n", "peek", "update")

    def __init__(self, columns: Columns, n: int) -> None:
        self._n = n
        self._handle = handle(stream_of(stream.VWMA, n), columns.close, columns.volume, first=n - 1)
        traded = np.flatnonzero(columns.volume)
        self._idle = len(columns.volume) - 1 - int(traded[-1]) if len(traded) else n
        self.update: Callable[..., float] = self._update
        self.peek: Callable[..., float] = self._peek

    def _update(self, close: float, volume: float) -> float:
        self._idle = 0 if volume else self._idle + 1
        average: float = self._handle.update(close, volume)
        return UNDEFINED if self._idle >= self._n else average

    def _peek(self, close: float, volume: float) -> float:
        if not volume and self._idle + 1 >= self._n:
            return UNDEFINED
        average: float = self._handle.peek(close, volume)
        return average


def stream_of(opener: Callable[..., Any], *arguments: float) -> Callable[..., Any]:
    """Opens a TA-Lib stream on history with these arguments."""
    return lambda *history: opener(*history, *arguments)


def of_close(
    opener: Callable[..., Any], first: Callable[[int], int]
) -> Callable[[Columns, int], Stream]:
    """The stream of an indicator that is one TA-Lib function of the close and a period."""
    return lambda columns, n: handle(stream_of(opener, n), columns.close, first=first(n))


def window(n: int) -> int:
    """First defined index of what looks at n bars, this one included."""
    return n - 1


def hull(n: int) -> int:
    return n - 2 + isqrt(n)


def average(  # noqa: PLR0913 -- the facts of one definition
    name: str,
    title: str,
    batch: Callable[..., tuple[Array, ...]],
    opened: Callable[..., Stream],
    default: int,
    *,
    inputs: Inputs = Inputs.CLOSE,
    first: Callable[[int], int] = window,
    memory: Callable[[int], int] = lambda _: 0,
    minimum: int = 2,
) -> Definition:
    return Definition(
        name=name,
        title=title,
        formula=formula_of(batch),
        inputs=inputs,
        parameters=(period(default, minimum=minimum),),
        columns=(name,),
        first=lambda n: (first(n),),
        warm_up=lambda n: first(n) + memory(n),
        batch=batch,
        stream=opened,
    )


DEFINITIONS = (
    average("sma", "Simple moving average", sma, of_close(stream.SMA, window), 20),
    average(
        "ema",
        "Exponential moving average",
        ema,
        of_close(stream.EMA, window),
        20,
        memory=ema_memory,
    ),
    average("wma", "Weighted moving average", wma, of_close(stream.WMA, window), 20),
    average(
        "hma", "Hull moving average", hma, of_close(stream.HMA, hull), 9, first=hull, minimum=4
    ),
    average("vwma", "Volume-weighted moving average", vwma, Vwma, 20, inputs=Inputs.CLOSE_VOLUME),
)
