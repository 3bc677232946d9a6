"""Which schema a database has, and how it gets the one this code needs."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from plimsoll.plumbing import schema
from plimsoll.plumbing.postgres.server import EmbeddedPostgres
from plimsoll.plumbing.schema import SchemaBehind, SchemaTooNew

VERSIONS = schema.SCRIPTS / "versions"
UPGRADE = """
import asyncio, sys
from plimsoll.plumbing import schema
asyncio.run(schema.upgrade(sys.argv[1]))
"""


@pytest.fixture
async def empty(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """A database with nothing in it."""
    admin = await asyncpg.connect(postgres.dsn)
    await admin.execute("create database untouched")
    yield postgres.dsn.replace("///plimsoll", "///untouched")
    await admin.execute("drop database untouched with (force)")
    await admin.close()


async def say(dsn: str, sql: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(sql)
    await connection.close()


async def tables(dsn: str) -> set[str]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch(
        "select table_name from information_schema.tables where table_schema = 'public'"
    )
    await connection.close()
    return {row[0] for row in rows}


async def test_an_empty_database_gets_everything_and_then_nothing_more(empty: str) -> None:
    assert await schema.current(empty) is None
    assert await schema.upgrade(empty) == schema.revisions()
    assert await schema.current(empty) == schema.revisions()[-1]
    await schema.check(empty)
    made = await tables(empty)
    assert {"idempotency_keys", "users", "audit_log", "transactions", "holdings"} <= made

    assert await schema.upgrade(empty) == []
    assert await tables(empty) == made


async def test_a_database_that_is_behind_is_refused_with_the_way_out(database_url: str) -> None:
    await say(database_url, "update alembic_version set version_num = '0001'")
    with pytest.raises(SchemaBehind) as refused:
        await schema.check(database_url)
    assert "at revision 0001" in refused.value.detail
    assert f"needs {schema.revisions()[-1]}" in refused.value.detail
    assert "`plimsoll migrate`" in refused.value.detail


async def test_a_database_without_a_schema_is_behind(empty: str) -> None:
    with pytest.raises(SchemaBehind, match=r"at revision none.*plimsoll migrate"):
        await schema.check(empty)
    assert await tables(empty) == set()


async def test_a_database_of_a_newer_program_is_refused_and_left_alone(database_url: str) -> None:
    await say(database_url, "update alembic_version set version_num = '9999'")
    for refuse in (schema.check, schema.upgrade):
        with pytest.raises(SchemaTooNew, match="at revision 9999, this program knows"):
            await refuse(database_url)
    assert await schema.current(database_url) == "9999"


async def test_an_upgrade_that_fails_leaves_nothing_behind(empty: str) -> None:
    await say(empty, "create table holdings (in_the_way integer)")
    with pytest.raises(Exception, match="holdings"):
        await schema.upgrade(empty)
    assert await tables(empty) == {"holdings"}
    await say(empty, "drop table holdings")
    assert await schema.upgrade(empty) == schema.revisions()


async def test_two_processes_that_upgrade_at_once_do_it_once(empty: str) -> None:
    processes = await asyncio.gather(
        *(
            asyncio.create_subprocess_exec(
                sys.executable, "-c", UPGRADE, empty, stderr=asyncio.subprocess.PIPE
            )
            for _ in range(2)
        )
    )
    said = await asyncio.gather(*(process.communicate() for process in processes))
    assert [process.returncode for process in processes] == [0, 0], said
    await schema.check(empty)


def declared(path: Path, name: str) -> str | None:
    found = re.search(rf'^{name} = (?:"(\w+)"|None)$', path.read_text("utf-8"), re.MULTILINE)
    assert found, f"{path.name} has no {name}"
    return found[1]


def test_the_revisions_are_one_chain_in_the_order_of_their_files() -> None:
    paths = sorted(VERSIONS.glob("[0-9]*_*.py"))
    assert {path.name for path in VERSIONS.glob("*.py")} == {
        "__init__.py",
        *(path.name for path in paths),
    }
    known = [declared(path, "revision") for path in paths]
    assert known == [path.name.split("_", 1)[0] for path in paths] == schema.revisions()
    assert [declared(path, "down_revision") for path in paths] == [None, *known[:-1]]
