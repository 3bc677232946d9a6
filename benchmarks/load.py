"""A closed-loop HTTP load that leaves the machine to the servers.

Each connection sends a prepared request, waits for the whole answer, and sends the next one.
Nothing is built, parsed or kept but the status, the length and the time it took, so that one core
drives more requests per second than any server here answers. It runs in a process of its own
(`http.py` gives it one).
"""

import asyncio
import gc
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from math import inf, nan
from time import perf_counter
from typing import cast

import uvloop

LENGTH = b"content-length: "
MOST_S = 60.0
"""A load that has not ended by then is a server that hangs."""


@dataclass(frozen=True, slots=True)
class Load:
    """What to send: one row of requests per connection.

    With `seconds`, each connection repeats its row, and what happens in the first `warm_up_s` is
    not measured. Without, each request is sent once and every answer is measured.
    """

    port: int
    requests: tuple[tuple[bytes, ...], ...]
    seconds: float | None = None
    warm_up_s: float = 0.2


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back. `acknowledged` counts the 2xx answers per connection, warm-up included."""

    per_second: float
    p50_ms: float
    p99_ms: float
    acknowledged: tuple[int, ...]
    refused: int
    refusal: str
    """Start of the first answer that was not 2xx."""


def run(load: Load) -> Outcome:
    """Send the load and wait for the last answer.

    ConnectionError or TimeoutError: the server failed.
    """
    gc.disable()  # a collection would be counted as the server's latency
    try:
        return uvloop.run(_Run(load).outcome())
    finally:
        gc.enable()


class _Run:
    """The clock and the tally that the connections of one load share."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.opens = 0.0
        self.closes = inf
        self.latencies = array("d")
        self.last_answer = 0.0
        self.in_window = 0
        self.refused = 0
        self.refusal = ""
        self.running = len(load.requests)

    async def outcome(self) -> Outcome:
        loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = loop.create_future()
        port = self.load.port
        connections = [
            (await loop.create_connection(partial(_Connection, self, row), "127.0.0.1", port))[1]
            for row in self.load.requests
        ]
        self.opens = perf_counter()
        if self.load.seconds is not None:
            self.opens += self.load.warm_up_s
            self.closes = self.opens + self.load.seconds
        for connection in connections:
            connection.send_next(perf_counter())
        async with asyncio.timeout(MOST_S):
            await self.done
        for connection in connections:
            connection.transport.close()
        ordered = sorted(self.latencies)
        ends = self.last_answer if self.load.seconds is None else self.closes
        return Outcome(
            per_second=self.in_window / (ends - self.opens),
            p50_ms=_quantile(ordered, 0.5) * 1000,
            p99_ms=_quantile(ordered, 0.99) * 1000,
            acknowledged=tuple(connection.acknowledged for connection in connections),
            refused=self.refused,
            refusal=self.refusal,
        )

    def ended(self, error: Exception | None = None) -> None:
        """One connection has nothing more to send, or can send nothing more."""
        self.running -= 1
        if self.done.done():
            return
        if error is not None:
            self.done.set_exception(error)
        elif not self.running:
            self.done.set_result(None)


class _Connection(asyncio.Protocol):
    __slots__ = ("acknowledged", "partial", "requests", "run", "sent_at", "transport")

    def __init__(self, run: _Run, row: tuple[bytes, ...]) -> None:
        self.run = run
        self.requests: Iterator[bytes] = iter(row) if run.load.seconds is None else cycle(row)
        self.partial = b""
        self.sent_at = 0.0
        self.acknowledged = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.run.ended(exc or ConnectionError("the server closed the connection"))

    def send_next(self, now: float) -> None:
        request = next(self.requests, None) if now < self.run.closes else None
        if request is None:
            self.run.ended()
            return
        self.sent_at = now
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self.partial:
            data = self.partial + data
        if len(data) < _length(data):
            self.partial = data
            return
        self.partial = b""
        now, run = perf_counter(), self.run
        if data.startswith(b"HTTP/1.1 2"):
            self.acknowledged += 1
        else:
            run.refused += 1
            run.refusal = run.refusal or data[:2000].decode(errors="replace")
        # An answer after the window to a request from inside it is latency, not throughput.
        if self.sent_at >= run.opens:
            run.latencies.append(now - self.sent_at)
        if run.opens <= now < run.closes:
            run.in_window += 1
        run.last_answer = now
        self.send_next(now)


def _length(answer: bytes) -> float:
    """How long the whole answer will be; infinite while its head is incomplete."""
    head = answer.find(b"\r\n\r\n")
    if head < 0:
        return inf
    at = answer.find(LENGTH, 0, head)
    if at < 0:
        raise ConnectionError(f"an answer without content-length: {answer[:head]!r}")
    return head + 4 + int(answer[at + len(LENGTH) : answer.find(b"\r\n", at)])


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[int(len(ordered) * share)] if ordered else nan
