import os
from pathlib import Path

import pytest

from plimsoll.plumbing.postgres.owner import DataDirectoryInUse, Holder, OwnerLock, holder_of

US = Holder(os.getpid(), "2026-01-01T00:00:00Z", "/run/desk")


def test_the_second_owner_is_told_about_the_first(tmp_path: Path) -> None:
    lock = OwnerLock.acquire(tmp_path / "owner.lock")
    lock.sign(US)

    with pytest.raises(
        DataDirectoryInUse, match=f"process {US.pid}, running since 2026"
    ) as refusal:
        OwnerLock.acquire(tmp_path / "owner.lock")

    assert refusal.value.facts == {
        "pid": US.pid,
        "started_at": "2026-01-01T00:00:00Z",
        "socket_dir": "/run/desk",
    }
    lock.release()


def test_a_released_lock_is_free_and_tells_of_nobody(tmp_path: Path) -> None:
    path = tmp_path / "owner.lock"
    lock = OwnerLock.acquire(path)
    lock.sign(US)
    lock.release()
    lock.release()

    assert holder_of(path) is None
    again = OwnerLock.acquire(path)
    assert again.previous is None
    again.release()


def test_the_note_of_an_owner_that_was_killed_is_found(tmp_path: Path) -> None:
    path = tmp_path / "owner.lock"
    lock = OwnerLock.acquire(path)
    lock.sign(US)
    assert lock._descriptor is not None
    os.close(lock._descriptor)  # as the kernel does for a killed process

    assert holder_of(path) is None
    successor = OwnerLock.acquire(path)
    assert successor.previous == US
    successor.release()


def test_looking_does_not_take_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "owner.lock"
    assert holder_of(path) is None
    assert not path.exists()
    lock = OwnerLock.acquire(path)
    assert holder_of(path) == Holder(0, "unknown")  # it has not signed yet
    lock.sign(US)
    assert holder_of(path) == US
    lock.release()
