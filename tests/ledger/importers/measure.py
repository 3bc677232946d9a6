"""Reads a file in a process of its own and prints rows, peak megabytes and seconds."""

import resource
import sys
import time
from pathlib import Path

from plimsoll.ledger.importers.format import Options
from plimsoll.ledger.importers.reading import read_verdicts, recognise
from plimsoll.markets.service.catalogue import load_catalogue


def measure(path: Path) -> None:
    options = Options(catalogue=load_catalogue())
    begun = time.perf_counter()
    with path.open("rb") as file:
        found = read_verdicts(file, recognise(file, options), options, lambda _identity: False)
        rows = sum(1 for verdict in found if verdict.standing == "new")
    seconds = time.perf_counter() - begun
    sys.stdout.write(f"{rows} {peak_megabytes()} {seconds:.2f}\n")


def peak_megabytes() -> int:
    """Of this program alone: what `getrusage` tells begins with the size of who started it."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = [each for each in status.read_text().splitlines() if each.startswith("VmHWM")]
        return int(line.split()[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    measure(Path(sys.argv[1]))
