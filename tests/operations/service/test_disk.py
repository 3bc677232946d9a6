"""A disk that fills up is named before it is full."""

import shutil
from pathlib import Path

from plimsoll.operations.service.disk import Disk


async def test_less_room_than_asked_for_is_named(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    scarce = Disk(tmp_path, low_bytes=2 * free)
    roomy = Disk(tmp_path, low_bytes=free // 2)

    await scarce.look()
    await roomy.look()

    assert scarce.judge() == "disk"
    assert roomy.judge() is None


async def test_a_folder_that_is_not_there_yet_is_looked_for_above(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "not" / "yet", low_bytes=0)
    await disk.look()
    assert disk.judge() is None
