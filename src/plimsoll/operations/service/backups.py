"""What is in a backup, when one is taken by itself, and what a restored one needs.

database.dump    people, ledgers, exchange, candles: everything in PostgreSQL
archive/…        sealed months of candles
keys/…           what signs and seals; left out on request
audit-heads/…    the heads of the audit log that were noted down until then
"""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog

from plimsoll.access.service import personal as access
from plimsoll.kernel.clock import SystemClock
from plimsoll.ledger.service import personal as ledger
from plimsoll.markets.service import sealed
from plimsoll.operations.storage import backups as storage
from plimsoll.plumbing import schema
from plimsoll.plumbing.backups import container, restoring, taking
from plimsoll.plumbing.backups.container import Manifest
from plimsoll.plumbing.backups.taking import SILENT, Contents, Progress
from plimsoll.plumbing.database import Database, ReadUnit, Unit
from plimsoll.settings import Settings
from plimsoll.trading.service import fencing

log = structlog.get_logger(__name__)

BEFORE_MIGRATION: Final = "before-migration"
BEFORE_RESTORE: Final = "before-restore"
KEPT_BY_ITSELF: Final = 3
"""Backups that were taken before a migration or a restore."""


@dataclass(frozen=True, slots=True)
class Places:
    """The folders beside the database, by the name that they have in a backup."""

    archive: Path
    keys: Path
    audit_heads: Path

    @classmethod
    def of(cls, settings: Settings) -> "Places":
        return cls(
            archive=sealed.folder_of(settings),
            keys=settings.data_dir / "keys",
            audit_heads=settings.audit_heads_dir or settings.data_dir / "audit-heads",
        )

    def by_name(self) -> dict[str, Path]:
        return {"archive": self.archive, "keys": self.keys, "audit-heads": self.audit_heads}


async def take(
    settings: Settings,
    dsn: str,
    path: Path,
    *,
    with_keys: bool = True,
    progress: Progress = SILENT,
) -> Manifest:
    """See `taking.take`. Without keys the heads of the audit log are left out too: nothing could
    verify them.
    """
    places = Places.of(settings)

    async def gather(unit: ReadUnit) -> Contents:
        counts = await _count(unit)
        files: dict[str, Path] = {}
        if await storage.has_table(unit, "sealed_months"):
            for name in sorted(await sealed.list_files(unit)):
                files[f"archive/{name}"] = places.archive / name
        if with_keys:
            files |= _below("keys", places.keys)
            files |= {
                name: path
                for name, path in _below("audit-heads", places.audit_heads).items()
                if path.stem.isdigit() and int(path.stem) <= counts.get("audit_log", 0)
            }
        return Contents(files, counts)

    manifest = await taking.take(dsn, path, gather, progress=progress)
    log.info("backup_taken", file=str(path), revision=manifest.revision, **manifest.counts)
    return manifest


async def _count(unit: ReadUnit) -> dict[str, int]:
    """A database before its migration may lack some of it."""
    counts = {}
    wanted: tuple[tuple[str, str, Callable[[ReadUnit], Awaitable[int]]], ...] = (
        ("people", "erasures", access.count_people),
        ("transactions", "transactions", ledger.count_transactions),
        ("commands", "engine_lease", fencing.count_commands),
        ("audit_log", "audit_head", access.count_audit_rows),
    )
    for name, table, count in wanted:
        if await storage.has_table(unit, table):
            counts[name] = await count(unit)
    return counts


