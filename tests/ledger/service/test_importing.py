"""Others have their turn while a file is recorded."""

import asyncio
import gc
import time
from collections.abc import Iterator

import pytest

from tests.conftest import Person
from tests.ledger.importing import bring, do

ROWS = 5_000
LONGEST_S = 0.06
"""Of processor time between two turns of the event loop; a tenth of it is usual."""


@pytest.fixture(autouse=True)
def nothing_else_to_collect() -> Iterator[None]:
    """A service has frozen what it had when it started; here it is what all tests have left."""
    gc.collect()
    gc.freeze()
    gc.collect()
    yield
    gc.unfreeze()


def many() -> str:
    lines = ["date,kind,received_quantity,received_asset,sent_quantity,sent_asset\n"]
    lines += [
        f"2024-01-{1 + number % 28:02}T{number % 24:02}:00:00Z,,1,{coin},{number + 1},USD\n"
        for number, coin in zip(range(ROWS), ("BTC", "ETH", "SOL", "ADA") * ROWS, strict=False)
    ]
    return "".join(lines)


async def measure(longest: list[float]) -> None:
    """The most that the loop's own thread worked between two turns: however busy the machine is
    with others, that is not in it.
    """
    while True:
        before_s = time.thread_time()
        await asyncio.sleep(0.001)
        longest.append(time.thread_time() - before_s)


async def test_the_event_loop_goes_on_while_thousands_are_recorded_and_undone(ada: Person) -> None:
    made = await bring(ada.http, many())
    for what in ("commit", "undo"):
        longest = list[float]()
        measuring = asyncio.create_task(measure(longest))
        done = await do(ada.http, made, what)
        measuring.cancel()
        assert done["recorded"] == ROWS
        assert len(longest) > 10, "the loop had turns"
        assert max(longest) < LONGEST_S, f"{what}: {sorted(longest)[-5:]}"
