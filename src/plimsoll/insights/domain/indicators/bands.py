"""How wide the market swings: Bollinger bands and the average true range."""

import talib
from talib import stream

from plimsoll.insights.domain.bars import Array, Columns
from plimsoll.insights.domain.definitions import (
    Definition,
    Inputs,
    Parameter,
    formula_of,
    period,
    wilder_memory,
)
from plimsoll.insights.domain.handles import handle
from plimsoll.insights.domain.indicators.averages import average, stream_of


def bollinger(columns: Columns, n: int, k: float) -> tuple[Array, ...]:
    """middle = SMA(n) of the close; upper, lower = middle +- k * population standard deviation
    (divided by n) of the last n closes.
    """
    upper, middle, lower = talib.BBANDS(columns.close, n, k, k)
    return upper, middle, lower


def atr(columns: Columns, n: int) -> tuple[Array, ...]:
    """Wilder average of TR = max(high, last close) - min(low, last close) from bar 1: the mean of
    TR of bars 1..n, then ((n-1) * previous + TR) / n. Bar 0 has no TR.
    """
    return (talib.ATR(columns.high, columns.low, columns.close, n),)


DEFINITIONS = (
    Definition(
        name="bollinger",
        title="Bollinger bands",
        formula=formula_of(bollinger),
        inputs=Inputs.CLOSE,
        parameters=(
            period(20),
            Parameter("deviations", 2.0, minimum=0.1, maximum=10.0, whole=False),
        ),
        columns=("upper", "middle", "lower"),
        first=lambda n, _k: (n - 1,) * 3,
        warm_up=lambda n, _k: n - 1,
        batch=bollinger,
        stream=lambda columns, n, k: handle(
            stream_of(stream.BBANDS, n, k, k), columns.close, first=n - 1, outputs=3
        ),
    ),
    average(
        "atr",
        "Average true range",
        atr,
        lambda columns, n: handle(
            stream_of(stream.ATR, n), columns.high, columns.low, columns.close, first=n
        ),
        14,
        inputs=Inputs.HIGH_LOW_CLOSE,
        first=lambda n: n,
        memory=wilder_memory,
    ),
)
