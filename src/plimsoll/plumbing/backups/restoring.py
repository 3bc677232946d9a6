"""Put a backup back into an empty database, or in the place of what is there.

What is there is moved aside first, to a schema of another name, and removed only when everything
that the backup has is there, migrated and adopted: a restore that fails changes nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import asyncpg
import structlog

from plimsoll.kernel.errors import Conflict
from plimsoll.plumbing import schema
from plimsoll.plumbing.backups import container, programs
from plimsoll.plumbing.backups.container import Manifest, Told
from plimsoll.plumbing.database import Database, DatabaseUnavailable, Unit
from plimsoll.plumbing.losses import LOST

log = structlog.get_logger(__name__)

IS_EMPTY: Final = """
    select not exists (
        select from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'public' and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
    )
"""
OTHERS: Final = """
    select count(*) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and application_name = 'plimsoll'
"""
MOVE_ASIDE: Final = f"""
    alter schema public rename to {schema.ASIDE};
    create schema public authorization pg_database_owner;
    grant usage on schema public to public;
"""
MOVE_BACK: Final = f"""
    drop schema public cascade;
    alter schema {schema.ASIDE} rename to public;
"""


class NotEmpty(Conflict):
    """A restore does not overwrite what it was not told to."""

    code = "not-empty"
    title = "There is something where the backup is to go"


class BackupTooNew(Conflict):
    """The backup was written by a newer Plimsoll."""

    code = "backup-too-new"
    title = "The backup is newer than this program"


class DatabaseInUse(Conflict):
    """A service runs on the database."""

    code = "database-in-use"
    title = "The database is in use"


Adopt = Callable[[Unit], Awaitable[None]]
"""What has to be made right in a restored database of this program's own revision."""


def refuse_newer(manifest: Manifest) -> None:
    known = schema.revisions()
    if manifest.revision not in known:
        raise BackupTooNew(
            f"it was taken at revision {manifest.revision} by Plimsoll {manifest.version}, this "
            f"program knows {known[-1]}: restore it with that version or a later one"
        )


async def is_empty(dsn: str) -> bool:
    """Whether nothing is in the database; what a restore that was killed has moved aside is first
    put back. Raises DatabaseUnavailable.
    """
    async with _connection(dsn) as connection:
        if await connection.fetchval(schema.IS_ASIDE):
            await connection.execute(MOVE_BACK)
        return bool(await connection.fetchval(IS_EMPTY))


async def restore(
    dsn: str,
    path: Path,
    manifest: Manifest,
    *,
    folders: Mapping[str, Path],
    adopt: Adopt,
    told_of: Told,
) -> None:
    """Put back what `path` has, a backup that was checked; `folders` says where files go by the
    first part of their names. What was there is gone afterwards.

    Raises BackupTooNew, DatabaseInUse, NoFittingPrograms, DumpFailed, BackupDamaged,
    DatabaseUnavailable, OSError; then everything is as it was, but for files that were missing
    before and are there now.
    """
    refuse_newer(manifest)
    async with _connection(dsn) as connection:
        if others := await connection.fetchval(OTHERS):
            raise DatabaseInUse(f"stop Plimsoll first, it has {others} connections to it")
        fitting = programs.find(connection.get_server_version().major)
        with container.reading(path, manifest) as reader:
            await asyncio.to_thread(reader.extract, folders)
            await connection.execute(MOVE_ASIDE)
            try:
                await asyncio.to_thread(_load, reader, fitting, dsn, told_of)
                await schema.upgrade(dsn, restoring=True)
                await _adopt(dsn, adopt)
            except BaseException:
                log.warning("restore_undone")
                await connection.execute(MOVE_BACK)
                raise
        await connection.execute(f"drop schema {schema.ASIDE} cascade")
        await connection.execute("analyze")


def _load(reader: container.Reader, fitting: programs.Programs, dsn: str, told_of: Told) -> None:
    with programs.restoring(fitting, dsn) as target:
        reader.copy(container.DUMP, target, told_of)


async def _adopt(dsn: str, adopt: Adopt) -> None:
    database = await Database.connect(dsn, pool_size=1)
    try:
        async with database.write() as unit:
            await unit.lift_limits()
            await adopt(unit)
    finally:
        await database.close()


@asynccontextmanager
async def _connection(dsn: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    try:
        connection = await asyncpg.connect(dsn, timeout=5)
    except (*LOST, asyncpg.PostgresError) as error:
        raise DatabaseUnavailable(f"PostgreSQL does not answer: {error}") from error
    try:
        yield connection
    finally:
        await connection.close()
