"""The same for those who only read HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from tests.plumbing.streams.desk import Desk, running, until


@asynccontextmanager
async def listen(
    desk: Desk, query: str, **headers: str
) -> AsyncIterator[tuple[httpx2.Response, AsyncIterator[dict[str, str]]]]:
    """The response and its events, as they come."""
    async with (
        httpx2.AsyncClient(timeout=5) as http,
        http.stream("GET", f"http://127.0.0.1:{desk.port}/stream?{query}", headers=headers) as got,
    ):
        yield got, events(got)


async def events(response: httpx2.Response) -> AsyncIterator[dict[str, str]]:
    """Each event as its fields, heartbeats left out."""
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        name, _, value = line.partition(": ")
        if line:
            fields[name] = value
        elif fields:
            if fields.get("event") != "heartbeat":
                yield fields
            fields = {}


async def refused(desk: Desk, query: str, **headers: str) -> tuple[int, str]:
    async with listen(desk, query, **headers) as (response, _):
        body: dict[str, Any] = json.loads(await response.aread())
        return response.status_code, str(body["code"])


async def test_snapshot_and_updates_come_as_events_with_their_seq_as_id() -> None:
    async with running() as desk:
        desk.shelves.topics["a"].put("x", 1)
        async with listen(desk, "channel=shelves&symbols=a,b") as (response, heard):
            assert response.headers["content-type"].startswith("text/event-stream")
            assert response.headers["cache-control"] == "no-store"
            assert await anext(heard) == {"retry": "2000"}
            subscribed = [json.loads((await anext(heard))["data"])["sub"] for _ in range(2)]
            assert subscribed == ["shelves:a", "shelves:b"]
            first, second = await anext(heard), await anext(heard)
            snapshot = json.loads(first["data"])
            assert (first["id"], snapshot["values"]) == (str(snapshot["seq"]), {"x": 1})
            assert json.loads(second["data"])["sub"] == "shelves:b"
            desk.shelves.topics["a"].put("x", 2)
            update = json.loads((await anext(heard))["data"])
            assert (update["prev"], update["values"]) == (snapshot["seq"], {"x": 2})


async def test_the_last_event_id_says_where_to_go_on() -> None:
    async with running() as desk:
        journal = desk.journals.of("ada")
        for number in range(5):
            journal.write(f"entry {number}")
        last = {"Last-Event-ID": str(journal.seq - 2), "Authorization": "Bearer t-ada"}
        async with listen(desk, "channel=journal", **last) as (_, heard):
            frames = [json.loads(each["data"]) async for each in take(heard, 5) if "id" in each]
    assert [frame["entries"] for frame in frames[:2]] == [["entry 3"], ["entry 4"]]
    assert frames[2]["type"] == "snapshot"


async def take(heard: AsyncIterator[dict[str, str]], count: int) -> AsyncIterator[dict[str, str]]:
    for _ in range(count):
        yield await anext(heard)


async def test_what_cannot_be_told_is_refused_before_anything_is_sent() -> None:
    async with running(connections_per_caller=1) as desk:
        assert await refused(desk, "") == (404, "unknown-channel")
        assert await refused(desk, "channel=shelves&symbols=zzz") == (422, "no-shelf")
        assert await refused(desk, "channel=shelves&rate_ms=soon") == (422, "invalid-message")
        assert await refused(desk, "channel=shelves&depth=1") == (422, "invalid-message")
        assert await refused(desk, "channel=journal") == (401, "unauthenticated")
        assert await refused(desk, "channel=journal&token=t-ada") == (422, "credential-in-address")
        assert not desk.hub.places.taken
        async with listen(desk, "channel=shelves&symbols=a") as (_, heard):
            await anext(heard)
            assert await refused(desk, "channel=shelves") == (429, "too-many-connections")


async def test_a_reader_that_goes_away_is_forgotten() -> None:
    async with running() as desk:
        async with listen(desk, "channel=shelves&symbols=a") as (_, heard):
            await anext(heard)
        await until(lambda: not desk.hub._listeners)
        assert desk.shelves.topics["a"].lines == []


async def test_a_stop_ends_the_stream_in_order() -> None:
    async with running() as desk, listen(desk, "channel=shelves&symbols=a") as (_, heard):
        for _ in range(3):
            await anext(heard)
        await desk.hub.close(retry_ms=1500)
        last = [each async for each in heard]
        assert last[-1] == {"event": "shutdown", "data": '{"op":"shutdown","retry_ms":1500}'}


async def test_a_reader_that_does_not_read_is_bounded() -> None:
    async with running() as desk, listen(desk, "channel=shelves&symbols=huge") as (_, heard):
        for _ in range(3):
            await anext(heard)
        for number in range(120):
            desk.shelves.topics["huge"].put("x", [number, "v" * 100_000])
            await asyncio.sleep(0.012)
        (listener,) = desk.hub._listeners
        assert listener.outlet.backlog < 500_000
        words = []
        async for each in heard:
            words.append(each.get("event"))
            data = json.loads(each["data"])
            if data.get("values", {}).get("x", [None])[0] == 119:
                break
        assert "resync" in words
