import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from plimsoll.plumbing.postgres.owner import DataDirectoryInUse
from plimsoll.plumbing.postgres.process import ProgramFailed
from plimsoll.plumbing.postgres.server import EmbeddedPostgres, inspect


async def ask(server: EmbeddedPostgres | str, query: str) -> Any:
    connection = await asyncpg.connect(server if isinstance(server, str) else server.dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def wait_for(happens: Callable[[], bool], *, within_s: float = 20.0) -> None:
    deadline = time.monotonic() + within_s
    while not happens():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


async def test_a_new_data_directory_becomes_a_server_that_answers(tmp_path: Path) -> None:
    with EmbeddedPostgres.start(tmp_path / "new" / "desk") as server:
        assert "PostgreSQL 18." in await ask(server, "select version()")
        assert await ask(server, "select current_user || '@' || current_database()") == (
            "plimsoll@plimsoll"
        )
        assert server.alive
    assert not server.alive
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    for name in ("new/desk", "new/desk/postgres", "new/desk/run"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0, name


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
        ("timezone", "UTC"),
        ("jit", "off"),
    ],
)
async def test_what_is_promised_is_set(running: EmbeddedPostgres, setting: str, value: str) -> None:
    assert await ask(running, f"show {setting}") == value


async def test_text_sorts_the_same_on_every_machine(running: EmbeddedPostgres) -> None:
    query = "select {} from pg_database where datname = 'plimsoll'"
    assert await ask(running, query.format("datlocprovider")) == b"b"  # builtin
    assert await ask(running, query.format("datlocale")) == "C.UTF-8"


async def test_the_data_directory_cannot_take_a_promise_back(used_data_dir: Path) -> None:
    with EmbeddedPostgres.start(used_data_dir) as server:
        await ask(server, "alter system set fsync = off")
    with EmbeddedPostgres.start(used_data_dir) as server:
        assert await ask(server, "show fsync") == "on"
        await ask(server, "alter system reset all")


async def test_a_restart_keeps_the_data_and_takes_less_than_a_second(used_data_dir: Path) -> None:
    with EmbeddedPostgres.start(used_data_dir) as server:
        await ask(server, "create table kept as select 42 as answer")
    began = time.monotonic()
    with EmbeddedPostgres.start(used_data_dir, settings={"work_mem": "5MB"}) as server:
        assert time.monotonic() - began < 1
        assert await ask(server, "select answer from kept") == 42
        assert await ask(server, "show work_mem") == "5MB"


def test_a_second_start_says_who_holds_the_directory(used_data_dir: Path) -> None:
    with EmbeddedPostgres.start(used_data_dir) as server:
        with pytest.raises(DataDirectoryInUse, match=f"process {os.getpid()}") as refusal:
            EmbeddedPostgres.start(used_data_dir)
        assert refusal.value.facts["pid"] == os.getpid()
        assert server.alive
    EmbeddedPostgres.start(used_data_dir).stop()


def test_a_server_that_cannot_start_shows_its_log_and_lets_go(used_data_dir: Path) -> None:
    for _ in range(2):  # the second is not told that the directory is in use
        with pytest.raises(ProgramFailed, match="shared_buffers"):
            EmbeddedPostgres.start(used_data_dir, settings={"shared_buffers": "plenty"})
    assert inspect(used_data_dir).holder is None


def test_a_stop_cuts_off_whoever_is_connected_and_can_be_repeated(used_data_dir: Path) -> None:
    server = EmbeddedPostgres.start(used_data_dir)

    async def linger() -> None:
        connection = await asyncpg.connect(server.dsn)
        server.stop()
        connection.terminate()

    asyncio.run(linger())
    server.stop()
    assert not server.alive
    assert not (used_data_dir / "postgres" / "postmaster.pid").exists()


async def test_a_server_that_ended_is_started_again_on_the_same_address(
    used_data_dir: Path,
) -> None:
    with EmbeddedPostgres.start(used_data_dir) as server:
        first = server.pid
        assert first is not None
        supervision = asyncio.create_task(server.supervise())
        os.kill(first, signal.SIGKILL)
        await asyncio.to_thread(wait_for, lambda: server.pid not in {None, first})
        assert await ask(server, "select 1") == 1
        supervision.cancel()
        await asyncio.gather(supervision, return_exceptions=True)


def test_the_doctor_sees_version_and_holder(used_data_dir: Path, tmp_path: Path) -> None:
    with EmbeddedPostgres.start(used_data_dir):
        seen = inspect(used_data_dir)
        assert (seen.version.split(".")[0], seen.version_on_disk) == ("18", "18")
        assert seen.holder is not None
        assert seen.holder.pid == os.getpid()
    assert inspect(used_data_dir).holder is None
    assert inspect(tmp_path / "absent").version_on_disk is None
    assert not (tmp_path / "absent").exists()


async def test_kill_9_of_the_service_takes_the_server_down_and_loses_nothing(
    used_data_dir: Path, service: Callable[..., Any], is_gone: Callable[..., bool]
) -> None:
    killed = service(used_data_dir)
    said = killed.answer()
    await ask(said["dsn"], "create table acknowledged as select 7 as row")

    killed.kill()

    assert is_gone(said["pid"])
    with EmbeddedPostgres.start(used_data_dir) as server:
        assert await ask(server, "select row from acknowledged") == 7


async def test_a_start_right_after_a_kill_waits_for_the_old_server(
    used_data_dir: Path, service: Callable[..., Any]
) -> None:
    for _ in range(3):
        killed = service(used_data_dir)
        killed.answer()
        killed.kill()
        with EmbeddedPostgres.start(used_data_dir) as server:
            assert await ask(server, "select 1") == 1


@pytest.mark.skipif("sys.platform != 'linux'", reason="PR_SET_PDEATHSIG is Linux's")
def test_the_server_ends_with_its_keeper(
    used_data_dir: Path, service: Callable[..., Any], is_gone: Callable[..., bool]
) -> None:
    said = service(used_data_dir).answer()
    os.kill(said["keeper"], signal.SIGKILL)
    assert is_gone(said["pid"])


async def test_an_orphan_whose_keeper_hangs_is_stopped_by_the_next_start(
    used_data_dir: Path, service: Callable[..., Any]
) -> None:
    left = service(used_data_dir)
    said = left.answer()
    os.kill(said["keeper"], signal.SIGSTOP)
    try:
        left.kill()
        with EmbeddedPostgres.start(used_data_dir) as server:
            assert server.pid != said["pid"]
            assert await ask(server, "select 1") == 1
    finally:
        os.kill(said["keeper"], signal.SIGKILL)


def test_a_stale_note_with_the_pid_of_somebody_else_does_not_stop_the_start(
    used_data_dir: Path,
) -> None:
    cluster = used_data_dir / "postgres"
    owner = cluster.stat()
    bystander = subprocess.Popen(
        ["/bin/sleep", "60"], user=owner.st_uid if os.geteuid() == 0 else None
    )
    try:
        note = cluster / "postmaster.pid"
        note.write_text(f"{bystander.pid}\n{cluster}\n1700000000\n5432\n\n\n\nready   \n")
        note.chmod(0o600)
        os.chown(note, owner.st_uid, owner.st_gid)
        with EmbeddedPostgres.start(used_data_dir) as server:
            assert server.alive
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
