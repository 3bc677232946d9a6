"""Whatever happens on the way, a client ends with the server's own state, and no client is another
one's trouble.
"""

import asyncio
import json
import random
import time
from contextlib import suppress
from typing import Any

import pytest
from prometheus_client import REGISTRY
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from plimsoll.plumbing.streams import hub as hub_module
from plimsoll.plumbing.streams.hub import ROOM, TURN
from plimsoll.plumbing.streams.messages import Subscribe
from plimsoll.plumbing.streams.outlets import QueueOutlet
from tests.fakes.clock import ManualClock
from tests.plumbing.streams.desk import Desk, Ear, Replica, ask, running, until

RUNS = 200


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_a_snapshot_comes_first_and_then_what_changed() -> None:
    async with running() as desk, desk.connect() as socket:
        desk.shelves.topics["a"].put("x", 1)
        await ask(socket, "subscribe", id="1", channel="shelves", symbols=["a"])
        ear = Ear(socket)
        assert await ear.next() == {"op": "subscribed", "sub": "shelves:a", "id": "1"}
        snapshot = await ear.next()
        assert (snapshot["ch"], snapshot["sym"], snapshot["type"]) == ("shelves", "a", "snapshot")
        assert snapshot["values"] == {"x": 1}
        assert "prev" not in snapshot
        desk.shelves.topics["a"].put("y", 2)
        first = await ear.next()
        assert (first["type"], first["values"]) == ("update", {"y": 2})
        desk.shelves.topics["a"].put("x", 3)
        second = await ear.next()
        assert [first["prev"], second["prev"]] == [snapshot["seq"], first["seq"]]
        assert snapshot["seq"] < first["seq"] < second["seq"]
        assert second["values"] == {"x": 3}


async def test_changes_between_two_flushes_are_told_once_with_the_last_value() -> None:
    before = metric("stream_coalesced_total")
    async with running(flush_ms=50) as desk, desk.connect() as socket:
        await ask(socket, "subscribe", channel="shelves", symbols=["a"])
        ear = Ear(socket)
        await ear.next()
        await ear.next()
        for value in range(100):
            desk.shelves.topics["a"].put("x", value)
        assert (await ear.next())["values"] == {"x": 99}
    assert metric("stream_coalesced_total") - before == 99


async def test_a_rate_is_the_least_time_between_two_updates() -> None:
    async with running() as desk, desk.connect() as quick, desk.connect() as slow:
        await ask(quick, "subscribe", channel="shelves", symbols=["a"])
        await ask(slow, "subscribe", channel="shelves", symbols=["a"], rate_ms=200)
        counts = dict.fromkeys((quick, slow), 0)
        last: dict[ClientConnection, Any] = {}

        async def count(socket: ClientConnection) -> None:
            ear = Ear(socket)
            while True:
                said = await ear.next()
                if said.get("type") == "update":
                    counts[socket] += 1
                    last[socket] = said["values"]["x"]

        counting = [asyncio.create_task(count(socket)) for socket in counts]
        began = time.monotonic()
        for value in range(50):
            desk.shelves.topics["a"].put("x", value)
            await asyncio.sleep(0.01)
        await until(lambda: last.get(quick) == last.get(slow) == 49, within_s=20)
        await asyncio.sleep(0.05)  # and nothing comes after that
        passed_s = time.monotonic() - began
        for task in counting:
            task.cancel()
        assert 2 <= counts[slow] <= passed_s / 0.2 + 2
        assert counts[quick] > 15
        assert last[quick] == last[slow] == 49


async def test_everybody_with_the_same_subscriptions_is_sent_the_same_bytes() -> None:
    async with running() as desk, desk.connect() as first, desk.connect() as second:
        for socket in (first, second):
            await ask(socket, "subscribe", channel="shelves", symbols=["a", "b"])
        ears = [Ear(first), Ear(second)]
        for ear in ears:
            for _ in range(4):
                await ear.next()
        desk.shelves.topics["a"].put("x", 1)
        desk.shelves.topics["b"].put("x", 2)
        heard = [await ear.next() for ear in ears]
        assert heard[0] == heard[1]
        assert len(desk.hub._groups.all()) == 1


