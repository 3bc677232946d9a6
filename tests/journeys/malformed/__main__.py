"""More malformed inputs than anybody will send: `python -m tests.journeys.malformed`."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.journeys.malformed.run import Onslaught


def main() -> None:
    asking = argparse.ArgumentParser(description=__doc__)
    asking.add_argument("--inputs", type=int, default=115_000)
    asking.add_argument("--seed", type=int, default=1)
    asking.add_argument("--lines", type=int, default=8, help="connections at once")
    given = asking.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        onslaught = Onslaught(Path(folder) / "desk", seed=given.seed, lines=given.lines)
        figures = asyncio.run(onslaught.run(given.inputs))
    print(figures)  # noqa: T201 - a script
    print(*figures.faults[:40], *figures.stacks[:10], *figures.leaks[:10], sep="\n")  # noqa: T201
    good = not (figures.faults or figures.stacks or figures.leaks) and figures.alive
    steady = (
        figures.slope < 0.01 and figures.growth < 0.10 and figures.more_descriptors <= given.lines
    )
    sys.exit(0 if good and steady and max(figures.probes_s) < 1 else 1)


if __name__ == "__main__":
    main()
