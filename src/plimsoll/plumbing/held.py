"""A connection that one part keeps for itself for as long as it lives, with the advisory lock that
says so: when the connection is gone, so is the lock, and the server knows both at once.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from plimsoll.plumbing.database import Database, Progress, told

ANSWER_S: Final = 6.0
"""Longer than the server works on a statement: whoever is silent for so long is not there."""


class HeldConnection:
    """Each statement is its own transaction, durable when it returns."""

    __slots__ = ("_connection", "_tell", "lost")

    def __init__(self, connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]") -> None:
        self._connection = connection
        self._tell: Callable[[], None] | None = None
        self.lost = False
        """The connection has ended, for whatever reason. The driver takes it back then, and lets
        nobody ask it any more.
        """
        connection.add_termination_listener(self._notice)

    def _notice(self, _: object) -> None:
        self.lost = True
        if self._tell is not None:
            self._tell()

    async def fetch(self, sql: str, *args: object) -> list[asyncpg.Record]:
        """Raises OutcomeUnknown when the connection is lost under way, or nobody answers."""
        progress = Progress()
        with told(progress):
            progress.in_doubt = not self.lost
            rows: list[asyncpg.Record] = await self._connection.fetch(sql, *args, timeout=ANSWER_S)
        return rows

    async def try_lock(self, key: int) -> bool:
        """Whether this connection has the advisory lock now."""
        rows = await self.fetch("select pg_try_advisory_lock($1) as taken", key)
        taken: bool = rows[0]["taken"]
        return taken

    def on_lost(self, tell: Callable[[], None]) -> None:
        """`tell` is called once when the connection ends."""
        self._tell = tell


@asynccontextmanager
async def hold(database: Database) -> AsyncIterator[HeldConnection]:
    """A connection of the writers' pool, ended afterwards, so that its locks end with it."""
    async with database.lend() as connection:
        line = HeldConnection(connection)
        try:
            yield line
        finally:
            if not line.lost:
                connection.terminate()
