"""A long ledger: written as a batch, read, changed late, taken back; beside a fold of all of it.

    python -m benchmarks.holdings [--transactions 10000] [--growth 10] [--requests 400]

One person, twenty assets or one in two wallets, purchases, sales and transfers, on a durable
PostgreSQL of its own. Peak memory is what the resident set of this process grew by; the longest
stall is the most that the processor worked between two turns of a task of the same event loop that
wants to run every millisecond. `GET /holdings` is asked over HTTP, one request after another, while
the ledger has all transactions.
"""

import argparse
import asyncio
import gc
import random
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.client import HTTPConnection
from pathlib import Path
from statistics import quantiles
from typing import Final, TypeVar
from uuid import UUID

from benchmarks.memory import resident_mb
from benchmarks.population import PASSWORD
from benchmarks.servers import Server, started
from plimsoll.kernel.identifiers import AssetId, ImportId, TransactionId, UserId, WalletId, new_id
from plimsoll.ledger.domain.transactions import Kind, Leg, Role, Transaction
from plimsoll.ledger.service import batches, reading, recording
from plimsoll.ledger.storage.wallets import default_wallet
from plimsoll.plumbing import schema
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.postgres.server import EmbeddedPostgres

T = TypeVar("T")
USD: Final = AssetId("usd")
COINS: Final = [AssetId(f"coin-{number}") for number in range(20)]
START: Final = datetime(2020, 1, 1, tzinfo=UTC)
APART: Final = timedelta(minutes=20)
PART: Final = 250
DEADLINE_S: Final = 0.001


def trade(
    number: int, chance: random.Random, wallets: tuple[WalletId, ...], assets: int
) -> Transaction:
    """Two of five buy, two sell, one moves a little to the other wallet."""
    coin, at = COINS[chance.randrange(assets)], START + number * APART
    what, wallet = chance.randrange(5), wallets[chance.randrange(2)]
    quantity = Decimal(chance.randrange(1, 10**8)) / 10**8
    value = (quantity * chance.randrange(10_000, 90_000)).quantize(Decimal("0.01")) + 1
    if what == 4:
        other = wallets[1 - wallets.index(wallet)]
        moved = (quantity / 50).quantize(Decimal("1e-8")) + Decimal("1e-8")
        legs: tuple[Leg, ...] = (
            Leg(wallet, coin, -moved, Role.PRINCIPAL, Decimal(0)),
            Leg(other, coin, moved, Role.PRINCIPAL, Decimal(0)),
        )
        kind = Kind.TRANSFER
    else:
        sign = 1 if what < 2 else -1
        legs = (
            Leg(wallet, coin, sign * quantity, Role.PRINCIPAL, value),
            Leg(None, USD, -sign * value, Role.PRINCIPAL, value),
            Leg(None, USD, Decimal(-1), Role.FEE, Decimal(1)),
        )
        kind = Kind.BUY if sign > 0 else Kind.SELL
    return Transaction(
        TransactionId(new_id()), kind, at, USD, legs, source="bench", external_id=str(number)
    )


async def parts(
    transactions: int, wallets: tuple[WalletId, ...], import_id: ImportId, assets: int
) -> AsyncIterator[list[Transaction]]:
    chance = random.Random(5)
    for first in range(0, transactions, PART):
        some = [trade(number, chance, wallets, assets) for number in range(first, first + PART)]
        yield [replace(each, import_id=import_id) for each in some]


class Watch:
    """Seconds, the longest stall of the loop and the peak of memory while something runs."""

    def __init__(self) -> None:
        self.s = self.stall_s = self.mb = 0.0
        self.phases: dict[str, float] = {}

    async def over(self, work: Awaitable[T]) -> T:
        before_mb = resident_mb()
        gc.freeze()  # what is there already would be gone through by every full collection
        began = time.perf_counter()
        watching = asyncio.create_task(self._watch(before_mb))
        try:
            return await work
        finally:
            self.s = time.perf_counter() - began
            watching.cancel()

    async def _watch(self, before_mb: float) -> None:
        ticks = 0
        while True:
            began = time.thread_time()
            await asyncio.sleep(DEADLINE_S)
            self.stall_s = max(self.stall_s, time.thread_time() - began)
            ticks += 1
            if ticks % 20 == 0:
                pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])  # noqa: ASYNC240
                self.mb = max(self.mb, pages * 4096 / 1e6 - before_mb)

    async def told(self, _count: int, phase: str) -> None:
        self.phases[phase] = time.perf_counter()

    def __str__(self) -> str:
        return f"{self.s * 1000:10,.0f} ms {self.stall_s * 1000:6.1f} ms stall {self.mb:6.1f} MB"


