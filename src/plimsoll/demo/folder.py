"""The folder of a demo, marked as one: what is invented never meets what is real.

A demo takes only a folder that is empty or its own, and the service refuses one that is marked. The
mark says which story is in it, and whether it was told to its end.
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

from platformdirs import user_data_path

from plimsoll.kernel.errors import Conflict

MARK: Final = "demo.json"
DEFAULT_SEED: Final = 7


class DemoFolder(Conflict):
    """Invented data, where real data is asked for."""

    code = "demo-folder"
    title = "This data directory belongs to a demo"


class NotADemoFolder(Conflict):
    """Something else is there, or another demo than the one that is asked for."""

    code = "not-a-demo-folder"
    title = "The demo cannot use this data directory"


@dataclass(frozen=True, slots=True)
class Mark:
    """Which story is told here. `until`: the UTC day, as text, at whose beginning it ends."""

    seed: int
    until: str
    told: bool = False

    @property
    def day(self) -> date:
        return date.fromisoformat(self.until)


def default_folder() -> Path:
    """Beside the one of the service, and never the same."""
    return user_data_path("plimsoll-demo", appauthor=False)


def find_mark(folder: Path) -> Mark | None:
    """None: no demo was ever there. Raises NotADemoFolder for a mark that nobody can read."""
    try:
        text = (folder / MARK).read_text("utf-8")
    except FileNotFoundError:
        return None
    try:
        said = json.loads(text)
        mark = Mark(int(said["seed"]), str(said["until"]), bool(said["told"]))
        date.fromisoformat(mark.until)
    except (ValueError, KeyError, TypeError):
        raise NotADemoFolder(f"{folder / MARK} cannot be read: remove the folder") from None
    return mark


def refuse_demo(folder: Path) -> None:
    """Raises DemoFolder; for the service itself."""
    if (folder / MARK).exists():
        raise DemoFolder(f"{folder} is a demo's: start it with `plimsoll demo`, or name another")


def claim(folder: Path, *, seed: int | None, until: date | None, today: date) -> Mark:
    """The mark of this folder, made where there is none. Raises NotADemoFolder."""
    mark = find_mark(folder)
    if mark is None:
        if folder.exists() and any(folder.iterdir()):
            raise NotADemoFolder(f"{folder} is not empty and no demo's: name another --data-dir")
        folder.mkdir(parents=True, exist_ok=True)
        mark = Mark(DEFAULT_SEED if seed is None else seed, (until or today).isoformat())
        _write(folder, mark)
    if seed not in {None, mark.seed} or until not in {None, mark.day}:
        raise NotADemoFolder(
            f"{folder} has the demo of seed {mark.seed} until {mark.until}: name another --data-dir"
        )
    return mark


def note_told(folder: Path, mark: Mark) -> Mark:
    """The story is there: the next start only opens it."""
    told = replace(mark, told=True)
    _write(folder, told)
    return told


def _write(folder: Path, mark: Mark) -> None:
    path = folder / MARK
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(asdict(mark)) + "\n", "utf-8")
    draft.replace(path)
