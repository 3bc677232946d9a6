"""Take a backup while the service runs.

One transaction that only reads says what everything is at one moment: `pg_dump` reads the database
in its snapshot, and what is counted and which files belong to it is read in the same one. Nobody
waits for it but those who change tables themselves.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

import structlog

from plimsoll.kernel.clock import rfc3339
from plimsoll.kernel.errors import Conflict, Unavailable
from plimsoll.plumbing.backups import container, programs
from plimsoll.plumbing.backups.container import Manifest, Told
from plimsoll.plumbing.database import Database, ReadUnit

log = structlog.get_logger(__name__)

LOCK: Final = 0x506C696D42616B
"""Advisory, held while a backup of this database is taken: a second one would only be slower."""

SMALLEST_ROOM: Final = 16_000_000
"""Bytes that have to be free, however small the database."""

SIZE: Final = "select pg_database_size(current_database())"
MOMENT: Final = "select pg_export_snapshot() as snapshot, now() as at"
SERVER: Final = "select current_setting('server_version_num')::int / 10000"


class BackupUnderWay(Conflict):
    code = "backup-under-way"
    title = "Another backup of this database is being taken"


class NothingToBackUp(Conflict):
    code = "nothing-to-back-up"
    title = "There is nothing to back up"


class NoRoomForBackup(Unavailable):
    code = "no-room-for-backup"
    title = "There is not enough room for a backup"


@dataclass(frozen=True, slots=True)
class Contents:
    """What belongs to the database as it is at this moment: `files` by their name in the backup,
    which begins with the folder that they go back to.
    """

    files: Mapping[str, Path]
    counts: Mapping[str, int]


Gather = Callable[[ReadUnit], Awaitable[Contents]]


@dataclass(frozen=True, slots=True)
class Progress:
    """Called with the bytes there are to read, then with how many more of them are read."""

    begin: Callable[[int], None]
    told: Told


def _silent(_: int) -> None:
    pass


SILENT: Final = Progress(_silent, _silent)


async def take(
    dsn: str, path: Path, gather: Gather, *, progress: Progress = SILENT
) -> container.Manifest:
    """Write everything to `path`. Raises BackupUnderWay, NothingToBackUp, NoRoomForBackup,
    NoFittingPrograms, DumpFailed, DatabaseUnavailable, OSError; then nothing is written.
    """
    database = await Database.connect(dsn, pool_size=1)
    try:
        async with database.look() as unit:
            revision = await _revision(unit)
            if not await unit.fetchval("select pg_try_advisory_xact_lock($1)", LOCK):
                raise BackupUnderWay("it ends by itself")
            moment = await unit.fetchrow(MOMENT)
            assert moment is not None
            contents = await gather(unit)
            fitting = programs.find(await unit.fetchval(SERVER))
            size = int(await unit.fetchval(SIZE))
            expected = size + sum(map(_size, contents.files.values()))
            _find_room(path.parent, expected)
            progress.begin(expected)
            job = _Job(dsn, path, contents, fitting, moment["snapshot"], progress.told)
            return await asyncio.to_thread(job.write, revision, rfc3339(moment["at"]))
    finally:
        await database.close()


async def _revision(unit: ReadUnit) -> str:
    if not await unit.fetchval("select to_regclass('alembic_version')::text"):
        raise NothingToBackUp("the database has no tables of ours")
    return str(await unit.fetchval("select version_num from alembic_version"))


def _find_room(folder: Path, expected: int) -> None:
    """Refuse early what would end in a full disk; a dump is smaller than its database, which has
    indexes.
    """
    free, needed = shutil.disk_usage(folder).free, max(SMALLEST_ROOM, expected // 2)
    if free < needed:
        raise NoRoomForBackup(
            f"{folder} has {free:,} bytes left, a backup may need {needed:,}",
            facts={"free": free, "needed": needed},
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


@dataclass(frozen=True, slots=True)
class _Job:
    """The part that blocks: in a thread, while the snapshot is held."""

    dsn: str
    path: Path
    contents: Contents
    fitting: programs.Programs
    snapshot: str
    told: Told

    def write(self, revision: str, taken_at: str) -> Manifest:
        with container.writing(self.path) as writer:
            missing = self._add_files(writer)
            with programs.dumping(self.fitting, self.dsn, snapshot=self.snapshot) as dump:
                writer.add(container.DUMP, dump, self.told)
            manifest = Manifest(
                format=container.FORMAT,
                version=version("plimsoll"),
                revision=revision,
                taken_at=taken_at,
                counts=dict(self.contents.counts),
                parts=writer.parts,
                missing=missing,
            )
            writer.finish(manifest)
        return manifest

    def _add_files(self, writer: container.Writer) -> list[str]:
        """Those that are not there; first of all, while what the snapshot names is still there."""
        missing = []
        for name, path in self.contents.files.items():
            try:
                file = path.open("rb")
            except FileNotFoundError:
                log.warning("backup_misses_a_file", name=name)
                missing.append(name)
                continue
            with file:
                writer.add(name, file, self.told)
        return missing
