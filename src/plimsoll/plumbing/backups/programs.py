"""`pg_dump` and `pg_restore`: which ones, and how they are run.

Those of the wheel first: of version 18, they read every server up to 18. A newer server needs newer
ones, which are looked for on the PATH. What they are told of the database goes to them in their
environment, where nobody else sees the password.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from plimsoll.kernel.errors import PlimsollError, Unavailable
from plimsoll.plumbing.postgres.binaries import locate

MOST_SAID: Final = 4_000
STOP_S: Final = 10.0

_IN_ENVIRONMENT: Final = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "database": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "passfile": "PGPASSFILE",
}
_KEPT: Final = ("PATH", "TMPDIR", "HOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class NoFittingPrograms(Unavailable):
    """No `pg_dump` here is new enough for the server."""

    code = "no-fitting-programs"
    title = "The database cannot be read by the programs that are here"


class DumpFailed(Unavailable):
    """`pg_dump` or `pg_restore` ended badly; the detail has what it said."""

    code = "dump-failed"
    title = "PostgreSQL's own program failed"


@dataclass(frozen=True, slots=True)
class Programs:
    """Of one version."""

    dump: Path
    restore: Path
    major: int


def find(server_major: int) -> Programs:
    """Programs for a server of this major version. Raises NoFittingPrograms."""
    found = [each for each in (_of_the_wheel(), _of_the_path()) if each]
    for programs in found:
        if programs.major >= server_major:
            return programs
    here = ", ".join(str(each.major) for each in found) or "none"
    raise NoFittingPrograms(
        f"the server is PostgreSQL {server_major}, here is pg_dump of version {here}: install the "
        f"client programs of PostgreSQL {server_major} and have them on the PATH"
    )


def _of_the_wheel() -> Programs | None:
    try:
        folder = locate().root / "bin"
    except PlimsollError:
        return None
    return _look(folder / "pg_dump", folder / "pg_restore")


def _of_the_path() -> Programs | None:
    dump, restore = shutil.which("pg_dump"), shutil.which("pg_restore")
    return _look(Path(dump), Path(restore)) if dump and restore else None


def _look(dump: Path, restore: Path) -> Programs | None:
    try:
        said = subprocess.run(  # noqa: S603 - a program of our dependency, or of the machine
            [dump, "--version"], capture_output=True, text=True, check=True, timeout=30
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    number = re.search(r"\) (\d+)", said)
    return Programs(dump, restore, int(number[1])) if number and restore.is_file() else None


def environment(dsn: str) -> dict[str, str]:
    """What the programs have to know of `postgresql://user:password@host:port/name?host=…`."""
    parts = urlsplit(dsn)
    place, _, port = parts.netloc.rpartition("@")[2].partition(":")
    if place.startswith("["):
        place, port = parts.hostname or "", str(parts.port or "")
    said = {
        "host": unquote(place),
        "port": port,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "dbname": unquote(parts.path.lstrip("/")),
    } | dict(parse_qsl(parts.query))
    known = {
        _IN_ENVIRONMENT[name]: value for name, value in said.items() if name in _IN_ENVIRONMENT
    }
    own = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return own | {name: value for name, value in known.items() if value} | {"LC_ALL": "C"}


@contextmanager
def dumping(programs: Programs, dsn: str, *, snapshot: str) -> Iterator[IO[bytes]]:
    """The whole database as it is in the snapshot, to be read to its end. Raises DumpFailed."""
    command = [str(programs.dump), "--format=custom", "--compress=0", f"--snapshot={snapshot}"]
    command += ["--no-unlogged-table-data"]  # what does not outlive a crash is not put back either
    command += ["--no-owner", "--no-privileges", "--no-password"]
    with TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603 - see `find`
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            env=environment(dsn),
        )
        assert process.stdout is not None
        try:
            yield process.stdout
            _end(process, said)
        finally:
            _stop(process)
            process.stdout.close()


@contextmanager
def restoring(programs: Programs, dsn: str) -> Iterator[IO[bytes]]:
    """Takes what `dumping` gave; all of it is there at the end, or nothing. Raises DumpFailed."""
    command = [str(programs.restore), "--exit-on-error", "--single-transaction"]
    command += ["--no-owner", "--no-privileges", "--no-password"]
    target = environment(dsn)
    command += [f"--dbname={target.get('PGDATABASE', '')}"]
    with TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603 - see `find`
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, env=target
        )
        assert process.stdin is not None
        try:
            try:
                yield process.stdin
                process.stdin.close()
            except BrokenPipeError:
                process.wait(STOP_S)
            _end(process, said)
        finally:
            _stop(process)
            with suppress(BrokenPipeError):
                process.stdin.close()


def _end(process: "subprocess.Popen[bytes]", said: IO[bytes]) -> None:
    if process.wait() == 0:
        return
    size = said.seek(0, os.SEEK_END)
    said.seek(max(0, size - MOST_SAID))
    words = said.read().decode(errors="replace").strip()
    program = Path(str(process.args[0])).name if isinstance(process.args, list) else "it"
    raise DumpFailed(f"{program} ended with {process.returncode}: {words}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
