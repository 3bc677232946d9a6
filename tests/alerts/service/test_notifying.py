"""What is told in the page and on the channel `alerts`: when it is due, each once, to one's own."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from plimsoll.access.domain.principals import Principal
from plimsoll.access.guards import SignInFirst
from plimsoll.alerts.live import AlertChannel
from plimsoll.alerts.service import notifying
from plimsoll.alerts.service.notifying import Notifying
from plimsoll.plumbing.paging import PageRequest
from plimsoll.plumbing.streams.hub import Hub
from plimsoll.plumbing.streams.messages import BadMessage, Subscribe
from plimsoll.plumbing.streams.outlets import QueueOutlet
from plimsoll.plumbing.streams.topics import Caller
from tests.alerts.telling_desk import TellingDesk, person
from tests.markets.live.hearing import NobodysDoor


class House:
    """The hub of one process with the channel of alerts."""

    def __init__(self, desk: TellingDesk) -> None:
        self.desk = desk
        self.notifying = Notifying(desk.database, desk.clock)
        self.hub = Hub(desk.clock, NobodysDoor())
        self.hub.register(AlertChannel(self.notifying))

    async def come(self, who: Principal | None, **asked: Any) -> "Ear":
        ear = Ear(self, who)
        request = msgspec.convert({"op": "subscribe", "channel": "alerts"} | asked, type=Subscribe)
        await self.hub.subscribe(ear.listener, request, lambda _: None)
        return ear


class Ear:
    def __init__(self, house: House, who: Principal | None) -> None:
        self.house = house
        self.outlet = QueueOutlet()
        caller = Caller(who.user_id.hex, who, float("inf"), {}) if who else None
        self.listener = house.hub.join(self.outlet, key="ear", caller=caller)

    async def hear(self) -> list[dict[str, Any]]:
        """What was said until now."""
        if self.house.notifying._hearers:
            await self.house.notifying.look()
        for _ in range(5):
            await self.house.hub.flush()
            await asyncio.sleep(0.01)
        if not self.outlet.backlog:
            return []
        lines = (await self.outlet.take()).decode().splitlines()
        return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]

    def leave(self) -> None:
        self.house.hub.leave(self.listener)


@pytest.fixture
async def house(telling_desk: TellingDesk) -> AsyncIterator[House]:
    house = House(telling_desk)
    yield house
    await house.hub.close()


async def test_an_alert_is_told_when_it_is_due_and_not_before(
    telling_desk: TellingDesk, house: House
) -> None:
    ada, ben = person(), person()
    ear, bens = await house.come(ada), await house.come(ben)
    assert [(each["type"], each["alerts"], each["unseen"]) for each in await ear.hear()] == [
        ("snapshot", [], 0)
    ]
    await bens.hear()
    await telling_desk.plan(
        telling_desk.told(ada), telling_desk.told(ada, in_s=60), telling_desk.told(ada, in_s=None)
    )
    await telling_desk.delivering.tell()
    (update,) = await ear.hear()
    (row,) = update["alerts"]
    assert (row["title"], row["value"], row["seen"]) == (
        "btc/usd is above 65000",
        "65000.5",
        False,
    )
    assert (update["type"], update["unseen"]) == ("update", 1)
    telling_desk.clock.advance(60)
    await telling_desk.delivering.tell()
    (update,) = await ear.hear()
    assert update["unseen"] == 2
    assert await ear.hear() == []
    assert await bens.hear() == []
    assert len(await telling_desk.list_notifications(ada)) == 3, "the list has every one"


async def test_whoever_comes_back_hears_what_came_meanwhile_once(
    telling_desk: TellingDesk, house: House
) -> None:
    ada = person()
    ear = await house.come(ada)
    (snapshot,) = await ear.hear()
    ear.leave()
    await telling_desk.plan(*(telling_desk.told(ada) for _ in range(5)))
    await telling_desk.delivering.tell()

    elsewhere = House(telling_desk)
    later = await elsewhere.come(ada, since_seq=snapshot["seq"])
    heard = await later.hear()
    updates = [each["alerts"][0]["id"] for each in heard if each["type"] == "update"]
    assert len(updates) == len(set(updates)) == 5
    assert [each["unseen"] for each in heard if each["type"] == "snapshot"] == [5]
    fresh = await elsewhere.come(ada)
    (state,) = await fresh.hear()
    assert {row["id"] for row in state["alerts"]} == set(updates)
    await elsewhere.hub.close()


async def test_all_processes_tell_what_any_of_them_numbered(
    telling_desk: TellingDesk, house: House
) -> None:
    ada = person()
    other = House(telling_desk)
    ears = [await house.come(ada), await other.come(ada)]
    for ear in ears:
        await ear.hear()
    workers = [telling_desk.another() for _ in range(4)]
    for _ in range(20):
        await telling_desk.plan(telling_desk.told(ada))
        await asyncio.gather(*(worker.tell() for worker in workers))
    await telling_desk.delivering.tell()
    heard = [[row["id"] for frame in await ear.hear() for row in frame["alerts"]] for ear in ears]
    assert heard[0] == heard[1]
    assert len(set(heard[0])) == len(heard[0]) == 20
    await other.hub.close()


async def test_what_was_seen_is_not_unseen_any_more(
    telling_desk: TellingDesk, house: House
) -> None:
    ada, ben = person(), person()
    await telling_desk.plan(*(telling_desk.told(ada) for _ in range(4)))
    await telling_desk.delivering.tell()
    await telling_desk.plan(telling_desk.told(ada, in_s=60))
    ear = await house.come(ada)
    (snapshot,) = await ear.hear()
    ids = [row["id"] for row in snapshot["alerts"]]

    own = [each.id for each in await telling_desk.list_notifications(ada)]
    assert await house.notifying.see(ben.user_id, ids=own) == 0
    assert await house.notifying.see(ben.user_id, up_to=own[0]) == 0
    by_id = {str(each): each for each in own}
    assert await house.notifying.see(ada.user_id, ids=[by_id[ids[3]]]) == 3
    assert await house.notifying.see(ada.user_id, up_to=by_id[ids[1]]) == 1
    house.hub.resync(ear.listener, snapshot["sub"], None)
    state = [each for each in await ear.hear() if each.get("type") == "snapshot"]
    assert [row["id"] for row in state[-1]["alerts"]] == [ids[2]]
    async with telling_desk.database.read() as unit:
        cut = await notifying.list_of(unit, ada.user_id, PageRequest(10, None), unseen=True)
        assert [str(each.id) for each in cut.rows] == [ids[2]]
        assert await notifying.count_unseen(unit, ada.user_id) == 1


async def test_the_channel_is_about_ones_own_and_is_let_go(
    telling_desk: TellingDesk, house: House
) -> None:
    with pytest.raises(SignInFirst):
        await house.come(None)
    with pytest.raises(BadMessage):
        await house.come(person(), symbols=["btc/usd"])
    ada = person()
    first, second = await house.come(ada), await house.come(ada)
    first.leave()
    assert list(house.notifying._hearers) == [ada.user_id]
    second.leave()
    assert house.notifying._hearers == {}


async def test_the_list_is_paged_without_a_gap(telling_desk: TellingDesk) -> None:
    ada = person()
    await telling_desk.plan(*(telling_desk.told(ada) for _ in range(25)))
    seen, cursor = list[str](), None
    while True:
        async with telling_desk.database.read() as unit:
            cut = await notifying.list_of(unit, ada.user_id, PageRequest(10, cursor), unseen=False)
        seen += [str(each.id) for each in cut.rows]
        cursor = cut.next_cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 25


async def test_what_was_told_elsewhere_and_not_heard_yet_is_counted_once(
    telling_desk: TellingDesk, house: House
) -> None:
    ada = person()
    ear = await house.come(ada)
    await ear.hear()
    await telling_desk.plan(telling_desk.told(ada), telling_desk.told(ada))
    await telling_desk.delivering.tell()
    await house.notifying.see(ada.user_id)

    assert [each["unseen"] for each in await ear.hear()] == [1, 2]
