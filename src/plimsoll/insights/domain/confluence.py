"""Which of trend, momentum and volume agree on where the market goes.

trend: the close against EMA(50), and EMA(50) against EMA(200), together. momentum: the MACD line
against its signal, and RSI(14) against 50, together. volume: OBV against its own mean of the last
20 bars. A side that contradicts itself has no direction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Final

import numpy as np

from plimsoll.insights.domain.bars import Bars
from plimsoll.insights.domain.catalogue import ask

VOLUME_BARS: Final = 20
QUICK, STEADY, MACD, RSI, OBV = (
    ask("ema", 50),
    ask("ema", 200),
    ask("macd", 12, 26, 9),
    ask("rsi", 14),
    ask("obv"),
)


class Side(StrEnum):
    TREND = "trend"
    MOMENTUM = "momentum"
    VOLUME = "volume"


@dataclass(frozen=True, slots=True)
class Confluence:
    """Direction of each side: -1, 0 or +1; None: not known yet.

    `direction` is what most of the known sides say, 0 when there is no majority; `agreeing` are
    those that say it.
    """

    sides: Mapping[Side, int | None]
    direction: int
    agreeing: tuple[Side, ...]


def agree(sides: Mapping[Side, int | None]) -> Confluence:
    balance = sum(each for each in sides.values() if each)
    direction = (balance > 0) - (balance < 0)
    agreeing = tuple(side for side, each in sides.items() if each == direction and direction)
    return Confluence(sides, direction, agreeing)


def confluence(bars: Bars) -> Confluence:
    """Of the last candle of `bars`."""
    if not len(bars):
        return agree(dict.fromkeys(Side))
    last = bars.columns(slice(bars.starts[-1], len(bars)))
    close = float(last.close[-1])
    quick, steady = float(QUICK.batch(last)[0][-1]), float(STEADY.batch(last)[0][-1])
    line, signal, _ = (float(column[-1]) for column in MACD.batch(last))
    strength = float(RSI.batch(last)[0][-1])
    balance = OBV.batch(last)[0][-VOLUME_BARS:]
    enough = len(balance) == VOLUME_BARS
    usual = float(np.mean(balance)) if enough else float("nan")
    return agree(
        {
            Side.TREND: _together(close - quick, quick - steady),
            Side.MOMENTUM: _together(line - signal, strength - 50.0),
            Side.VOLUME: _together(float(balance[-1]) - usual),
        }
    )


def _together(*differences: float) -> int | None:
    """+1 when all are above 0, -1 when all are below, else 0; None when one is not known."""
    if not all(map(isfinite, differences)):
        return None
    if all(each > 0 for each in differences):
        return 1
    return -1 if all(each < 0 for each in differences) else 0
