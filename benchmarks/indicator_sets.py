"""Memory of indicator sets held open, and the time to open them, as after a restart.

    python -m benchmarks.indicator_sets [--pairs 1000] [--intervals 12]

One set of twelve indicators for each pair and interval, each on a history of its own length of
warm-up; then one candle for each, and one look at a forming one. Histories are made as the sets are
opened and let go again, so what is measured is the sets.
"""

import argparse
import gc
import time
from pathlib import Path

from benchmarks.indicators import MINUTE_MS, TWELVE, market
from plimsoll.insights.domain.catalogue import parse
from plimsoll.insights.domain.streaming import StreamSet

KINDS = {
    "twelve of all kinds": TWELVE,
    "rsi, macd, bollinger": "rsi(14),macd(12,26,9),bollinger(20,2)",
}
HISTORY = 500


def resident_mb() -> float:
    """What the process holds now; a peak would count what was let go."""
    gc.collect()
    fields = dict(
        line.split(":", 1) for line in Path("/proc/self/status").read_text("utf-8").splitlines()
    )
    return int(fields["VmRSS"].split()[0]) / 1024


def measure(title: str, names: str, count: int) -> float:
    """Open so many sets, feed and look at each; prints a row and returns their megabytes."""
    requests = parse(names)
    bars = market(HISTORY + 2)
    history = bars.first(HISTORY)
    StreamSet(requests, history)  # what is loaded once is not counted
    before_mb = resident_mb()
    began = time.perf_counter()
    sets = [StreamSet(requests, history) for _ in range(count)]
    opened_s = time.perf_counter() - began
    held_mb = resident_mb() - before_mb

    closed, forming = bars.bar(HISTORY), bars.bar(HISTORY + 1)
    began = time.perf_counter()
    for each in sets:
        each.update(closed)
    updated_s = time.perf_counter() - began
    began = time.perf_counter()
    for each in sets:
        each.peek(forming)
    peeked_s = time.perf_counter() - began
    print(
        f"{title:22}{held_mb:9.1f}{held_mb * 1024 / count:9.2f}{opened_s:9.2f}"
        f"{updated_s * 1e3:11.1f}{peeked_s * 1e3:10.1f}"
    )
    return held_mb


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--pairs", type=int, default=1_000)
    reader.add_argument("--intervals", type=int, default=12)
    asked = reader.parse_args()
    count = asked.pairs * asked.intervals
    print(f"{count:,} sets on {HISTORY} bars each of {MINUTE_MS // 1000} s")
    print(f"{'':22}{'MB':>9}{'KB each':>9}{'open s':>9}{'update ms':>11}{'peek ms':>10}")
    for title, names in KINDS.items():
        measure(title, names, count)


if __name__ == "__main__":
    main()
