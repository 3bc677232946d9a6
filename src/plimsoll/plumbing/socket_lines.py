"""One WebSocket connection to somebody's server: its queue, and the watch over its silence.

The queue is bounded: when it is full the connection is not read, and the other side feels it.
"""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Final

from prometheus_client import Counter
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.frames import CloseCode

from plimsoll.plumbing.outbound import (
    SourceAnswerTooLarge,
    SourceTimeout,
    SourceUnavailable,
    SourceUnreachable,
)

MESSAGES: Final = Counter("outbound_socket_messages", "WebSocket messages received.", ["source"])

MOST_QUEUED: Final = 2_000
"""Messages that may wait for the reader."""
QUEUED_BYTES: Final = 2
"""Times `max_bytes` that may wait for the reader."""
SEND_TIMEOUT_S: Final = 10.0
CLOSE_TIMEOUT_S: Final = 1.0
"""For the other side to say goodbye; then the connection is dropped."""


class Line:
    """One connection and what it said that nobody has taken yet."""

    def __init__(
        self,
        name: str,
        connection: ClientConnection,
        rung: asyncio.Event,
        *,
        idle_s: float,
        max_bytes: int,
    ) -> None:
        """`rung` is set whenever there is something to look at: a message, or the end."""
        self.messages: deque[bytes] = deque()
        self.end: SourceUnavailable | None = None
        """Why there will be no more messages than the waiting ones."""
        self._name = name
        self._idle_s = idle_s
        self._max_bytes = max_bytes
        self._connection = connection
        self._rung = rung
        self._room = asyncio.Event()
        self._room.set()
        self._bytes = 0
        self._loop = asyncio.get_running_loop()
        self._opened_s = self._heard_s = self._loop.time()
        self._watch = self._loop.call_later(idle_s, self._look)
        self._counter = MESSAGES.labels(name)
        self._reader = asyncio.create_task(self._read(), name=f"{name}-socket")

    @property
    def age_s(self) -> float:
        return self._loop.time() - self._opened_s

    def take(self) -> bytes:
        message = self.messages.popleft()
        self._bytes -= len(message)
        if not self._room.is_set() and not self._full():
            self._heard_s = self._loop.time()  # nothing was read while it was full
            self._room.set()
        return message

    async def send(self, data: bytes) -> None:
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._connection.send(data, text=True)
        except TimeoutError as error:
            raise SourceTimeout.of(self._name, "does not take what we send") from error
        except ConnectionClosed as error:
            raise SourceUnreachable.of(self._name, "cut the connection") from error

    def mute(self) -> None:
        """Take nothing more from the connection; what waits can still be taken."""
        self._watch.cancel()
        self._reader.cancel()

    def abort(self) -> None:
        """Leave at once, without a goodbye."""
        self.mute()
        self._connection.transport.abort()

    async def aclose(self) -> None:
        self.mute()
        with suppress(WebSocketException, OSError, TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._connection.close()
        self._connection.transport.abort()

    def _full(self) -> bool:
        return len(self.messages) >= MOST_QUEUED or self._bytes >= QUEUED_BYTES * self._max_bytes

    async def _read(self) -> None:
        connection, messages, loop = self._connection, self.messages, self._loop
        try:
            while True:
                message = await connection.recv(decode=False)
                self._heard_s = loop.time()
                messages.append(message)
                self._bytes += len(message)
                self._counter.inc()
                self._rung.set()
                if self._full():
                    self._room.clear()
                    await self._room.wait()
        except ConnectionClosed as error:
            self._watch.cancel()
            self._finish(self._reason(error))

    def _reason(self, error: ConnectionClosed) -> SourceUnavailable:
        said = error.sent.code if error.sent and not error.rcvd_then_sent else None
        if said == CloseCode.MESSAGE_TOO_BIG:
            text = f"sent more than {self._max_bytes} bytes at once"
            return SourceAnswerTooLarge.of(self._name, text)
        return SourceUnreachable.of(self._name, "cut the connection")

    def _look(self) -> None:
        """Cut the connection when it has been silent for too long, else look again later."""
        if not self._room.is_set():
            self._heard_s = self._loop.time()  # the silence is ours
        left_s = self._heard_s + self._idle_s - self._loop.time()
        if left_s > 0:
            self._watch = self._loop.call_later(left_s, self._look)
            return
        text = f"said nothing for {self._idle_s} s"
        self._finish(SourceTimeout.of(self._name, text))
        self._reader.cancel()
        self._connection.transport.abort()

    def _finish(self, end: SourceUnavailable) -> None:
        self.end = self.end or end
        self._rung.set()
