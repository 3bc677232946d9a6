"""The journal in PostgreSQL: appended whole or not at all, never changed, read in order."""

from typing import Any

import asyncpg
import pytest

from plimsoll.plumbing.database import Database
from plimsoll.plumbing.held import hold
from plimsoll.trading.engine.asking import Request
from plimsoll.trading.engine.states import EngineAway
from plimsoll.trading.storage import journal
from plimsoll.trading.storage.journal import JOURNAL, MODELS, Fenced, Lease
from tests.trading.engine.writing import deposit, prove, running, seqs_of

NO_MODELS: list[journal.Table] = [[] for _ in MODELS]


def row(seq: int, **more: Any) -> tuple[Any, ...]:
    fields = {"seq": seq, "at_ms": 5, "actor": None, "kind": "pass-time", "command": "[]",
              "events": "[]", "chain": bytes(32), "fees": 0, "request": None,
              "fingerprint": None} | more  # fmt: skip
    return tuple(fields[name] for name, _ in JOURNAL)


async def test_a_batch_is_there_whole_or_not_at_all(database: Database) -> None:
    async with hold(database) as line:
        lease = await journal.take_lease(line)
        assert lease == Lease(1, 0)
        bad = list(NO_MODELS)
        bad[-1] = [("margin", 2, "tether", 5), ("margin", 2, "tether", 6)]
        with pytest.raises(asyncpg.CardinalityViolationError):
            await journal.append(line, epoch=1, before_seq=0, journal=[row(1)], models=bad)
        assert await seqs_of(database) == []
        await journal.append(line, epoch=1, before_seq=0, journal=[row(1)], models=NO_MODELS)
        assert await seqs_of(database) == [1]
        assert await journal.take_lease(line) == Lease(2, 1)


@pytest.mark.parametrize(("epoch", "before_seq"), [(0, 1), (2, 1), (1, 0), (1, 2)])
async def test_who_is_not_the_writer_or_not_up_to_date_writes_nothing(
    database: Database, epoch: int, before_seq: int
) -> None:
    async with hold(database) as line:
        await journal.take_lease(line)
        await journal.append(line, epoch=1, before_seq=0, journal=[row(1)], models=NO_MODELS)
        models = list(NO_MODELS)
        models[-1] = [("margin", 2, "tether", 5)]
        with pytest.raises(Fenced):
            await journal.append(
                line,
                epoch=epoch,
                before_seq=before_seq,
                journal=[row(before_seq + 1)],
                models=models,
            )
    assert await seqs_of(database) == [1]
    async with database.read() as unit:
        assert await unit.fetchval("select count(*) from balances") == 0


@pytest.mark.parametrize(
    "sql", ["update journal set at_ms = 0", "delete from journal", "truncate journal"]
)
async def test_nothing_in_it_is_ever_changed(database: Database, sql: str) -> None:
    async with running(database) as engine:
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            async with database.write() as unit:
                await unit.execute(sql)
        await prove(engine, database)


async def test_the_columns_are_those_of_the_tables(database: Database) -> None:
    """Whoever adds a column to a table has to say what is written there."""
    async with database.read() as unit:
        for part in [each for each in MODELS if each.name != "changes"]:
            rows = await unit.fetch(
                """
                select column_name, data_type from information_schema.columns
                where table_name = $1 and table_schema = 'public'
                """,
                part.name,
            )
            stored = {each["column_name"]: each["data_type"] for each in rows}
            expected = {
                name: "json" if name in journal.JSON else kind.replace("bool", "boolean")
                for name, kind in part.columns
            }
            assert stored == expected, part.name


async def test_pages_are_in_order_and_complete(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(database) as engine:
        await engine.submit_all([deposit() for _ in range(30)])
    monkeypatch.setattr(journal, "PAGE", 7)
    until = engine.seq - 3
    pages = [page async for page in journal.read_journal(database, after=4, until=until)]
    assert [each.seq for page in pages for each in page] == list(range(5, until + 1))
    assert {len(page) for page in pages[:-1]} == {7}
    commands = [
        each
        async for page in journal.read_commands(database, after=4, until=until)
        for each in page
    ]
    rows = [each for page in pages for each in page]
    assert [(each.seq, each.kind, each.command, each.chain.hex()) for each in commands] == [
        (each.seq, each.kind, each.command, each.chain) for each in rows
    ]
    async for _ in journal.read_commands(database, after=0, until=until):
        break  # whoever stops early leaves nothing behind
    async with database.read() as unit:
        assert await journal.list_rows(unit, after=4, until=until) == pages[0]
        assert await journal.find_last(unit) == engine.seq


async def test_what_a_key_was_used_for_is_found(database: Database) -> None:
    async with running(database) as engine:
        asked = Request(b"k" * 32, b"f" * 32)
        applied = await engine.submit_all([deposit(), deposit()], request=asked)
    async with database.read() as unit:
        found = await journal.find_request(unit, asked.key)
        assert found is not None
        assert (found.row.seq, found.row.chain) == (applied[0].seq, applied[0].chain)
        assert found.fingerprint == asked.fingerprint
        assert await journal.find_request(unit, b"o" * 32) is None


async def test_a_key_that_is_used_twice_fails_its_batch_and_nothing_else(
    database: Database,
) -> None:
    async with running(database) as engine:
        asked = Request(b"k" * 32, b"f" * 32)
        first = await engine.submit(deposit(), request=asked)
        with pytest.raises(EngineAway):
            await engine.submit(deposit(), request=asked)
        assert (await engine.submit(deposit())).seq == first.seq + 1
        await prove(engine, database)
