"""Backups of a database, taken and put back; and before a migration."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import asyncpg
import pytest

from plimsoll.access.service import audit
from plimsoll.operations.service import backups
from plimsoll.plumbing import schema
from plimsoll.plumbing.backups import container, restoring, taking
from plimsoll.plumbing.backups.programs import DumpFailed
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.postgres.server import EmbeddedPostgres
from plimsoll.settings import Settings
from plimsoll.trading.service import verifying
from tests.conftest import NUMBERS, easy
from tests.trading.engine.living import living


class Sql(NamedTuple):
    """One statement after the other, each on a connection of its own."""

    dsn: str

    async def __call__(self, text: str, *values: object) -> Any:
        connection = await asyncpg.connect(self.dsn)
        try:
            return await connection.fetchval(text, *values)
        finally:
            await connection.close()


@pytest.fixture
async def elsewhere(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """An empty database."""
    name = f"elsewhere_{next(NUMBERS)}"
    await Sql(postgres.dsn)(f"create database {name}")
    yield postgres.dsn.replace("///plimsoll", f"///{name}")
    await Sql(postgres.dsn)(f"drop database {name} with (force)")


ADD_PERSON = """
    insert into users (id, email, password_hash, created_at)
    values ($1, $2, 'x', now()) returning id
"""


async def add_person(dsn: str) -> None:
    await Sql(dsn)(ADD_PERSON, uuid4(), f"person{next(NUMBERS)}@example.org")


async def people(dsn: str) -> list[str]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch("select email from users order by email")
    await connection.close()
    return [row[0] for row in rows]


@pytest.fixture
async def backup(settings: Settings, database_url: str, tmp_path: Path) -> Path:
    """Of a database with one person in it."""
    await add_person(database_url)
    path = tmp_path / "desk.plimsoll"
    await backups.take(settings, database_url, path)
    return path


async def test_a_backup_is_put_into_an_empty_database(
    backup: Path, settings: Settings, database_url: str, elsewhere: str
) -> None:
    manifest, before = await backups.restore(settings, elsewhere, backup, replace=False)
    assert before is None
    assert manifest.counts["people"] == 1
    assert manifest.revision == schema.revisions()[-1]
    await schema.check(elsewhere)
    assert await people(elsewhere) == await people(database_url)


async def test_it_shows_one_moment_however_much_is_written_meanwhile(
    settings: Settings, database_url: str, elsewhere: str, tmp_path: Path
) -> None:
    """Each writes a pair of rows at once; half a pair would be a state that never was."""
    sql = Sql(database_url)
    await sql("create table pairs_of_rows (pair int, side text)")
    writing, begun = True, asyncio.Event()

    async def write(first: int) -> None:
        connection = await asyncpg.connect(database_url)
        pair = first
        while writing:
            await connection.execute(
                f"insert into pairs_of_rows values ({pair}, 'a'), ({pair}, 'b')"  # noqa: S608
            )
            begun.set()
            pair += 2
        await connection.close()

    writers = [asyncio.create_task(write(first)) for first in (0, 1)]
    await begun.wait()
    await asyncio.sleep(0.2)
    acknowledged = await sql("select count(*) from pairs_of_rows")
    path = tmp_path / "desk.plimsoll"
    await backups.take(settings, database_url, path)
    writing = False
    await asyncio.gather(*writers)
    await backups.restore(settings, elsewhere, path, replace=False)
    there = await Sql(elsewhere)("select count(*) from pairs_of_rows")
    halves = await Sql(elsewhere)(
        "select count(*) from (select from pairs_of_rows group by pair having count(*) <> 2) x"
    )
    assert acknowledged > 0
    assert there >= acknowledged
    assert halves == 0


async def test_what_is_there_is_not_overwritten_unless_it_is_asked_for(
    backup: Path, settings: Settings, database_url: str
) -> None:
    was = await people(database_url)
    await add_person(database_url)
    now = await people(database_url)
    with pytest.raises(restoring.NotEmpty, match="--replace"):
        await backups.restore(settings, database_url, backup, replace=False)
    assert await people(database_url) == now

    _, before = await backups.restore(settings, database_url, backup, replace=True)
    assert await people(database_url) == was
    assert before is not None
    await backups.restore(settings, database_url, before, replace=True)
    assert await people(database_url) == now


async def test_a_restore_that_fails_leaves_everything_as_it_was(
    backup: Path, settings: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = await people(database_url)

    async def fail(*_: object) -> None:
        raise OSError("no room left")

    monkeypatch.setattr(restoring, "_adopt", fail)
    with pytest.raises(OSError, match="no room"):
        await backups.restore(settings, database_url, backup, replace=True)
    assert await people(database_url) == now
    await schema.check(database_url)


async def test_a_restore_that_was_killed_is_noticed_and_done_again(
    backup: Path, settings: Settings, database_url: str
) -> None:
    was = await people(database_url)
    connection = await asyncpg.connect(database_url)
    await connection.execute(restoring.MOVE_ASIDE)  # it gets as far as this
    await connection.close()
    for use in (schema.check, schema.upgrade):
        with pytest.raises(schema.RestoreCutShort, match="again"):
            await use(database_url)
    await backups.restore(settings, database_url, backup, replace=True)
    await schema.check(database_url)
    assert await people(database_url) == was


async def test_a_database_with_a_service_on_it_is_not_replaced(
    backup: Path, settings: Settings, database: Database, database_url: str
) -> None:
    with pytest.raises(restoring.DatabaseInUse, match="stop Plimsoll first"):
        await backups.restore(settings, database_url, backup, replace=True)
    async with database.read() as unit:
        assert await unit.fetchval("select count(*) from users") == 1


async def test_a_backup_of_a_newer_program_is_refused(
    settings: Settings, database_url: str, elsewhere: str, tmp_path: Path
) -> None:
    await Sql(database_url)("update alembic_version set version_num = '9999'")
    path = tmp_path / "newer.plimsoll"
    await backups.take(settings, database_url, path)
    with pytest.raises(restoring.BackupTooNew, match="revision 9999"):
        await backups.restore(settings, elsewhere, path, replace=False)
    assert await restoring.is_empty(elsewhere)


async def test_who_wrote_before_a_restore_does_not_write_on(
    settings: Settings, database: Database, database_url: str, tmp_path: Path
) -> None:
    async with living(database, 1, 50):
        pass
    path = tmp_path / "desk.plimsoll"
    await backups.take(settings, database_url, path)
    async with living(database, 2, 50):  # takes the lease, and with it a later epoch
        pass
    later = await Sql(database_url)("select epoch from engine_lease")
    await database.close()
    await backups.restore(settings, database_url, path, replace=True)
    assert await Sql(database_url)("select epoch from engine_lease") > later
    restored = await Database.connect(database_url, pool_size=2)
    checks = await verifying.verify(restored, from_start=True)
    assert [each.what for each in checks if each.fault] == []
    assert (await audit.verify(restored)).intact
    await restored.close()


async def test_sessions_end_with_a_restore(
    settings: Settings, database_url: str, elsewhere: str, tmp_path: Path
) -> None:
    await add_person(database_url)
    await Sql(database_url)(
        "insert into sessions (id, user_id, created_at, expires_at)"
        " select gen_random_uuid(), id, now(), now() + interval '1 day' from users"
    )
    await backups.take(settings, database_url, tmp_path / "desk.plimsoll")
    await backups.restore(settings, elsewhere, tmp_path / "desk.plimsoll", replace=False)
    assert await Sql(elsewhere)("select count(*) from sessions") == 1
    assert await Sql(elsewhere)("select count(*) from sessions where ended_at is null") == 0


SEALED = """
    insert into sealed_months (interval, month_ms, file, rows, sha256, horizon)
    values ('1m', $1, $2, 1, 'x', '999999999')
