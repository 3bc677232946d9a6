"""A connection for oneself: the lock ends with it, and its end is noticed."""

import asyncio

import asyncpg
import pytest

from plimsoll.plumbing import held
from plimsoll.plumbing.database import Database, DatabaseUnavailable, OutcomeUnknown
from plimsoll.plumbing.held import HeldConnection, hold

KEY = 4711


async def end(line: HeldConnection, database_url: str) -> None:
    """The server ends the connection."""
    (row,) = await line.fetch("select pg_backend_pid() as pid")
    admin = await asyncpg.connect(database_url)
    await admin.fetchval("select pg_terminate_backend($1, 5000)", row["pid"])
    await admin.close()


async def test_a_lock_is_one_s_own_until_the_connection_ends(database: Database) -> None:
    async with hold(database) as first, hold(database) as second:
        assert await first.try_lock(KEY)
        assert await first.try_lock(KEY)
        assert not await second.try_lock(KEY)
    async with hold(database) as third, asyncio.timeout(5):
        while not await third.try_lock(KEY):  # noqa: ASYNC110 -- the server has to notice
            await asyncio.sleep(0.01)


async def test_a_statement_is_durable_when_it_returns(database: Database) -> None:
    async with hold(database) as line:
        await line.fetch("create table kept (number int)")
        await line.fetch("insert into kept values ($1)", 5)
    async with database.read() as unit:
        assert await unit.fetchval("select number from kept") == 5


async def test_the_end_of_an_idle_connection_is_noticed(
    database: Database, database_url: str
) -> None:
    noticed = asyncio.Event()
    async with hold(database) as line:
        line.on_lost(noticed.set)
        assert not line.lost
        await end(line, database_url)
        async with asyncio.timeout(5):
            await noticed.wait()
        assert line.lost
        with pytest.raises(DatabaseUnavailable):
            await line.fetch("select 1")
    async with hold(database) as another:
        assert await another.fetch("select 1")


async def test_an_end_under_way_leaves_the_outcome_open(
    database: Database, database_url: str
) -> None:
    async with hold(database) as line:
        (row,) = await line.fetch("select pg_backend_pid() as pid")
        sleeping = asyncio.create_task(line.fetch("select pg_sleep(5)"))
        await asyncio.sleep(0.1)
        admin = await asyncpg.connect(database_url)
        await admin.fetchval("select pg_terminate_backend($1, 5000)", row["pid"])
        await admin.close()
        with pytest.raises(OutcomeUnknown):
            await sleeping


async def test_a_silent_server_is_not_waited_for(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "ANSWER_S", 0.2)
    async with hold(database) as line:
        with pytest.raises(OutcomeUnknown):
            await line.fetch("select pg_sleep(3)")
