"""Every indicator straight from its written definition: slow, plain Python, lists and fsum.

A function takes one segment and the arguments and returns the columns; None where undefined. It
shares nothing with the code it is compared to.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import fsum, isqrt, sqrt

Column = list[float | None]
Numbers = Sequence[float]


@dataclass(frozen=True, slots=True)
class Segment:
    step_ms: int
    time_ms: Sequence[int]
    high: Numbers
    low: Numbers
    close: Numbers
    volume: Numbers


def windows(values: Sequence[float | None], n: int, f: Callable[[Numbers], float | None]) -> Column:
    """`f` of the last n values; None while one of them is."""
    column: Column = []
    for t in range(len(values)):
        window = [value for value in values[max(0, t - n + 1) : t + 1] if value is not None]
        column.append(f(window) if len(window) == n else None)
    return column


def mean(values: Numbers) -> float:
    return fsum(values) / len(values)


def sma_of(values: Sequence[float | None], n: int) -> Column:
    return windows(values, n, mean)


def recursive(values: Sequence[float | None], n: int, alpha: float) -> Column:
    """Seeded with the mean of the first n values that are there."""
    column: Column = []
    seen: list[float] = []
    last: float | None = None
    for value in values:
        if value is not None:
            seen.append(value)
            if last is not None:
                last += alpha * (value - last)
            elif len(seen) == n:
                last = mean(seen)
        column.append(last if value is not None else None)
    return column


def ema_of(values: Sequence[float | None], n: int) -> Column:
    return recursive(values, n, 2 / (n + 1))


def wilder_of(values: Sequence[float | None], n: int) -> Column:
    return recursive(values, n, 1 / n)


def wma_of(values: Sequence[float | None], n: int) -> Column:
    return windows(
        values, n, lambda w: fsum((i + 1) * x for i, x in enumerate(w)) / (n * (n + 1) / 2)
    )


def less(a: Column, b: Column) -> Column:
    return [None if x is None or y is None else x - y for x, y in zip(a, b, strict=True)]


def sma(s: Segment, n: int) -> list[Column]:
    return [sma_of(s.close, n)]


def ema(s: Segment, n: int) -> list[Column]:
    return [ema_of(s.close, n)]


def wma(s: Segment, n: int) -> list[Column]:
    return [wma_of(s.close, n)]


def hma(s: Segment, n: int) -> list[Column]:
    half, whole = wma_of(s.close, n // 2), wma_of(s.close, n)
    doubled: Column = [None if x is None else 2 * x for x in half]
    return [wma_of(less(doubled, whole), isqrt(n))]


def vwma(s: Segment, n: int) -> list[Column]:
    column: Column = [None] * len(s.close)
    for t in range(n - 1, len(s.close)):
        closes, volumes = s.close[t - n + 1 : t + 1], s.volume[t - n + 1 : t + 1]
        if fsum(volumes) > 0:
            traded = fsum(c * v for c, v in zip(closes, volumes, strict=True))
            column[t] = traded / fsum(volumes)
    return [column]


def rsi_of(values: Sequence[float], n: int) -> Column:
    changes = [b - a for a, b in pairwise(values)]
    gains = wilder_of([max(change, 0.0) for change in changes], n)
    losses = wilder_of([max(-change, 0.0) for change in changes], n)
    column: Column = [None] if values else []
    for gain, loss in zip(gains, losses, strict=True):
        if gain is None or loss is None:
            column.append(None)
        else:
            column.append(100 * gain / (gain + loss) if gain + loss else 50.0)
    return column


def rsi(s: Segment, n: int) -> list[Column]:
    return [rsi_of(s.close, n)]


def place(high: Column, low: Column, close: Column, n: int, *, noise: float = 0.0) -> Column:
    top, bottom = windows(high, n, max), windows(low, n, min)
    column: Column = []
    for a, b, c in zip(top, bottom, close, strict=True):
        if a is None or b is None or c is None:
            column.append(None)
        else:
            column.append(100 * (c - b) / (a - b) if a - b > noise else 50.0)
    return column


def stochastic(s: Segment, n: int, k: int, d: int) -> list[Column]:
    slow = sma_of(place(list(s.high), list(s.low), list(s.close), n), k)
    return [slow, sma_of(slow, d)]


def stochrsi(s: Segment, r: int, n: int, k: int, d: int) -> list[Column]:
    index = rsi_of(s.close, r)
    slow = sma_of(place(index, index, index, n, noise=1e-9), k)
    return [slow, sma_of(slow, d)]


def williams(s: Segment, n: int) -> list[Column]:
    return [
        [None if x is None else x - 100 for x in place(list(s.high), list(s.low), list(s.close), n)]
    ]


def true_ranges(s: Segment) -> Column:
    column: Column = [None]
    for high, low, last in zip(s.high[1:], s.low[1:], s.close, strict=False):
        column.append(max(high, last) - min(low, last))
    return column[: len(s.close)]


def ultimate(s: Segment, *periods: int) -> list[Column]:
    reaches = true_ranges(s)
    pressures: Column = [None]
    for low, close, last in zip(s.low[1:], s.close[1:], s.close, strict=False):
        pressures.append(close - min(low, last))
    column: Column = []
    for t in range(len(s.close)):
        total: float | None = 0.0
        for n, weight in zip(periods, (4, 2, 1), strict=True):
            part = reaches[max(0, t - n + 1) : t + 1]
            reach = [each for each in part if each is not None]
            if len(reach) < n or total is None:
                total = None
                continue
            bought = fsum(x for x in pressures[t - n + 1 : t + 1] if x is not None)
            total += weight * (bought / fsum(reach) if fsum(reach) else 0.5)
        column.append(None if total is None else 100 * total / 7)
    return [column]


def typical(s: Segment) -> list[float]:
    return [(h + lo + c) / 3 for h, lo, c in zip(s.high, s.low, s.close, strict=True)]


def cci(s: Segment, n: int) -> list[Column]:
    def index(window: Numbers) -> float:
        if max(window) == min(window):
            return 0.0
        middle = mean(window)
        return (window[-1] - middle) / (0.015 * mean([abs(x - middle) for x in window]))

    return [windows(typical(s), n, index)]


def ao(s: Segment, fast: int, slow: int) -> list[Column]:
    middle = [(h + lo) / 2 for h, lo in zip(s.high, s.low, strict=True)]
    return [less(sma_of(middle, fast), sma_of(middle, slow))]


def momentum(s: Segment, n: int) -> list[Column]:
    return [windows(s.close, n + 1, lambda w: w[-1] - w[0])]


def roc(s: Segment, n: int) -> list[Column]:
    return [windows(s.close, n + 1, lambda w: 100 * (w[-1] / w[0] - 1))]


def bullbear(s: Segment, n: int) -> list[Column]:
    average = ema_of(s.close, n)
    return [less(list(s.high), average), less(list(s.low), average)]


def macd(s: Segment, fast: int, slow: int, signal: int) -> list[Column]:
    line = less(ema_of(s.close, fast), ema_of(s.close, slow))
    average = ema_of(line, signal)
    return [line, average, less(line, average)]


def adx(s: Segment, n: int) -> list[Column]:
    plus: Column = [None]
    minus: Column = [None]
    for t in range(1, len(s.close)):
        up, down = s.high[t] - s.high[t - 1], s.low[t - 1] - s.low[t]
        plus.append(up if up > down and up > 0 else 0.0)
        minus.append(down if down > up and down > 0 else 0.0)
    reach = wilder_of(true_ranges(s), n)
    plus_di, minus_di, dx = [Column() for _ in range(3)]
    for p, m, r in zip(
        wilder_of(plus[: len(reach)], n), wilder_of(minus[: len(reach)], n), reach, strict=True
    ):
        if p is None or m is None or r is None:
            for column in (plus_di, minus_di, dx):
                column.append(None)
            continue
        a, b = (100 * p / r, 100 * m / r) if r else (0.0, 0.0)
        plus_di.append(a)
        minus_di.append(b)
        dx.append(100 * abs(a - b) / (a + b) if a + b else 0.0)
    return [wilder_of(dx, n), plus_di, minus_di]


def ichimoku(s: Segment, *periods: int) -> list[Column]:
    def middle(n: int) -> Column:
        tops, bottoms = windows(s.high, n, max), windows(s.low, n, min)
        pairs = zip(tops, bottoms, strict=True)
        return [None if a is None or b is None else (a + b) / 2 for a, b in pairs]

    tenkan, kijun, senkou = map(middle, periods)
    pairs = zip(tenkan, kijun, strict=True)
    span = [None if a is None or b is None else (a + b) / 2 for a, b in pairs]
    return [tenkan, kijun, span, senkou]


def cross(s: Segment, fast: int, slow: int) -> list[Column]:
    quick, steady = sma_of(s.close, fast), sma_of(s.close, slow)
    turns: Column = []
    side = 0.0
    for a, b in zip(quick, steady, strict=True):
        if a is None or b is None:
            turns.append(None)
            continue
        # The mean of equal prices is that price, whatever the length: noise below is no side.
        now = 0.0 if abs(a - b) <= 1e-12 * b else (1.0 if a > b else -1.0)
        turns.append(now if side and now and now != side else 0.0)
        side = now or side
    return [turns, quick, steady]


def bollinger(s: Segment, n: int, k: float) -> list[Column]:
    def deviation(window: Numbers) -> float:
        middle = mean(window)
        return sqrt(fsum((x - middle) ** 2 for x in window) / n)

    middle, sd = sma_of(s.close, n), windows(s.close, n, deviation)
    pairs = list(zip(middle, sd, strict=True))
    upper = [None if m is None or d is None else m + k * d for m, d in pairs]
    lower = [None if m is None or d is None else m - k * d for m, d in pairs]
    return [upper, middle, lower]


def atr(s: Segment, n: int) -> list[Column]:
    return [wilder_of(true_ranges(s), n)]


def obv(s: Segment) -> list[Column]:
    total = s.volume[0] if s.volume else 0.0
    column: Column = [total] if s.volume else []
    for a, b, v in zip(s.close, s.close[1:], s.volume[1:], strict=False):
        total += v if b > a else -v if b < a else 0.0
        column.append(total)
    return [column]


def vwap(s: Segment) -> list[Column]:
    column: Column = []
    prices = typical(s)
    begins = 0
    for t, now in enumerate(s.time_ms):
        if now // 86_400_000 != s.time_ms[begins] // 86_400_000:
            begins = t
        volume = fsum(s.volume[begins : t + 1])
        traded = fsum(prices[i] * s.volume[i] for i in range(begins, t + 1))
        column.append(traded / volume if volume else None)
    return [column]


def fibonacci(s: Segment, k: int) -> list[Column]:
    def turns(values: Numbers) -> list[int | None]:
        """The last confirmed high of the values at each bar."""
        found: list[int | None] = []
        last = None
        for t in range(len(values)):
            i = t - k
            if (
                i >= k
                and all(values[i] > values[j] for j in range(i - k, i))
                and all(values[i] >= values[j] for j in range(i + 1, t + 1))
            ):
                last = i
            found.append(last)
        return found

    rows: list[list[float | None]] = []
    for a, b in zip(turns(s.high), turns([-x for x in s.low]), strict=True):
        if a is None or b is None or s.high[a] <= s.low[b]:
            rows.append([None] * 8)
            continue
        hi, lo = s.high[a], s.low[b]
        direction = 1.0 if a > b else -1.0 if a < b else 0.0
        ratios = (0.236, 0.382, 0.5, 0.618, 0.786)
        rows.append([hi, lo, direction, *(hi - (hi - lo) * ratio for ratio in ratios)])
    return [[row[i] for row in rows] for i in range(8)]


def pivots(s: Segment) -> list[Column]:
    day_ms = 86_400_000
    sessions: dict[int, list[int]] = {}
    for t, now in enumerate(s.time_ms):
        sessions.setdefault(now if s.step_ms >= day_ms else now // day_ms * day_ms, []).append(t)
    rows: list[list[float | None]] = []
    before: tuple[float, float, float] | None = None
    for starts, days in sessions.items():
        if before is None:
            rows += [[None] * 7] * len(days)
        else:
            h, lo, c = before
            p = (h + lo + c) / 3
            levels: list[float | None] = [
                p,
                2 * p - lo,
                p + h - lo,
                h + 2 * (p - lo),
                2 * p - h,
                p - h + lo,
                lo - 2 * (h - p),
            ]
            rows += [levels] * len(days)
        whole = s.time_ms[days[0]] == starts
        highest, lowest = max(s.high[i] for i in days), min(s.low[i] for i in days)
        before = (highest, lowest, s.close[days[-1]]) if whole else None
    return [[row[i] for row in rows] for i in range(7)]


DEFINITIONS: dict[str, Callable[..., list[Column]]] = {
    each.__name__: each
    for each in (
        sma, ema, wma, hma, vwma, rsi, stochastic, stochrsi, williams, ultimate, cci, ao, momentum,
        roc, bullbear, macd, adx, ichimoku, cross, bollinger, atr, obv, vwap, fibonacci, pivots,
    )
}  # fmt: skip
