"""A browser for the tests of the page: the machine's own Chromium, or Debian's package of it.

    python -m tools.browser    says where it is; installs it first where that is possible

Playwright's own download is not used: it is a build of its own from a place of its own.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ELSEWHERE: Final = (
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
)
VARIABLE: Final = "PLIMSOLL_BROWSER"


class NoBrowser(RuntimeError):
    """A sentence that says what to install."""


def find_browser() -> Path | None:
    """What `PLIMSOLL_BROWSER` names, else what is on PATH or where systems put it."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    return next((path for path in ELSEWHERE if path.exists()), None)


def install() -> None:
    """Debian's package, where we may install one."""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        raise NoBrowser(f"no Chromium or Chrome was found: install one, or name it in {VARIABLE}")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        [apt, "-qq", "update"],
        [apt, "-qq", "install", "-y", "--no-install-recommends", "chromium"],
    ):
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603 - names of ours


def main() -> None:
    try:
        if find_browser() is None:
            sys.stdout.write("installing chromium\n")
            sys.stdout.flush()
            install()
    except (NoBrowser, subprocess.CalledProcessError) as error:
        sys.exit(f"The page cannot be tested: {error}")
    sys.stdout.write(f"{find_browser()}\n")


if __name__ == "__main__":
    main()