def _below(name: str, folder: Path) -> dict[str, Path]:
    return {
        f"{name}/{path.relative_to(folder).as_posix()}": path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


async def restore(
    settings: Settings, dsn: str, path: Path, *, replace: bool, progress: Progress = SILENT
) -> tuple[Manifest, Path | None]:
    """Put `path` back; also the backup of what was there before, when something was.

    Raises what `container.check` and `restoring.restore` do, and NotEmpty unless `replace`.
    """
    progress.begin(container.size_of(path))
    manifest = await asyncio.to_thread(container.check, path, progress.told)
    restoring.refuse_newer(manifest)
    before, epoch = None, 0
    if not await restoring.is_empty(dsn):
        if not replace:
            raise restoring.NotEmpty(
                "the database has data: restore into another data directory, or with --replace, "
                "which makes a backup of it first"
            )
        before = generation(settings.data_dir / "backups", BEFORE_RESTORE)
        await take(settings, dsn, before)
        epoch = await _epoch(dsn)

    async def adopt(unit: Unit) -> None:
        await fencing.fence(unit, above=epoch)
        await sealed.forget_horizons(unit)
        await access.end_all_sessions(unit, now=SystemClock().now())

    places = Places.of(settings)
    progress.begin(sum(part.size for part in manifest.parts.values()))
    await restoring.restore(
        dsn,
        path,
        manifest,
        folders=places.by_name(),
        adopt=adopt,
        told_of=progress.told,
    )
    _put_away_other_heads(places.audit_heads, manifest)
    with container.reading(path, manifest) as reader:
        reader.extract({"audit-heads": places.audit_heads})
    log.info("backup_restored", file=str(path), taken_at=manifest.taken_at)
    if before is not None:  # not earlier: `path` may be the oldest of them
        tidy(before.parent, BEFORE_RESTORE, keep=KEPT_BY_ITSELF)
    return manifest, before


async def _epoch(dsn: str) -> int:
    """Of the exchange that is replaced; 0 where there is none yet."""
    database = await Database.connect(dsn, pool_size=1)
    try:
        async with database.read() as unit:
            if not await storage.has_table(unit, "engine_lease"):
                return 0
            return await fencing.find_epoch(unit)
    finally:
        await database.close()


def _put_away_other_heads(folder: Path, manifest: Manifest) -> None:
    """Heads of rows that are not there any more say that the log was cut off or written anew, and
    so it was, by whoever restored; they are kept apart. A backup that has keys has all heads too.
    """
    whole = any(name.startswith("keys/") for name in manifest.parts)

    def is_known(path: Path) -> bool:
        part = manifest.parts.get(f"audit-heads/{path.name}")
        if part is not None:
            return hashlib.sha256(path.read_bytes()).hexdigest() == part.sha256
        return not whole and int(path.stem) <= manifest.counts.get("audit_log", 0)

    found = [path for path in folder.glob("*.json") if path.stem.isdigit()]
    others = [path for path in found if not is_known(path)]
    if others:
        apart = folder / f"before-restore-{_stamp()}"
        apart.mkdir(mode=0o700)
        for path in others:
            path.rename(apart / path.name)


async def before_migration(settings: Settings, dsn: str) -> Path | None:
    """A backup of a database that is about to be migrated and has something in it; where it is.

    Raises what `take` does; PLIMSOLL_BACKUP_BEFORE_MIGRATION=false goes on without.
    """
    found, known = await schema.current(dsn), schema.revisions()
    if found is None or found not in known[:-1] or not settings.backup_before_migration:
        return None
    path = generation(settings.data_dir / "backups", f"{BEFORE_MIGRATION}-{found}")
    log.info("backup_before_migration", revision=found, file=str(path))
    await take(settings, dsn, path)
    tidy(path.parent, BEFORE_MIGRATION, keep=KEPT_BY_ITSELF)
    return path


async def migrate(settings: Settings, dsn: str) -> list[str]:
    """Back up what is to be migrated, then migrate it; the revisions that were applied. Raises
    MigrationFailed, which says where the backup is.
    """
    backup = await before_migration(settings, dsn)
    try:
        return await schema.upgrade(dsn)
    except schema.MigrationFailed as error:
        if backup is None:
            raise
        raise schema.MigrationFailed(f"{error.detail}; a backup of it is {backup}") from error


_NAMED: Final = re.compile(r"-\d{8}T\d{12}Z\.plimsoll$", re.ASCII)
_STAMP: Final = "%Y%m%dT%H%M%S%fZ"


def _stamp() -> str:
    return datetime.now(UTC).strftime(_STAMP)


def moment_of(path: Path) -> datetime:
    """When a backup was taken that `generation` has named."""
    text = path.name.removesuffix(container.SUFFIX).rsplit("-", 1)[1]
    return datetime.strptime(text, _STAMP).replace(tzinfo=UTC)


def generation(folder: Path, kind: str = "plimsoll") -> Path:
    """A new name in `folder`, which is made for us alone; later ones sort behind earlier ones of
    their kind.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"{kind}-{_stamp()}{container.SUFFIX}"


def list_generations(folder: Path, kind: str = "plimsoll") -> list[Path]:
    """Oldest first."""
    found = [
        path for path in folder.glob(f"{kind}-*{container.SUFFIX}") if _NAMED.search(path.name)
    ]
    return sorted(found, key=lambda path: path.name.rsplit("-", 1)[1])


def tidy(folder: Path, kind: str = "plimsoll", *, keep: int) -> None:
    """Remove all but the newest `keep`, and what a killed backup left behind."""
    for path in list_generations(folder, kind)[:-keep]:
        path.unlink(missing_ok=True)
        log.info("backup_removed", file=str(path))
    day_ago_s = datetime.now(UTC).timestamp() - 86_400
    for path in folder.glob(f".{kind}-*.unfinished"):
        if path.stat().st_mtime < day_ago_s:
            path.unlink(missing_ok=True)
