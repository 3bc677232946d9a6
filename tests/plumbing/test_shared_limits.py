"""Shared limits against a real Valkey that dies, hangs and forgets, and others that talk nonsense.

What they decide is in test_limits, for both forms.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from plimsoll.kernel.clock import SystemClock
from plimsoll.plumbing.limits import Charge, Limit, refused_by
from plimsoll.plumbing.shared_limits import (
    DEADLINE_S,
    MOST_TOGETHER,
    PREFIX,
    Nonsense,
    SharedLimiter,
    read,
)
from plimsoll.plumbing.telemetry import RATE_LIMIT_FALLBACK_ACTIVE, RATE_LIMIT_FALLBACKS
from tests.fakes.clock import ManualClock
from tests.plumbing.limit_forms import BY_HAND, EXACT, PATIENT_S, SECOND, START_US, set_clock
from tests.plumbing.valkey import Valkey

PROJECT = Path(__file__).parents[2]
TEN = Limit("ten", per_minute=10)
ROOMY = Limit("roomy", per_minute=60_000_000, burst=10_000_000)


@asynccontextmanager
async def sharing(url: str, deadline_s: float = DEADLINE_S) -> AsyncIterator[SharedLimiter]:
    limiter = SharedLimiter(url, SystemClock(), deadline_s=deadline_s)
    await limiter.open()
    try:
        yield limiter
    finally:
        await limiter.aclose()


@pytest.fixture
async def limiter(valkey: Valkey) -> AsyncIterator[SharedLimiter]:
    async with sharing(valkey.url, PATIENT_S) as limiter:
        assert not limiter.degraded
        yield limiter


@pytest.fixture
def mortal() -> Iterator[Valkey]:
    """A Valkey of this test's own."""
    server = Valkey()
    server.start()
    yield server
    server.close()


async def enter(limiter: SharedLimiter, limit: Limit = TEN, payer: str = "ann") -> bool:
    return refused_by(await limiter.spend([Charge(payer, limit)])) is None


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.01)


def gauge() -> float:
    return float(RATE_LIMIT_FALLBACK_ACTIVE._value.get())


def fallbacks(reason: str) -> float:
    return float(RATE_LIMIT_FALLBACKS.labels(reason)._value.get())


async def test_two_processes_of_many_tasks_share_one_allowance(valkey: Valkey) -> None:
    words = [sys.executable, "-m", "tests.plumbing.spender", valkey.url, "40", "20"]
    processes = [
        await asyncio.create_subprocess_exec(*words, cwd=PROJECT, stdout=asyncio.subprocess.PIPE)
        for _ in range(2)
    ]
    told = [
        (await process.communicate())[0].decode().splitlines()[-1].split() for process in processes
    ]

    assert [degraded for _, degraded in told] == ["False", "False"]
    assert sum(int(got) for got, _ in told) == 500  # of 1,600 that were tried


async def test_a_refusal_of_one_limit_takes_nothing_of_the_other(limiter: SharedLimiter) -> None:
    both = [Charge("ann", Limit("two", per_minute=2)), Charge("ann", TEN)]
    rulings = await asyncio.gather(*(limiter.spend(both) for _ in range(50)))

    assert sum(refused_by(ruling) is None for ruling in rulings) == 2
    (left,) = await limiter.spend([Charge("ann", TEN)])
    assert left.remaining == 7


async def test_requests_of_one_moment_travel_together(
    limiter: SharedLimiter, valkey: Valkey
) -> None:
    def count_reads() -> int:
        info = valkey.ask("INFO", "stats").decode()
        return int(info.partition("total_reads_processed:")[2].split()[0])

    before = count_reads()
    await asyncio.gather(*(enter(limiter, ROOMY) for _ in range(4 * MOST_TOGETHER)))
    assert count_reads() - before <= 20


