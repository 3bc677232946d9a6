from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest

from plimsoll.kernel.identifiers import RunId, UserId, new_id
from plimsoll.plumbing.database import Database, Unit
from plimsoll.tax.storage import runs
from plimsoll.tax.storage.parts import Part
from plimsoll.tax.storage.runs import RenderedFile, Run

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FILE = RenderedFile("a.csv", bytes(32), b"a")


def run_of(user_id: UserId, input_hash: bytes = bytes(32)) -> Run:
    return Run(
        RunId(new_id()), user_id, "us", 2025, "us/1", "1", 7, input_hash, bytes(32), "{}", "{}",
        draft=False, created_at=NOW,
    )  # fmt: skip


async def keep(database: Database, run: Run) -> bool:
    parts = [Part("lines", 0, 2, b"x"), Part("lines", 1, 1, b"y"), Part("lots", 0, 3, b"z")]
    return await database.transact(lambda unit: runs.save(unit, run, b"input", parts))


async def test_a_run_is_kept_once_for_each_input(database: Database) -> None:
    ada, ben = UserId(uuid4()), UserId(uuid4())
    first = run_of(ada)

    assert await keep(database, first)
    assert not await keep(database, run_of(ada))
    assert await keep(database, run_of(ben)), "somebody else's is another one"
    assert await keep(database, run_of(ada, b"1" * 32))
    async with database.read() as unit:
        assert await runs.find_by_input(unit, ada, bytes(32)) == first
        assert await runs.find(unit, ben, first.id) is None
        assert await runs.read_input(unit, first.id) == b"input"
        assert await runs.count_rows(unit, first.id) == {"lines": 3, "lots": 3}
        found = await runs.list_parts(unit, first.id, section="lines", first=1, last=5)
    assert found == [Part("lines", 1, 1, b"y")]


@pytest.mark.parametrize(
    "sql",
    [
        "update tax_runs set draft = true",
        "update tax_run_parts set content = ''",
        "update tax_run_files set content = ''",
        "delete from tax_run_parts",
        "delete from tax_run_files",
        "truncate tax_runs cascade",
    ],
)
async def test_nothing_of_a_run_is_ever_changed(database: Database, sql: str) -> None:
    run = run_of(UserId(uuid4()))
    await keep(database, run)
    await database.transact(lambda unit: runs.keep_file(unit, run.id, FILE, now=NOW))

    async def work(unit: Unit) -> None:
        await unit.execute(sql)

    with pytest.raises(asyncpg.RaiseError):
        await database.transact(work)


async def test_the_first_rendering_of_a_file_stays(database: Database) -> None:
    run = run_of(UserId(uuid4()))
    await keep(database, run)
    other = RenderedFile("a.csv", b"1" * 32, b"b")

    await database.transact(lambda unit: runs.keep_file(unit, run.id, FILE, now=NOW))
    await database.transact(lambda unit: runs.keep_file(unit, run.id, other, now=NOW))

    async with database.read() as unit:
        assert await runs.find_file(unit, run.id, "a.csv") == FILE


async def test_a_run_is_discarded_as_a_whole_by_its_owner(database: Database) -> None:
    ada, ben = UserId(uuid4()), UserId(uuid4())
    run = run_of(ada)
    await keep(database, run)
    await database.transact(lambda unit: runs.keep_file(unit, run.id, FILE, now=NOW))

    assert await database.transact(lambda unit: runs.discard(unit, ben, run.id)) is None
    assert await database.transact(lambda unit: runs.discard(unit, ada, run.id)) == bytes(32)

    async with database.read() as unit:
        assert await runs.find(unit, ada, run.id) is None
        assert await runs.list_parts(unit, run.id) == []
        assert await runs.find_file(unit, run.id, "a.csv") is None
