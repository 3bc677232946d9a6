"""How much room there is where the service keeps its files.

A full disk loses nothing: what cannot be written is refused. But it is known long before, so health
names `disk` as degraded.
"""

import asyncio
import os
from pathlib import Path
from typing import Final

import structlog

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 2.0


class Disk:
    """Looks every other second, beside the event loop: a disk that hangs holds up nobody."""

    def __init__(self, folder: Path, *, low_bytes: int) -> None:
        self.low = False
        self._folder = folder
        self._low_bytes = low_bytes

    def judge(self) -> str | None:
        """For health."""
        return "disk" if self.low else None

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        try:
            free = await asyncio.to_thread(_free_bytes, self._folder)
        except OSError as error:
            log.warning("disk_unknown", reason=str(error))
            return
        low = free < self._low_bytes
        if low != self.low:
            log.warning("disk_low" if low else "disk_has_room", free_bytes=free)
        self.low = low


def _free_bytes(folder: Path) -> int:
    """Of the nearest folder that is there: with a database elsewhere nothing may be kept here."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
