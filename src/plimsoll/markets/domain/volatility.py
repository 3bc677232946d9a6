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
FEWEST: Final = 2
"""One return has no deviation."""
_LOG_4_LESS_1: Final = 2 * math.log(2) - 1


class Volatility(NamedTuple):
    """`value` per interval of `step_ms`, from `returns` returns."""

    value: float
    returns: int
    step_ms: int

    @property
    def annualised(self) -> float:
        return self.value * math.sqrt(YEAR_MS / self.step_ms)


def measure(
    times_ms: Integers, closes: Floats, *, step_ms: int, least: int = FEWEST
) -> Volatility | None:
    """Of candles in the order of time; None when fewer than `least` returns are there."""
    assert least >= FEWEST
    adjacent = np.diff(times_ms) == step_ms
    returns = np.diff(np.log(closes))[adjacent]
    if len(returns) < least:
        return None
    return Volatility(float(returns.std(ddof=1)), len(returns), step_ms)


def garman_klass(
    opens: Floats, highs: Floats, lows: Floats, closes: Floats, *, step_ms: int, least: int = FEWEST
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

    def __new__(cls, text: str, step_ms: int = 0, steps: int = 0) -> Self:
        window = str.__new__(cls, text)
        window._value_ = text
        window.step_ms, window.steps, window.least = step_ms, steps, max(30, steps // 4)
        return window


class Ranking(NamedTuple):
    """One window at one moment, a column for each pair of the board.

    `values` are NaN and `ranks` 0 where there are too few returns; `order` lists the ranked
    columns, the most volatile first, equal ones in the order in which the board met them.
    """

    values: Floats
    returns: Integers
    ranks: Integers
    order: Integers


class Ranked(NamedTuple):
    """A pair in a window; volatility and rank are None while there are too few returns."""

    pair: Pair
    volatility: Volatility | None
    returns: int
    rank: int | None


class Ring:
    """The log closes of many pairs at the latest `steps` moments and some more.

    A row is a moment, a column a pair, NaN where it has no close. Windows are added up from the
    sums of whole blocks of rows and the rows at both ends, each time anew: no sum is carried on and
    corrected, so nothing drifts.
    """

    def __init__(self, *, step_ms: int, steps: int, block: int) -> None:
        assert steps % block == 0
        self._step_ms, self._block = step_ms, block
        self._rows = steps + 2 * block  # a window may begin within a block
        self._logs = np.full((self._rows, 0), np.nan)
        self._blocks = np.zeros((self._rows // block, 3, 0))
        self._last = -self._rows
        """The number of the newest row since 1970."""

    def widen(self, columns: int) -> None:
        """Make room for more pairs."""
        more = columns - self._logs.shape[1]
        self._logs = np.pad(self._logs, ((0, 0), (0, more)), constant_values=np.nan)
        self._blocks = np.pad(self._blocks, ((0, 0), (0, 0), (0, more)))

    def push(self, open_time_ms: int, closes: Floats) -> bool:
        """The closes of one moment, NaN where a pair has none; False when it is too old.

        A moment that is there already is amended: what is not NaN replaces what was known.
        """
        number, last = open_time_ms // self._step_ms, self._last
        if number <= last - self._rows + self._block:
            return False
        for skipped in range(max(last + 1, number - self._rows + 1), number + 1):
            self._logs[skipped % self._rows] = np.nan
            if (skipped + 1) % self._block == 0:
                self._add_block(skipped)
        self._last = max(last, number)
        np.log(closes, out=self._logs[number % self._rows], where=~np.isnan(closes))
        for changed in (number, number + 1):  # a close is part of two returns
            if (changed // self._block + 1) * self._block <= self._last + 1:
                self._add_block(changed)
        return True

    def totals(self, steps: int) -> Floats:
        """Number, sum and sum of squares of the last `steps` returns, for every column."""
        end = self._last + 1
        start = end - steps
        first, last = -(-start // self._block), end // self._block
        if first >= last:
            return self._add_rows(start, end)
        blocks = self._blocks.take(range(first, last), axis=0, mode="wrap")
        total: Floats = blocks.sum(axis=0)
        for edge in ((start, first * self._block), (last * self._block, end)):
            total += self._add_rows(*edge)
        return total

    def _add_block(self, number: int) -> None:
        """The sums of the block that the row `number` lies in."""
        at = number // self._block
        sums = self._add_rows(at * self._block, (at + 1) * self._block)
        self._blocks[at % len(self._blocks)] = sums

    def _add_rows(self, start: int, end: int) -> Floats:
        """Number, sum and sum of squares of the returns that end at the rows start … end − 1."""
        logs = self._logs.take(range(start - 1, end), axis=0, mode="wrap")
        returns = logs[1:] - logs[:-1]
        known = ~np.isnan(returns)
        returns[~known] = 0
        return np.array(
            [known.sum(axis=0), returns.sum(axis=0), np.einsum("ij,ij->j", returns, returns)]
        )


class VolatilityBoard:
    """Ranks pairs by volatility from the closes of their minutes and hours.

    At start the stored closes are loaded, the oldest first; then every minute and hour is pushed as
    it closes, and again when it is amended.
    """

    def __init__(self) -> None:
        self._columns: dict[Pair, int] = {}
        self._pairs: list[Pair] = []
        self._width = 0
        self._rings = {
            MINUTE_MS: Ring(step_ms=MINUTE_MS, steps=Window.DAY.steps, block=60),
            HOUR_MS: Ring(step_ms=HOUR_MS, steps=Window.MONTH.steps, block=24),
        }
        self._rankings: dict[Window, Ranking] = {}

    def push(self, step_ms: int, open_time_ms: int, closes: Mapping[Pair, float]) -> bool:
        """The closes of the candles of `step_ms` that opened then; False when that is too long ago.

        Closes are above zero. A pair that is left out has no candle in this minute or hour.
        """
        columns = self._obtain(closes)
        row = np.full(self._width, np.nan)
        row[columns] = np.fromiter(closes.values(), np.float64, len(closes))
        return self._push(step_ms, open_time_ms, row)

    def load(
        self, step_ms: int, open_times_ms: Sequence[int], pairs: Sequence[Pair], closes: Floats
    ) -> None:
        """Many moments at once: a row of `closes` for each, a column for each pair, NaN where
        there is no candle.
        """
        columns = self._obtain(pairs)
        for open_time_ms, values in zip(open_times_ms, closes, strict=True):
            row = np.full(self._width, np.nan)
            row[columns] = values
            self._push(step_ms, open_time_ms, row)

    def rank(self, window: Window) -> Ranking:
        """Everything about one window; its columns are those of `pairs`."""
        known = self._rankings.get(window)
        if known is None:
            totals = self._rings[window.step_ms].totals(window.steps)[:, : len(self._pairs)]
            known = self._rankings[window] = _rank(totals, window.least)
        return known

    def find(self, pair: Pair, window: Window) -> Ranked | None:
        """How volatile one pair is; None when it never had a candle."""
        column = self._columns.get(pair)
        return None if column is None else self._ranked(column, window)

    def list_ranked(self, window: Window, limit: int) -> list[Ranked]:
        """The most volatile pairs."""
        return [self._ranked(column, window) for column in self.rank(window).order[:limit].tolist()]

    def _ranked(self, column: int, window: Window) -> Ranked:
        ranking = self.rank(window)
        rank, returns = int(ranking.ranks[column]), int(ranking.returns[column])
        value = float(ranking.values[column])
        volatility = Volatility(value, returns, window.step_ms) if rank else None
        return Ranked(self._pairs[column], volatility, returns, rank or None)

    def _push(self, step_ms: int, open_time_ms: int, row: Floats) -> bool:
        for window in Window:
            if window.step_ms == step_ms:
                self._rankings.pop(window, None)
        return self._rings[step_ms].push(open_time_ms, row)

    def _obtain(self, pairs: Iterable[Pair]) -> list[int]:
        """The columns of these pairs; new pairs get new ones."""
        columns, known = list[int](), self._columns
        for pair in pairs:
            column = known.get(pair)
            if column is None:
                column = known[pair] = len(self._pairs)
                self._pairs.append(pair)
            columns.append(column)
        if len(self._pairs) > self._width:
            self._width = max(64, self._width * 3 // 2, len(self._pairs))
            for ring in self._rings.values():
                ring.widen(self._width)
            self._rankings.clear()
        return columns


def _rank(totals: Floats, least: int) -> Ranking:
    """From number, sum and sum of squares of the returns of each column."""
    counts, sums, squares = totals
    enough = counts >= least
    values = np.full(len(counts), np.nan)
    numbers = counts[enough]
    variances = (squares[enough] - sums[enough] ** 2 / numbers) / (numbers - 1)
    values[enough] = np.sqrt(np.maximum(variances, 0))
    order = np.argsort(-values, kind="stable")[: int(enough.sum())]  # NaN sorts to the end
    ranks = np.zeros(len(counts), np.int64)
    ranks[order] = np.arange(1, len(order) + 1)
    return Ranking(values, counts.astype(np.int64), ranks, order)
