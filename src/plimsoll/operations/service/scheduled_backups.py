"""Backups that the service takes of itself, every so many hours, into one folder.

Each is taken by a process of its own at low priority. How old the last one is is told by the folder
and not remembered: a service that starts often does not take more of them, and several services of
one database do not take turns at it.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog
from prometheus_client import Counter, Gauge

from plimsoll.kernel.clock import Clock
from plimsoll.operations.service import backups
from plimsoll.settings import Settings

log = structlog.get_logger(__name__)

AGE: Final = Gauge("backup_age_seconds", "Since the newest backup in PLIMSOLL_BACKUP_DIR.")
LAST: Final = Gauge("backup_last_success_timestamp_seconds", "When it was taken, since 1970.")
TAKEN: Final = Counter("backups", "Backups that were taken by themselves.", ["outcome"])

LOOK_EVERY_S: Final = 30.0
AGAIN_AFTER_S: Final = 600.0
"""After one that failed, or less where they are taken more often."""
MOST_SAID: Final = 2_000
STOP_S: Final = 10.0
LATE: Final = 2.0
"""Times the interval: older than this is too old."""

PROGRAM: Final = "import os; os.nice(10); from plimsoll.cli.entry import main; main()"


class ScheduledBackups:
    """Looks whether one is due, has it taken, removes those that are too many."""

    def __init__(self, settings: Settings, dsn: str, clock: Clock) -> None:
        self._settings = settings
        self._dsn = dsn
        self._clock = clock
        self._every_s = settings.backup_every_hours * 3600
        self._began_s = clock.now().timestamp()
        self._failed_s: float | None = None
        self.last_s: float | None = None
        """When the newest was taken, in seconds since 1970."""

    @property
    def too_old(self) -> bool:
        """Whether there should have been one long ago: for health."""
        if self._settings.backup_dir is None:
            return False
        since_s = self._began_s if self.last_s is None else self.last_s
        late = self._clock.now().timestamp() - since_s > LATE * self._every_s
        return late or (self.last_s is None and self._failed_s is not None)

    async def run(self) -> None:
        """Until cancelled; nothing where no folder is named."""
        folder = self._settings.backup_dir
        if folder is None:
            return
        while True:
            try:
                await self._look(folder)
            except OSError as error:
                self._fail(str(error))
            except Exception:
                self._fail("see above")
                log.exception("backup_schedule_failed")
            await asyncio.sleep(min(LOOK_EVERY_S, self._every_s / 4))

    async def _look(self, folder: Path) -> None:
        self.last_s = await asyncio.to_thread(_newest, folder)
        now_s = self._clock.now().timestamp()
        if self.last_s is not None:
            LAST.set(self.last_s)
            AGE.set(max(0.0, now_s - self.last_s))
        pause_s = min(AGAIN_AFTER_S, self._every_s)
        if self._failed_s is not None and now_s - self._failed_s < pause_s:
            return
        if self.last_s is None or now_s - self.last_s >= self._every_s:
            await self._take(folder)

    async def _take(self, folder: Path) -> None:
        path = await asyncio.to_thread(backups.generation, folder)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PROGRAM, "backup", str(path), "--quiet"),
            env=_environment(self._settings, self._dsn),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            _, said = await process.communicate()
        finally:
            await _stop(process)
        if process.returncode != 0:
            self._fail(said.decode(errors="replace").strip()[-MOST_SAID:])
            return
        self._failed_s = None
        self.last_s = await asyncio.to_thread(_newest, folder)
        TAKEN.labels("done").inc()
        log.info("backup_done", file=path.name)
        keep = self._settings.backup_keep
        await asyncio.to_thread(backups.tidy, folder, keep=keep)

    def _fail(self, why: str) -> None:
        self._failed_s = self._clock.now().timestamp()
        TAKEN.labels("failed").inc()
        log.error("backup_failed", why=why)


def _newest(folder: Path) -> float | None:
    """When the last backup in the folder was taken, by its name."""
    found = backups.list_generations(folder)
    return backups.moment_of(found[-1]).timestamp() if found else None


def _environment(settings: Settings, dsn: str) -> Mapping[str, str]:
    """Of the process that takes one: our own, and where the database is, which others do not see
    there.
    """
    given = {
        "PLIMSOLL_DATABASE_URL": dsn,
        "PLIMSOLL_DATA_DIR": str(settings.data_dir.absolute()),
        "PLIMSOLL_LOG_LEVEL": "warning",
    }
    for name, folder in (
        ("PLIMSOLL_ARCHIVE_DIR", settings.archive_dir),
        ("PLIMSOLL_AUDIT_HEADS_DIR", settings.audit_heads_dir),
    ):
        if folder is not None:
            given[name] = str(folder.absolute())
    return os.environ | given


async def _stop(process: asyncio.subprocess.Process) -> None:
    """If it still runs, and what it has started; what is unfinished is removed by a later one."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                await process.wait()
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
