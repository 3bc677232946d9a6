"""One transaction per unit of work, and what the failures of PostgreSQL mean."""

import asyncio
import io
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from urllib.parse import quote

import asyncpg
import pytest

from plimsoll.kernel.errors import PlimsollError
from plimsoll.plumbing import schema
from plimsoll.plumbing.database import (
    Contended,
    Database,
    DatabaseUnavailable,
    Locked,
    OutcomeUnknown,
    TookTooLong,
    Unit,
)
from tests.plumbing.cutting_proxy import Cut, CuttingProxy
from tests.plumbing.notes import connected, kill_backends


@pytest.fixture
async def notes(noted: str) -> AsyncIterator[Database]:
    async with connected(noted) as database:
        yield database


async def texts(database: Database) -> list[str]:
    async with database.read() as unit:
        return [row["text"] for row in await unit.fetch("select text from notes order by id")]


def adding(ident: int, text: str) -> Callable[[Unit], Awaitable[None]]:
    async def work(unit: Unit) -> None:
        await unit.execute("insert into notes values ($1, $2)", ident, text)

    return work


async def test_a_unit_is_there_once_it_is_left(notes: Database) -> None:
    async with notes.write() as unit:
        await unit.executemany("insert into notes values ($1, $2)", [(1, "one"), (2, "two")])
        assert await texts(notes) == []
    assert await texts(notes) == ["one", "two"]


async def test_many_rows_are_copied_in_and_out_as_text(notes: Database) -> None:
    rows = [(number, f"note, {number}") for number in range(1000)]
    async with notes.write() as unit:
        await unit.copy_records("notes", ["id", "text"], rows)
    output = io.BytesIO()
    async with notes.read() as unit:
        assert await unit.copy_csv(output, "select * from notes where id < $1 order by 1", 2) == 2
    assert output.getvalue() == b'0,"note, 0"\n1,"note, 1"\n'


