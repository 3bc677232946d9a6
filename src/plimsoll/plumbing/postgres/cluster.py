"""A PostgreSQL cluster on disk: where it is, whose it is, how it is made whole or not at all.

<data_dir>/owner.lock       who runs on it
<data_dir>/postgres/        the cluster; PG_VERSION inside
<data_dir>/run/             the socket, for us alone
<data_dir>/postgres.log     and .1
"""

import os
import re
import shutil
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plimsoll.kernel.errors import Conflict
from plimsoll.plumbing.postgres.binaries import MAJOR, Binaries
from plimsoll.plumbing.postgres.log import ServerLog
from plimsoll.plumbing.postgres.process import (
    Account,
    CannotLeaveRoot,
    Program,
    run_to_end,
)

if sys.platform != "win32":
    import pwd

NAME: Final = "plimsoll"
"""Of the superuser and of the database."""
PORT: Final = 5432
"""Only part of the socket's file name."""

_STAGING: Final = ".new-cluster-"
_INITDB_S: Final = 120.0
_PLAIN: Final = re.compile(r"[\w ./+@-]+", re.ASCII)
"""Paths that a server's list of directories and a client's list of hosts both take as they are."""
_LONGEST_SOCKET: Final = 103
"""Bytes of a socket's path: 107 on Linux, 103 on macOS."""


class ClusterOfOtherVersion(Conflict):
    """The data directory was written by another major version, which this one cannot read."""

    code = "data-directory-version"
    title = "The data directory belongs to another version of PostgreSQL"


class ClusterNotOurs(Conflict):
    """The folder is there but is not a cluster that this user can run; the detail says why."""

    code = "data-directory-not-ours"
    title = "The data directory cannot be used"


@dataclass(frozen=True, slots=True)
class Cluster:
    """The folders of one data directory. `data_dir` is absolute, without links."""

    data_dir: Path

    @property
    def directory(self) -> Path:
        return self.data_dir / "postgres"

    @property
    def run_dir(self) -> Path:
        return self.data_dir / "run"

    @property
    def lock(self) -> Path:
        return self.data_dir / "owner.lock"

    @property
    def log(self) -> ServerLog:
        return ServerLog(self.data_dir / "postgres.log")

    def version(self) -> str | None:
        """The major version on disk; None when there is no cluster yet."""
        try:
            return (self.directory / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            return None
        except PermissionError:
            raise ClusterNotOurs(
                f"{self.directory} belongs to {_owner_name(self.directory)}: start Plimsoll as "
                f"it was started then, or give it to this user with chown -R"
            ) from None

    def exists(self) -> bool:
        """Whether a cluster that this server can run is there. Raises when something else is."""
        version = self.version()
        if version is None:
            if self.directory.is_dir() and any(self.directory.iterdir()):
                raise ClusterNotOurs(f"{self.directory} is not empty and has no PG_VERSION")
            return False
        if version != MAJOR:
            raise ClusterOfOtherVersion(
                f"{self.directory} was written by PostgreSQL {version}, this Plimsoll runs "
                f"PostgreSQL {MAJOR}. Either start the release that wrote it and dump it "
                f"(pg_dumpall), move the folder away and restore into a new one; or run "
                f"pg_upgrade with the programs of both versions",
                facts={"on_disk": version, "programs": MAJOR},
            )
        return True


def account_for(cluster: Cluster) -> Account | None:
    """Who PostgreSQL runs as: None for ourselves; as root the cluster's owner, else `nobody`.

    Raises CannotLeaveRoot when there is no such account, ClusterNotOurs when another user owns the
    cluster.
    """
    owner = cluster.directory.stat().st_uid if cluster.version() else None
    us = os.geteuid()
    if us != 0:
        if owner not in {None, us}:
            raise ClusterNotOurs(f"{cluster.directory} belongs to {_owner_name(cluster.directory)}")
        return None
    try:
        entry = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    except KeyError:
        raise CannotLeaveRoot(f"no account {owner or 'nobody'} on this machine") from None
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)


def make_private(directory: Path) -> None:
    """Make `directory` and its missing parents, for us alone; what is there stays as it is."""
    missing = [directory, *directory.parents]
    for folder in reversed([folder for folder in missing if not folder.exists()]):
        folder.mkdir(mode=0o700, exist_ok=True)


def create(cluster: Cluster, binaries: Binaries, account: Account | None) -> None:
    """Make the cluster and its database beside its place, then rename: whole or not at all.

    Nothing of it depends on the machine: UTF-8, and collation by code point from the builtin
    provider.
    """
    staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=cluster.data_dir))
    give(staging, account)
    reach = (*binaries.must_be_readable, staging)
    initdb = [
        str(binaries.initdb),
        f"--pgdata={staging}",
        f"--username={NAME}",
        "--auth=trust",  # the socket's folder is private: who reaches it is us
        "--data-checksums",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
    ]
    single = [str(binaries.postgres), "--single", "-D", str(staging)]
    single += ["-c", "exit_on_error=on", "postgres"]
    create_database = Program(single, account, reach, stdin=f"create database {NAME}\n")
    run_to_end(Program(initdb, account, reach), cluster.log, timeout_s=_INITDB_S)
    run_to_end(create_database, cluster.log, timeout_s=_INITDB_S)
    staging.rename(cluster.directory)
    sync_directory(cluster.data_dir)


def sweep(cluster: Cluster) -> None:
    """Remove what an interrupted `create` left. Only the owner of the lock may."""
    for leftover in cluster.data_dir.glob(f"{_STAGING}*"):
        shutil.rmtree(leftover, ignore_errors=True)


def give(directory: Path, account: Account | None) -> None:
    """Make a folder of ours private to whom PostgreSQL runs as."""
    if not stat.S_ISDIR(directory.lstat().st_mode):
        raise ClusterNotOurs(f"{directory} is not a directory")
    directory.chmod(0o700)
    if account is not None:
        try:
            os.chown(directory, account.uid, account.gid)
        except OSError as error:
            raise CannotLeaveRoot(
                f"{directory} cannot be given to {account.name}: {error}"
            ) from error


def socket_directory(cluster: Cluster, account: Account | None) -> Path:
    """Where the server listens: `run`, or when that is too long a private temp folder."""
    directory = cluster.run_dir
    if not fits(directory):
        directory = next(
            Path(tempfile.mkdtemp(prefix=f"{NAME}-", dir=parent))
            for parent in (tempfile.gettempdir(), "/tmp")  # noqa: S108 - mkdtemp makes it ours alone
            if fits(Path(parent) / f"{NAME}-12345678")
        )
    make_private(directory)
    give(directory, account)
    return directory


def fits(directory: Path) -> bool:
    """Whether a socket in `directory` has a path that the kernel and every client take."""
    path = str(directory / f".s.PGSQL.{PORT}")
    return len(os.fsencode(path)) <= _LONGEST_SOCKET and bool(_PLAIN.fullmatch(path))


def forget_socket_directory(cluster: Cluster, directory: str | None) -> None:
    """Remove a short socket directory that we or a killed owner made; never anything else."""
    if directory is None or Path(directory) == cluster.run_dir:
        return
    path = Path(directory)
    temporary = {Path(tempfile.gettempdir()), Path("/tmp")}  # noqa: S108 - compared, not written to
    if path.parent in temporary and path.name.startswith(f"{NAME}-") and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)


def sync_directory(directory: Path) -> None:
    """Make a rename in `directory` durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _owner_name(path: Path) -> str:
    try:
        uid = path.stat().st_uid
    except PermissionError:
        return "another user"
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