"""


async def test_files_beside_the_database_come_along(
    settings: Settings, database_url: str, elsewhere: str, tmp_path: Path
) -> None:
    archive, keys = settings.data_dir / "archive/1m", settings.data_dir / "keys/audit"
    for folder in (archive, keys):
        folder.mkdir(parents=True)
    (archive / "2024-01-ab.parquet").write_bytes(b"PAR1")
    (archive / "2023-12-of-nobody.parquet").write_bytes(b"PAR1")
    (keys / "1.pem").write_text("a key")
    await Sql(database_url)(SEALED, 0, "1m/2024-01-ab.parquet")
    await Sql(database_url)(SEALED, 1, "1m/2024-02-gone.parquet")
    path = tmp_path / "desk.plimsoll"
    manifest = await backups.take(settings, database_url, path)
    assert set(manifest.parts) == {
        "database.dump",
        "archive/1m/2024-01-ab.parquet",
        "keys/audit/1.pem",
    }
    assert manifest.missing == ["archive/1m/2024-02-gone.parquet"]

    other = easy(tmp_path / "other")
    await backups.restore(other, elsewhere, path, replace=False)
    assert (other.data_dir / "archive/1m/2024-01-ab.parquet").read_bytes() == b"PAR1"
    assert (other.data_dir / "keys/audit/1.pem").read_text() == "a key"
    # what was written before and after sealing is not known any more: sealed again before it goes
    oldest = await Sql(elsewhere)("select max(age(horizon::xid)) from sealed_months")
    assert oldest > await Sql(elsewhere)("select age(xmin) from sealed_months limit 1")


async def test_without_keys_nothing_in_it_opens_a_secret(
    settings: Settings, database_url: str, tmp_path: Path
) -> None:
    (settings.data_dir / "keys").mkdir()
    (settings.data_dir / "keys/1.seal").write_bytes(b"k" * 32)
    path = tmp_path / "desk.plimsoll"
    manifest = await backups.take(settings, database_url, path, with_keys=False)
    assert set(manifest.parts) == {"database.dump"}


async def test_heads_of_the_audit_log_that_are_ahead_of_it_are_kept_apart(
    settings: Settings, database_url: str, backup: Path
) -> None:
    heads = settings.data_dir / "audit-heads"
    heads.mkdir()
    for sequence in (0, 7):
        (heads / f"{sequence:020}.json").write_text("{}")
    manifest = await backups.take(settings, database_url, backup)
    assert f"audit-heads/{0:020}.json" in manifest.parts
    assert f"audit-heads/{7:020}.json" not in manifest.parts, "of rows that are not in it"
    await backups.restore(settings, database_url, backup, replace=True)
    assert [path.name for path in heads.glob("*.json")] == [f"{0:020}.json"]
    assert [path.name for path in heads.glob("*/*.json")] == [f"{7:020}.json"]


async def test_heads_of_another_past_give_way_to_those_of_the_backup(
    settings: Settings, database_url: str, backup: Path
) -> None:
    """After a restore the log goes on from an earlier row; then that restore is undone."""
    heads, keys = settings.data_dir / "audit-heads", settings.data_dir / "keys"
    for folder in (heads, keys):
        folder.mkdir()
    (keys / "1.seal").write_bytes(b"k" * 32)
    (heads / f"{0:020}.json").write_text("as it was")
    await backups.take(settings, database_url, backup)
    (heads / f"{0:020}.json").write_text("another past")
    await backups.restore(settings, database_url, backup, replace=True)
    assert (heads / f"{0:020}.json").read_text() == "as it was"
    assert [path.read_text() for path in heads.glob("*/*.json")] == ["another past"]


async def test_the_oldest_backup_that_is_kept_can_be_put_back(
    settings: Settings, database_url: str, tmp_path: Path
) -> None:
    folder = settings.data_dir / "backups"
    kept = [backups.generation(folder, backups.BEFORE_RESTORE) for _ in range(3)]
    for path in kept:
        await backups.take(settings, database_url, path)
    _, before = await backups.restore(settings, database_url, kept[0], replace=True)
    assert backups.list_generations(folder, backups.BEFORE_RESTORE) == [*kept[1:], before]


async def test_two_backups_of_one_database_are_not_taken_at_once(
    settings: Settings, database: Database, database_url: str, tmp_path: Path
) -> None:
    async with database.write() as unit:
        await unit.execute("select pg_advisory_xact_lock($1)", taking.LOCK)
        with pytest.raises(taking.BackupUnderWay):
            await backups.take(settings, database_url, tmp_path / "second.plimsoll")
    assert not (tmp_path / "second.plimsoll").exists()


async def test_a_disk_with_too_little_room_is_told_before_anything_is_written(
    settings: Settings, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(taking.NoRoomForBackup, match="1,000 bytes left"):
        await backups.take(settings, database_url, tmp_path / "desk.plimsoll")
    assert not (tmp_path / "desk.plimsoll").exists()


async def test_an_empty_database_has_nothing_to_back_up(
    settings: Settings, elsewhere: str, tmp_path: Path
) -> None:
    with pytest.raises(taking.NothingToBackUp):
        await backups.take(settings, elsewhere, tmp_path / "desk.plimsoll")


@pytest.fixture
async def old(elsewhere: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A database as the program of revision 0014 has left it, with somebody's ledger."""
    scripts = tmp_path / "migrations"
    shutil.copytree(schema.SCRIPTS, scripts)
    for script in (scripts / "versions").glob("*_*.py"):
        if script.name[:4] > "0014":
            script.unlink()
    with monkeypatch.context() as patch:
        patch.setattr(schema, "SCRIPTS", scripts)
        assert (await schema.upgrade(elsewhere))[-1] == "0014"
    await add_person(elsewhere)
    await Sql(elsewhere)(
        "insert into transactions (id, user_id, seq, kind, occurred_at, rank, precision, currency,"
        " note, source, fingerprint)"
        " select gen_random_uuid(), id, 1, 'buy', now(), 0, 'second', 'usd', 'old', 'manual', ''"
        " from users"
    )
    return elsewhere


