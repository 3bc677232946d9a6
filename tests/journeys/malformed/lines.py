"""Connections that say any bytes and see what becomes of them."""

import asyncio
import contextlib
import struct
from dataclasses import dataclass
from typing import Any, Final

from tests.journeys.malformed.parts import Due, Input, of_method
from tests.journeys.malformed.sockets import PING, TEXT, frame, handshake

PATIENCE_S: Final = 0.05
"""Then bytes that are no whole request are taken for all that comes, and we say so."""
LONGEST_S: Final = 10.0
"""For an answer, or for the end of a connection whose other end has been closed."""
BUFFER: Final = 1 << 21
WORST: Final = 599
FAILED: Final = 1011
"""How a WebSocket ends that the service has failed."""
NO_ANSWER, NEITHER = 0, -1


@dataclass(frozen=True, slots=True)
class Outcome:
    """`status`: of HTTP, or the code that a WebSocket ended with, or NO_ANSWER when the connection
    just ended, NEITHER when not even that.
    """

    status: int
    lasts: bool = False
    text: bytes = b""


class Line:
    """One connection at a time, kept for as long as both sides keep it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def say(self, each: Input) -> Outcome:
        """Send it and wait for what is due. A kept connection may have ended meanwhile: once more,
        on a new one.
        """
        kept = self._writer is not None
        if each.alone or each.due is Due.END:
            self.leave()
            kept = False
        outcome = await self._say(each)
        if kept and outcome.status == NO_ANSWER:
            outcome = await self._say(each)
        if each.alone or not outcome.lasts:
            self.leave()
        return outcome

    def leave(self) -> None:
        if self._writer is not None:
            self._writer.transport.abort()
        self._reader = self._writer = None

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(
                "127.0.0.1", self._port, limit=BUFFER
            )
        return self._reader, self._writer

    async def _say(self, each: Input) -> Outcome:
        reader, writer = await self._open()
        answer = asyncio.ensure_future(read_answer(reader, of_method(each.data)))
        return await _sent(writer, each, answer)

    async def converse(self, each: Input) -> Outcome:
        """The same after a handshake; what is due is a pong, or an end."""
        self.leave()
        reader, writer = await self._open()
        writer.write(handshake())
        opened = await read_answer(reader, b"GET")
        if opened.status != 101:
            return opened
        ended = asyncio.ensure_future(_listen(reader, b""))
        whole = Input(each.family, each.data + frame(PING, b"still there"), each.due)
        outcome = await _sent(writer, whole, ended)
        self.leave()
        return outcome

    async def chat(self, messages: list[bytes]) -> Outcome:
        """Messages of text on one socket; the last of them is answered, so all before it are."""
        self.leave()
        reader, writer = await self._open()
        writer.write(handshake())
        opened = await read_answer(reader, b"GET")
        if opened.status != 101:
            return opened
        last = b'{"op":"ping","id":"the last one"}'
        ended = asyncio.ensure_future(_listen(reader, b'"id":"the last one"'))
        data = b"".join(frame(TEXT, message) for message in (*messages, last))
        outcome = await _sent(writer, Input("messages", data), ended)
        self.leave()
        return outcome


async def _sent(
    writer: asyncio.StreamWriter, each: Input, answer: "asyncio.Future[Outcome]"
) -> Outcome:
    with contextlib.suppress(ConnectionError):
        writer.write(each.data)
        if len(each.data) > 60_000:
            await _drain(writer, answer)
    if each.due is Due.END and not (await asyncio.wait({answer}, timeout=PATIENCE_S))[0]:
        with contextlib.suppress(OSError):
            writer.write_eof()
    try:
        return await asyncio.wait_for(answer, LONGEST_S)
    except TimeoutError:
        return Outcome(NEITHER)


async def _drain(writer: asyncio.StreamWriter, answer: "asyncio.Future[Outcome]") -> None:
    """Wait until it has left, or until the answer comes before that."""
    drained: asyncio.Future[None] = asyncio.ensure_future(writer.drain())
    first: set[asyncio.Future[Any]] = {drained, answer}
    await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
    drained.cancel()


async def read_answer(reader: asyncio.StreamReader, method: bytes) -> Outcome:
    """One whole answer, of a stream of events its head; or that the connection ended."""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            status = int(head[9:12])
            if status == 101 or status >= 200:
                break
        lasts = status != 101 and b"\r\nconnection: close" not in head
        body = b""
        if b"\r\ncontent-type: text/event-stream" in head:
            return Outcome(status)
        if method == b"HEAD" or status in {101, 204, 304}:
            pass
        elif b"\r\ntransfer-encoding: chunked" in head:
            body = await _chunks(reader)
        elif (at := head.find(b"\r\ncontent-length:")) >= 0:
            body = await reader.readexactly(int(head[at + 17 : head.index(b"\r\n", at + 2)]))
        else:
            body, lasts = await reader.read(), False
    except (asyncio.IncompleteReadError, ConnectionError):
        return Outcome(NO_ANSWER)
    return Outcome(status, lasts, body[:400])


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")
    return bytes(body)


async def _listen(reader: asyncio.StreamReader, awaited: bytes) -> Outcome:
    """Until a pong, or where something is `awaited` until that was said; or until the end."""
    try:
        while True:
            first, size = await reader.readexactly(2)
            if size == 126:
                (size,) = struct.unpack("!H", await reader.readexactly(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", await reader.readexactly(8))
            payload = await reader.readexactly(size)
            opcode = first & 0x0F
            if opcode == 8:
                code = int.from_bytes(payload[:2], "big") if payload else 1005
                return Outcome(code, text=payload[2:])
            if awaited and awaited in payload:
                return Outcome(101)
            if opcode == 10 and not awaited and payload == b"still there":
                return Outcome(101)
    except (asyncio.IncompleteReadError, ConnectionError):
        return Outcome(NO_ANSWER)
