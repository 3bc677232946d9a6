"""Candles of ten intervals from a stream of trades: our cascade beside the naive way, same run.

    python -m benchmarks.candles [--trades 300000] [--rounds 5]

The naive way touches the bucket of every interval for every trade. Both get the same trades, one
call each, and are told the time once a second as a live feed would. Rounds alternate; each figure
is the median. The closed candles of both are compared first: a faster wrong answer is no answer.
"""

import argparse
import gc
import random
import statistics
import time
from collections.abc import Callable
from typing import Final

from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.domain.cascade import Cascade

Trade = tuple[int, int, float, float]
START_MS: Final = 1_767_225_600_000


class Naive:
    """A dictionary of buckets for every interval; closes what ended two seconds ago."""

    def __init__(self) -> None:
        self.open: dict[tuple[Interval, int], list[float]] = {}
        self.closed: list[tuple[Interval, int, tuple[float, ...]]] = []

    def add(self, time_ms: int, _trade_id: int, price: float, quantity: float) -> None:
        for interval in Interval:
            key = (interval, interval.bucket_start(time_ms))
            bucket = self.open.get(key)
            if bucket is None:
                self.open[key] = [price, price, price, price, quantity]
                continue
            bucket[1] = max(bucket[1], price)
            bucket[2] = min(bucket[2], price)
            bucket[3] = price
            bucket[4] += quantity

    def advance(self, now_ms: int) -> None:
        over = [key for key in self.open if key[0].next_start(key[1]) <= now_ms - 2000]
        for key in over:
            self.closed.append((*key, tuple(self.open.pop(key)[:4])))


def make_trades(count: int) -> list[Trade]:
    """About twenty trades a second, in order, as on a busy pair."""
    source, at_ms, price, trades = random.Random(7), START_MS, 94_000.0, list[Trade]()
    for trade_id in range(count):
        at_ms += int(source.expovariate(1 / 50))
        price = round(price * (1 + source.gauss(0, 1e-5)), 2)
        trades.append((at_ms, trade_id, price, round(source.expovariate(50), 5)))
    return trades


def run(
    add: Callable[[int, int, float, float], object],
    advance: Callable[[int], object],
    trades: list[Trade],
) -> float:
    """Seconds for all trades, the clock told once a second."""
    next_ms = START_MS + 1000
    gc.collect()
    began = time.perf_counter()
    for trade in trades:
        while trade[0] >= next_ms:
            advance(next_ms)
            next_ms += 1000
        add(*trade)
    return time.perf_counter() - began


def compare(trades: list[Trade]) -> int:
    """The number of closed candles, which must be the same ones."""
    naive, cascade, closed = Naive(), Cascade(), list[Candle]()
    run(naive.add, naive.advance, trades)
    run(cascade.add, lambda now_ms: closed.extend(cascade.advance(now_ms)), trades)
    ours = {(candle[0], candle[1], candle[2:6]) for candle in closed}
    if ours != set(naive.closed):
        raise SystemExit("the two ways do not give the same candles")
    return len(ours)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--trades", type=int, default=300_000)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    trades = make_trades(chosen.trades)
    print(f"{len(trades):,} trades, {compare(trades):,} closed candles, equal in both")
    seconds: dict[str, list[float]] = {"naive, every interval": [], "cascade": []}
    for _ in range(chosen.rounds):
        for name, taken in seconds.items():
            ours = name == "cascade"
            candles = Cascade() if ours else Naive()
            taken.append(run(candles.add, candles.advance, trades))
    cascade = Cascade()
    run(cascade.add, cascade.advance, trades)
    began = time.perf_counter()
    for _ in range(1000):
        cascade.all_forming()
    forming_us = (time.perf_counter() - began) * 1000
    print(f"{'':24}{'µs per trade':>14}{'trades/s':>14}")
    for name, taken in seconds.items():
        median = statistics.median(taken) / len(trades)
        print(f"{name:24}{median * 1e6:14.2f}{1 / median:14,.0f}")
    print(f"the forming candles of all ten intervals: {forming_us:.1f} µs per pair")


if __name__ == "__main__":
    main()
