"""Pairs by volatility, with what a second measure says of the same stretch.

The ranking itself is in memory and always current. Garman and Klass's measure needs the range
inside of each candle, which only the store has: it is read for the pairs that are listed, and kept
until the next step of the window.
"""

from typing import Final, NamedTuple

import numpy as np

from plimsoll.markets.domain.candles import MINUTE_MS, Interval
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.domain.volatility import Volatility, Window, garman_klass
from plimsoll.markets.service.making import Making
from plimsoll.markets.storage.store import CandleStore

DEFINITION: Final = (
    "Sample standard deviation (ddof 1) of log returns ln(close / close before) of one {step} each,"
    " over the last {steps} of them. A return over a gap is left out, and a pair with fewer than"
    " {least} returns has no rank. Annualised: times the square root of the steps in 365 days."
    " Garman–Klass: the root of the mean of ½ ln(high/low)² − (2 ln 2 − 1) ln(close/open)² over the"
    " candles of the same stretch."
)
PAIRS_AT_ONCE: Final = 20


def define(window: Window) -> str:
    """The definition of a window's measures, for people."""
    step = "minute" if window.step_ms == MINUTE_MS else "hour"
    return DEFINITION.format(step=step, steps=window.steps, least=window.least)


def step_of(window: Window) -> Interval:
    """The interval of the candles that a window is measured on."""
    return Interval.MINUTE if window.step_ms == MINUTE_MS else Interval.HOUR


class Standing(NamedTuple):
    """A ranked pair."""

    pair: Pair
    rank: int
    volatility: Volatility
    garman_klass: Volatility | None


class Standings:
    """Reads the board and the store."""

    def __init__(self, store: CandleStore, making: Making) -> None:
        self._store = store
        self._making = making
        self._known: dict[Window, tuple[int, dict[Pair, Volatility | None]]] = {}

    async def list_standings(self, window: Window, limit: int) -> list[Standing]:
        """The most volatile pairs. Raises Unavailable."""
        ranked = self._making.volatility.list_ranked(window, limit)
        ranges = await self._measure(window, [each.pair for each in ranked])
        return [
            Standing(each.pair, each.rank, each.volatility, ranges.get(each.pair))
            for each in ranked
            if each.rank and each.volatility
        ]

    async def _measure(self, window: Window, pairs: list[Pair]) -> dict[Pair, Volatility | None]:
        """Garman and Klass's measure of these pairs, read once a step."""
        to_ms = step_of(window).bucket_start(self._making.now_ms)
        until_ms, known = self._known.get(window, (0, {}))
        if until_ms != to_ms:
            known = {}
            self._known[window] = (to_ms, known)
        wanted = [pair for pair in pairs if pair not in known]
        for at in range(0, len(wanted), PAIRS_AT_ONCE):
            some = wanted[at : at + PAIRS_AT_ONCE]
            ranges = await self._store.list_ranges(
                step_of(window), some, from_ms=to_ms - window.steps * window.step_ms, to_ms=to_ms
            )
            for pair in some:
                opens, highs, lows, closes = map(np.array, ranges.get(pair, ([], [], [], [])))
                known[pair] = garman_klass(
                    opens, highs, lows, closes, step_ms=window.step_ms, least=window.least
                )
        return known
