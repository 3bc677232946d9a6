"""A load that comes at its own rate, whatever the answers: in a process of its own.

    python -m tests.faults.pressure < plan.json > outcome.json

Requests are prepared bytes, one after the other over many connections; one that finds none free
is not sent, and counted. Without a rate each connection sends the next as soon as it is answered.
"""

import asyncio
import gc
import json
import sys
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from typing import Any, Final, cast

import uvloop

LENGTH: Final = b"content-length: "
TICK_S: Final = 0.005
GRACE_S: Final = 10.0


@dataclass(slots=True)
class Outcome:
    """`good`: when each 2xx came, in seconds from the beginning, and how long it took in ms."""

    seconds: float = 0.0
    sent: int = 0
    not_sent: int = 0
    unanswered: int = 0
    good: list[tuple[float, float]] = field(default_factory=list)
    refused_ms: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    without_retry_after: int = 0


class _Line(asyncio.Protocol):
    """One connection; asks again when it was answered."""

    def __init__(self, load: "_Load") -> None:
        self.load = load
        self.transport: asyncio.Transport | None = None
        self.sent_s = 0.0
        self.busy = False
        self._bytes = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def send(self, request: bytes) -> None:
        assert self.transport is not None
        self.sent_s, self.busy = time.perf_counter(), True
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._bytes = self._bytes + data if self._bytes else data
        head_end = self._bytes.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = self._bytes[:head_end].lower()
        at = head.find(LENGTH)
        length = int(head[at + len(LENGTH) :].partition(b"\r")[0]) if at >= 0 else 0
        if len(self._bytes) < head_end + 4 + length:
            return
        self._bytes, self.busy = b"", False
        self.load.answered(self, int(head[9:12]), said_when=b"retry-after" in head)

    def connection_lost(self, _: Exception | None) -> None:
        self.load.lost(self)


class _Load:
    def __init__(self, port: int, requests: list[bytes], plan: dict[str, Any]) -> None:
        self.port = port
        self.requests = requests
        self.rate: float | None = plan["rate"]
        self.seconds: float = plan["seconds"]
        self.connections: int = plan["connections"]
        self.outcome = Outcome(seconds=self.seconds)
        self.statuses: Counter[int] = Counter()
        self.free: deque[_Line] = deque()
        self.number = 0
        self.began_s = 0.0
        self.over = False
        self.under_way = 0

    async def run(self) -> Outcome:
        loop = asyncio.get_running_loop()
        for _ in range(self.connections):
            _, line = await loop.create_connection(lambda: _Line(self), "127.0.0.1", self.port)
            self.free.append(line)
        self.began_s = time.perf_counter()
        if self.rate is None:
            for line in list(self.free):
                self._send(line)
            self.free.clear()
            await asyncio.sleep(self.seconds)
        else:
            await self._keep_pace(self.rate)
        self.over = True
        until = time.perf_counter() + GRACE_S
        while self.under_way and time.perf_counter() < until:  # noqa: ASYNC110 - seldom
            await asyncio.sleep(0.01)
        self.outcome.unanswered = self.under_way
        self.outcome.statuses = {str(status): n for status, n in self.statuses.items()}
        return self.outcome

    async def _keep_pace(self, rate: float) -> None:
        due = 0
        while (now_s := time.perf_counter() - self.began_s) < self.seconds:
            while due < now_s * rate:
                due += 1
                if self.free:
                    self._send(self.free.popleft())
                else:
                    self.outcome.not_sent += 1
            await asyncio.sleep(TICK_S)

    def _send(self, line: _Line) -> None:
        self.outcome.sent += 1
        self.under_way += 1
        self.number += 1
        line.send(self.requests[self.number % len(self.requests)])

    def answered(self, line: _Line, status: int, *, said_when: bool) -> None:
        now_s = time.perf_counter()
        self.under_way -= 1
        self.statuses[status] += 1
        took_ms = (now_s - line.sent_s) * 1000
        if status < 300:
            self.outcome.good.append((now_s - self.began_s, took_ms))
        else:
            self.outcome.refused_ms.append(took_ms)
            self.outcome.without_retry_after += not said_when
        if self.over:
            return
        if self.rate is None:
            self._send(line)
        else:
            self.free.append(line)

    def lost(self, line: _Line) -> None:
        """An idle one is taken out; one that was asked will never be answered."""
        if line.busy:
            self.statuses[0] += 1
            self.under_way -= 1
        elif line in self.free:
            self.free.remove(line)
        if not self.over:
            asyncio.ensure_future(self._again())  # noqa: RUF006 - it ends with the loop

    async def _again(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, line = await loop.create_connection(lambda: _Line(self), "127.0.0.1", self.port)
        except OSError:
            return
        self.free.append(line)


def main() -> None:
    plan = json.load(sys.stdin)
    requests = [text.encode("latin-1") for text in plan["requests"]]
    gc.disable()  # a collection would be counted as the server's latency
    outcome = uvloop.run(_Load(plan["port"], requests, plan).run())
    json.dump(asdict(outcome), sys.stdout)


if __name__ == "__main__":
    main()
