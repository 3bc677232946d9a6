"""The peers' own environment: made once, pinned, apart from ours.

They are run as programs on files, each in a folder of its own that is also its home, so that none
finds the settings of whoever runs this.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[3]
PLACE: Final = ROOT / ".venv-oracle"
PINNED: Final = Path(__file__).with_name("requirements.txt")
MARK: Final = PLACE / "pinned.txt"
LONGEST_S: Final = 900


class PeerFailed(Exception):
    """A peer cannot be installed, or came to an end without an answer."""


def prepare() -> None:
    """Install what is pinned, unless it is there already. Raises PeerFailed."""
    wanted = PINNED.read_text()
    if MARK.exists() and MARK.read_text() == wanted:
        return
    sys.stdout.write("Setting up .venv-oracle (once; again when its requirements change)\n")
    sys.stdout.flush()
    uv = str(Path(sys.executable).with_name("uv"))
    _run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(PLACE)])
    python = str(PLACE / "bin" / "python")
    _run([uv, "pip", "install", "--quiet", "--python", python, "-r", str(PINNED)])
    MARK.write_text(wanted)


def run_in(home: Path, program: str, *words: str) -> str:
    """What a program of the environment writes. Raises PeerFailed."""
    return _run([str(PLACE / "bin" / program), *words], home)


def _run(command: list[str], home: Path | None = None) -> str:
    env = {**os.environ, "HOME": str(home)} if home else None
    done = subprocess.run(  # noqa: S603 -- our own words, no shell
        command,
        cwd=home,
        env=env,
        check=False,
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        said = (done.stderr or done.stdout)[-2000:]
        raise PeerFailed(f"{command[0]} ended with {done.returncode}:\n{said}")
    return done.stdout