class Bench:
    """One person's ledger after another, on one database."""

    def __init__(self, database: Database, user_id: UserId, assets: int) -> None:
        self.database, self.user_id, self.assets = database, user_id, assets
        self.wallets: tuple[WalletId, ...] = ()
        self.import_id = ImportId(new_id())

    async def open(self) -> None:
        async with self.database.write() as unit:
            added = await reading.add_wallet(unit, self.user_id, "cold")
        self.wallets = (default_wallet(self.user_id), added.id)

    async def record(self, transactions: int) -> Watch:
        watch = Watch()

        async def work() -> None:
            some = parts(transactions, self.wallets, self.import_id, self.assets)
            async with self.database.write() as unit:
                written = await batches.record_batch(
                    unit, self.user_id, self.import_id, some, told=watch.told
                )
            assert written == batches.BatchWritten(transactions, 0)

        await watch.over(work())
        return watch

    async def void(self) -> Watch:
        watch = Watch()

        async def work() -> None:
            async with self.database.write() as unit:
                await batches.void_batch(
                    unit,
                    self.user_id,
                    self.import_id,
                    note="",
                    now=datetime.now(UTC),
                    told=watch.told,
                )

        await watch.over(work())
        return watch

    async def late(self, number: int) -> Watch:
        """One more purchase between those that are there."""
        watch, wallet = Watch(), self.wallets[0]
        legs = (
            Leg(wallet, COINS[0], Decimal(1), Role.PRINCIPAL, Decimal(100)),
            Leg(None, USD, Decimal(-100), Role.PRINCIPAL, Decimal(100)),
        )
        at = START + number * APART + APART / 2
        bought = Transaction(TransactionId(new_id()), Kind.BUY, at, USD, legs)

        async def work() -> None:
            async with self.database.write() as unit:
                await recording.record(unit, self.user_id, bought, lambda *_: Decimal(1))

        await watch.over(work())
        return watch


def read_holdings(server: Server, token: str, requests: int) -> list[float]:
    """Milliseconds of each request."""
    connection = HTTPConnection("127.0.0.1", server.port)
    took = []
    for _ in range(requests):
        began = time.perf_counter()
        headers = {"authorization": f"Bearer {token}"}
        connection.request("GET", "/api/v1/holdings?limit=100", headers=headers)
        answer = connection.getresponse()
        text = answer.read()
        took.append((time.perf_counter() - began) * 1000)
        assert answer.status == 200, text
    connection.close()
    return took


async def measure(server: Server, dsn: str, few: int, many: int, requests: int) -> None:
    database = await Database.connect(dsn)
    who = {"email": "holder@bench.example", "password": PASSWORD}
    user_id = UserId(UUID(server.call("POST", "/api/v1/auth/register", body=who)["id"]))
    token = server.call("POST", "/api/v1/auth/login", body=who)["access_token"]
    for assets in (len(COINS), 1):
        for transactions in (few, many):
            asked = assets > 1 and transactions == many
            bench = Bench(database, user_id if asked else UserId(new_id()), assets)
            await bench.open()
            print(f"{transactions:,} transactions of {assets} assets")
            print(f"  recorded as a batch   {await bench.record(transactions)}")
            if asked:
                took = await asyncio.to_thread(read_holdings, server, token, requests)
                p50, p95 = quantiles(took, n=100)[49], quantiles(took, n=100)[94]
                print(f"  GET /holdings         {p50:10.2f} ms p50 {p95:8.2f} ms p95")
            print(f"  one more, the latest  {await bench.late(transactions)}")
            for percent in (99, 90, 50):
                late = await bench.late(transactions * percent // 100)
                print(f"  one more at {percent} %      {late}")
            print(f"  a fold of everything  {await bench.late(-1)}")
            print(f"  taken back            {await bench.void()}")
    await database.close()


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--transactions", type=int, default=10_000)
    options.add_argument("--growth", type=int, default=10)
    options.add_argument("--requests", type=int, default=400)
    given = options.parse_args()
    few, many = given.transactions, given.transactions * given.growth
    with tempfile.TemporaryDirectory(prefix="plimsoll-bench-") as folder:
        data = Path(folder) / "postgres"
        data.mkdir()
        with EmbeddedPostgres.start(data) as postgres:
            asyncio.run(schema.upgrade(postgres.dsn))
            settings = {"PLIMSOLL_DATABASE_URL": postgres.dsn}
            with started("plimsoll", Path(folder), settings=settings) as server:
                asyncio.run(measure(server, postgres.dsn, few, many, given.requests))


if __name__ == "__main__":
    main()
