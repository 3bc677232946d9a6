"""The connections to PostgreSQL that are lent and given back, and how long they are waited for.

Who waits longest is next. The driver's own queue lets whoever comes at the right moment overtake,
and sends the one who was to be next to its end: under load most waited for nothing and a few for
seconds.
"""

import asyncio
import contextlib
import time
from typing import Final

import asyncpg

from plimsoll.plumbing import telemetry
from plimsoll.plumbing.tracing import Tracing

ACQUIRE_S: Final = 5.0
SILENCE: Final = (TimeoutError, asyncio.CancelledError)
"""After these a statement may still be under way. The driver would ask the server to end it, and
wait for that; one that is frozen never says so. The connection is cut instead.
"""


class Pool:
    """The connections of one kind. How long one is waited for is measured."""

    def __init__(
        self, name: str, pool: "asyncpg.Pool[asyncpg.Record]", tracing: Tracing | None = None
    ) -> None:
        self.name = name
        self.pool = pool
        self.tracing = tracing
        self.turns = asyncio.Semaphore(pool.get_max_size())
        self.wait = telemetry.DB_WAIT.labels(name)
        telemetry.DB_POOL_SIZE.labels(name).set_function(pool.get_size)
        telemetry.DB_POOL_MOST.labels(name).set_function(pool.get_max_size)
        in_use = telemetry.DB_POOL_IN_USE.labels(name)
        in_use.set_function(lambda: pool.get_size() - pool.get_idle_size())

    def acquire(self) -> "Lent":
        return Lent(self)


class Lent:
    """A connection of a pool, for the length of a block."""

    __slots__ = ("_connection", "_pool")

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def __aenter__(self) -> "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]":
        pool = self._pool
        began_s = time.perf_counter()
        async with asyncio.timeout(ACQUIRE_S):
            await pool.turns.acquire()
            try:
                self._connection = await pool.pool.acquire()
            except BaseException:
                pool.turns.release()
                raise
        took_s = time.perf_counter() - began_s
        pool.wait.observe(took_s)
        if pool.tracing is not None:
            pool.tracing.note_wait(pool.name, took_s)
        return self._connection

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and issubclass(kind, SILENCE):
            with contextlib.suppress(asyncpg.InterfaceError):  # somebody has cut it before
                self._connection.terminate()
        await self.give_back()

    async def give_back(self) -> None:
        try:
            await self._pool.pool.release(self._connection)
        finally:
            self._pool.turns.release()
