"""The disk of the data directory is full, and has room again."""

import asyncio
import contextlib
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.faults.desk import Desk
from tests.faults.trial import Expected, Finding, Scene, attempt

SIZE_MB: Final = 400
FAULT: Final = "disk of the data directory full"


class NoDisk(Exception):
    """A small file system cannot be had here."""


@contextmanager
def small_disk() -> Iterator[Path]:
    """A file system of its own, in memory; it takes root."""
    with tempfile.TemporaryDirectory(prefix="plimsoll-disk-") as folder:
        options = ["-o", f"size={SIZE_MB}m,mode=0755", "tmpfs", folder]
        made = subprocess.run(  # noqa: S603 - our own words
            ["mount", "-t", "tmpfs", *options],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise NoDisk(made.stderr.strip() or "mount failed")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)  # noqa: S603, S607


def fill(path: Path) -> None:
    """Take all the room that there is, and what was freed since."""
    with path.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(65_536))


async def run(seconds: float = 20.0) -> list[Finding]:
    try:
        with small_disk() as folder:
            return [await full(folder, seconds)]
    except (NoDisk, FileNotFoundError) as error:
        return [Finding(FAULT, not_run=str(error))]


async def full(folder: Path, seconds: float, *, each: int = 3) -> Finding:
    async def strike(_: Scene) -> None:
        ballast, until_s = folder / "ballast", time.monotonic() + seconds
        try:
            while time.monotonic() < until_s:
                await asyncio.to_thread(fill, ballast)
                await asyncio.sleep(0.05)
        finally:
            ballast.unlink(missing_ok=True)

    desk = Desk(folder / "desk", disk_low_mb="50")
    try:
        await asyncio.to_thread(desk.start)
        # A server that could not go on is started again with pauses of at most 30 s.
        expected = Expected(word="disk", recovers_within_s=40, turns_within_s=10)
        finding = await attempt(f"{FAULT} for {seconds:.0f} s", desk, strike, expected, each=each)
        await asyncio.to_thread(desk.stop)
    finally:
        await asyncio.to_thread(desk.kill)
    return finding
