"""A process that watches, is told one price after the other, and is killed at any moment.

    python -m tests.alerts.dying DSN SEED FIRST COUNT

It says the number of each price whose steps are written. The prices are a walk that the seed
decides, so that another process can go on where this one was.
"""

import asyncio
import random
import sys
from decimal import Decimal

from plimsoll.kernel.clock import SystemClock
from plimsoll.plumbing.database import Database
from tests.alerts.desk import watching


def prices(seed: int, count: int) -> list[Decimal]:
    """Around 100, so that thresholds there are met often."""
    dice = random.Random(seed)  # noqa: S311 - a walk, no secret
    price, walk = Decimal(100), list[Decimal]()
    for _ in range(count):
        price += Decimal(dice.randint(-300, 300)) / 100 + (100 - price) / 20
        walk.append(round(price, 2))
    return walk


async def main(dsn: str, seed: int, first: int, count: int) -> None:
    database = await Database.connect(dsn, pool_size=3)
    async with watching(database, SystemClock()) as desk:
        await desk.until_watching()
        for number, price in enumerate(prices(seed, count)[first:], first):
            desk.say(price)
            await desk.settle()
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], *map(int, sys.argv[2:5])))
