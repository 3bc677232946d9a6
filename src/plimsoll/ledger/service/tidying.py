"""What nobody comes back for is thrown away: imports that were never decided, folders of processes
that were killed while they read a file.
"""

import asyncio
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import Final

import structlog

from plimsoll.kernel.errors import PlimsollError
from plimsoll.ledger.domain.imports import ImportProblem
from plimsoll.ledger.service.imports import Imports
from plimsoll.ledger.storage import imports
from plimsoll.plumbing.database import Unit

log = structlog.get_logger(__name__)

FOLDER: Final = "plimsoll-import-"
"""How the names of temporary folders begin."""
FOLDER_KEPT_S: Final = 86_400
"""Longer than any reading takes: other processes of ours may be at work."""
EVERY_S: Final = 3_600
AT_ONCE: Final = 5
"""Imports that one transaction throws away: each may have a million rows."""


async def keep_house(desk: Imports, *, keep_days: int) -> None:
    """Until cancelled: now and every hour, whatever went wrong the time before."""
    while True:
        try:
            await asyncio.to_thread(remove_old_folders, Path(tempfile.gettempdir()))
            await discard_old(desk, keep_days=keep_days)
        except PlimsollError as error:
            log.warning("imports_not_tidied", code=error.code)
        except Exception:
            log.exception("imports_house_failed")
        await asyncio.sleep(EVERY_S)


async def discard_old(desk: Imports, *, keep_days: int) -> int:
    """Discard what lay undecided for `keep_days`; how many those were. One that a job works on is
    left to it.
    """
    problem = ImportProblem(
        "import-expired",
        "Nobody decided about it",
        f"it lay for {keep_days} days; bring the file again",
    )

    async def work(unit: Unit) -> int:
        await unit.lift_limits()
        return await imports.discard_old(unit, keep_days=keep_days, problem=problem, most=AT_ONCE)

    count = 0
    while some := await desk.database.transact(work):
        count += some
    if count:
        log.info("imports_expired", imports=count)
    return count


def remove_old_folders(place: Path) -> None:
    """Our own folders in `place` that nobody wrote to for a day."""
    for path in place.glob(f"{FOLDER}*"):
        try:
            seen = path.lstat()
            if (
                stat.S_ISDIR(seen.st_mode)
                and seen.st_uid == os.geteuid()
                and time.time() - seen.st_mtime > FOLDER_KEPT_S
            ):
                shutil.rmtree(path)
                log.info("old_folder_removed", folder=path.name)
        except OSError as error:  # another process was quicker, or a file of it is not ours
            log.warning("old_folder_stays", folder=path.name, error=str(error))
