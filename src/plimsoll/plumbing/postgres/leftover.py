"""A server that outlived its service: recognised by its pid file, stopped before the next start.

Nobody but the owner of the data directory's lock may ask. A killed service's keeper stops its
server within moments, so mostly this waits; the stopping is for a server whose keeper was killed
too.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from plimsoll.kernel.errors import Unavailable

log = structlog.get_logger(__name__)

_POLL_S: Final = 0.02
_BY_ITSELF_S: Final = 3.0


class LeftoverServer(Unavailable):
    """A server of ours that does not end, whatever is asked."""

    code = "postgres-leftover"
    title = "An old PostgreSQL still runs on the data directory"


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What a running server writes to its `postmaster.pid`."""

    pid: int
    status: str


def read_postmaster(directory: Path) -> Postmaster | None:
    """What the server in `directory` noted; None when there is no note or half of one."""
    with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
        lines = (directory / "postmaster.pid").read_text().splitlines()
        return Postmaster(pid=int(lines[0]), status=lines[7].strip() if len(lines) > 7 else "")  # noqa: PLR2004 - PM_STATUS
    return None


def is_server_of(pid: int, directory: Path) -> bool:
    """Whether process `pid` is a PostgreSQL at work in `directory`, not a later user of the pid."""
    try:
        if sys.platform == "linux":
            name = Path(f"/proc/{pid}/comm").read_text().strip()
            return name == "postgres" and Path(f"/proc/{pid}/cwd").samefile(directory)
        said = subprocess.run(  # noqa: S603 - fixed program, a number
            ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False
    return "postgres -D " in said and str(directory) in said


def stop_leftover(directory: Path) -> None:
    """Return once no server runs in `directory`. Raises LeftoverServer when one will not end."""
    found = read_postmaster(directory)
    if found is None or not is_server_of(found.pid, directory):
        return
    log.warning("postgres_leftover_found", pid=found.pid)
    steps = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 8.0), (signal.SIGKILL, 5.0))
    for step, patience_s in ((None, _BY_ITSELF_S), *steps):
        if step is not None:
            log.warning("postgres_leftover_signalled", pid=found.pid, signal=step.name)
            with contextlib.suppress(ProcessLookupError):
                os.kill(found.pid, step)
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if not is_server_of(found.pid, directory):
                return
            time.sleep(_POLL_S)
    raise LeftoverServer(
        f"process {found.pid} runs on {directory} and does not end: end it by hand"
    )


def misleading_pid(directory: Path) -> int | None:
    """The pid in a stale note, where it is another process now: PostgreSQL would not start.

    Usual after a container was killed: the next one hands out the same low numbers.
    """
    found = read_postmaster(directory)
    if found is None or is_server_of(found.pid, directory):
        return None
    try:
        os.kill(found.pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return found.pid
