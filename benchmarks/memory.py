"""What the live candles of many pairs take: cascades busy for hours, volatility, windows.

    python -m benchmarks.memory [--pairs 1000] [--hours 26]

Every pair says a minute candle a minute and a trade a second for the last ten minutes, so that all
ten intervals and everything that may yet change are there. Grown memory is the resident set of
this process; the bar is 400 MB with the streaming indicators of all pairs in it.
"""

import argparse
import gc
import random
import time
from pathlib import Path
from typing import Final

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.candles import HOUR_MS, MINUTE_MS, SECOND_MS, Candle, Interval
from plimsoll.markets.domain.feeds import News, Trade
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.service.making import Making
from plimsoll.markets.service.window import LENGTH, Window

START_MS: Final = 1_767_225_600_000
TRADED_MS: Final = 10 * MINUTE_MS


def resident_mb() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096 / 1e6


def say_minutes(making: Making, pairs: list[Pair], minutes: int) -> None:
    source = random.Random(3)
    for number in range(minutes):
        at_ms = START_MS + number * MINUTE_MS
        said = []
        for pair in pairs:
            price = source.uniform(0.9, 1.1)
            said.append((pair, Candle(Interval.MINUTE, at_ms, 1.0, 1.1, 0.9, price, price, 9)))
        making.take(News(candles=said), at_ms + MINUTE_MS)
        making.advance(at_ms + MINUTE_MS + 2_000)


def say_trades(making: Making, pairs: list[Pair], from_ms: int) -> float:
    """Seconds that the longest round of closing took."""
    source, longest_s = random.Random(4), 0.0
    for at_ms in range(from_ms, from_ms + TRADED_MS, SECOND_MS):
        trades = [
            Trade(pair, at_ms, at_ms, source.uniform(0.9, 1.1), source.random()) for pair in pairs
        ]
        making.take(News(trades=trades), at_ms)
        began = time.perf_counter()
        making.advance(at_ms + SECOND_MS)
        longest_s = max(longest_s, time.perf_counter() - began)
    return longest_s


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--pairs", type=int, default=1_000)
    options.add_argument("--hours", type=int, default=26)
    chosen = options.parse_args()
    pairs = [Pair(AssetId(f"coin-{number}"), AssetId("usd")) for number in range(chosen.pairs)]
    before_mb = resident_mb()
    making = Making(jump_factor=10.0)
    making.begin(START_MS)
    say_minutes(making, pairs, chosen.hours * 60)
    quiet_mb = resident_mb() - before_mb
    longest_s = say_trades(making, pairs, START_MS + chosen.hours * HOUR_MS)
    busy_mb = resident_mb() - before_mb
    forming = sum(len(making.list_all_forming(pair)) for pair in pairs)
    window = Window(
        Interval.MINUTE,
        [Candle(Interval.MINUTE, START_MS, 1.01, 1.02, 1.0, 1.015, 12.5, 9)] * LENGTH,
    )
    print(f"{chosen.pairs:,} pairs × {len(Interval)} intervals, {forming:,} candles forming")
    print(f"fed by candles: {quiet_mb:.0f} MB; and by trades for ten minutes: {busy_mb:.0f} MB")
    print(f"closing what ended, all pairs: at most {longest_s * 1000:.0f} ms at once")
    print(f"a full window of {LENGTH:,} candles: {window.size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
