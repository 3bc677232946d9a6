"""The embedded PostgreSQL: started with the service, stopped with it, also when it is killed.

One call makes the data directory when it is new, refuses what it must not touch, clears up after a
killed predecessor, and returns a server that answers. It blocks for about a second the first time
and a fraction of that later, so it belongs before the event loop; `supervise` belongs inside it.
"""

import asyncio
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final, Self
from urllib.parse import quote

import structlog

from plimsoll.kernel.clock import rfc3339
from plimsoll.kernel.errors import PlimsollError
from plimsoll.plumbing.postgres import cluster as on_disk
from plimsoll.plumbing.postgres.binaries import Binaries, locate
from plimsoll.plumbing.postgres.cluster import NAME, PORT, Cluster, ClusterNotOurs
from plimsoll.plumbing.postgres.leftover import misleading_pid, read_postmaster, stop_leftover
from plimsoll.plumbing.postgres.owner import Holder, OwnerLock, holder_of
from plimsoll.plumbing.postgres.process import Account, KeptProcess, Program, ProgramFailed

log = structlog.get_logger(__name__)

SETTINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # what is acknowledged is on disk, and what is read is what was written (with --data-
        # checksums)
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        # reached through the private socket only
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_permissions": "0700",
        # a guest on a small machine
        "shared_buffers": "128MB",
        "max_connections": "100",
        "jit": "off",  # compiling costs more than our short queries take
        # many small updates of few rows (holdings, limits, jobs): tidy earlier than after a fifth
        # of the table
        "autovacuum": "on",
        "autovacuum_vacuum_scale_factor": "0.05",
        "autovacuum_analyze_scale_factor": "0.05",
        # everything in UTC, everything to the file that we bound
        "timezone": "UTC",
        "log_timezone": "UTC",
        "logging_collector": "off",
        "log_destination": "stderr",
        "log_line_prefix": "%m [%p] ",
        "log_checkpoints": "off",
        "cluster_name": NAME,
    }
)
"""Given on the command line, so nothing in the data directory can take a promise back."""

_START_S: Final = 120.0
"""Long, because recovery after a kill may have a gigabyte of log to replay."""
_POLL_S: Final = 0.005
_STILL_ATTACHED: Final = "pre-existing shared memory block"
_STILL_ATTACHED_S: Final = 15.0
"""How long backends of a killed server may take to notice that it is gone."""

_CHECK_S: Final = 1.0
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0
_STEADY_S: Final = 60.0
"""A server that ran this long starts over with the first pause."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is there, without starting or changing anything."""

    version: str
    """Of the programs, such as `18.6`."""
    version_on_disk: str | None
    """Major version of the cluster; None when there is none yet."""
    holder: Holder | None


def inspect(data_dir: Path) -> Inspection:
    """Look at `data_dir` for the doctor. Raises what a start would be refused with."""
    cluster = Cluster(data_dir.expanduser().resolve())
    version = locate().version()
    cluster.exists()
    on_disk.account_for(cluster)
    return Inspection(version, cluster.version(), holder_of(cluster.lock))


def find_running(data_dir: Path) -> str | None:
    """How to reach the server that another process runs on `data_dir` right now; None without
    one.
    """
    holder = holder_of(Cluster(data_dir.expanduser().resolve()).lock)
    return _dsn(Path(holder.socket_dir)) if holder and holder.socket_dir else None


def _dsn(socket_dir: Path) -> str:
    return f"postgresql:///{NAME}?host={quote(str(socket_dir))}&port={PORT}&user={NAME}"