async def test_its_places_end_some_time_after_they_matter(
    limiter: SharedLimiter, valkey: Valkey
) -> None:
    charge = Charge("ann", Limit("user", per_minute=60, burst=30), cost=30)
    await limiter.spend([charge])
    key = PREFIX + charge.place

    assert key == "plimsoll:limit:{ann}:user:"
    assert 85_000 < int(valkey.ask("PTTL", key).strip(b":\r\n")) <= 90_000  # 30 s, and a minute


async def test_a_server_that_forgot_the_script_is_told_it_again(
    limiter: SharedLimiter, valkey: Valkey
) -> None:
    assert await enter(limiter)
    valkey.ask("SCRIPT", "FLUSH")
    entered = await asyncio.gather(*(enter(limiter) for _ in range(12)))

    assert sum(entered) == 9
    assert not limiter.degraded


async def test_something_else_at_a_place_does_not_stop_anybody(
    limiter: SharedLimiter, valkey: Valkey
) -> None:
    place = PREFIX + Charge("ann", TEN).place
    valkey.ask("RPUSH", place, "what is this")
    assert await enter(limiter)
    valkey.ask("SET", place, "\x00 no numbers 9:")
    assert [await enter(limiter) for _ in range(11)] == [True] * 10 + [False]
    assert not limiter.degraded


@pytest.mark.parametrize("limit", [SECOND, EXACT])
async def test_a_servers_clock_that_steps_back_an_hour_locks_nobody_out(
    valkey: Valkey, limit: Limit
) -> None:
    set_clock(valkey, START_US)
    limiter = SharedLimiter(valkey.url, ManualClock(), deadline_s=PATIENT_S, script=BY_HAND)
    await limiter.open()
    while await enter(limiter, limit):
        pass
    set_clock(valkey, START_US - 3_600_000_000)
    (refused,) = await limiter.spend([Charge("ann", limit)])
    assert not refused.allowed

    set_clock(valkey, START_US - 3_600_000_000 + round(refused.retry_after_s * 1e6))
    assert refused.retry_after_s <= 61
    assert await enter(limiter, limit)
    await limiter.aclose()


# Away


async def test_a_server_that_dies_is_done_without_and_taken_again(mortal: Valkey) -> None:
    async with sharing(mortal.url, PATIENT_S) as limiter:
        assert [await enter(limiter) for _ in range(4)] == [True] * 4
        away = fallbacks("away")
        mortal.kill()

        entered = [await enter(limiter) for _ in range(7)]
        assert entered == [True] * 6 + [False]  # what this process has let in still counts
        await until(lambda: limiter.degraded)
        assert gauge() == 1
        assert fallbacks("away") == away + 1

        mortal.start()
        await until(lambda: not limiter.degraded)
        assert gauge() == 0
        assert await enter(limiter)  # a server that kept nothing begins anew
        assert b"ten" in mortal.ask("KEYS", "*")


async def test_a_server_that_hangs_costs_one_deadline_and_not_one_for_each(
    mortal: Valkey,
) -> None:
    async with sharing(mortal.url) as limiter:
        await until(lambda: not limiter.degraded)
        slow = fallbacks("slow")
        mortal.hang()
        began = time.monotonic()
        entered = await asyncio.gather(*(enter(limiter) for _ in range(300)))
        first_s = time.monotonic() - began
        assert sum(entered) == 10
        assert DEADLINE_S <= first_s < 1.0
        assert fallbacks("slow") == slow + 1

        waits = []
        for _ in range(200):
            began = time.monotonic()
            await enter(limiter, ROOMY)
            waits.append(time.monotonic() - began)
            await asyncio.sleep(0.005)
        assert limiter.degraded
        # Nobody waits for the trials in the background; a busy machine has a pause of its own.
        assert sorted(waits)[180] < DEADLINE_S / 5

        mortal.go_on()
        await until(lambda: not limiter.degraded)
        assert await enter(limiter, ROOMY)


async def test_without_a_server_it_begins_alone_and_finds_it_later(mortal: Valkey) -> None:
    mortal.kill()
    async with sharing(mortal.url) as limiter:
        assert limiter.degraded
        assert gauge() == 1
        assert await enter(limiter)
        mortal.start()
        await until(lambda: not limiter.degraded)


