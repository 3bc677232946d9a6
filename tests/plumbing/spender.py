"""A process that spends from shared limits with many tasks at once, and prints what it got.

python -m tests.plumbing.spender <url> <tasks> <calls of each>
"""

import asyncio
import sys

from plimsoll.kernel.clock import SystemClock
from plimsoll.plumbing.limits import Charge, Limit, refused_by
from plimsoll.plumbing.shared_limits import SharedLimiter

CHARGES = (
    Charge("ann", Limit("api-key", per_minute=500), "key"),
    Charge("ann", Limit("user", per_minute=1, burst=700)),
)


async def main(url: str, tasks: int, calls: int) -> None:
    limiter = SharedLimiter(url, SystemClock(), deadline_s=5.0)
    await limiter.open()

    async def spend() -> int:
        got = 0
        for _ in range(calls):
            got += refused_by(await limiter.spend(CHARGES)) is None
        return got

    got = sum(await asyncio.gather(*(spend() for _ in range(tasks))))
    print(got, limiter.degraded)  # noqa: T201 - read by the test
    await limiter.aclose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
