"""Bodies that do not come, answers that nobody reads, and more requests than can be answered."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, StreamingResponse

from plimsoll.plumbing import wire
from plimsoll.plumbing.crowd import Crowd
from plimsoll.plumbing.edge import Edge
from plimsoll.settings import Settings
from tests.plumbing.raw_http import Answer, ask, listening, request

CHUNK = bytes(65_536)
AT_ONCE = 10


class Desk(FastAPI):
    """As the application, it has the count of those who wait."""

    crowd: Crowd


class Doors:
    """What a test opens to let answers go."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.left = asyncio.Event()


@pytest.fixture
def doors() -> Doors:
    return Doors()


@pytest.fixture
async def port(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr(wire, "LOOK_EVERY_S", 0.2)
    app = FastAPI()

    @app.get("/health/live")
    async def live() -> PlainTextResponse:
        return PlainTextResponse("live")

    @app.get("/wait")
    async def wait() -> PlainTextResponse:
        await doors.open.wait()
        return PlainTextResponse("went on")

    @app.post("/body")
    async def body(asked: Request) -> PlainTextResponse:
        return PlainTextResponse(str(len(await asked.body())))

    @app.get("/endless")
    async def endless() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield CHUNK
                    await asyncio.sleep(0)
            finally:
                doors.left.set()

        return StreamingResponse(parts())

    settings = Settings(requests_at_once=AT_ONCE)
    edge = Desk()
    edge.crowd = Crowd(AT_ONCE)
    edge.build_middleware_stack = lambda: Edge(app, settings=settings, crowd=edge.crowd)  # type: ignore[method-assign]
    async with listening(edge) as port:
        yield port


def waiting(port: int, number: int) -> list[asyncio.Task[Answer]]:
    return [asyncio.create_task(ask(port, request("GET /wait"))) for _ in range(number)]


@pytest.mark.parametrize("headers", [(), ("Origin: https://example.org",)])
async def test_what_comes_on_top_is_told_at_once_to_come_back(
    port: int, doors: Doors, headers: tuple[str, ...]
) -> None:
    """The second takes the way of the edge."""
    inside = waiting(port, AT_ONCE)
    await asyncio.sleep(0.2)

    refused = await ask(port, request("GET /wait", *headers))
    probe = await ask(port, request("GET /health/live"))
    doors.open.set()

    assert (refused.status, refused.json()["code"]) == (503, "overloaded")
    assert refused.header("retry-after") == "1"
    assert probe.status == 200
    assert [answer.status for answer in await asyncio.gather(*inside)] == [200] * AT_ONCE
    assert (await ask(port, request("GET /wait"))).status == 200


async def test_a_connection_that_was_turned_away_is_good_for_more(port: int, doors: Doors) -> None:
    inside = waiting(port, AT_ONCE)
    await asyncio.sleep(0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request("POST /body", body=b"x" * 50) + request("GET /wait"))
    heads = []
    for _ in range(2):
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)).decode()
        heads.append(head.partition("\r\n")[0])
        length = int(head.lower().partition("content-length: ")[2].partition("\r")[0])
        await reader.readexactly(length)
    doors.open.set()
    await asyncio.gather(*inside)
    writer.write(request("POST /body", body=b"x" * 50))
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)).decode()
    writer.close()

    assert heads == ["HTTP/1.1 503 Service Unavailable"] * 2
    assert head.startswith("HTTP/1.1 200 ")


async def test_bodies_that_are_still_coming_keep_nobody_out(port: int, doors: Doors) -> None:
    doors.open.set()
    head = request("POST /body", "Content-Length: 100")
    writers = []
    for _ in range(2 * AT_ONCE):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head)
        writers.append(writer)
    await asyncio.sleep(0.1)

    answer = await ask(port, request("GET /wait"))

    assert answer.status == 200
    for writer in writers:
        writer.close()


async def test_a_body_that_does_not_come_is_given_up(port: int) -> None:
    answer = await ask(port, request("POST /body", "Content-Length: 100") + b"begun")
    assert (answer.status, answer.json()["code"]) == (408, "body-too-slow")


async def test_a_body_that_goes_on_coming_is_waited_for(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "SLOWEST", 1)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request("POST /body", "Content-Length: 12"))
    for _ in range(12):
        writer.write(b"x")
        await asyncio.sleep(0.05)

    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)

    assert head.startswith(b"HTTP/1.1 200 ")
    writer.close()


async def test_an_answer_that_nobody_reads_is_cut_off(port: int, doors: Doors) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(request("GET /endless"))
        await asyncio.wait_for(doors.left.wait(), 20)


async def test_an_answer_that_is_read_goes_on(port: int, doors: Doors) -> None:
    loop = asyncio.get_running_loop()
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setblocking(False)
        await loop.sock_sendall(client, request("GET /endless"))
        until = loop.time() + 1
        while loop.time() < until:
            assert await asyncio.wait_for(loop.sock_recv(client, 1 << 20), 10)
        assert not doors.left.is_set()
