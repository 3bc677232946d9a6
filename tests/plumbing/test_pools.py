"""Connections are lent in turn, and none is lost when somebody stops waiting."""

import asyncio

import pytest

from plimsoll.plumbing import pools
from plimsoll.plumbing.database import Database, DatabaseUnavailable
from tests.plumbing.notes import connected


async def test_who_comes_back_at_once_does_not_overtake_those_who_wait(noted: str) -> None:
    async with connected(noted, pool_size=2) as database:
        async with database.write(), database.write():
            pass  # both are open now: to open one takes longer than many turns
        lent, waited = 0, list[int]()

        async def greedy() -> None:
            nonlocal lent
            for _ in range(20):
                before = lent
                async with database.lend() as connection:
                    waited.append(lent - before)
                    lent += 1
                    await connection.fetchval("select 1")

        await asyncio.gather(*(greedy() for _ in range(30)))

    assert len(waited) == 600
    assert max(waited) < 30, waited


async def test_those_who_give_up_waiting_take_no_connection_with_them(
    noted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "ACQUIRE_S", 0.05)
    async with connected(noted, pool_size=1) as database:
        async with database.read():
            given_up = [asyncio.create_task(_read(database)) for _ in range(3)]
            for waiting in given_up:
                with pytest.raises(DatabaseUnavailable):
                    await waiting
            cancelled = asyncio.create_task(_read(database))
            await asyncio.sleep(0)
            cancelled.cancel()
        assert [await _read(database) for _ in range(3)] == [1, 1, 1]


async def _read(database: Database) -> object:
    async with database.read() as unit:
        return await unit.fetchval("select 1")
