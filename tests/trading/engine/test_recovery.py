"""Restarts: from a snapshot and what came after, equal to everything anew, or refused."""

import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from plimsoll.plumbing.database import Database
from plimsoll.trading.domain.digest import state_digest
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.engine import recovery
from plimsoll.trading.engine.states import EngineAway, EngineState
from plimsoll.trading.engine.writer import Engine
from tests.trading.engine.writing import (
    BEGINNING,
    BUY,
    INDEX,
    PEOPLE,
    SELL,
    deposit,
    new_engine,
    place,
    prove,
    running,
    seqs_of,
    wait_until,
)


async def trade(engine: Engine, rounds: int) -> None:
    for turn in range(rounds):
        price = INDEX + turn % 7
        await engine.submit_all(
            [
                place(PEOPLE[0], BUY, 3, price),
                place(PEOPLE[1], SELL, 2, price),
                place(PEOPLE[2], BUY, 1, INDEX - 500, client_id=f"t{engine.seq}-{turn}"),
            ]
        )


@asynccontextmanager
async def damaged(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Somebody who can do what nobody should."""
    connection = await asyncpg.connect(database_url)
    await connection.execute("alter table journal disable trigger append_only")
    yield connection
    await connection.execute("alter table journal enable trigger append_only")
    await connection.close()


async def snapshots_of(database: Database) -> list[int]:
    async with database.read() as unit:
        rows = await unit.fetch("select seq from engine_snapshots order by seq")
    return [row["seq"] for row in rows]


async def test_a_snapshot_and_what_came_after_are_the_whole_journal(database: Database) -> None:
    async with running(database, snapshot_every=50) as engine:
        await trade(engine, 40)
    seq = engine.seq
    kept = await snapshots_of(database)
    assert len(kept) == 3
    assert kept[-1] == seq
    whole = await recovery.restore(database, until=seq, from_snapshot=False)
    assert (whole.snapshot_seq, whole.replayed) == (0, seq)
    for begun in reversed(kept):
        async with database.write() as unit:
            await unit.execute("delete from engine_snapshots where seq > $1", begun)
        again = await recovery.restore(database, until=seq)
        assert (again.snapshot_seq, again.replayed) == (begun, seq - begun)
        assert again.chain == whole.chain
        assert state_digest(again.venue) == state_digest(whole.venue)
    async with running(database) as engine:
        await trade(engine, 3)
        await prove(engine, database)


async def test_a_snapshot_that_cannot_be_stored_stops_nothing(
    database: Database, database_url: str
) -> None:
    async with running(database, snapshot_every=20) as engine:
        async with database.write() as unit:
            await unit.execute("alter table engine_snapshots rename to away")
        await trade(engine, 20)
        assert engine.epoch == 1
        async with database.write() as unit:
            await unit.execute("alter table away rename to engine_snapshots")
        await trade(engine, 10)
        await wait_until(lambda: engine._keeper.seq > len(BEGINNING))
        await prove(engine, database)
    assert await snapshots_of(database)


DAMAGE = {
    "a changed command": (
        """update journal set command = '[2,"tether",100,false]' where seq = $1""",
        "another hash",
    ),
    "a command that is none": (
        "update journal set command = '[1]' where seq = $1",
        "cannot be done",
    ),
    "a kind that is none": ("update journal set kind = 'wish' where seq = $1", "cannot be done"),
    "a time before the last": ("update journal set at_ms = 0 where seq = $1", "cannot be done"),
    "a row taken out": ("delete from journal where seq = $1", "is missing"),
    "another chain": (
        "update journal set chain = sha256('x') where seq = $1",
        "another hash",
    ),
}


def nothing(_: Venue) -> None:
    return None


@pytest.mark.parametrize("name", DAMAGE)
async def test_a_journal_that_does_not_replay_is_not_written_to(
    database: Database, database_url: str, name: str
) -> None:
    async with running(database) as engine:
        applied = await engine.submit(deposit(amount=50))
        await engine.submit(deposit())
    sql, said = DAMAGE[name]
    async with damaged(database_url) as connection:
        await connection.execute("delete from engine_snapshots")
        await connection.execute(sql, applied.seq)
    before = await seqs_of(database)
    await refuses(database, said)
    assert await seqs_of(database) == before


async def test_rows_that_are_gone_at_the_end_are_missed(
    database: Database, database_url: str
) -> None:
    async with running(database) as engine:
        await engine.submit(deposit())
    async with damaged(database_url) as connection:
        await connection.execute("delete from engine_snapshots")
        await connection.execute("delete from journal where seq = $1", engine.seq)
    await refuses(database, f"ends at {engine.seq - 1} instead of {engine.seq}")


@pytest.mark.parametrize("how", ["cut off", "other content", "other digest"])
async def test_a_damaged_snapshot_is_not_begun_with(
    database: Database, database_url: str, how: str
) -> None:
    async with running(database) as engine:
        await trade(engine, 2)
    async with damaged(database_url) as connection:
        state = await connection.fetchval("select state from engine_snapshots")
        if how == "cut off":
            state = state[: len(state) // 2]
        elif how == "other content":
            state = zlib.compress(zlib.decompress(state).replace(b"600000", b"600001", 1))
        else:
            await connection.execute("update engine_snapshots set digest = 'another'")
        await connection.execute("update engine_snapshots set state = $1", state)
    await refuses(database, "snapshot is damaged")


async def refuses(database: Database, said: str) -> None:
    """A new engine does not run, says why, and changes nothing."""
    engine = new_engine(database)
    await engine.open(BEGINNING)
    try:
        assert engine.state is EngineState.REFUSED
        assert said in engine.fault
        with pytest.raises(EngineAway) as away:
            await engine.submit(deposit())
        assert away.value.facts == {"state": "refused"}
        with pytest.raises(EngineAway):
            await engine.read(nothing)
    finally:
        await engine.close()
