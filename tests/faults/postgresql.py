"""PostgreSQL is stopped, frozen or killed under a service that has it by an address."""

import asyncio
import contextlib
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from plimsoll.plumbing.postgres.server import EmbeddedPostgres
from tests.faults.desk import Desk
from tests.faults.trial import Expected, Finding, Scene, attempt


@asynccontextmanager
async def standing_on(server: EmbeddedPostgres, folder: Path) -> AsyncIterator[Desk]:
    """A desk on a database that is not its own."""
    desk = Desk(folder / "desk", database_url=server.dsn)
    await asyncio.to_thread(desk.command, "migrate")
    await asyncio.to_thread(desk.start)
    try:
        yield desk
        await asyncio.to_thread(desk.stop)
    finally:
        await asyncio.to_thread(desk.kill)


def processes_of(postmaster: int) -> list[int]:
    """The postmaster and everything that it has started."""
    found = [postmaster]
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            pid, _, rest = status.read_text("utf-8").partition(" (")
            if int(rest.rpartition(") ")[2].split()[1]) == postmaster:
                found.append(int(pid))
    return found


def signal_all(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


async def freeze(server: EmbeddedPostgres, seconds: float) -> None:
    """It keeps its connections and says nothing."""
    assert server.pid is not None
    pids = processes_of(server.pid)
    signal_all(pids, signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        signal_all(pids, signal.SIGCONT)


async def stop(server: EmbeddedPostgres, number: signal.Signals, seconds: float) -> None:
    """It ends, and is there again after so many seconds."""
    assert server.pid is not None
    os.kill(server.pid, number)
    while server.alive:  # noqa: ASYNC110 - it is another process
        await asyncio.sleep(0.02)
    await asyncio.sleep(seconds)
    keeping = asyncio.create_task(server.supervise())
    try:
        while not server.alive:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.05)
    finally:
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping


async def run(seconds: float = 30.0) -> list[Finding]:
    with (
        tempfile.TemporaryDirectory(prefix="plimsoll-faults-") as folder,
        EmbeddedPostgres.start(Path(folder) / "postgresql") as server,
    ):
        async with standing_on(server, Path(folder)) as desk:
            return [
                await stopped(desk, server, seconds),
                await killed(desk, server),
                await frozen(desk, server, seconds),
            ]


async def stopped(
    desk: Desk, server: EmbeddedPostgres, seconds: float, *, each: int = 3
) -> Finding:
    async def strike(_: Scene) -> None:
        await stop(server, signal.SIGINT, seconds)

    fault = f"PostgreSQL stopped for {seconds:.0f} s"
    return await attempt(fault, desk, strike, Expected(), each=each)


async def killed(desk: Desk, server: EmbeddedPostgres, *, each: int = 3) -> Finding:
    async def strike(_: Scene) -> None:
        await stop(server, signal.SIGKILL, 0)

    return await attempt("PostgreSQL killed (-9)", desk, strike, Expected(), each=each)


async def frozen(desk: Desk, server: EmbeddedPostgres, seconds: float, *, each: int = 3) -> Finding:
    async def strike(_: Scene) -> None:
        await freeze(server, seconds)

    fault = f"PostgreSQL frozen for {seconds:.0f} s"
    return await attempt(fault, desk, strike, Expected(), each=each)
