import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from plimsoll.kernel.errors import Conflict
from plimsoll.plumbing.postgres.cluster import (
    Cluster,
    ClusterNotOurs,
    ClusterOfOtherVersion,
    fits,
    forget_socket_directory,
)
from plimsoll.plumbing.postgres.server import EmbeddedPostgres, inspect


def test_another_major_version_is_refused_with_both_versions_and_the_way_out(
    tmp_path: Path,
) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("17\n")

    for attempt in (EmbeddedPostgres.start, inspect, EmbeddedPostgres.start):
        with pytest.raises(ClusterOfOtherVersion, match=r"PostgreSQL 17.*PostgreSQL 18") as refusal:
            attempt(tmp_path)
        assert "pg_dumpall" in refusal.value.detail
        assert isinstance(refusal.value, Conflict)


def test_a_folder_that_is_not_a_cluster_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "holiday.jpg").write_text("sea")

    with pytest.raises(ClusterNotOurs, match="no PG_VERSION"):
        EmbeddedPostgres.start(tmp_path)

    assert (tmp_path / "postgres" / "holiday.jpg").read_text() == "sea"


def test_a_path_that_cannot_be_a_data_directory_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ClusterNotOurs, match="cannot be used"):
        EmbeddedPostgres.start(tmp_path / "file")


def test_a_link_in_place_of_a_folder_of_ours_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    before = elsewhere.stat()
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "run").symlink_to(elsewhere)

    with pytest.raises(ClusterNotOurs, match="run is not a directory"):
        EmbeddedPostgres.start(tmp_path / "desk")

    assert (elsewhere.stat().st_mode, elsewhere.stat().st_uid) == (before.st_mode, before.st_uid)


def test_a_cluster_half_made_when_killed_is_made_anew(
    tmp_path: Path, service: Callable[..., Any]
) -> None:
    interrupted = service(tmp_path)
    deadline = time.monotonic() + 20
    while not any(tmp_path.glob(".new-cluster-*/base/*")) and time.monotonic() < deadline:
        time.sleep(0.001)
    interrupted.kill()
    assert any(tmp_path.glob(".new-cluster-*"))
    assert not (tmp_path / "postgres").exists()

    EmbeddedPostgres.start(tmp_path).stop()

    assert (tmp_path / "postgres" / "PG_VERSION").read_text() == "18\n"
    assert not any(tmp_path.glob(".new-cluster-*"))


@pytest.mark.parametrize("name", ["deep" * 30, "one, two", "größer", "it's 100%"])
async def test_any_path_will_do(tmp_path: Path, name: str) -> None:
    """A socket path that is too long, or no host name to a client, becomes a short one."""
    with EmbeddedPostgres.start(tmp_path / name) as server:
        connection = await asyncpg.connect(server.dsn)
        assert await connection.fetchval("select 1") == 1
        await connection.close()
        assert server.socket_dir != tmp_path / name / "run"
        assert server.socket_dir.stat().st_mode & 0o777 == 0o700
    assert not server.socket_dir.exists()


def test_the_short_socket_folder_of_a_killed_service_is_removed(
    tmp_path: Path, service: Callable[..., Any]
) -> None:
    killed = service(tmp_path / ("deep" * 30))
    left = Path(killed.answer()["dsn"].split("host=")[1].split("&")[0])
    killed.kill()
    assert left.exists()

    EmbeddedPostgres.start(tmp_path / ("deep" * 30)).stop()

    assert not left.exists()


def test_only_a_short_socket_folder_is_ever_removed(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path)
    innocent = tmp_path / "plimsoll-innocent"
    innocent.mkdir()
    cluster.run_dir.mkdir()

    for claimed in (str(innocent), str(cluster.run_dir), str(tmp_path), None):
        forget_socket_directory(cluster, claimed)

    assert innocent.is_dir()
    assert cluster.run_dir.is_dir()


@pytest.mark.parametrize(
    ("directory", "expected"),
    [
        ("/home/someone/.local/share/plimsoll/run", True),
        ("/Users/someone/Library/Application Support/plimsoll/run", True),
        ("/" + "d" * 88, True),
        ("/" + "d" * 89, False),
        ("/a,b", False),
    ],
)
def test_a_socket_path_fits_the_kernel_and_every_client(directory: str, *, expected: bool) -> None:
    assert fits(Path(directory)) is expected
