"""Known faults of what requirements.lock pins, as pip-audit finds them.

    python -m tools.dependency_audit [LOCK]

Ends with 1 when there is a fault. What could not be asked about is not called sound: it is listed
as NOT CHECKED, and where nobody could be asked at all the end is still 0, so that a machine without
a network can go on.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

LOCK: Final = Path(__file__).parents[1] / "requirements.lock"
LONGEST_S: Final = 600


@dataclass(frozen=True, slots=True)
class Found:
    """Names with versions; `faults` are lines to print."""

    checked: tuple[str, ...]
    unchecked: tuple[str, ...]
    faults: tuple[str, ...]


def read(report: dict[str, Any]) -> Found:
    """What pip-audit's JSON says."""
    checked, unchecked, faults = list[str](), list[str](), list[str]()
    for each in report["dependencies"]:
        if "skip_reason" in each:
            unchecked.append(str(each["name"]))
            continue
        name = f"{each['name']} {each['version']}"
        checked.append(name)
        for fault in each["vulns"]:
            fixed = ", ".join(fault["fix_versions"]) or "no version"
            faults.append(f"FAULT {name}: {fault['id']}, fixed in {fixed}")
    return Found(tuple(checked), tuple(unchecked), tuple(faults))


def ask(lock: Path) -> str:
    """pip-audit's report; empty when it has none."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(lock)]
    how = ["--require-hashes", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    try:
        done = subprocess.run(  # noqa: S603 - a program of ours, on a file of ours
            [*command, *how], capture_output=True, text=True, timeout=LONGEST_S, check=False
        )
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout


def main(lock: Path, ask: Callable[[Path], str] = ask) -> int:
    try:
        found = read(json.loads(ask(lock)))
    except (ValueError, KeyError, TypeError):
        found = Found((), ("everything",), ())
    for line in found.faults:
        print(line)
    if not found.checked:
        print(f"NOT CHECKED: nobody could be asked about the faults of {lock.name}")
    else:
        print(f"{len(found.checked)} checked, {len(found.faults)} faults")
        if found.unchecked:
            print(f"NOT CHECKED: {', '.join(found.unchecked)}")
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else LOCK))
