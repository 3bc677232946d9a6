"""What is further back than a log remembers is told page by page from where it is stored, whole, in
order, and nothing of it twice, whatever happens meanwhile.
"""

import asyncio
import random
from collections.abc import Sequence

import msgspec
import pytest

from plimsoll.kernel.errors import Unavailable
from plimsoll.plumbing.streams.messages import Subscribe
from plimsoll.plumbing.streams.topics import Caller, Log, Page, Topic
from tests.plumbing.streams.desk import Desk, Ear, EntryBody, ask, running, until


class Archive(Log):
    """Remembers three entries and stores all; their numbers have gaps."""

    keeps = True

    def __init__(self) -> None:
        super().__init__("archive", "", seq=0, private=False, remembered=3)
        self.stored: list[tuple[int, bytes]] = []
        self.away: Exception | None = None
        self.pages = 0
        self.meanwhile = 0
        """Entries written while a page is being read."""

    def write(self, text: str, number: int | None = None) -> None:
        seq = self.seq + 7 if number is None else number
        body = msgspec.json.encode(EntryBody([text]))
        self.stored.append((seq, body))
        self.append(body, seq)

    async def read_on(self, seq: int) -> Page:
        until_seq = self.seq
        if self.away is not None:
            raise self.away
        found = [each for each in self.stored if seq < each[0] <= until_seq][:10]
        self.pages += 1
        for _ in range(self.meanwhile):
            self.write(f"entry {len(self.stored)}")
        await asyncio.sleep(0.001)
        return Page(found, found[-1][0] if len(found) == 10 else until_seq)

    def snapshot(self) -> bytes:
        return msgspec.json.encode(EntryBody([]))


class Archives:
    name = "archive"
    request = Subscribe
    body = EntryBody

    def __init__(self) -> None:
        self.topic = Archive()

    async def open(self, request: Subscribe, caller: Caller | None) -> Sequence[Log]:
        _ = request, caller
        return [self.topic]

    def collect(self) -> None: ...

    def release(self, topic: Topic) -> None: ...


def archive_of(desk: Desk) -> Archive:
    archives = Archives()
    desk.hub.register(archives)
    return archives.topic


async def hear(ear: Ear, since: int, count: int) -> list[str]:
    """The next entries; each follows the one before it."""
    told: list[str] = []
    while len(told) < count:
        said = await ear.next()
        if said.get("type") == "snapshot":
            assert said["seq"] >= since
            since = said["seq"]
        elif "op" not in said and said["seq"] > since:
            assert said["prev"] == since, (said, since)
            told += said["entries"]
            since = said["seq"]
    return told


async def test_all_that_is_stored_is_told_and_then_what_comes() -> None:
    async with running() as desk, desk.connect() as socket:
        archive = archive_of(desk)
        for number in range(45):
            archive.write(f"entry {number}")
        archive.meanwhile = 2
        await ask(socket, "subscribe", channel="archive", since_seq=archive.stored[4][0])
        told = await hear(Ear(socket), archive.stored[4][0], 48)
        archive.meanwhile = 0
        assert told == [f"entry {number}" for number in range(5, 53)]


async def test_a_number_between_two_events_is_as_good_as_that_of_the_first() -> None:
    async with running() as desk, desk.connect() as socket:
        archive = archive_of(desk)
        for number in range(20):
            archive.write(f"entry {number}")
        for seq in (archive.stored[3][0] + 1, archive.stored[18][0] + 1):
            await ask(socket, "subscribe", channel="archive", since_seq=seq)
            ear = Ear(socket)
            await ear.next_of("subscribed")
            first = await ear.next()
            assert (first["type"], first["prev"]) == ("update", seq)
            while (await ear.next())["type"] != "snapshot":
                pass


async def test_what_has_not_come_yet_is_forgotten_and_nothing_is_read() -> None:
    async with running() as desk, desk.connect() as socket:
        archive = archive_of(desk)
        archive.write("entry 0")
        await ask(socket, "subscribe", channel="archive", since_seq=10**12)
        ear = Ear(socket)
        assert (await ear.next_of("resync"))["reason"] == "forgotten"
        assert archive.pages == 0


async def test_what_cannot_be_read_now_ends_the_subscription_and_says_why() -> None:
    async with running() as desk, desk.connect() as socket:
        archive = archive_of(desk)
        for number in range(20):
            archive.write(f"entry {number}")
        archive.away = Unavailable("the database is away")
        await ask(socket, "subscribe", channel="archive", since_seq=0)
        ear = Ear(socket)
        ended = await ear.next_of("unsubscribed")
        assert (ended["sub"], ended["reason"]) == ("archive", "unavailable")
        archive.away = None
        await ask(socket, "subscribe", channel="archive", since_seq=0)
        assert await hear(ear, 0, 20) == [f"entry {number}" for number in range(20)]


async def test_whoever_leaves_or_asks_anew_is_not_told_what_was_on_its_way() -> None:
    async with running() as desk:
        async with desk.connect() as socket:
            archive = archive_of(desk)
            for number in range(200):
                archive.write(f"entry {number}")
            ear = Ear(socket)
            await ask(socket, "subscribe", channel="archive", since_seq=0)
            await ask(socket, "unsubscribe", sub="archive")
            await ear.next_of("unsubscribed")
            await ask(socket, "subscribe", channel="archive", since_seq=archive.stored[99][0])
            await ear.next_of("subscribed")
            told = await hear(ear, archive.stored[99][0], 100)
            assert told == [f"entry {number}" for number in range(100, 200)]
        await until(lambda: not desk.hub._listeners)
        assert not desk.hub._repeats._tasks


async def test_a_client_that_reads_slowly_is_told_all_of_it_at_its_own_pace() -> None:
    async with running() as desk:
        archive = archive_of(desk)
        for number in range(120):
            archive.write(f"{number} " + "v" * 20_000)
        async with desk.connect(max_queue=1, max_size=2**24) as socket:
            await ask(socket, "subscribe", channel="archive", since_seq=0)
            await asyncio.sleep(0.5)  # reads nothing
            assert desk.hub._listeners
            assert archive.pages < 12
            told = await hear(Ear(socket), 0, 120)
        assert [each.split()[0] for each in told] == [str(number) for number in range(120)]


@pytest.mark.parametrize("seed", range(4))
async def test_whoever_comes_and_goes_misses_nothing(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 -- the same for the same seed
    async with running() as desk:
        archive = archive_of(desk)

        async def write() -> None:
            for _ in range(400):
                archive.write(f"entry {len(archive.stored)}")
                if chance.random() < 0.5:
                    await asyncio.sleep(0.002)

        writing = asyncio.create_task(write())
        told: list[str] = []
        since = 0
        while not writing.done() or len(told) < len(archive.stored):
            async with desk.connect() as socket:
                await ask(socket, "subscribe", channel="archive", since_seq=since)
                ear, left = Ear(socket), chance.randrange(1, 60)
                while left and len(told) < 400:
                    said = await ear.next()
                    assert said.get("op") != "resync"
                    if said.get("type") == "update" and said["seq"] > since:
                        assert said["prev"] == since
                        told += said["entries"]
                        since, left = said["seq"], left - 1
                    elif said.get("type") == "snapshot":
                        since = max(since, said["seq"])
        assert told == [f"entry {number}" for number in range(400)]
