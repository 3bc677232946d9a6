"""What a report costs as a file: seconds of one core, size and memory, and how they grow.

    python -m benchmarks.tax_files [--lines 10000] [--growth 4]

Each file is made in a fresh process, as the service's workers would make their first one; memory is
what its peak rose by while it was made. Every line has other amounts, a third of them an odd name.
"""

import argparse
import multiprocessing
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

from plimsoll.tax.reports.files import files_of, render
from tests.tax.reports.samples import META, NAMES, long


class Cost(NamedTuple):
    seconds: float
    size: int
    memory: int


def cost_of(name: str, lines: int) -> Cost:
    report = long(lines)
    before, start = _peak(), time.process_time()
    content = render(name, report, NAMES, META)
    return Cost(time.process_time() - start, len(content), _peak() - before)


def _peak() -> int:
    """Bytes; the kernel counts in units of 1,024."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--growth", type=int, default=4)
    asked = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    more = asked.lines * asked.growth
    print(f"{'file':16}{'lines':>9}{'seconds':>10}{'size':>10}{'memory':>10}{'growth':>9}")
    for file in files_of(long(1)):
        with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as pool:
            few, many = (
                pool.submit(cost_of, file.name, lines).result() for lines in (asked.lines, more)
            )
        growth = f"{many.seconds / few.seconds:.1f}" if few.seconds > 1 / 1000 else ""
        for lines, cost, shown in ((asked.lines, few, ""), (more, many, growth)):
            print(
                f"{file.name:16}{lines:9,}{cost.seconds:10.2f}{cost.size / 1e6:7.1f} MB"
                f"{cost.memory / 1e6:7.0f} MB{shown:>9}"
            )


if __name__ == "__main__":
    main()
