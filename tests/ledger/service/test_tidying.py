"""What nobody comes back for."""

import os
import time
from pathlib import Path

from fastapi import FastAPI

from plimsoll.ledger.service.tidying import FOLDER, discard_old, remove_old_folders
from plimsoll.plumbing.database import Database
from tests.conftest import Person
from tests.ledger.importing import PLIMSOLL, bring, look


async def count(database: Database, table: str) -> int:
    async with database.read() as unit:
        found: int = await unit.fetchval(f"select count(*) from {table}")  # noqa: S608 - ours
    return found


async def age(database: Database, import_id: str, days: int) -> None:
    async with database.write() as unit:
        await unit.execute(
            "update imports set changed_at = now() - $2 * interval '1 day' where id = $1",
            import_id,
            days,
        )


async def test_an_import_that_nobody_decides_about_is_discarded(
    app: FastAPI, ada: Person, database: Database
) -> None:
    old = await bring(ada.http, PLIMSOLL)
    young = await bring(ada.http, PLIMSOLL + "2024-02-03T08:00:00Z,staking,0.01,ETH,,\n")
    await age(database, old, 31)
    await age(database, young, 29)

    assert await discard_old(app.state.imports, keep_days=30) == 1
    gone = await look(ada.http, old)
    assert (gone["state"], gone["problem"]["code"]) == ("discarded", "import-expired")
    assert (await look(ada.http, young))["state"] == "preview"
    assert await count(database, "import_parts") == 1
    assert await count(database, "import_rows") == 3
    assert await discard_old(app.state.imports, keep_days=30) == 0
    assert await bring(ada.http, PLIMSOLL) != old, "the file may be brought again"


async def test_what_was_recorded_does_not_expire(
    app: FastAPI, ada: Person, database: Database
) -> None:
    made = await bring(ada.http, PLIMSOLL)
    async with database.write() as unit:
        await unit.execute("update imports set state = 'committed' where id = $1", made)
    await age(database, made, 4_000)
    assert await discard_old(app.state.imports, keep_days=1) == 0


async def test_an_import_that_a_job_works_on_is_left_to_it(
    app: FastAPI, ada: Person, database: Database
) -> None:
    made = await bring(ada.http, PLIMSOLL)
    async with database.write() as unit:
        await unit.execute(
            """update jobs set state = 'running', finished_at = null, result = null, percent = 0,
                   due_at = now() + interval '1 hour'
               where id = (select job_id from imports where id = $1)""",
            made,
        )
        await unit.execute("update imports set state = 'committing' where id = $1", made)
    await age(database, made, 31)
    assert await discard_old(app.state.imports, keep_days=30) == 0


def test_folders_of_killed_processes_go_and_those_of_others_stay(tmp_path: Path) -> None:
    yesterday = time.time() - 90_000
    aside = tmp_path / "precious"
    aside.mkdir()
    (aside / "file").write_text("kept")
    (tmp_path / f"{FOLDER}link").symlink_to(aside)
    for name in (f"{FOLDER}old", f"{FOLDER}young", "plimsoll-table-old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "spool").write_text("rows")
    for name in (f"{FOLDER}old", "plimsoll-table-old", "precious", f"{FOLDER}link"):
        os.utime(tmp_path / name, (yesterday, yesterday), follow_symlinks=False)

    remove_old_folders(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{FOLDER}young",
        f"{FOLDER}link",
        "plimsoll-table-old",
        "precious",
    }
    assert (aside / "file").exists()
    remove_old_folders(tmp_path / "nowhere")
