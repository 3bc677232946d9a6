"""A folder in memory, for the servers whose data no test has to find again.

A database of a test's own is some 700 files. To make them on a disk takes a quarter of a second of
processor time or more, nearly all of it the file system's; in memory it takes a tenth of that.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - the folders in it are their owner's alone
ENOUGH: Final = 3 * 1024**3
"""Free bytes: a worker's server has a few databases of eleven megabytes and its log, no more, but
many containers have 64 megabytes in all.
"""
PREFIX: Final = "plimsoll-tests-"
NEW_S: Final = 60.0
"""Another worker may not hold its folder yet."""


@contextmanager
def memory_folder(otherwise: Path) -> Iterator[Path]:
    """A new folder in memory, gone afterwards; `otherwise` where there is no room for it."""
    if not _has_room():
        yield otherwise
        return
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=SHARED_MEMORY))
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_SH)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def _has_room() -> bool:
    try:
        return shutil.disk_usage(SHARED_MEMORY).free >= ENOUGH
    except OSError:
        return False


def _sweep() -> None:
    """Remove what killed runs have left: memory does not come back by itself."""
    for folder in SHARED_MEMORY.glob(f"{PREFIX}*"):
        with suppress(OSError):  # somebody else's, or gone by now
            if time.time() - folder.stat().st_ctime < NEW_S:
                continue
            held = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(held)
