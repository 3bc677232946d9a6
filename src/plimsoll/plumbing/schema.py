"""The schema's version: what this code needs, what a database has, and how to get there.

Migrations run at start for the embedded server and by `plimsoll migrate` for a foreign one. A
database that is newer than the code is refused: an older program could misread what a newer one
wrote.
"""

from pathlib import Path
from typing import Final

import asyncpg

from plimsoll.kernel.errors import Conflict
from plimsoll.plumbing.database import DatabaseUnavailable
from plimsoll.plumbing.losses import LOST

SCRIPTS: Final = Path(__file__).parent / "migrations"
LOCK: Final = 0x506C696D736F6C6C
"""Advisory lock held while migrating, so that two starting processes do not both do it."""

ASIDE: Final = "plimsoll_replaced"
"""The schema that a restore moves to what it replaces, until it is done."""
IS_ASIDE: Final = f"select to_regnamespace('{ASIDE}') is not null"


class SchemaTooNew(Conflict):
    """The database was written by a newer Plimsoll."""

    code = "schema-too-new"
    title = "The database is newer than this program"


class SchemaBehind(Conflict):
    """The database has to be migrated first."""

    code = "schema-behind"
    title = "The database has to be migrated"


class RestoreCutShort(Conflict):
    """A restore was killed: what was there before is moved aside, what was to come is not there."""

    code = "restore-cut-short"
    title = "A restore did not come to its end"


class MigrationFailed(Conflict):
    """A migration did not come to its end; the database is as it was before."""

    code = "migration-failed"
    title = "The database could not be migrated"


def revisions() -> list[str]:
    """Every revision this code knows, oldest first."""
    return sorted(path.name.split("_", 1)[0] for path in (SCRIPTS / "versions").glob("[0-9]*_*.py"))


async def current(dsn: str, *, restoring: bool = False) -> str | None:
    """The revision of the database; None when it has no schema yet. Raises RestoreCutShort, but not
    for a restore itself.
    """
    try:
        connection = await asyncpg.connect(dsn, timeout=5)
    except (*LOST, asyncpg.PostgresError) as error:
        raise DatabaseUnavailable(f"PostgreSQL does not answer: {error}") from error
    try:
        if not restoring and await connection.fetchval(IS_ASIDE):
            raise RestoreCutShort("run the same `plimsoll restore` again")
        if not await connection.fetchval("select to_regclass('alembic_version')"):
            return None
        revision: str | None = await connection.fetchval("select version_num from alembic_version")
        return revision
    finally:
        await connection.close()


async def check(dsn: str) -> None:
    """Refuse a database that is not exactly at this code's revision."""
    known, found = revisions(), await current(dsn)
    if found == known[-1]:
        return
    if found is not None and found not in known:
        raise SchemaTooNew(
            f"the database is at revision {found}, this program knows {known[-1]}: "
            "use the newer program, or restore a backup made before the upgrade"
        )
    raise SchemaBehind(
        f"the database is at revision {found or 'none'}, this program needs {known[-1]}: "
        "run `plimsoll migrate`"
    )


async def upgrade(dsn: str, *, restoring: bool = False) -> list[str]:
    """Bring the database to this code's revision; returns the revisions that were applied.

    Raises MigrationFailed: then none was.
    """
    known, found = revisions(), await current(dsn, restoring=restoring)
    if found == known[-1]:
        return []
    if found is not None and found not in known:
        await check(dsn)
    await _run_alembic(dsn)
    return known[known.index(found) + 1 :] if found else known


async def _run_alembic(dsn: str) -> None:
    # Imported here: Alembic costs a third of a second, and a database that is up to date needs
    # none of it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from sqlalchemy import Connection, text  # noqa: PLC0415
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415
    from sqlalchemy.pool import NullPool  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))

    def migrate(connection: Connection) -> None:
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(dsn), poolclass=NullPool
    )
    try:
        async with engine.begin() as connection:
            await connection.run_sync(migrate)
    except (SQLAlchemyError, asyncpg.PostgresError) as error:
        raise MigrationFailed(f"{error}; the database is as it was") from error
    finally:
        await engine.dispose()