async def test_an_exception_takes_all_of_a_unit_back(notes: Database) -> None:
    async def half() -> None:
        async with notes.write() as unit:
            await unit.execute("insert into notes values (1, 'half')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await half()
    assert await texts(notes) == []


async def test_a_cancelled_request_takes_its_unit_back(notes: Database) -> None:
    written = asyncio.Event()

    async def hang() -> None:
        async with notes.write() as unit:
            await unit.execute("insert into notes values (1, 'half')")
            written.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(hang())
    await written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await notes.transact(adding(1, "whole"))
    assert await texts(notes) == ["whole"]


@pytest.mark.parametrize(
    "sql",
    [
        "insert into notes values (1, 'sneaked in') returning id",
        "with made as (insert into notes values (1, 'x') returning id) select id from made",
        "delete from promises returning id",
        "select nextval(pg_get_serial_sequence('revocations', 'sequence'))",
    ],
)
async def test_postgresql_itself_refuses_to_write_for_a_reader(notes: Database, sql: str) -> None:
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with notes.read() as unit:
            await unit.fetchval(sql)
    assert await texts(notes) == []


async def test_a_server_that_only_reads_is_not_available_for_writing(noted: str) -> None:
    async with connected(f"{noted}&default_transaction_read_only=on") as database:
        assert await texts(database) == []
        with pytest.raises(DatabaseUnavailable, match="only reads"):
            await database.transact(adding(1, "x"))
        with pytest.raises(DatabaseUnavailable, match="only reads"):
            await database.once("insert into notes values (1, 'x')")


async def test_a_value_that_does_not_fit_is_our_mistake_and_not_the_networks(
    notes: Database,
) -> None:
    attempts = 0

    async def work(unit: Unit) -> None:
        nonlocal attempts
        attempts += 1
        await unit.execute("insert into notes values ($1, 'x')", 2**40)

    with pytest.raises(asyncpg.DataError, match="out of"):
        await notes.transact(work)
    with pytest.raises(asyncpg.DataError, match="expected str"):
        await notes.once("select $1::text", 5)
    with pytest.raises(asyncpg.DataError):
        async with notes.read() as unit:
            await unit.fetchval("select $1::text", "\0")
    assert attempts == 1


async def test_a_statement_that_takes_too_long_is_stopped(noted: str) -> None:
    async with connected(noted, statement_timeout_ms=100) as database:
        with pytest.raises(TookTooLong):
            async with database.read() as unit:
                await unit.fetchval("select pg_sleep(5)")
        with pytest.raises(TookTooLong):
            async with database.write() as unit:
                await unit.fetchval("select pg_sleep(5)")
        with pytest.raises(TookTooLong):
            await database.once("select pg_sleep(5)")
        assert await texts(database) == []


async def test_a_request_does_not_wait_for_a_held_row_for_long(notes: Database) -> None:
    async with notes.write() as holder:
        await holder.execute("select id from promises where id = 1 for update")
        with pytest.raises(Locked):
            await notes.once("update promises set id = 1 where id = 1")


async def test_a_deadlock_is_run_again_and_both_have_their_way(notes: Database) -> None:
    await notes.transact(adding(1, "a"))
    await notes.transact(adding(2, "b"))
    attempts, both_hold_one = 0, asyncio.Barrier(2)

    def crossing(first: int, second: int) -> Callable[[Unit], Awaitable[None]]:
        tries = count(1)

        async def work(unit: Unit) -> None:
            nonlocal attempts
            attempts += 1
            await unit.execute("update notes set text = text || '!' where id = $1", first)
            if next(tries) == 1:
                await both_hold_one.wait()
            await unit.execute("update notes set text = text || '!' where id = $1", second)

        return work

    await asyncio.gather(notes.transact(crossing(1, 2)), notes.transact(crossing(2, 1)))
    assert await texts(notes) == ["a!!", "b!!"]
    assert attempts >= 3


async def test_a_serialization_failure_is_run_again(notes: Database) -> None:
    attempts = 0

    async def work(unit: Unit) -> None:
        nonlocal attempts
        attempts += 1
        await unit.execute("set transaction isolation level serializable")
        await unit.execute("insert into notes select 1, count(*)::text from promises")
        if attempts < 3:
            await unit.execute("do $$ begin raise sqlstate '40001'; end $$")

    await notes.transact(work)
    assert (attempts, await texts(notes)) == (3, ["1"])


async def test_it_is_not_run_again_for_ever(notes: Database) -> None:
    attempts = 0

    async def work(unit: Unit) -> None:
        nonlocal attempts
        attempts += 1
        await unit.execute("do $$ begin raise sqlstate '40001'; end $$")

    with pytest.raises(Contended):
        await notes.transact(work)
    assert attempts == 4


async def test_a_refusal_is_not_run_again(notes: Database) -> None:
    attempts = 0

    async def work(unit: Unit) -> None:
        nonlocal attempts
        attempts += 1
        await unit.execute("insert into notes values (1, 'never')")
        raise PlimsollError("no")

    with pytest.raises(PlimsollError, match="no"):
        await notes.transact(work)
    assert (attempts, await texts(notes)) == (1, [])


async def test_a_connection_that_dies_before_the_commit_is_run_again(
    notes: Database, noted: str
) -> None:
    attempts = 0

    async def work(unit: Unit) -> None:
        nonlocal attempts
        attempts += 1
        await unit.execute("insert into notes values ($1, 'once')", attempts)
        if attempts == 1:
            await kill_backends(noted)
            await unit.fetchval("select 1")

    await notes.transact(work)
    assert (attempts, await texts(notes)) == (2, ["once"])


async def test_a_connection_that_died_while_it_was_idle_is_replaced(
    notes: Database, noted: str
) -> None:
    assert await texts(notes) == []
    await kill_backends(noted)
    await asyncio.sleep(0.05)
    assert await texts(notes) == []
    await notes.transact(adding(1, "again"))
    assert await texts(notes) == ["again"]


@pytest.fixture
async def proxy(noted: str) -> AsyncIterator[CuttingProxy]:
    async with CuttingProxy.before(noted) as proxy:
        yield proxy


@pytest.mark.parametrize(("cut", "there"), [(Cut.BEFORE, []), (Cut.AFTER, ["doubtful"])])
async def test_a_connection_lost_during_the_commit_is_neither_a_success_nor_run_again(
    proxy: CuttingProxy, noted: str, cut: Cut, there: list[str]
) -> None:
    attempts = 0
    async with connected(proxy.dsn) as database:

        async def work(unit: Unit) -> None:
            nonlocal attempts
            attempts += 1
            await unit.execute("insert into notes values (1, 'doubtful')")

        proxy.cut_at(b"COMMIT", cut)
        with pytest.raises(OutcomeUnknown):
            await database.transact(work)
    assert attempts == 1
    async with connected(noted) as database:
        assert await texts(database) == there


async def test_a_single_statement_whose_answer_is_lost_is_in_doubt(
    proxy: CuttingProxy, noted: str
) -> None:
    async with connected(proxy.dsn) as database:
        await database.once("select 1")
        proxy.cut_at(b"insert into notes", Cut.BEFORE)
        with pytest.raises(OutcomeUnknown):
            await database.once("insert into notes values (1, 'x')")
        await proxy.close()
        with pytest.raises(DatabaseUnavailable, match="nothing was changed"):
            await database.once("insert into notes values (1, 'x')")


async def test_a_server_that_is_not_there_is_said_at_once() -> None:
    for dsn in (
        "postgresql://nobody@127.0.0.1:1/nothing",
        f"postgresql:///nothing?host={quote(tempfile.gettempdir())}/nowhere&user=nobody",
        "postgresql://nobody@no-such-host.invalid/nothing",
    ):
        with pytest.raises(DatabaseUnavailable):
            await Database.connect(dsn)
        with pytest.raises(DatabaseUnavailable):
            await schema.current(dsn)


async def test_a_database_that_is_not_there_is_said_at_once(database_url: str) -> None:
    with pytest.raises(DatabaseUnavailable, match="does not exist"):
        await Database.connect(database_url.replace("///test_", "///no_test_"))
