"""One owner per data directory: a lock the kernel drops with the process, and a note of whose."""

import contextlib
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

from plimsoll.kernel.errors import Conflict

if sys.platform != "win32":
    import fcntl

_PATIENCE_S: Final = 0.3
"""An owner that is just leaving, or a doctor that is just looking, gets this long to let go."""


class DataDirectoryInUse(Conflict):
    """Another process runs on this data directory; `facts` has its pid, start and socket."""

    code = "data-directory-in-use"
    title = "The data directory is in use"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a data directory: pid, start (RFC 3339), where its server listens once it does."""

    pid: int
    started_at: str
    socket_dir: str | None = None


class OwnerLock:
    """An exclusive `flock`: gone after `kill -9`, not inherited by programs that we start."""

    def __init__(self, path: Path, descriptor: int, previous: Holder | None) -> None:
        self._path = path
        self._descriptor: int | None = descriptor
        self.previous = previous
        """The note of an owner that did not leave by itself."""

    @classmethod
    def acquire(cls, path: Path) -> Self:
        """Take the lock at `path`, or raise DataDirectoryInUse with the holder."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + _PATIENCE_S
        while not _locked(descriptor):
            if time.monotonic() > deadline:
                holder = _read(descriptor)
                os.close(descriptor)
                raise _in_use(path.parent, holder)
            time.sleep(0.02)
        return cls(path, descriptor, _read(descriptor))

    def sign(self, holder: Holder) -> None:
        """Write down who we are, for the next one who asks."""
        assert self._descriptor is not None, "signing a lock that was released"
        _write(self._descriptor, json.dumps(asdict(holder)).encode())

    def release(self) -> None:
        """Let go, with an empty note; again: nothing. The file stays: removing it would race."""
        if self._descriptor is None:
            return
        _write(self._descriptor, b"")
        os.close(self._descriptor)
        self._descriptor = None


def holder_of(path: Path) -> Holder | None:
    """Who holds the lock at `path` now, without taking it from anybody; None when it is free."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return None if _locked(descriptor) else _read(descriptor) or Holder(0, "unknown")
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(descriptor: int) -> Holder | None:
    with contextlib.suppress(ValueError, TypeError):  # empty, or half-written a moment ago
        return Holder(**json.loads(os.pread(descriptor, 4096, 0)))
    return None


def _write(descriptor: int, note: bytes) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, note, 0)


def _in_use(data_dir: Path, holder: Holder | None) -> DataDirectoryInUse:
    if holder is None:
        return DataDirectoryInUse(f"{data_dir} is held by another process")
    return DataDirectoryInUse(
        f"{data_dir} is held by process {holder.pid}, running since {holder.started_at}: "
        f"stop it, or give this one its own directory with --data-dir",
        facts=asdict(holder),
    )