async def test_what_nobody_listens_to_any_more_is_let_go() -> None:
    async with running() as desk:
        async with desk.connect() as socket:
            ear = Ear(socket)
            await ask(socket, "subscribe", channel="shelves", symbols=["a", "b"])
            await ask(socket, "unsubscribe", id="u", sub="shelves:a")
            assert (await ear.next_of("unsubscribed"))["sub"] == "shelves:a"
            assert desk.shelves.released == ["shelves:a"]
            assert desk.shelves.topics["a"].lines == []
        await until(lambda: not desk.hub._listeners)
        assert desk.shelves.released == ["shelves:a", "shelves:b"]
        assert (desk.hub._lines, desk.hub.places.taken, desk.hub._groups.all()) == ({}, {}, [])
        assert desk.hub._groups._by_line == {}


async def test_a_topic_that_fails_does_not_keep_the_others_from_being_told() -> None:
    async with running() as desk, desk.connect() as socket:
        await ask(socket, "subscribe", channel="shelves", symbols=["a", "b"])
        ear = Ear(socket)
        for _ in range(4):
            await ear.next()
        desk.shelves.topics["a"].broken = True
        desk.shelves.topics["a"].put("x", 1)
        desk.shelves.topics["b"].put("x", 2)
        assert (await ear.next())["sub"] == "shelves:b"


async def test_nobody_misses_a_frame_by_subscribing_while_others_are_told() -> None:
    desk = Desk()
    others = [QueueOutlet() for _ in range(TURN + 1)]
    for outlet in others:
        other = desk.hub.join(outlet, key="other", caller=None)
        await desk.hub.subscribe(other, shelves("a"), lambda _: None)
    outlet = QueueOutlet()
    listener = desk.hub.join(outlet, key="one", caller=None)
    await desk.hub.subscribe(listener, shelves("a", "b"), lambda _: None)
    await outlet.take()
    desk.shelves.topics["a"].put("x", 1)
    flushing = asyncio.create_task(desk.hub.flush())
    await asyncio.sleep(0)
    assert not flushing.done()
    assert outlet.backlog == 0
    await desk.hub.subscribe(listener, shelves("c"), lambda _: None)
    await flushing
    assert b'"update"' in await outlet.take()


def shelves(*names: str) -> Subscribe:
    return Subscribe(channel="shelves", symbols=list(names))


async def test_a_resync_of_events_repeats_what_was_told_since() -> None:
    async with running() as desk, desk.connect(token="t-ada") as socket:
        journal, ear = desk.journals.of("ada"), Ear(socket)
        await ask(socket, "subscribe", channel="journal")
        await ear.next_of("subscribed")
        await ear.next()
        journal.write("one")
        await ear.next()
        await ask(socket, "resync", sub="journal:ada")
        await ear.next_of("resync")
        assert (await ear.next())["entries"] == ["one"]
        journal.write("two")
        assert (await ear.next())["entries"] == ["two"]


# Faults on the way.


class Shim:
    """Loses, repeats, delays and reorders what the server says, and loses what the client asks."""

    def __init__(self, seed: int, socket: ClientConnection) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - no secret, a seed
        self._socket = socket
        self._held: list[tuple[float, dict[str, Any]]] = []
        self.replica = Replica()
        self._asked_at: dict[str, float] = {}

    async def listen(self) -> None:
        with suppress(ConnectionClosed):
            async for message in self._socket:
                said = json.loads(message)
                for each in said if isinstance(said, list) else [said]:
                    self._mistreat(each)

    def _mistreat(self, said: dict[str, Any]) -> None:
        chance, now = self._chance, time.monotonic()
        for _ in range(chance.choices((0, 1, 2), (15, 75, 10))[0]):
            delay_s = chance.choice((0.0, 0.0, 0.0, chance.uniform(0, 0.15)))
            self._held.append((now + delay_s, said))

    async def deliver(self) -> None:
        now = time.monotonic()
        ready = [said for at, said in self._held if at <= now]
        self._held = [held for held in self._held if held[0] > now]
        if self._chance.random() < 0.2:
            self._chance.shuffle(ready)
        for said in ready:
            self.replica.hear(said)
        for sub in self.replica.missing:
            if now - self._asked_at.get(sub, 0.0) > 0.15:
                self._asked_at[sub] = now
                if self._chance.random() < 0.8:
                    await ask(self._socket, "resync", sub=sub)