async def test_what_is_migrated_is_backed_up_first(old: str, settings: Settings) -> None:
    applied = await backups.migrate(settings, old)
    assert applied[0] == "0015"
    await schema.check(old)
    assert await Sql(old)("select note from transactions") == "old"
    [path] = (settings.data_dir / "backups").iterdir()
    assert container.check(path).revision == "0014"
    assert await backups.migrate(settings, old) == []
    assert len(list((settings.data_dir / "backups").iterdir())) == 1


async def test_an_older_backup_is_migrated_when_it_is_put_back(
    old: str, settings: Settings, database_url: str
) -> None:
    path = await backups.before_migration(settings, old)
    assert path is not None
    manifest, _ = await backups.restore(settings, database_url, path, replace=True)
    assert manifest.revision == "0014"
    await schema.check(database_url)
    assert await Sql(database_url)("select note from transactions") == "old"


async def test_a_migration_that_fails_changes_nothing_and_names_the_backup(
    old: str, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(schema.SCRIPTS, broken)
    (broken / "versions/9999_broken.py").write_text(
        "from plimsoll.plumbing.migrations.sql import run\n"
        f'revision, down_revision = "9999", "{schema.revisions()[-1]}"\n'
        "def upgrade() -> None:\n    run('drop table transactions cascade; select no_such()')\n"
    )
    monkeypatch.setattr(schema, "SCRIPTS", broken)
    with pytest.raises(schema.MigrationFailed) as failed:
        await backups.migrate(settings, old)
    [path] = (settings.data_dir / "backups").iterdir()
    assert str(path) in failed.value.detail
    assert "no_such" in failed.value.detail
    assert await schema.current(old) == "0014"
    assert await Sql(old)("select note from transactions") == "old"


async def test_without_wanting_it_none_is_taken(old: str, settings: Settings) -> None:
    unwilling = settings.model_copy(update={"backup_before_migration": False})
    await backups.migrate(unwilling, old)
    assert not (settings.data_dir / "backups").exists()


def test_the_newest_generations_stay(tmp_path: Path) -> None:
    made = [backups.generation(tmp_path) for _ in range(5)]
    for path in made:
        path.write_bytes(b"")
    (tmp_path / "plimsoll-of-mine.plimsoll").write_bytes(b"")  # not named by us
    backups.tidy(tmp_path, keep=2)
    assert backups.list_generations(tmp_path) == made[-2:]
    assert (tmp_path / "plimsoll-of-mine.plimsoll").exists()
    age = datetime.now(UTC) - backups.moment_of(made[-1])
    assert 0 <= age.total_seconds() < 60


async def test_a_backup_with_another_dump_in_it_is_refused_whole(
    backup: Path, settings: Settings, elsewhere: str, tmp_path: Path
) -> None:
    """Somebody may seal what is no dump; `pg_restore` says so, and nothing is there."""
    good, path = container.check(backup), tmp_path / "odd.plimsoll"
    with container.writing(path) as writer, backup.open("rb") as other:
        writer.add(container.DUMP, other)
        writer.finish(
            container.Manifest(
                format=good.format,
                version=good.version,
                revision=good.revision,
                taken_at=good.taken_at,
                counts={},
                parts=writer.parts,
                missing=[],
            )
        )
    with pytest.raises(DumpFailed):
        await backups.restore(settings, elsewhere, path, replace=False)
    assert await restoring.is_empty(elsewhere)
