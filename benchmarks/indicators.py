"""Indicators beside TA-Lib's own functions, in the same run.

    python -m benchmarks.indicators [--bars 1000000]

In bulk: `compute` over the bars against what a TA-Lib caller would write for the same columns (for
the VWAP of the day one call per day, and the three functions of directional movement). Streaming:
a set of twelve, per closed candle and per look at the forming one, against the bare TA-Lib streams.
Each figure is the best of several rounds, the two sides taking turns.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import talib
from talib import stream

from plimsoll.insights.domain.bars import DAY_MS, Array, Bars
from plimsoll.insights.domain.catalogue import parse
from plimsoll.insights.domain.series import compute
from plimsoll.insights.domain.streaming import StreamSet

MINUTE_MS = 60_000
ROUNDS = 7
OPENED = 20
TWELVE = (
    "sma(50),ema(26),rsi(14),macd(12,26,9),bollinger(20,2),stochastic(14,3,3),atr(14),adx(14),"
    "cci(20),obv,vwap,ichimoku(9,26,52)"
)


def market(count: int) -> Bars:
    """A random walk of one-minute bars."""
    chance = np.random.default_rng(7)
    close = 100 * np.exp(np.cumsum(chance.normal(0, 0.001, count)))
    opened = np.concatenate((close[:1], close[:-1]))
    spread = np.abs(chance.normal(0, 0.0005, (2, count)))
    return Bars.of(
        step_ms=MINUTE_MS,
        time_ms=19_000 * DAY_MS + np.arange(count) * MINUTE_MS,
        open=opened,
        high=np.maximum(opened, close) * (1 + spread[0]),
        low=np.minimum(opened, close) * (1 - spread[1]),
        close=close,
        volume=chance.exponential(10, count),
    )


def daily_vwap(bars: Bars) -> Array:
    price = np.empty(len(bars))
    length = DAY_MS // MINUTE_MS
    for at in range(0, len(bars), length):
        day = slice(at, at + length)
        price[day] = talib.VWAP(bars.high[day], bars.low[day], bars.close[day], bars.volume[day])
    return price


def theirs(bars: Bars) -> dict[str, Callable[[], object]]:
    """What a caller of TA-Lib writes for the same columns."""
    h, lo, c, v = bars.high, bars.low, bars.close, bars.volume
    return {
        "sma(20)": lambda: talib.SMA(c, 20),
        "ema(20)": lambda: talib.EMA(c, 20),
        "wma(20)": lambda: talib.WMA(c, 20),
        "hma(9)": lambda: talib.HMA(c, 9),
        "vwma(20)": lambda: talib.VWMA(c, v, 20),
        "rsi(14)": lambda: talib.RSI(c, 14),
        "macd(12,26,9)": lambda: talib.MACD(c, 12, 26, 9),
        "bollinger(20,2)": lambda: talib.BBANDS(c, 20, 2.0, 2.0),
        "stochastic(14,3,3)": lambda: talib.STOCH(h, lo, c, 14, 3, slowd_period=3),
        "stochrsi(14,14,3,3)": lambda: talib.STOCHRSI(c, 14, 14, 3),
        "atr(14)": lambda: talib.ATR(h, lo, c, 14),
        "adx(14)": lambda: (
            talib.ADX(h, lo, c, 14),
            talib.PLUS_DI(h, lo, c, 14),
            talib.MINUS_DI(h, lo, c, 14),
        ),
        "cci(20)": lambda: talib.CCI(h, lo, c, 20),
        "williams(14)": lambda: talib.WILLR(h, lo, c, 14),
        "ultimate(7,14,28)": lambda: talib.ULTOSC(h, lo, c, 7, 14, 28),
        "ao(5,34)": lambda: talib.AO(h, lo, 5, 34),
        "bullbear(13)": lambda: talib.ERI(h, lo, c, 13),
        "momentum(10)": lambda: talib.MOM(c, 10),
        "roc(10)": lambda: talib.ROC(c, 10),
        "obv": lambda: talib.OBV(c, v),
        "vwap": lambda: daily_vwap(bars),
        "ichimoku(9,26,52)": lambda: [
            (a := talib.MIDPRICE(h, lo, 9)),
            (b := talib.MIDPRICE(h, lo, 26)),
            (a + b) / 2,
            talib.MIDPRICE(h, lo, 52),
        ],
    }


def best_ms(*sides: Callable[[], object]) -> list[float]:
    """The best time of each side; they take turns."""
    best = [float("inf")] * len(sides)
    for _ in range(ROUNDS):
        for place, side in enumerate(sides):
            began = time.perf_counter()
            side()
            best[place] = min(best[place], (time.perf_counter() - began) * 1e3)
    return best


def in_bulk(bars: Bars) -> None:
    print(f"{len(bars):,} bars, milliseconds\n{'':22}{'ours':>8}{'TA-Lib':>8}{'ratio':>7}")
    totals = [0.0, 0.0]
    for text, function in theirs(bars).items():
        [request] = parse(text)
        ours, bare = best_ms(lambda request=request: compute(request, bars), function)  # type: ignore[misc]
        totals = [totals[0] + ours, totals[1] + bare]
        print(f"{text:22}{ours:8.2f}{bare:8.2f}{ours / bare:7.2f}")
    print(f"{'all':22}{totals[0]:8.2f}{totals[1]:8.2f}{totals[0] / totals[1]:7.2f}")
    for text in ("cross(50,200)", "fibonacci(10)", "pivots"):
        [request] = parse(text)
        [ours] = best_ms(lambda request=request: compute(request, bars))  # type: ignore[misc]
        print(f"{text:22}{ours:8.2f}{'-':>8}")


def bare_streams(bars: Bars) -> Callable[[float, float, float, float], None]:
    """The nearest TA-Lib has to the twelve, called one after the other."""
    h, lo, c, v = bars.high, bars.low, bars.close, bars.volume
    of_close: list[Callable[[float], object]] = [
        stream.SMA(c, 50).update,
        stream.EMA(c, 26).update,
        stream.RSI(c, 14).update,
        stream.MACD(c, 12, 26, 9).update,
        stream.BBANDS(c, 20, 2.0, 2.0).update,
    ]
    of_range: list[Callable[[float, float, float], object]] = [
        stream.STOCH(h, lo, c, 14, 3, 0, 3, 0).update,
        stream.ATR(h, lo, c, 14).update,
        stream.ADX(h, lo, c, 14).update,
        stream.CCI(h, lo, c, 20).update,
    ]
    obv, vwap = stream.OBV(c, v).update, stream.VWAP(h, lo, c, v).update
    middles = [stream.MIDPRICE(h, lo, n).update for n in (9, 26, 52)]

    def update(high: float, low: float, close: float, volume: float) -> None:
        for of_one in of_close:
            of_one(close)
        for of_three in of_range:
            of_three(high, low, close)
        for of_two in middles:
            of_two(high, low)
        obv(close, volume)
        vwap(high, low, close, volume)

    return update


def streaming(bars: Bars) -> None:
    fed = 20_000
    history = bars.first(1_000)
    coming = [bars.bar(at) for at in range(1_000, 1_000 + fed)]
    requests = parse(TWELVE)
    best = dict.fromkeys(("open", "update", "peek", "bare"), float("inf"))
    for _ in range(ROUNDS):
        streams = StreamSet(requests, history)
        began = time.perf_counter()
        for _ in range(OPENED):
            streams = StreamSet(requests, history)
        opened = time.perf_counter()
        for bar in coming:
            streams.update(bar)
        updated = time.perf_counter()
        forming = bars.bar(1_000 + fed)
        for _ in range(fed):
            streams.peek(forming)
        peeked = time.perf_counter()
        bare = bare_streams(history)
        ready = time.perf_counter()
        for _, _, high, low, close, volume in coming:
            bare(high, low, close, volume)
        done = time.perf_counter()
        figures = (opened - began, updated - opened, peeked - updated, done - ready)
        for name, seconds, count in zip(best, figures, (OPENED, fed, fed, fed), strict=True):
            best[name] = min(best[name], seconds / count * 1e6)
    print("\nstreaming, a set of 12, microseconds")
    print(f"{'open on 1,000 bars':22}{best['open']:8.1f}")
    print(f"{'update':22}{best['update']:8.2f}   bare TA-Lib streams {best['bare']:.2f}")
    print(f"{'peek':22}{best['peek']:8.2f}")


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--bars", type=int, default=1_000_000)
    bars = market(reader.parse_args().bars)
    in_bulk(bars)
    streaming(bars)


if __name__ == "__main__":
    main()
