"""`pg_dump` and `pg_restore`: which, and what they are told."""

import asyncpg
import pytest

from plimsoll.plumbing.backups import programs
from plimsoll.plumbing.backups.programs import DumpFailed, NoFittingPrograms


def test_an_address_goes_to_them_in_their_environment() -> None:
    told = programs.environment("postgresql://ada:s%40crt@[::1]:5433/desk?sslmode=require")
    wanted = {
        "PGHOST": "::1",
        "PGPORT": "5433",
        "PGUSER": "ada",
        "PGPASSWORD": "s@crt",
        "PGDATABASE": "desk",
        "PGSSLMODE": "require",
    }
    assert {name: value for name, value in told.items() if name.startswith("PG")} == wanted


def test_the_address_of_a_socket_is_in_its_query() -> None:
    told = programs.environment(
        "postgresql:///plimsoll?host=%2Frun%2Fa%20b&port=5432&user=plimsoll"
    )
    assert (told["PGHOST"], told["PGUSER"]) == ("/run/a b", "plimsoll")
    assert told["PGDATABASE"] == "plimsoll"


def test_nothing_of_our_own_environment_that_could_mislead_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGHOST", "elsewhere.example.org")
    monkeypatch.setenv("PGOPTIONS", "-c search_path=evil")
    told = programs.environment("postgresql:///desk")
    assert "PGOPTIONS" not in told
    assert "PGHOST" not in told


def test_a_server_that_is_newer_than_all_of_them_is_refused_with_what_to_do() -> None:
    with pytest.raises(NoFittingPrograms, match="PostgreSQL 99"):
        programs.find(99)


def test_what_a_program_says_when_it_fails_is_told(database_url: str) -> None:
    with (
        pytest.raises(DumpFailed, match="snapshot"),
        programs.dumping(programs.find(18), database_url, snapshot="00000003-0000001B-1") as dump,
    ):
        dump.read()


async def test_a_dump_that_was_cut_off_puts_nothing_into_the_database(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("create table cut (a int); insert into cut values (1)")
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        snapshot = await connection.fetchval("select pg_export_snapshot()")
        with programs.dumping(programs.find(18), database_url, snapshot=snapshot) as dump:
            whole = dump.read()
    await connection.execute("drop schema public cascade; create schema public")
    with (
        pytest.raises(DumpFailed),
        programs.restoring(programs.find(18), database_url) as target,
    ):
        target.write(whole[: len(whole) * 9 // 10])
    assert await connection.fetchval("select to_regclass('users')") is None
    await connection.close()
