"""A file of trades to Form 8949 and the lot audit: seconds, memory, and how they grow.

    python -m benchmarks.tax_pipeline [--rows 10000 100000 1000000] [--profile]

All of it in one process without a database: verdicts on every row, transactions, facts, matching,
a year's report, both files. Each figure is of a process of its own: seconds of the processor, and
the peak of all its memory with the program itself. Beside it, in the same run, stands what a script
of fifty lines does: csv.DictReader, Decimal and first in, first out, without any check of a row.
"""

import argparse
import csv
import io
import multiprocessing
import random
import resource
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

START: Final = datetime(2025, 1, 1, 6, tzinfo=UTC)
DAYS: Final = timedelta(days=360)
NOW: Final = datetime(2026, 6, 1, tzinfo=UTC)
COINS: Final = (
    *("BTC", "ETH", "SOL", "XRP", "ADA", "DOGE", "DOT", "LTC", "LINK", "AVAX"),
    *("UNI", "ATOM", "XLM", "BCH", "FIL", "TRX", "ETC", "NEAR", "ALGO", "AAVE"),
)
HEADER: Final = (
    *("date", "kind", "received_quantity", "received_asset", "sent_quantity", "sent_asset"),
    *("fee_quantity", "fee_asset"),
)
SATOSHI: Final = Decimal("1e-8")
CENT: Final = Decimal("0.01")


class Lot(NamedTuple):
    quantity: Decimal
    unit: Decimal
    at: datetime


class Cost(NamedTuple):
    seconds: float
    memory: int
    lines: int
    stages: dict[str, float]


def in_turn(rows: int, *, assets: int) -> Iterator[tuple[bool, str, Decimal]]:
    chance, held = random.Random(7), [Decimal(0)] * assets
    for _ in range(rows):
        coin = chance.randrange(assets)
        buys = chance.random() < 0.5 or held[coin] < 1
        if buys:
            quantity = Decimal(chance.randrange(1, 10**9)) * SATOSHI
        else:
            quantity = (held[coin] * chance.randrange(1, 30) / 100).quantize(SATOSHI)
        held[coin] += quantity if buys else -quantity
        yield buys, COINS[coin], quantity


def buys_then_sells(rows: int) -> Iterator[tuple[bool, str, Decimal]]:
    chance = random.Random(11)
    for row in range(rows):
        buys = row < rows // 2
        yield buys, COINS[0], Decimal(1) if buys else Decimal(chance.randrange(1, 50)) / 100


SHAPES: Final[dict[str, Callable[[int], Iterator[tuple[bool, str, Decimal]]]]] = {
    "one asset": lambda rows: in_turn(rows, assets=1),
    "twenty assets": lambda rows: in_turn(rows, assets=20),
    "buys, then small sells": buys_then_sells,
}


def write(path: Path, shape: str, rows: int) -> None:
    chance, step = random.Random(3), DAYS / rows
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for row, (buys, coin, quantity) in enumerate(SHAPES[shape](rows)):
            at = (START + row * step).strftime("%Y-%m-%dT%H:%M:%SZ")
            worth = (quantity * chance.randrange(10_000, 90_000) / 100).quantize(CENT) or CENT
            sides = (quantity, coin, worth, "USD") if buys else (worth, "USD", quantity, coin)
            writer.writerow((at, "buy" if buys else "sell", *sides, "0.01", "USD"))


class Clock:
    """Seconds of the processor by stage; what runs inside of another stage is taken off it."""

    def __init__(self) -> None:
        self.stages: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began = time.process_time()
        yield
        self.stages[name] = time.process_time() - began


def pipeline(path: Path) -> Cost:
    from benchmarks.tax_chain import run  # noqa: PLC0415 -- not in the process of the plain one

    clock = Clock()
    with path.open("rb") as file:
        form, _ = run(file, NOW, START.year, clock.stage)
    return Cost(sum(clock.stages.values()), peak(), form.count(b"\n") - 1, clock.stages)


def plain(path: Path) -> Cost:
    """No verdicts, no rules but first in, first out; the same two files."""
    began = time.process_time()
    lots: dict[str, deque[Lot]] = {}
    form, audit = io.StringIO(), io.StringIO()
    to_form, to_audit = csv.writer(form), csv.writer(audit)
    lines = 0
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            at = datetime.fromisoformat(row["date"])
            fee = Decimal(row["fee_quantity"])
            if row["kind"] == "buy":
                quantity = Decimal(row["received_quantity"])
                cost = Decimal(row["sent_quantity"]) + fee
                lot = Lot(quantity, cost / quantity, at)
                lots.setdefault(row["received_asset"], deque()).append(lot)
                continue
            asset, wanted = row["sent_asset"], Decimal(row["sent_quantity"])
            price = (Decimal(row["received_quantity"]) - fee) / wanted
            while wanted:
                lot = lots[asset].popleft()
                taken = min(lot.quantity, wanted)
                wanted -= taken
                if taken < lot.quantity:
                    lots[asset].appendleft(lot._replace(quantity=lot.quantity - taken))
                proceeds, basis = price * taken, lot.unit * taken
                lines += 1
                told = (f"{taken} {asset}", f"{lot.at:%m/%d/%Y}", f"{at:%m/%d/%Y}")
                figures = (proceeds, basis, proceeds - basis)
                to_form.writerow((*told, *(f"{each:.2f}" for each in figures)))
                to_audit.writerow((*told, *map(str, figures)))
    seconds = time.process_time() - began
    return Cost(seconds, peak(), lines, {})


WAYS: Final[dict[str, Callable[[Path], Cost]]] = {"Plimsoll": pipeline, "plain script": plain}


def peak() -> int:
    """Bytes. Of this program alone: what getrusage tells begins with the size of its parent."""
    status = Path("/proc/self/status")
    if status.exists():
        found = [each for each in status.read_text().splitlines() if each.startswith("VmHWM")]
        return int(found[0].split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure(way: str, path: Path) -> Cost:
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as pool:
        return pool.submit(WAYS[way], path).result()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args()
    print(f"{'shape':24}{'':14}{'rows':>11}{'lines':>11}{'seconds':>9}{'memory':>10}{'growth':>8}")
    with tempfile.TemporaryDirectory(prefix="plimsoll-pipeline-") as folder:
        for shape in SHAPES:
            before: dict[str, float] = {}
            for rows in asked.rows:
                path = Path(folder) / f"{rows}.csv"
                write(path, shape, rows)
                rounds = asked.rounds if rows <= 100_000 else 1
                for way in WAYS:
                    costs = [measure(way, path) for _ in range(rounds)]
                    cost = min(costs)
                    growth = f"{cost.seconds / before[way]:.1f}" if way in before else ""
                    before[way] = cost.seconds
                    print(
                        f"{shape:24}{way:14}{rows:11,}{cost.lines:11,}{cost.seconds:9.2f}"
                        f"{cost.memory / 1e6:7.0f} MB{growth:>8}"
                    )
                    if asked.profile and cost.stages:
                        told = (f"{name} {taken:.3f}" for name, taken in cost.stages.items())
                        print(f"{'':24}{', '.join(told)}")
                    sys.stdout.flush()


if __name__ == "__main__":
    main()
