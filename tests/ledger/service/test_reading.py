"""How far a ledger is: many readers, few questions, never an answer from before the question."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from plimsoll.ledger.service import reading
from plimsoll.plumbing.database import Database, DatabaseUnavailable, ReadUnit
from tests.ledger.desk import Desk
from tests.ledger.entries import buy, day


async def test_a_ledger_without_transactions_is_at_0(database: Database) -> None:
    desk = await Desk.open(database)
    assert await reading.Versions(database).of(desk.user_id) == 0


async def test_every_write_is_seen_by_whoever_asks_after_it(database: Database) -> None:
    versions, desk = reading.Versions(database), await Desk.open(database)
    seen = []
    for number in range(1, 20):
        crowd = [asyncio.create_task(versions.of(desk.user_id)) for _ in range(5)]
        await asyncio.sleep(0)  # their question is on its way while we write
        written = await desk.record(buy("1", value="1", wallet=desk.main, at=day(number)))
        seen.append(await versions.of(desk.user_id))
        assert seen[-1] == written.seq
        assert all(version <= seen[-1] for version in await asyncio.gather(*crowd))
    assert seen == sorted(set(seen))


class SlowReturn(Database):
    """The answer of a read is there, and stays on its way until it is let through."""

    def __init__(self, database: Database) -> None:
        super().__init__(database._writers, database._readers)
        self.answered, self.let_through = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadUnit]:
        async with super().read() as unit:
            yield unit
        self.answered.set()
        await self.let_through.wait()


async def test_a_question_under_way_is_not_shared_with_who_comes_later(database: Database) -> None:
    slow, desk = SlowReturn(database), await Desk.open(database)
    versions = reading.Versions(slow)
    before = asyncio.create_task(versions.of(desk.user_id))
    await slow.answered.wait()
    written = await desk.record(buy("1", value="1", wallet=desk.main))
    after = asyncio.create_task(versions.of(desk.user_id))
    await asyncio.sleep(0)
    slow.let_through.set()
    assert (await before, await after) == (0, written.seq)


async def test_one_question_answers_each_person_for_themselves(database: Database) -> None:
    versions = reading.Versions(database)
    desks = [await Desk.open(database) for _ in range(5)]
    for number, desk in enumerate(desks):
        for _ in range(number):
            await desk.record(buy("1", value="1", wallet=desk.main))
    found = await asyncio.gather(*(versions.of(desk.user_id) for desk in desks))
    assert found == [0, 1, 2, 3, 4]


async def test_a_reader_who_leaves_takes_nobody_along(database: Database) -> None:
    versions, desk = reading.Versions(database), await Desk.open(database)
    leaving = asyncio.create_task(versions.of(desk.user_id))
    staying = asyncio.create_task(versions.of(desk.user_id))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == 0
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_when_the_database_is_away_every_reader_is_told(database_url: str) -> None:
    database = await Database.connect(database_url, pool_size=2)
    versions, desk = reading.Versions(database), await Desk.open(database)
    await database.close()
    outcomes = await asyncio.gather(
        *(versions.of(desk.user_id) for _ in range(3)), return_exceptions=True
    )
    assert {type(each) for each in outcomes} == {DatabaseUnavailable}


async def test_wallet_names_are_taken_once_per_person(database: Database) -> None:
    ada, ben = await Desk.open(database), await Desk.open(database)
    for desk in (ada, ben):
        async with database.write() as unit:
            await reading.add_wallet(unit, desk.user_id, "cold")
    for name in ("cold", "main"):
        with pytest.raises(reading.WalletNameTaken):
            async with database.write() as unit:
                await reading.add_wallet(unit, ada.user_id, name)
