"""Password hashes: strong enough, no faster for strangers, and bounded."""

import asyncio
import statistics
import time
from collections.abc import Iterator

import pytest

from plimsoll.access.service.hashing import QUEUE_PER_WORKER, Busy, Hashing

FLOOR = {"memory_kib": 19_456, "iterations": 2}


@pytest.fixture
def hashing() -> Iterator[Hashing]:
    made = Hashing(**FLOOR)
    yield made
    made.close()


async def test_a_password_opens_its_own_hash_only(hashing: Hashing) -> None:
    stored = await hashing.hash("seven grey herons")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await hashing.verify("seven grey herons", stored)
    assert not await hashing.verify("seven grey heron", stored)
    assert not await hashing.verify("seven grey herons", "not a hash")
    assert not await hashing.verify("seven grey herons", None)


async def test_a_stranger_costs_as_much_as_a_wrong_password(hashing: Hashing) -> None:
    stored = await hashing.hash("seven grey herons")
    known, unknown = list[float](), list[float]()
    for _ in range(30):
        for times, given in ((known, stored), (unknown, None)):
            began = time.perf_counter()
            await hashing.verify("a wrong password", given)
            times.append(time.perf_counter() - began)

    ratio = statistics.median(unknown) / statistics.median(known)
    assert 0.6 < ratio < 1.7


async def test_a_full_queue_says_so() -> None:
    hashing = Hashing(**FLOOR, workers=1)
    try:
        answers = await asyncio.gather(
            *(hashing.verify("x", None) for _ in range(QUEUE_PER_WORKER + 3)),
            return_exceptions=True,
        )
    finally:
        hashing.close()
    assert sum(isinstance(answer, Busy) for answer in answers) == 3


async def test_hashing_leaves_the_event_loop_free(hashing: Hashing) -> None:
    work = asyncio.gather(*(hashing.verify("x", None) for _ in range(20)))
    ticks = 0
    while not work.done():
        await asyncio.sleep(0.001)
        ticks += 1
    await work
    assert ticks > 20
