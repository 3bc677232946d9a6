"""Work for processes. Run by tests as `python sums.py`: a parent that is to be killed while its
child calculates; prints the child's number.
"""

import asyncio
import os
import sys

from plimsoll.plumbing.jobs.processes import Processes


def add_up(count: int) -> int:
    return sum(range(count))


def fail(reason: str) -> None:
    raise ValueError(reason)


def take_for_ever() -> None:
    while True:
        add_up(1000)


async def main() -> None:
    processes = Processes(1)
    sys.stdout.write(f"{await processes.run(os.getpid)}\n")
    sys.stdout.flush()
    await processes.run(take_for_ever)


if __name__ == "__main__":
    asyncio.run(main())
