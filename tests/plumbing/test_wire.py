"""What is written in one turn of the loop leaves together, whole and in order."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, StreamingResponse

from tests.plumbing.raw_http import listening

CHUNK = b"0123456789abcdef" * 4096
CHUNKS = 64


@pytest.fixture
async def port() -> AsyncIterator[int]:
    app = FastAPI()

    @app.get("/short")
    async def short(name: str = "") -> PlainTextResponse:
        return PlainTextResponse(f"short {name}")

    @app.get("/long")
    async def long() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            for _ in range(CHUNKS):
                yield CHUNK

        return StreamingResponse(parts())

    async with listening(app) as port:
        yield port


DATA_SEGMENTS_IN = 152
"""Where `tcpi_data_segs_in` stands in Linux's struct tcp_info."""


async def talk(port: int, request: bytes) -> tuple[bytes, int]:
    """Everything that was answered, and in how many packets it came."""
    loop = asyncio.get_running_loop()
    with socket.socket() as client:
        client.setblocking(False)
        await loop.sock_connect(client, ("127.0.0.1", port))
        await loop.sock_sendall(client, request)
        said = b""
        while piece := await asyncio.wait_for(loop.sock_recv(client, 1 << 20), 20):
            said += piece
        info = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        return said, int(struct.unpack_from("I", info, DATA_SEGMENTS_IN)[0])


async def test_head_and_body_arrive_in_one_packet(port: int) -> None:
    said, packets = await talk(
        port, b"GET /short?name=x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    )
    assert said.startswith(b"HTTP/1.1 200 ")
    assert said.endswith(b"\r\n\r\nshort x")
    assert packets == 1


async def test_answers_to_pipelined_requests_keep_their_order(port: int) -> None:
    requests = b"".join(
        b"GET /short?name=%d HTTP/1.1\r\nHost: h\r\n%b\r\n"
        % (number, b"Connection: close\r\n" if number == 9 else b"")
        for number in range(10)
    )
    said, _ = await talk(port, requests)
    order = [said.index(b"short %d" % number) for number in range(10)]
    assert order == sorted(order)


async def test_an_answer_longer_than_any_buffer_arrives_whole(port: int) -> None:
    said, _ = await talk(port, b"GET /long HTTP/1.0\r\nHost: h\r\nConnection: close\r\n\r\n")
    body = said.partition(b"\r\n\r\n")[2]
    assert body.count(CHUNK) == CHUNKS
