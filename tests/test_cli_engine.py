"""`plimsoll engine` beside an exchange, and alone."""

import asyncio
import subprocess

import asyncpg
import pytest

from plimsoll.plumbing.database import Database
from tests.test_cli import plimsoll
from tests.trading.engine.living import living
from tests.trading.engine.writing import running

pytestmark = pytest.mark.xdist_group("commands")


async def engine(database_url: str, *words: str) -> "subprocess.CompletedProcess[str]":
    return await asyncio.to_thread(plimsoll, "engine", *words, database_url=database_url)


async def test_beside_a_running_exchange_it_is_verified_and_not_rebuilt(
    database: Database, database_url: str
) -> None:
    async with running(database) as exchange:
        done = await engine(database_url, "verify")
        assert (done.returncode, done.stderr) == (0, "")
        first, *others = done.stdout.splitlines()
        assert first.startswith(f"ok    journal                      {exchange.seq} commands, ")
        assert all(line.startswith("ok    ") for line in others)
        refused = await engine(database_url, "rebuild")
        assert refused.returncode == 1
        assert refused.stderr == (
            "The exchange is running: stop Plimsoll on this database, here or elsewhere, "
            "and try again\n"
        )


async def test_what_was_changed_is_told_and_made_anew(
    database: Database, database_url: str
) -> None:
    async with living(database, 2, 600):
        pass
    admin = await asyncpg.connect(database_url)
    await admin.execute("update positions set cost = cost + 1 where quantity <> 0")
    await admin.close()
    wrong = await engine(database_url, "verify", "--from-start")
    assert wrong.returncode == 1
    assert "\nWRONG positions " in wrong.stdout
    assert wrong.stderr.startswith("positions: ")
    remade = await engine(database_url, "rebuild")
    assert remade.returncode == 0, remade.stderr
    told = {line.split()[0]: line for line in remade.stdout.splitlines()}
    assert "DIFFERED" in told["positions"]
    assert told["orders"].endswith("as it was")
    assert (await engine(database_url, "verify", "--from-start")).returncode == 0
