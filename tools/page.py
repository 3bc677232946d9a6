"""The web page from its sources in ui/, with the Node of this machine or one from a wheel.

python -m tools.page ensure    build it when it is missing or older than its sources
python -m tools.page build     build it anew
python -m tools.page check     types and style of ui/, and its client beside openapi.json
python -m tools.page client    make the client of openapi.json anew
python -m tools.page test      the tests of ui/

Knows the standard library only: the build of a wheel runs it as well, in an environment of its own.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

PROJECT: Final = Path(__file__).parents[1]
SOURCES: Final = PROJECT / "ui"
BUILT: Final = PROJECT / "src" / "plimsoll" / "static"
STAMP: Final = BUILT / ".built-from"
"""The digest of the sources that the page was built from."""
CLIENT: Final = SOURCES / "src" / "api" / "schema.d.ts"
NODE_LOCK: Final = PROJECT / "requirements-node.lock"
NOT_SOURCES: Final = frozenset({"node_modules", "tests", "dist"})

WINDOWS: Final = sys.platform == "win32"
NPM: Final = "npm.cmd" if WINDOWS else "npm"


class CannotBuild(RuntimeError):
    """A sentence that says what is missing."""


def is_built() -> bool:
    return (BUILT / "index.html").is_file()


def is_current() -> bool:
    return is_built() and STAMP.is_file() and STAMP.read_text("utf-8") == digest_sources()


def digest_sources() -> str:
    """Of names and contents, so that neither a checkout nor a copy makes the page look old."""
    digest = hashlib.sha256()
    for path in _source_files(SOURCES):
        digest.update(f"{path.relative_to(SOURCES).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _source_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in NOT_SOURCES or path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _source_files(path)
        else:
            yield path


def find_node() -> Path | None:
    """The folder of a Node that is new enough, with its npm: of PATH, or beside this Python."""
    on_path = shutil.which(NPM)
    places = [Path(on_path).parent] if on_path else []
    for folder in (*places, Path(sysconfig.get_path("scripts"))):
        if (folder / NPM).exists() and _is_new_enough(folder):
            return folder
    return None


def _is_new_enough(folder: Path) -> bool:
    """What Vite asks for: 20.19, 22.12 or newer."""
    node = shutil.which("node", path=f"{folder}{os.pathsep}{os.environ.get('PATH', '')}")
    if node is None:
        return False
    said = subprocess.run(  # noqa: S603 - the Node that was found
        [node, "--version"], capture_output=True, text=True, check=False
    ).stdout
    found = re.match(r"v(\d+)\.(\d+)", said)
    if found is None:
        return False
    version = (int(found[1]), int(found[2]))
    return (20, 19) <= version < (21, 0) or version >= (22, 12)


def get_node() -> Path:
    """The same; where there is none it is installed into this environment first."""
    if (found := find_node()) is not None:
        return found
    uv = Path(sys.executable).with_name("uv.exe" if WINDOWS else "uv")
    if sys.prefix == sys.base_prefix or not uv.exists():
        raise CannotBuild("it takes Node 20.19 or newer, with npm; https://nodejs.org has it")
    print("No Node here: one is installed into .venv, for the page only (60 MB, once)", flush=True)
    command = [str(uv), "pip", "install", "--quiet", "--require-hashes"]
    _run([*command, "--python", sys.executable, "-r", str(NODE_LOCK)], cwd=PROJECT)
    if (installed := find_node()) is None:
        raise CannotBuild("the Node that was installed into .venv does not run here")
    return installed


def _run(command: list[str], *, cwd: Path, node: Path | None = None) -> None:
    environment = dict(os.environ)
    if node is not None:
        environment["PATH"] = f"{node}{os.pathsep}{environment.get('PATH', '')}"
    done = subprocess.run(  # noqa: S603 - our own commands
        command, cwd=cwd, env=environment, check=False
    )
    if done.returncode:
        named = " ".join([Path(command[0]).name, *command[1:3]])
        raise CannotBuild(f"`{named}` ended with {done.returncode}")


def npm(*words: str) -> None:
    """Run npm in ui/, with what its lock names installed."""
    node = get_node()
    command = str(node / NPM)
    lock, installed = SOURCES / "package-lock.json", SOURCES / "node_modules/.package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime:
        print("Installing what builds the page (again when ui/package-lock.json changes)")
        sys.stdout.flush()
        quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        _run([command, "ci", *quiet], cwd=SOURCES, node=node)
    _run([command, *words], cwd=SOURCES, node=node)


def build() -> None:
    digest = digest_sources()
    npm("run", "build", "--silent")
    if not is_built():
        raise CannotBuild(f"the build left no {BUILT / 'index.html'}")
    STAMP.write_text(digest, "utf-8")


def ensure() -> None:
    if not is_current():
        print("Building the page (again when ui/ changes)", flush=True)
        build()


def check() -> None:
    npm("run", "check", "--silent")
    with TemporaryDirectory() as folder:
        made = Path(folder) / CLIENT.name
        npm("exec", "--offline", "--", "openapi-typescript", "../openapi.json", "-o", str(made))
        if not CLIENT.is_file() or made.read_bytes() != CLIENT.read_bytes():
            raise CannotBuild(f"{CLIENT.relative_to(PROJECT)} is old: `make client` makes it anew")


def main(arguments: list[str]) -> int:
    commands: dict[str, Callable[[], None]] = {
        "ensure": ensure,
        "build": build,
        "check": check,
        "client": lambda: npm("run", "client", "--silent"),
        "test": lambda: npm("test", "--silent"),
    }
    if len(arguments) != 1 or arguments[0] not in commands:
        print(__doc__)
        return 2
    try:
        commands[arguments[0]]()
    except CannotBuild as error:
        print(f"{arguments[0]}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