async def deliver_all(shims: list[Shim]) -> None:
    """One timer for all: one for each would be most of what a busy machine does."""
    with suppress(ConnectionClosed):
        while True:
            for shim in shims:
                await shim.deliver()
            await asyncio.sleep(0.01)


async def test_lost_repeated_delayed_and_reordered_frames_end_with_the_truth() -> None:
    names = ("a", "b", "c")
    chance = random.Random(4)  # noqa: S311
    async with running(connections_per_caller=RUNS) as desk:
        shims = []
        for seed in range(RUNS):
            socket = await desk.connect().__aenter__()
            await ask(socket, "subscribe", channel="shelves", symbols=list(names))
            shims.append(Shim(seed, socket))
        runs = [asyncio.create_task(shim.listen()) for shim in shims]
        runs.append(asyncio.create_task(deliver_all(shims)))
        for value in range(100):
            shelf = desk.shelves.topics[chance.choice(names)]
            shelf.put(chance.choice("uvwxyz"), value)
            await asyncio.sleep(0.012)
        truth = {f"shelves:{name}": desk.shelves.topics[name].values for name in names}
        await until(lambda: all(shim.replica.states == truth for shim in shims), within_s=20)
        await asyncio.sleep(0.3)  # and what is still under way changes nothing
        assert all(shim.replica.states == truth for shim in shims)
        for task in runs:
            task.cancel()
        await asyncio.gather(*(shim._socket.close() for shim in shims))


# Slow clients.


async def stalled(desk: Desk) -> ClientConnection:
    """A client that listens and does not read."""
    socket = await desk.connect(max_queue=1).__aenter__()
    await ask(socket, "subscribe", channel="shelves", symbols=["huge"])
    return socket