class EmbeddedPostgres:
    """A running server that we own. Made by `start`; a context manager that stops it."""

    def __init__(
        self,
        cluster: Cluster,
        binaries: Binaries,
        lock: OwnerLock,
        account: Account | None,
        settings: Mapping[str, str],
    ) -> None:
        self._cluster = cluster
        self._binaries = binaries
        self._lock = lock
        self._account = account
        self._settings = {**SETTINGS, **settings}
        self.socket_dir = on_disk.socket_directory(cluster, account)
        self._process: KeptProcess | None = None
        self._ready_since: float | None = None
        self._changing = threading.Lock()
        self._stopping = False

    @classmethod
    def start(cls, data_dir: Path, *, settings: Mapping[str, str] = MappingProxyType({})) -> Self:
        """Own `data_dir`, making it when it is new, and run its server until `stop` or our end.

        `settings` are server settings on top of SETTINGS. Raises DataDirectoryInUse,
        ClusterOfOtherVersion, ClusterNotOurs, BinariesMissing, PlatformNotSupported,
        CannotLeaveRoot or ProgramFailed.
        """
        binaries = locate()
        cluster = Cluster(data_dir.expanduser().resolve())
        try:
            on_disk.make_private(cluster.data_dir)
            lock = OwnerLock.acquire(cluster.lock)
        except OSError as error:
            raise ClusterNotOurs(f"{cluster.data_dir} cannot be used: {error}") from error
        try:
            exists = cluster.exists()
            account = on_disk.account_for(cluster)
            if not exists:
                on_disk.create(cluster, binaries, account)
            if lock.previous:
                on_disk.forget_socket_directory(cluster, lock.previous.socket_dir)
            server = cls(cluster, binaries, lock, account, settings)
            lock.sign(Holder(os.getpid(), rfc3339(datetime.now(UTC)), str(server.socket_dir)))
        except BaseException:
            on_disk.sweep(cluster)
            lock.release()
            raise
        try:
            server._launch()
            on_disk.sweep(cluster)  # by now a killed predecessor's initdb has ended, too
        except BaseException:
            server.stop()
            raise
        return server

    @property
    def dsn(self) -> str:
        """For asyncpg; the same for the server's whole life, also after a restart."""
        return _dsn(self.socket_dir)

    @property
    def alive(self) -> bool:
        """Whether the server runs and has taken connections."""
        process = self._process
        return self._ready_since is not None and process is not None and process.ended() is None

    @property
    def pid(self) -> int | None:
        """Of the server, while it runs."""
        return self._process.pid if self._process and self.alive else None

    def stop(self) -> None:
        """Stop the server, bounded, and let go of the data directory. Again: nothing."""
        self._stopping = True
        with self._changing:
            try:
                if self._process is not None:
                    self._process.stop()
                    stop_leftover(self._cluster.directory)
            finally:
                self._process = None
                on_disk.forget_socket_directory(self._cluster, str(self.socket_dir))
                self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    async def supervise(self) -> None:
        """Until cancelled: restart a server that has ended, with growing pauses; bound its log."""
        pause_s = _FIRST_PAUSE_S
        while True:
            await asyncio.sleep(_CHECK_S)
            await asyncio.to_thread(self._cluster.log.bound)
            if self.alive:
                if time.monotonic() - (self._ready_since or 0) > _STEADY_S:
                    pause_s = _FIRST_PAUSE_S
                continue
            log.error("postgres_ended", retry_in_s=pause_s, log_tail=self._cluster.log.tail())
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            try:
                await asyncio.to_thread(self._launch)
            except (PlimsollError, OSError) as error:
                log.error("postgres_not_restarted", reason=str(error))  # noqa: TRY400 - the detail has the tail

    def _launch(self) -> None:
        """Run the server and return once it takes connections."""
        deadline = time.monotonic() + _STILL_ATTACHED_S
        with self._changing:
            while not self._stopping:
                if self._process is not None:
                    self._process.close()
                stop_leftover(self._cluster.directory)
                try:
                    self._launch_once()
                except ProgramFailed as error:
                    if _STILL_ATTACHED not in error.detail or time.monotonic() > deadline:
                        raise
                    time.sleep(0.2)
                else:
                    return

    def _launch_once(self) -> None:
        self._ready_since = None
        began = time.monotonic()
        log_start = self._cluster.log.size()
        command = [str(self._binaries.postgres), "-D", str(self._cluster.directory)]
        for name, value in (*self._settings.items(), ("unix_socket_directories", self.socket_dir)):
            command += ["-c", f"{name}={value}"]
        process = KeptProcess.start(
            Program(
                command,
                self._account,
                (*self._binaries.must_be_readable, self._cluster.directory, self.socket_dir),
                not_a_server=misleading_pid(self._cluster.directory),
            ),
            self._cluster.log,
        )
        self._process = process
        while not self._is_ready(process):
            if process.ended() is not None:
                tail = self._cluster.log.tail(since=log_start)
                raise ProgramFailed(f"postgres ended with {process.ended()}:\n{tail}")
            if self._stopping or time.monotonic() - began > _START_S:
                process.close()
                raise ProgramFailed(f"not ready:\n{self._cluster.log.tail(since=log_start)}")
            time.sleep(_POLL_S)
        self._ready_since = time.monotonic()
        took_ms = round((self._ready_since - began) * 1000)
        log.info("postgres_ready", pid=process.pid, took_ms=took_ms)

    def _is_ready(self, process: KeptProcess) -> bool:
        postmaster = read_postmaster(self._cluster.directory)
        return (
            postmaster is not None
            and postmaster.pid == process.pid
            and postmaster.status == "ready"
        )
