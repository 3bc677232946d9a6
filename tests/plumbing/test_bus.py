"""The contract of every Bus, over a fixture with one form now."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from plimsoll.plumbing.bus import (
    MAX_PAYLOAD_BYTES,
    BadSubject,
    Bus,
    BusClosed,
    LocalBus,
    Message,
    NoAnswer,
    Overflow,
    PayloadTooLarge,
    Subscription,
)


@pytest.fixture(params=["local"])
async def bus() -> AsyncIterator[Bus]:
    bus = LocalBus(grace_s=0.2)
    yield bus
    await bus.aclose()


async def take(subscription: Subscription, count: int) -> list[Message]:
    async with asyncio.timeout(2):
        return [await anext(subscription) for _ in range(count)]


async def payloads(subscription: Subscription, count: int) -> list[bytes]:
    return [message.payload for message in await take(subscription, count)]


async def echo(message: Message) -> bytes:
    return b"echo " + message.payload


# Delivery


async def test_everyone_subscribed_receives_in_order(bus: Bus) -> None:
    async with await bus.subscribe("prices.btc") as one, await bus.subscribe("prices.btc") as two:
        for number in range(3):
            await bus.publish("prices.btc", b"%d" % number)

        assert await payloads(one, 3) == [b"0", b"1", b"2"]
        assert await payloads(two, 3) == [b"0", b"1", b"2"]


async def test_what_was_published_before_is_not_delivered(bus: Bus) -> None:
    await bus.publish("prices.btc", b"early")
    async with await bus.subscribe("prices.btc") as late:
        await bus.publish("prices.btc", b"now")

        assert await payloads(late, 1) == [b"now"]


@pytest.mark.parametrize(
    ("pattern", "received"),
    [
        ("prices.btc", ["prices.btc"]),
        ("prices.*", ["prices.btc", "prices.eth"]),
        ("*.btc", ["prices.btc", "trades.btc"]),
        ("prices.*.usd", ["prices.btc.usd"]),
        ("prices.>", ["prices.btc", "prices.eth", "prices.btc.usd"]),
        ("*.*.>", ["prices.btc.usd"]),
        (">", ["prices", "prices.btc", "prices.eth", "prices.btc.usd", "trades.btc"]),
    ],
)
async def test_wildcards_match_as_on_nats(bus: Bus, pattern: str, received: list[str]) -> None:
    subjects = ["prices", "prices.btc", "prices.eth", "prices.btc.usd", "trades.btc"]
    async with await bus.subscribe(pattern) as subscription:
        for subject in subjects:
            await bus.publish(subject, b"")
        await bus.aclose()

        assert [message.subject async for message in subscription] == received


async def test_a_subject_known_before_reaches_a_later_subscriber_until_it_leaves(bus: Bus) -> None:
    await bus.publish("prices.btc", b"nobody")
    first = await bus.subscribe("prices.*")
    await bus.publish("prices.btc", b"first")
    async with await bus.subscribe("prices.btc") as second:
        await bus.publish("prices.btc", b"both")
        await first.aclose()
        await bus.publish("prices.btc", b"second")

        assert await payloads(second, 2) == [b"both", b"second"]
    assert [message.payload async for message in first] == [b"first", b"both"]


@pytest.mark.parametrize(
    "subject", ["", ".", "a.", ".a", "a..b", "a b", "a.*", ">", "a\n", "x" * 256]
)
async def test_a_bad_subject_is_refused(bus: Bus, subject: str) -> None:
    with pytest.raises(BadSubject):
        await bus.publish(subject, b"")


@pytest.mark.parametrize("pattern", ["", "a.", "a.>.b", "a*", "a.b>", "*.", "x" * 256])
async def test_a_bad_pattern_is_refused(bus: Bus, pattern: str) -> None:
    with pytest.raises(BadSubject):
        await bus.subscribe(pattern)


async def test_a_payload_of_the_largest_size_passes_and_one_byte_more_does_not(bus: Bus) -> None:
    async with await bus.subscribe("big") as subscription:
        await bus.publish("big", bytes(MAX_PAYLOAD_BYTES))
        assert len((await payloads(subscription, 1))[0]) == MAX_PAYLOAD_BYTES
    with pytest.raises(PayloadTooLarge):
        await bus.publish("big", bytes(MAX_PAYLOAD_BYTES + 1))


# Slow subscribers


async def test_a_slow_reader_of_prices_gets_the_newest_and_is_told_what_it_missed(bus: Bus) -> None:
    async with await bus.subscribe("prices", capacity=3) as slow:
        with capture_logs() as logs:
            for number in range(10):
                await bus.publish("prices", b"%d" % number)
            received = await take(slow, 3)

        assert [message.payload for message in received] == [b"7", b"8", b"9"]
        assert [message.missed for message in received] == [7, 0, 0]
        assert slow.missed == 7
        assert [line["event"] for line in logs] == ["slow_subscriber"]


async def test_a_slow_reader_of_requests_keeps_those_that_came_first(bus: Bus) -> None:
    async with await bus.subscribe("ask", capacity=3, overflow=Overflow.DROP_NEWEST) as slow:
        for number in range(5):
            await bus.publish("ask", b"%d" % number)
        received = await take(slow, 3)
        await bus.publish("ask", b"after")
        received += await take(slow, 1)

        assert [message.payload for message in received] == [b"0", b"1", b"2", b"after"]
        assert [message.missed for message in received] == [0, 0, 0, 2]


async def test_a_slow_reader_costs_the_publisher_and_the_others_nothing(bus: Bus) -> None:
    stuck = asyncio.Event()

    async def hang(_: Message) -> None:
        await stuck.wait()

    await bus.subscribe("prices", hang, capacity=1)
    async with await bus.subscribe("prices") as quick, asyncio.timeout(2):
        for number in range(100):
            await bus.publish("prices", b"%d" % number)

        assert await payloads(quick, 100) == [b"%d" % number for number in range(100)]
    stuck.set()


async def test_what_is_delivered_and_what_is_missed_add_up(bus: Bus) -> None:
    """A reader of any pace can account for every message."""
    async with await bus.subscribe("ticks", capacity=4) as subscription:
        received: list[Message] = []
        for number in range(200):
            await bus.publish("ticks", b"%d" % number)
            if number % 7 == 0:
                received += await take(subscription, 1)
        received += await take(subscription, 4)

    assert len(received) + subscription.missed == 200
    numbers = [-1, *[int(message.payload) for message in received]]
    gaps = [later - earlier - 1 for earlier, later in pairwise(numbers)]
    assert gaps == [message.missed for message in received]


# Handlers


async def test_a_handler_that_raises_is_logged_and_gets_the_next_message(bus: Bus) -> None:
    handled: asyncio.Queue[bytes] = asyncio.Queue()

    async def fragile(message: Message) -> None:
        if message.payload == b"bad":
            raise RuntimeError("cannot read this")
        await handled.put(message.payload)

    await bus.subscribe("facts", fragile)
    async with await bus.subscribe("facts") as other, asyncio.timeout(2):
        with capture_logs() as logs:
            for payload in (b"one", b"bad", b"two"):
                await bus.publish("facts", payload)
            assert [await handled.get(), await handled.get()] == [b"one", b"two"]

        assert await payloads(other, 3) == [b"one", b"bad", b"two"]
        assert [(line["event"], line["exc_info"]) for line in logs] == [("handler_failed", True)]


# Requests


async def test_a_request_gets_the_answer_of_the_handler(bus: Bus) -> None:
    await bus.subscribe("echo.*", echo)
    answers = await asyncio.gather(
        *[bus.request(f"echo.{n}", b"%d" % n, timeout_s=2) for n in range(20)]
    )

    assert answers == [b"echo %d" % n for n in range(20)]


async def test_a_request_that_nobody_hears_fails_at_once(bus: Bus) -> None:
    async with asyncio.timeout(1):
        with pytest.raises(NoAnswer) as caught:
            await bus.request("nowhere", b"", timeout_s=60)
    assert caught.value.code == "no-answer"


async def test_a_request_that_nobody_answers_in_time_fails(bus: Bus) -> None:
    async with await bus.subscribe("silent"):
        with pytest.raises(NoAnswer):
            await bus.request("silent", b"", timeout_s=0.02)


async def test_an_answer_that_comes_too_late_is_dropped(bus: Bus) -> None:
    async with await bus.subscribe("late") as asked:
        with pytest.raises(NoAnswer):
            await bus.request("late", b"", timeout_s=0.02)
        (message,) = await take(asked, 1)
        assert message.reply_to is not None
        await bus.publish(message.reply_to, b"sorry")


async def test_the_first_of_two_answers_counts(bus: Bus) -> None:
    async with await bus.subscribe("ask") as asked:
        request = asyncio.create_task(bus.request("ask", b"", timeout_s=2))
        (message,) = await take(asked, 1)
        assert message.reply_to is not None
        await bus.publish(message.reply_to, b"first")
        await bus.publish(message.reply_to, b"second")

        assert await request == b"first"


async def test_a_failing_handler_leaves_its_caller_without_an_answer(bus: Bus) -> None:
    async def broken(_: Message) -> bytes:
        raise RuntimeError("no")

    await bus.subscribe("broken", broken)
    with pytest.raises(NoAnswer):
        await bus.request("broken", b"", timeout_s=0.05)


# Closing


async def test_closing_ends_readers_after_what_is_queued_and_refuses_more(bus: Bus) -> None:
    subscription = await bus.subscribe("facts")
    waiting = asyncio.create_task(anext(await bus.subscribe("nothing")))
    await asyncio.sleep(0)
    await bus.publish("facts", b"last")

    await bus.aclose()
    await bus.aclose()

    assert [message.payload async for message in subscription] == [b"last"]
    with pytest.raises(StopAsyncIteration):
        await waiting
    with pytest.raises(BusClosed):
        await bus.publish("facts", b"")
    with pytest.raises(BusClosed):
        await bus.subscribe("facts")


async def test_closing_lets_handlers_finish_but_not_for_ever(bus: Bus) -> None:
    done: list[bytes] = []

    async def note(message: Message) -> None:
        await asyncio.sleep(0.001)
        done.append(message.payload)

    async def hang(_: Message) -> None:
        await asyncio.Event().wait()

    await bus.subscribe("facts", note)
    await bus.subscribe("facts", hang)
    for number in range(5):
        await bus.publish("facts", b"%d" % number)
    async with asyncio.timeout(2):
        await bus.aclose()

    assert done == [b"0", b"1", b"2", b"3", b"4"]
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("bus ")]


async def test_closing_answers_open_requests_with_no_answer(bus: Bus) -> None:
    await bus.subscribe("silent")
    request = asyncio.create_task(bus.request("silent", b"", timeout_s=60))
    await asyncio.sleep(0.01)

    await bus.aclose()

    async with asyncio.timeout(1):
        with pytest.raises(NoAnswer):
            await request


async def test_an_answer_given_while_the_bus_closes_is_no_failure_of_the_handler(bus: Bus) -> None:
    async def slow(_: Message) -> bytes:
        await asyncio.sleep(0.05)
        return b"done"

    await bus.subscribe("work", slow)
    request = asyncio.create_task(bus.request("work", b"", timeout_s=2))
    await asyncio.sleep(0.01)
    with capture_logs() as logs:
        await bus.aclose()

    with pytest.raises(NoAnswer):
        await request
    assert logs == []


async def test_a_handler_may_close_its_own_subscription(bus: Bus) -> None:
    seen: list[bytes] = []
    finished = asyncio.Event()

    async def once(message: Message) -> None:
        seen.append(message.payload)
        await subscription.aclose()
        finished.set()

    subscription = await bus.subscribe("facts", once)
    await bus.publish("facts", b"one")
    async with asyncio.timeout(2):
        await finished.wait()
    await bus.publish("facts", b"two")
    await asyncio.sleep(0.01)

    assert seen == [b"one"]
