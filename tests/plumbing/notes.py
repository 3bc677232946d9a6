"""A small database to write to, and ways to lose the connections to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from plimsoll.plumbing.database import Database

NOTES = """
    create table notes (id integer primary key, text text not null);
    create table promises (id integer primary key deferrable initially deferred);
    insert into promises values (1);
"""


async def admin(dsn: str, sql: str) -> str:
    connection = await asyncpg.connect(dsn)
    try:
        return str(await connection.execute(sql))
    finally:
        await connection.close()


async def kill_backends(dsn: str) -> None:
    """End every connection of Plimsoll to this database, as a failover does."""
    await admin(
        dsn,
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and application_name = 'plimsoll'",
    )


@asynccontextmanager
async def connected(
    dsn: str, *, pool_size: int = 4, statement_timeout_ms: int = 5_000
) -> AsyncIterator[Database]:
    database = await Database.connect(
        dsn, pool_size=pool_size, statement_timeout_ms=statement_timeout_ms
    )
    try:
        yield database
    finally:
        await database.close()
