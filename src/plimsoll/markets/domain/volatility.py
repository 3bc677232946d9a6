"""Volatility: how much prices moved, and which pair moved most.

The measure is the sample standard deviation (ddof 1) of log returns ln(close / close before), both
of one interval. A return over a gap is dropped: it belongs to another length of time. The number of
returns is published with every value; with too few of them there is no value (None or NaN) and no
rank, never 0. Rank 1 is the most volatile pair.

Windows of an hour and a day are the last 60 and 1,440 one-minute returns, those of a week and a
month the last 168 and 720 hourly ones. Values are per interval; `annualised` scales by the square
root of the intervals in 365 days. Pure; floats, because nothing here is an amount.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from plimsoll.markets.domain.candles import HOUR_MS, MINUTE_MS
from plimsoll.markets.domain.prices import Pair

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

YEAR_MS: Final = 365 * 86_400_000
_LOG_4_LESS_1: Final = 2 * math.log(2) - 1


class Volatility(NamedTuple):
    """`value` per interval of `step_ms`, from `returns` returns."""

    value: float
    returns: int
    step_ms: int

    @property
    def annualised(self) -> float:
        return self.value * math.sqrt(YEAR_MS / self.step_ms)


def measure(times_ms: Integers, closes: Floats, *, step_ms: int, least: int = 2) -> Volatility | None:
    """Of candles in the order of time; None when fewer than `least` returns are there."""
    assert least >= 2, "one return has no deviation"
    adjacent = np.diff(times_ms) == step_ms
    returns = np.diff(np.log(closes))[adjacent]
    if len(returns) < least:
        return None
    return Volatility(float(returns.std(ddof=1)), len(returns), step_ms)


def garman_klass(
    opens: Floats, highs: Floats, lows: Floats, closes: Floats, *, step_ms: int, least: int = 2
) -> Volatility | None:
    """Garman and Klass (1980), from the range within each candle; `returns` counts candles.

    Per candle ½ ln(high/low)² − (2 ln 2 − 1) ln(close/open)², averaged, then the root. It sees
    what happens inside of a candle and nothing between them, so gaps do not matter to it.
    """
    if len(opens) < least:
        return None
    variance = 0.5 * np.log(highs / lows) ** 2 - _LOG_4_LESS_1 * np.log(closes / opens) ** 2
    return Volatility(math.sqrt(float(variance.mean())), len(opens), step_ms)


class Window(StrEnum):
    """A stretch that pairs are ranked over: the last `steps` returns of `step_ms`.

    Ranked are pairs with at least `least` of them: a quarter of the window, and never under 30,
    where the value itself is uncertain by an eighth.
    """

    step_ms: int
    steps: int
    least: int

    HOUR = "1h", MINUTE_MS, 60
    DAY = "24h", MINUTE_MS, 1440
    WEEK = "7d", HOUR_MS, 168
    MONTH = "30d", HOUR_MS, 720

    def __new__(cls, text: str, step_ms: int, steps: int) -> Self:
        window = str.__new__(cls, text)
        window._value_ = text
        window.step_ms, window.steps, window.least = step_ms, steps, max(30, steps // 4)
        return window


class Ranking(NamedTuple):
    """One window at one moment, column for column of the ranked pairs.

    `values` are NaN and `ranks` 0 where there are too few returns; `order` lists the ranked
    columns, the most volatile first.
    """

    values: Floats
    returns: Integers
    ranks: Integers
    order: Integers


class Ring:
    """Log closes of many pairs on a grid of `step_ms`, the latest `rows` of them.

    A row is a moment, a column a pair. Beside each row lie its returns, and their sums by blocks of
    `block` rows, so that a window is added up from some whole blocks and the rows at its ends: no
    sum is ever carried on and corrected, so nothing drifts. `last_ms` is the open time of the
    newest row.
    """

    def __init__(self, *, step_ms: int, rows: int, block: int, columns: int) -> None:
        assert rows % block == 0
        self._step_ms, self._block = step_ms, block
        self._rows = rows + block  # the block being written is not part of a full window
        self._logs = np.full((self._rows, columns), np.nan)
        self._sums = np.zeros((3, self._rows, columns))
        self._blocks = np.zeros((3, self._rows // block, columns))
        self._last: int | None = None

    @property
    def last_ms(self) -> int | None:
        return None if self._last is None else self._last * self._step_ms

    def widen(self, columns: int) -> None:
        """Make room for more pairs."""
        more = columns - self._logs.shape[1]
        self._logs = np.pad(self._logs, ((0, 0), (0, more)), constant_values=np.nan)
        self._sums = np.pad(self._sums, ((0, 0), (0, 0), (0, more)))
        self._blocks = np.pad(self._blocks, ((0, 0), (0, 0), (0, more)))

    def push(self, open_time_ms: int, closes: Floats) -> bool:
        """The closes of one moment, NaN where a pair has none; False when it is older than the
        ring.

        A moment that is there already is amended: what is not NaN replaces what was known.
        """
        number = open_time_ms // self._step_ms
        if self._last is None or number - self._last >= self._rows:
            self._clear(number)
        assert self._last is not None
        if number <= self._last - self._rows:
            return False
        for skipped in range(self._last + 1, number + 1):
            self._begin(skipped)
        row = self._logs[number % self._rows]
        np.log(closes, out=row, where=~np.isnan(closes))
        self._last = max(self._last, number)
        self._compute(number)
        if number < self._last:
            self._compute(number + 1)
        return True

    def totals(self, steps: int) -> Floats:
        """Number, sum and sum of squares of the last `steps` returns of every column."""
        if self._last is None:
            return np.zeros_like(self._blocks[:, 0])
        end = self._last + 1
        start = end - steps
        first_block, last_block = -(-start // self._block), end // self._block
        if first_block >= last_block:
            return self._add(self._sums, start, end)
        return (
            self._add(self._sums, start, first_block * self._block)
            + self._add(self._blocks, first_block, last_block)
            + self._add(self._sums, last_block * self._block, end)
        )

    def _clear(self, number: int) -> None:
        self._logs.fill(np.nan)
        self._sums.fill(0)
        self._blocks.fill(0)
        self._last = number

    def _begin(self, number: int) -> None:
        """Take the row of the oldest moment for a new one."""
        row = number % self._rows
        self._logs[row] = np.nan
        self._sums[:, row] = 0
        if number % self._block == 0:
            self._blocks[:, row // self._block] = 0
            self._last = number

    def _compute(self, number: int) -> None:
        """The returns of a moment from it and the one before, and the sums of its block."""
        row = number % self._rows
        returns = self._logs[row] - self._logs[row - 1]
        known = ~np.isnan(returns)
        counts, sums, squares = self._sums[:, row]
        counts[:] = known
        sums[:] = np.where(known, returns, 0)
        np.square(sums, out=squares)
        first = row - row % self._block
        self._blocks[:, row // self._block] = self._sums[:, first : first + self._block].sum(1)

    @staticmethod
    def _add(table: Floats, start: int, end: int) -> Floats:
        """The rows from `start` to `end` of a table that goes round."""
        rows = table.shape[1]
        first, last = start % rows, end % rows
        if start == end:
            return np.zeros_like(table[:, 0])
        if first < last:
            total: Floats = table[:, first:last].sum(1)
        else:
            total = table[:, first:].sum(1) + table[:, :last].sum(1)
        return total