async def test_a_client_that_does_not_read_costs_the_others_nothing_and_catches_up() -> None:
    before = metric("stream_lagged_total")
    async with running() as desk, desk.connect(max_size=2**24) as good:
        huge = desk.shelves.topics["huge"]
        slow = await stalled(desk)
        await ask(good, "subscribe", channel="shelves", symbols=["huge"])
        ear, waits = Ear(good), []
        await ear.next()
        await ear.next()
        for number in range(60):
            huge.put("x", [number, "v" * 100_000])
            began = time.monotonic()
            assert (await ear.next())["values"]["x"][0] == number
            waits.append(time.monotonic() - began)
            most = max(listener.outlet.backlog for listener in desk.hub._listeners)
            assert most <= ROOM + 110_000
        assert metric("stream_lagged_total") - before == 1
        assert sorted(waits)[len(waits) // 2] < 0.05
        heard = Ear(slow)
        assert (await heard.next_of("resync"))["reason"] == "lagged"
        assert (await heard.next())["values"]["x"][0] == 59
        huge.put("x", [60, ""])
        assert (await heard.next())["values"]["x"][0] == 60
        await slow.close()


async def test_a_client_that_never_reads_again_is_sent_away() -> None:
    clock = ManualClock()
    async with running(clock) as desk:
        slow = await stalled(desk)
        async with asyncio.timeout(10):
            while not desk.hub._behind:
                desk.shelves.topics["huge"].put("x", "v" * 200_000)
                await asyncio.sleep(0.02)
        clock.advance(31)
        await until(lambda: not desk.hub._listeners)
        slow.transport.abort()
        await slow.wait_closed()


# Events that nobody may miss.


async def test_every_event_is_told_in_order_however_many_there_are_between_two_flushes() -> None:
    async with running() as desk, desk.connect(token="t-ada") as socket:
        journal = desk.journals.of("ada")
        await ask(socket, "subscribe", channel="journal")
        ear = Ear(socket)
        await ear.next()
        last = (await ear.next())["seq"]
        for number in range(300):
            journal.write(f"entry {number}")
            if number % 70 == 0:
                await asyncio.sleep(0.02)
        for number in range(300):
            frame = await ear.next()
            assert (frame["prev"], frame["entries"]) == (last, [f"entry {number}"])
            last = frame["seq"]


async def test_whoever_comes_back_is_told_what_was_missed() -> None:
    async with running() as desk:
        journal = desk.journals.of("ada")
        for number in range(80):
            journal.write(f"entry {number}")
        async with desk.connect(token="t-ada") as socket:
            await ask(socket, "subscribe", channel="journal", since_seq=journal.seq - 3)
            ear = Ear(socket)
            await ear.next_of("subscribed")
            missed = [await ear.next() for _ in range(4)]
            told = [frame["entries"][0] for frame in missed[:3]]
            assert told == ["entry 77", "entry 78", "entry 79"]
            assert missed[0]["prev"] == journal.seq - 3
            assert (missed[3]["type"], missed[3]["seq"]) == ("snapshot", journal.seq)


@pytest.mark.parametrize("since", [0, 1_000, 10**15])
async def test_what_is_not_remembered_is_said_and_the_state_follows(since: int) -> None:
    async with running() as desk, desk.connect(token="t-ada") as socket:
        journal = desk.journals.of("ada")
        for number in range(80):
            journal.write(f"entry {number}")
        await ask(socket, "subscribe", channel="journal", since_seq=since)
        ear = Ear(socket)
        await ear.next_of("subscribed")
        assert (await ear.next())["reason"] == "forgotten"
        assert len((await ear.next())["entries"]) == 80


async def test_a_client_too_slow_for_events_is_ended_and_loses_none_of_them() -> None:
    async with running() as desk:
        slow = await desk.connect(token="t-ada", max_queue=1, max_size=2**24).__aenter__()
        await ask(slow, "subscribe", channel="journal")
        ear, journal = Ear(slow), desk.journals.of("ada")
        await ear.next_of("subscribed")
        last, heard, number = (await ear.next())["seq"], list[str](), 0
        async with asyncio.timeout(20):
            while desk.hub._listeners:
                journal.write(f"{number} " + "v" * 100_000)
                number += 1
                await asyncio.sleep(0.02)

        async def hear_all(ear: Ear) -> None:
            nonlocal last
            while (said := await ear.next())["type"] == "update":
                assert said["prev"] == last
                heard.append(said["entries"][0].split()[0])
                last = said["seq"]

        with pytest.raises(ConnectionClosed) as ended:
            await hear_all(ear)
        assert ended.value.rcvd is not None
        assert (ended.value.rcvd.code, ended.value.rcvd.reason) == (4413, "too-slow")
        async with desk.connect(token="t-ada", max_size=2**24) as again:
            await ask(again, "subscribe", channel="journal", since_seq=last)
            ear = Ear(again)
            await ear.next_of("subscribed")
            await hear_all(ear)
        assert heard == [str(each) for each in range(number)]


async def test_a_heartbeat_has_the_time_and_the_newest_seq_of_everything() -> None:
    async with running() as desk, desk.connect() as socket:
        await ask(socket, "subscribe", channel="shelves", symbols=["a"])
        ear = Ear(socket)
        await ear.next_of("subscribed")
        first = (await ear.next())["seq"]
        desk.shelves.topics["a"].put("x", 1)
        await ear.next()
        beat = await ear.next_of("heartbeat", heartbeats=True)
        assert beat["seqs"] == {"shelves:a": first + 1}
        assert abs(beat["ts_ms"] - time.time() * 1000) < 5_000


def test_the_bounds_leave_room_for_catching_up() -> None:
    assert hub_module.CAUGHT_UP < hub_module.ROOM < hub_module.MOST
