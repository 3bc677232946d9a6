"""Someone else's HTTP server on loopback, which answers by script and misbehaves on request.

    async with FakeServer() as server:
        server.on("/simple/price", json_reply({"bitcoin": {"usd": 1}}))        # always this
        server.on("/ping", Reply(status=429, headers={"Retry-After": "1"}), Reply())  # then {}
        server.on("*", lambda request: json_reply({"asked": request.query}))   # any other path
        ... server.url, server.requests ...

It speaks just enough HTTP/1.1: GET-like requests without a body, keep-alive. What is not scripted
is a 404.
"""

import asyncio
import gzip
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit


class Fault(StrEnum):
    """How a reply goes wrong."""

    NONE = "none"
    SILENCE = "silence"
    """The request is read and nothing is ever said."""
    STALLED = "stalled"
    """Headers and half of the body, then nothing more."""
    TRUNCATED = "truncated"
    """The full length is promised, half of the body is sent, the connection ends."""
    ENDLESS = "endless"
    """The body repeats until the client leaves."""
    DRIP = "drip"
    """The body comes one byte at a time, 20 ms apart."""
    RESET = "reset"
    """The connection is reset instead of an answer."""
    GARBAGE = "garbage"
    """Not HTTP."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    delay_s: float = 0.0
    fault: Fault = Fault.NONE


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    """Names in lower case."""


Answer = Reply | Callable[[Request], Reply]


def json_reply(
    content: object,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    delay_s: float = 0.0,
) -> Reply:
    body = json.dumps(content).encode()
    return Reply(status, {"Content-Type": "application/json", **(headers or {})}, body, delay_s)


def gzip_reply(body: bytes) -> Reply:
    return Reply(headers={"Content-Encoding": "gzip"}, body=gzip.compress(body))


def gzip_bomb(megabytes: int) -> Reply:
    """About 1 kB on the wire for each megabyte unpacked."""
    return gzip_reply(bytes(megabytes * 1_000_000))


class FakeServer:
    """`url` is known after the start; `requests` is everything asked, in order."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[Request] = []
        self.connections = 0
        self._answers: dict[str, deque[Answer]] = {}
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    def on(self, path: str, *answers: Answer) -> None:
        """Answer `path` (or `*`, any other) with `answers` in turn; the last one stays."""
        self._answers[path] = deque(answers)

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    async def start(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", port)
        host, bound_port = self._server.sockets[0].getsockname()[:2]
        self.url = f"http://{host}:{bound_port}"

    async def stop(self) -> None:
        """Stop listening and drop every connection; `start` with the same port brings it back."""
        if self._server is not None:
            self._server.close()
            for task in self._talks:
                task.cancel()
            await asyncio.gather(*self._talks, return_exceptions=True)
            await self._server.wait_closed()
            self._server = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        self.connections += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while request := await _read_request(reader):
                    self.requests.append(request)
                    if not await _send(writer, self._next_reply(request)):
                        break
        finally:
            self._talks.discard(task)
            writer.close()
            with suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    def _next_reply(self, request: Request) -> Reply:
        answers = self._answers.get(request.path) or self._answers.get("*")
        if not answers:
            return json_reply({"error": "not scripted"}, status=404)
        answer = answers.popleft() if len(answers) > 1 else answers[0]
        return answer if isinstance(answer, Reply) else answer(request)


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    line = await reader.readline()
    if not line:
        return None
    method, target, _ = line.decode("ascii").split(" ", 2)
    headers: dict[str, str] = {}
    while (line := await reader.readline()) not in {b"\r\n", b""}:
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    parts = urlsplit(target)
    return Request(method, parts.path, dict(parse_qsl(parts.query)), headers)


async def _send(writer: asyncio.StreamWriter, reply: Reply) -> bool:
    """Whether the connection can be used again."""
    await asyncio.sleep(reply.delay_s)
    match reply.fault:
        case Fault.SILENCE:
            await asyncio.sleep(3600)
        case Fault.RESET:
            writer.transport.abort()
        case Fault.GARBAGE:
            writer.write(b"220 mail.example ESMTP\r\n")
            await writer.drain()
        case _:
            writer.write(_head(reply))
            async for piece in _pieces(reply):
                writer.write(piece)
                await writer.drain()
            return reply.fault in {Fault.NONE, Fault.DRIP}
    return False


def _head(reply: Reply) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} {_reason(reply.status)}"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    if reply.fault is Fault.ENDLESS:
        lines.append("Connection: close")  # a body without a length ends with its connection
    else:
        lines.append(f"Content-Length: {len(reply.body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unheard Of"


async def _pieces(reply: Reply) -> AsyncIterator[bytes]:
    half = reply.body[: len(reply.body) // 2]
    match reply.fault:
        case Fault.NONE:
            yield reply.body
        case Fault.TRUNCATED:
            yield half
        case Fault.STALLED:
            yield half
            await asyncio.sleep(3600)
        case Fault.DRIP:
            for at in range(len(reply.body)):
                yield reply.body[at : at + 1]
                await asyncio.sleep(0.02)
        case Fault.ENDLESS:
            while True:
                yield reply.body
        case _:
            raise AssertionError(reply.fault)
