"""HTTP as bytes on a real socket: also what no well-behaved client would send."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from fastapi import FastAPI

from plimsoll.plumbing.streams.outlets import server_options
from plimsoll.plumbing.wire import GatheringProtocol


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; headers are in the order they came."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    def json(self) -> Any:
        return json.loads(self.body)


class _Server(uvicorn.Server):
    """Leaves the signals to whoever runs the tests."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def listening(app: FastAPI) -> AsyncIterator[int]:
    """Serve `app`, whose lifespan somebody else keeps; gives the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        http=GatheringProtocol,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        lifespan="off",
        **server_options(),
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await serving


async def ask(port: int, request: bytes) -> Answer:
    """Send the bytes as they are; the answer is what came until the connection ended."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        status, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        headers = [
            (name.lower(), value.strip())
            for name, _, value in (line.partition(":") for line in lines)
        ]
        length = int(dict(headers).get("content-length", "0"))
        body = await asyncio.wait_for(reader.readexactly(length), 10)
        return Answer(int(status.split(" ")[1]), headers, body)
    finally:
        writer.close()


def request(
    line: str, *headers: str, body: bytes = b"", host: str = "localhost", length: bool = True
) -> bytes:
    """`GET /path` and header lines as the bytes of a request."""
    lines = [f"{line} HTTP/1.1", f"Host: {host}", *headers]
    if length and body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
