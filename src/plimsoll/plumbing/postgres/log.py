"""The server's log: one file that only its owner may read, bounded without the server's help."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LIMIT_BYTES: Final = 8 * 1024 * 1024
"""Beyond this the log becomes `<name>.1`: both together stay below twice as much."""

_TAIL_BYTES: Final = 2_000


@dataclass(frozen=True, slots=True)
class ServerLog:
    path: Path

    def open_for_append(self) -> int:
        """A descriptor for the server. Append mode, so that it goes on at 0 after `bound`."""
        return os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def tail(self, *, since: int = 0) -> str:
        """The last lines, at most 2 kB, of what was written after byte `since`."""
        if not self.path.exists():
            return ""
        with self.path.open("rb") as file:
            file.seek(max(since, self.size() - _TAIL_BYTES))
            return file.read(_TAIL_BYTES).decode(errors="replace").strip()

    def bound(self) -> None:
        """Copy and truncate when too long. A line in between is lost; the server never waits."""
        if self.size() > LIMIT_BYTES:
            previous = self.path.with_name(f"{self.path.name}.1")
            previous.unlink(missing_ok=True)
            try:
                shutil.copy(self.path, previous)
            except OSError:  # a full disk: being bounded comes before being kept
                previous.unlink(missing_ok=True)
            os.truncate(self.path, 0)
