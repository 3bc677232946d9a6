"""Candles over HTTP: the last 500 from memory, an older 500 from the store, beside the usual form.

    python -m benchmarks.markets [--rounds 3] [--seconds 1.0]

Both services answer from one PostgreSQL with the same candles, one process each, at 64 connections
that ask for 40 pairs in turn; rounds alternate, and each figure is the median. *newest* asks for
the last 500 of a pair, *older* for 500 before a random moment of the last days. `CPU ms` is the
processor time of the service's process for one answer, without the database's: on a machine that
has other things to do it tells more than the answers per second.
"""

import argparse
import asyncio
import multiprocessing
import os
import platform
import random
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from math import nan
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks import load
from benchmarks.load import Load, Outcome
from benchmarks.servers import Server, ServerFailed, started
from plimsoll.kernel.clock import SystemClock
from plimsoll.markets.domain.assets import AssetKind
from plimsoll.markets.domain.candles import MINUTE_MS, Candle, Interval
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.markets.storage.archive import Archive
from plimsoll.markets.storage.candles import PairCandle
from plimsoll.markets.storage.store import StoredCandles
from plimsoll.plumbing import schema
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.postgres.server import EmbeddedPostgres

CONNECTIONS: Final = 64
PAIRS: Final = 40
STORED: Final = 6_000
ROWS: Final = 500
NAMES: Final = ("usual candles", "plimsoll")


def make_candles(pairs: list[Pair], now_ms: int) -> list[PairCandle]:
    """Minutes of random walks up to a moment ago, priced like coins from cents to thousands."""
    source, made = random.Random(5), list[PairCandle]()
    first_ms = Interval.MINUTE.bucket_start(now_ms) - STORED * MINUTE_MS
    for pair in pairs:
        price = 10 ** source.uniform(-3, 4)
        for number in range(STORED):
            close = price * (1 + source.gauss(0, 1e-3))
            high, low = max(price, close) * 1.0004, min(price, close) * 0.9996
            price, high, low, close = (float(f"{each:.7g}") for each in (price, high, low, close))
            at_ms = first_ms + number * MINUTE_MS
            volume = round(source.expovariate(0.1), 5)
            candle = Candle(Interval.MINUTE, at_ms, price, high, low, close, volume, 42)
            made.append((pair, candle))
            price = close
    return made


async def fill(dsn: str, pairs: list[Pair], folder: Path) -> float:
    """Store the candles; milliseconds at the database for the last 500 of a pair, as asked by one
    at a time.
    """
    await schema.upgrade(dsn)
    database = await Database.connect(dsn)
    clock = SystemClock()
    now_ms = int(clock.now().timestamp() * 1000)
    store = StoredCandles(database, Archive(folder), clock)
    await store.make_ahead(now_ms)
    await store.save(make_candles(pairs, now_ms))
    async with database.write() as unit:
        await unit.execute("analyze candles")
    took = []
    for number in range(400):
        began = time.perf_counter()
        found = await store.list_latest(
            pairs[number % len(pairs)], Interval.MINUTE, to_ms=now_ms, limit=ROWS
        )
        took.append(time.perf_counter() - began)
        assert len(found) == ROWS
    store.close()
    await database.close()
    return median(took[40:]) * 1000


def requests(server: Server, pairs: list[Pair], *, older: bool) -> tuple[tuple[bytes, ...], ...]:
    """A row of requests for each connection, all pairs in an order of its own."""
    source, rows = random.Random(9), []
    now_ms = int(time.time() * 1000)
    for _ in range(CONNECTIONS):
        row = []
        for pair in source.sample(pairs, len(pairs)):
            path = f"/api/v1/markets/{pair.base}/{pair.quote}/candles?interval=1m&limit={ROWS}"
            if older:
                path += f"&to={now_ms - source.randrange(ROWS, STORED - 2 * ROWS) * MINUTE_MS}"
            row.append(
                f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{server.port}\r\n"
                "accept: application/json\r\n\r\n".encode()
            )
        rows.append(tuple(row))
    return tuple(rows)


def cpu_ms(server: Server) -> float:
    """Processor time of the service so far; NaN where the system does not tell."""
    try:
        text = Path(f"/proc/{server.process.pid}/stat").read_text("ascii")
    except OSError:
        return nan
    user, system = text.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) * 1000 / os.sysconf("SC_CLK_TCK")


def measure(options: argparse.Namespace, directory: Path) -> int:
    assets = load_catalogue().list_assets(AssetKind.CRYPTO)
    pairs = [Pair(asset.id, assets[-1].id) for asset in assets[:PAIRS]]
    outcomes: dict[tuple[str, str], list[tuple[Outcome, float]]] = {}
    with (
        EmbeddedPostgres.start(directory / "postgres") as postgres,
        ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool,
        ExitStack() as stack,
    ):
        at_database_ms = asyncio.run(fill(postgres.dsn, pairs, directory / "archive"))
        environment = {
            "PLIMSOLL_DATABASE_URL": postgres.dsn,
            "BENCH_DATABASE_URL": postgres.dsn,
        }
        servers = [
            stack.enter_context(started(name, directory, settings=environment)) for name in NAMES
        ]
        for number in range(options.rounds):
            for question in ("newest", "older"):
                for server in servers if number % 2 else servers[::-1]:
                    rows = requests(server, pairs, older=question == "older")
                    before_ms = cpu_ms(server)
                    sent = pool.submit(load.run, Load(server.port, rows, options.seconds))
                    try:
                        outcome = sent.result()
                    except (OSError, TimeoutError) as error:
                        raise server.failed(f"{question}: {error!r}") from None
                    if outcome.refused:
                        print(server.failed(outcome.refusal), file=sys.stderr)
                        return 1
                    taken_ms = (cpu_ms(server) - before_ms) / sum(outcome.acknowledged)
                    outcomes.setdefault((question, server.name), []).append((outcome, taken_ms))
    print(f"the last {ROWS} of a pair at the database: {at_database_ms:.2f} ms (bar 2)")
    print(f"{'':28}{'/s':>10}{'p50 ms':>10}{'p99 ms':>10}{'CPU ms':>10}")
    for (question, name), rounds in sorted(outcomes.items()):
        rate = median(one.per_second for one, _ in rounds)
        p50 = median(one.p50_ms for one, _ in rounds)
        p99 = median(one.p99_ms for one, _ in rounds)
        taken = median(taken_ms for _, taken_ms in rounds)
        print(f"{question:8}{name:20}{rate:10,.0f}{p50:10.2f}{p99:10.2f}{taken:10.2f}")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.markets", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds (default 3)")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each timed measurement")
    options = parser.parse_args()
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} CPUs")
    with tempfile.TemporaryDirectory(prefix="plimsoll-bench-") as directory:
        try:
            return measure(options, Path(directory))
        except ServerFailed as failure:
            print(failure, file=sys.stderr)
            return 1


if __name__ == "__main__":
    sys.exit(main())