async def test_dying_and_coming_back_under_load_answers_everybody(mortal: Valkey) -> None:
    async with sharing(mortal.url) as limiter:
        over = False
        answered = 0

        async def go_on() -> None:
            nonlocal answered
            while not over:
                async with asyncio.timeout(1.0):
                    assert await enter(limiter, ROOMY)
                answered += 1
                await asyncio.sleep(0)

        tasks = [asyncio.create_task(go_on()) for _ in range(20)]
        for _ in range(3):
            await asyncio.sleep(0.1)
            await asyncio.to_thread(mortal.kill)
            await asyncio.sleep(0.1)
            await asyncio.to_thread(mortal.start)
            await until(lambda: not limiter.degraded)
        over = True
        await asyncio.gather(*tasks)
        assert answered > 1_000
        assert connections_of(mortal) <= 3  # of which one asks


def connections_of(server: Valkey) -> int:
    return server.ask("CLIENT", "LIST").count(b"id=")


async def test_whoever_gives_up_waiting_is_in_nobodys_way(limiter: SharedLimiter) -> None:
    tasks = [asyncio.create_task(enter(limiter, ROOMY)) for _ in range(10)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    entered = await asyncio.gather(*tasks, return_exceptions=True)

    assert entered[1::2] == [True] * 5
    assert not limiter.degraded


async def test_who_waits_at_the_end_is_answered(mortal: Valkey) -> None:
    async with sharing(mortal.url) as limiter:
        mortal.hang()
        waiting = [asyncio.create_task(enter(limiter)) for _ in range(3)]
        await asyncio.sleep(0)
    assert await asyncio.gather(*waiting) == [True] * 3


# Nonsense


Answer = Callable[[bytes], bytes]


@asynccontextmanager
async def talking(answer: Answer) -> AsyncIterator[str]:
    """A server that accepts, and answers whatever it is sent with this."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while asked := await reader.read(65_536):
            writer.write(answer(asked))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield f"redis://127.0.0.1:{port}/0"


@pytest.mark.parametrize(
    "text",
    [
        b"+OK\r\n",
        b":1\r\n",
        b"$-1\r\n",
        b"*0\r\n",
        b"*4\r\n:1\r\n:5\r\n:0\r\n$1\r\nx\r\n",
        b"*4\r\n:2\r\n:5\r\n:0\r\n:0\r\n",
        b"*4\r\n:1\r\n:-5\r\n:0\r\n:0\r\n",
        b"*4\r\n:1\r\n:99999999\r\n:0\r\n:0\r\n",
        b"-READONLY You can't write against a read only replica.\r\n",
        b"-NOSCRIPT No matching script.\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\xff\x00\xfe\r\n" * 50,
    ],
)
async def test_who_answers_nonsense_is_done_without(text: bytes) -> None:
    async with talking(lambda _: text) as url, sharing(url) as limiter:
        assert limiter.degraded
        assert [await enter(limiter) for _ in range(11)] == [True] * 10 + [False]


async def test_one_who_begins_to_talk_nonsense_is_left(limiter: SharedLimiter) -> None:
    before = fallbacks("nonsense")
    limiter._sha = "0" * 40  # the server does not know it, and never will

    assert [await enter(limiter) for _ in range(11)] == [True] * 10 + [False]
    assert limiter.degraded
    assert fallbacks("nonsense") == before + 1


def test_an_answer_has_four_numbers_for_each_charge() -> None:
    charges = [Charge("ann", TEN), Charge("ann", SECOND)]
    ten, second = read(charges, [1, 9, 61_000_000, 0, 0, 0, 3_000_000, 1_000_000])
    assert (ten.allowed, ten.remaining, ten.reset_s) == (True, 9, 61.0)
    assert (second.allowed, second.retry_after_s) == (False, 1.0)

    for nonsense in ([], [1, 9, 0, 0], [1, 9, 0, 0, True, 0, 0, 0], [1, 11, 0, 0, 1, 1, 1, 1], "x"):
        with pytest.raises(Nonsense):
            read(charges, nonsense)
