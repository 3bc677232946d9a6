"""What was written is what happened, and whoever changes any of it is found out."""

import asyncio

import asyncpg
import pytest

from plimsoll.plumbing.database import Database
from plimsoll.trading.service.verifying import (
    Check,
    EngineRuns,
    JournalUnreadable,
    rebuild,
    verify,
)
from tests.trading.engine.living import living
from tests.trading.engine.writing import deposit, running


def faults(checks: list[Check]) -> dict[str, str]:
    return {each.what: each.fault for each in checks if each.fault}


@pytest.mark.parametrize("seed", [2, 10, 23])
async def test_a_world_verifies_and_its_read_models_are_made_again_equal(
    database: Database, seed: int
) -> None:
    async with living(database, seed, 1_200, snapshot_every=500) as engine:
        checks = await verify(database, from_start=True)
        assert not faults(checks)
        assert checks[0].figures.startswith(f"{engine.seq:,} commands, from the first one")
        assert not faults(await verify(database))
    tables = await rebuild(database)
    assert all(each.same for each in tables), tables
    counted = {each.name: each.rows for each in tables}
    assert min(counted.values()) > 0, "a world without something proves nothing about it"


async def test_a_running_exchange_is_verified_while_it_goes_on(database: Database) -> None:
    async with running(database) as engine:

        async def go_on() -> None:
            while True:
                await engine.submit(deposit())

        going = asyncio.create_task(go_on())
        for from_start in (True, False):
            assert not faults(await verify(database, from_start=from_start))
        going.cancel()
        with pytest.raises(EngineRuns):
            await rebuild(database)
        await engine.submit(deposit())
        assert not faults(await verify(database))


async def test_an_empty_exchange_is_well(database: Database) -> None:
    assert not faults(await verify(database))
    assert all(each.same and not each.rows for each in await rebuild(database))


TAMPERED = {
    "open orders": (
        "orders",
        """
        update orders set status = 'filled'
        where id = (select max(id) from orders where status = 'open')
        """,
    ),
    "positions": ("positions", "update positions set cost = cost + 1 where quantity <> 0"),
    "orders and their fills": (
        "orders",
        "update orders set fee = fee + 1 where id = (select min(id) from orders)",
    ),
    "fills, both sides": ("fills", "delete from fills where id = 3 and side = 1"),
    "funding payments": (
        "funding_payments",
        "update funding_payments set amount = amount + 1",
    ),
    "rows of each table": (
        "liquidations",
        "delete from liquidations where seq = (select min(seq) from liquidations)",
    ),
    "balances": ("balances", "update balances set amount = amount + 1 where book = 'margin'"),
    "entries of each command": (
        "entries",
        "update entries set amount = amount + 1 where seq = (select min(seq) from entries)",
    ),
    "balances are their entries": ("balances", "delete from balances where book = 'fees'"),
    "each asset adds up to 0": (
        "balances",
        "update balances set amount = amount + 1 where book = 'outside'",
    ),
    "wallets, fees, insurance": (
        "balances",
        "update balances set amount = amount + 1 where book = 'insurance'",
    ),
}


async def test_every_read_model_that_was_changed_is_noticed_and_made_again(
    database: Database, database_url: str
) -> None:
    async with living(database, 2, 1_200):
        pass
    admin = await asyncpg.connect(database_url)
    for what, (table, sql) in TAMPERED.items():
        assert await admin.execute(sql) != "UPDATE 0"
        found = faults(await verify(database, from_start=True))
        assert what in found, (what, found)
        assert [each.name for each in await rebuild(database) if not each.same] == [table]
    assert not faults(await verify(database, from_start=True))
    await admin.close()


JOURNAL = {
    "update journal set events = '[]' where seq = {seq}": "did something else",
    "update journal set fees = fees + 1 where seq = {seq}": "the fees are",
    "update journal set command = '[2,\"tether\",1,false]' where seq = {seq}": "another hash",
    "update journal set epoch = 9 where seq = {seq}": "of epoch 9",
    "delete from journal where seq = {seq}": "is missing",
}


@pytest.mark.parametrize("sql", JOURNAL)
async def test_a_changed_journal_is_noticed(
    database: Database, database_url: str, sql: str
) -> None:
    async with running(database) as engine:
        applied = await engine.submit(deposit(amount=77))
        await engine.submit(deposit())
    admin = await asyncpg.connect(database_url)
    await admin.execute("alter table journal disable trigger append_only")
    await admin.execute(sql.format(seq=applied.seq))
    await admin.close()
    (fault,) = faults(await verify(database, from_start=True)).values()
    assert JOURNAL[sql] in fault


async def test_what_cannot_be_read_is_said_and_nothing_is_made_anew(
    database: Database, database_url: str
) -> None:
    async with running(database) as engine:
        applied = await engine.submit(deposit())
    admin = await asyncpg.connect(database_url)
    await admin.execute("alter table journal disable trigger append_only")
    await admin.execute("update journal set events = '[[1]]' where seq = $1", applied.seq)
    entries = await admin.fetchval("select count(*) from entries")
    with pytest.raises(JournalUnreadable, match=f"command {applied.seq}"):
        await rebuild(database)
    assert await admin.fetchval("select count(*) from entries") == entries
    await admin.close()
