"""How long the exchange takes to run again, by how much its journal has to be replayed.

    python -m benchmarks.restart [--rows 1000000] [--tail 100000] [--profile]

A journal of so many commands, written by the writer's own code: of 100 commands 45 are orders that
rest, each with a client id, 45 cancels and 10 orders that cross. Then two starts: from a snapshot
that is as old as it gets, `tail` commands, which is what every start is like; and without any. Both
end with the rolling hash that the journal says. The bar of the first is 10 s.
"""

import argparse
import asyncio
import cProfile
import pstats
import tempfile
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import Final

from benchmarks.machine import AT_MS, beginning, mix
from benchmarks.memory import resident_mb
from plimsoll.kernel.clock import SystemClock
from plimsoll.plumbing import schema
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.held import hold
from plimsoll.plumbing.postgres.server import EmbeddedPostgres
from plimsoll.trading.domain import restoring
from plimsoll.trading.domain.commands import Command, PlaceOrder
from plimsoll.trading.engine import recovery
from plimsoll.trading.engine.applied import Draft
from plimsoll.trading.engine.asking import Asked
from plimsoll.trading.engine.present import Batch, Present
from plimsoll.trading.engine.writer import Engine
from plimsoll.trading.storage import journal

AT_ONCE: Final = 2_000
BAR_S: Final = 10.0
NEVER: Final = 10**9
"""Commands between two snapshots, while a start is measured."""
UNSAFE_BUT_FAST: Final = {"fsync": "off", "synchronous_commit": "off", "max_wal_size": "4GB"}


def commands() -> Iterator[Command]:
    """Without end; resting orders have client ids."""
    numbers = count(1)
    yield from beginning(numbers)
    for seed in count():
        for each in mix(numbers, 50_000, seed):
            if isinstance(each, PlaceOrder) and each.price:
                yield each._replace(client_id=f"bot-{each.seq:09}")
            else:
                yield each


def _draft(command: Command) -> Draft:
    return lambda _seq, _at_ms: command


async def write(database: Database, rows: int, snapshot_at: int) -> None:
    present, source = Present(), commands()
    async with hold(database) as line:
        lease = await journal.take_lease(line)
        while (seq := present.venue.seq) < rows:
            size = min(AT_ONCE, rows - seq, snapshot_at - seq if seq < snapshot_at else rows)
            drafts = [_draft(each) for each in islice(source, size)]
            batch = Batch(lease.epoch, seq)
            nobody = Asked(drafts, None, None, asyncio.get_running_loop().create_future())
            present.apply(batch, [nobody], AT_MS)
            await journal.append(
                line,
                epoch=lease.epoch,
                before_seq=seq,
                journal=batch.journal,
                models=batch.rows.tables(),
            )
            if present.venue.seq == snapshot_at:
                await recovery.save(database, restoring.take(present.venue), present.chain)


async def start(database: Database, profile: cProfile.Profile | None) -> float:
    """Seconds from nothing to running, with the last snapshot if there is one."""
    async with database.read() as unit:
        chain = await unit.fetchval(
            "select encode(chain, 'hex') from journal order by seq desc limit 1"
        )
    engine = Engine(database, SystemClock(), snapshot_every=NEVER)
    began = time.perf_counter()
    if profile is not None:
        profile.enable()
    await engine.open()
    took_s = time.perf_counter() - began
    if profile is not None:
        profile.disable()
    assert engine._present.chain == chain  # noqa: SLF001 -- what a start is judged by
    engine._keeper.seq = engine.seq  # noqa: SLF001 -- no snapshot when it closes: the next start is measured too
    await engine.close()
    return took_s


async def measure(dsn: str, *, rows: int, tail: int, profile: cProfile.Profile | None) -> None:
    database = await Database.connect(dsn, pool_size=4, statement_timeout_ms=60_000)
    began = time.perf_counter()
    await write(database, rows, rows - tail)
    print(f"{rows:,} commands written in {time.perf_counter() - began:.0f} s", flush=True)
    before_mb = resident_mb()
    took_s = await start(database, profile)
    print(
        f"start, {tail:,} commands after the snapshot: {took_s:6.1f} s"
        f"   (bar {BAR_S:.0f} s)   {resident_mb() - before_mb:+.0f} MB"
    )
    async with database.write() as unit:
        await unit.execute("delete from engine_snapshots")
    took_s = await start(database, None)
    each_us = took_s / rows * 1e6
    print(f"start, {rows:,} commands, no snapshot:      {took_s:6.1f} s   {each_us:.1f} µs each")
    await database.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--tail", type=int, default=100_000)
    options.add_argument("--profile", action="store_true")
    chosen = options.parse_args()
    profile = cProfile.Profile() if chosen.profile else None
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedPostgres.start(Path(folder), settings=UNSAFE_BUT_FAST) as server,
    ):
        asyncio.run(schema.upgrade(server.dsn))
        asyncio.run(measure(server.dsn, rows=chosen.rows, tail=chosen.tail, profile=profile))
    if profile is not None:
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
