"""Live prices to many clients: the hub beside a naive loop per client, in the same run.

    python -m benchmarks.streams [--clients 500 1000] [--seconds 8]

Every client listens to the same 50 pairs, each of which changes ten times a second. The delay of a
message is the time from the change to its arrival at the client, the wait for the flush included.
The server is one process and all clients are another one, so two cores are enough for both. The
naive server is what one writes first: for each client a loop that waits a tenth of a second and
sends `json.dumps` of what has changed with Starlette's WebSocket. Both run on uvicorn with uvloop;
the naive one with its usual WebSocket implementation, without compression.
"""

import argparse
import asyncio
import base64
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any, Final, cast

import msgspec
import uvicorn
import uvloop
from msgspec import Struct
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.types import Scope
from starlette.websockets import WebSocket, WebSocketDisconnect

from plimsoll.kernel.clock import SystemClock
from plimsoll.plumbing.listener import bind
from plimsoll.plumbing.streams import conversation
from plimsoll.plumbing.streams.hub import Hub
from plimsoll.plumbing.streams.messages import Subscribe
from plimsoll.plumbing.streams.outlets import server_options
from plimsoll.plumbing.streams.topics import Caller, Topic
from plimsoll.plumbing.wire import GatheringProtocol

PAIRS: Final = 50
CHANGE_EVERY_S: Final = 0.1
WARM_UP_S: Final = 2.0
STAMP: Final = b'"changed_us":'


class Quote(Struct):
    """As long as a real price is."""

    pair: str
    base: str
    quote: str
    price: str
    change_24h: str
    source: str
    via: None
    at: str
    simulated: bool
    age_ms: int
    stale: bool
    changed_us: int


def quote(number: int) -> Quote:
    now_us = time.time_ns() // 1000
    price = f"{64_000 + now_us % 1000}.{number:02}"
    at = "2026-01-01T00:00:00.000000Z"
    pair = f"coin{number}/usd"
    return Quote(
        pair, pair[:-4], "usd", price, "0.0123", "binance", None, at, False, 3, False, now_us
    )


class QuoteTopic(Topic):
    def __init__(self, number: int) -> None:
        super().__init__("prices", f"coin{number}/usd")
        self.number = number
        self.latest = quote(number)

    def snapshot(self) -> bytes:
        return msgspec.json.encode(self.latest)


class QuoteChannel:
    """Fifty pairs that change together."""

    name = "prices"
    request = Subscribe
    body = Quote

    def __init__(self) -> None:
        self.topics = [QuoteTopic(number) for number in range(PAIRS)]

    async def open(self, request: Subscribe, caller: Caller | None) -> Sequence[Topic]:
        _ = request, caller
        return self.topics

    async def move(self) -> None:
        while True:
            await asyncio.sleep(CHANGE_EVERY_S)
            for topic in self.topics:
                topic.latest = quote(topic.number)
                topic.touch()

    def collect(self) -> None: ...

    def release(self, topic: Topic) -> None: ...


class OpenDoor:
    async def enter(self, scope: Scope) -> Caller | None:
        _ = scope
        return None

    async def sign_in(self, scope: Scope, token: str) -> Caller:
        raise NotImplementedError

    async def confirm(self, caller: Caller) -> None: ...


async def serve(kind: str) -> None:
    """One of the two servers, until it is stopped; prints its port."""
    channel = QuoteChannel()
    hub = Hub(SystemClock(), OpenDoor(), connections_per_caller=100_000)
    hub.register(channel)

    async def hubs(websocket: WebSocket) -> None:
        await conversation.serve(hub, websocket)

    async def naive(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.receive_text()
        sent = [0] * PAIRS
        try:
            while True:
                await asyncio.sleep(CHANGE_EVERY_S)
                frames = []
                for topic in channel.topics:
                    if topic.latest.changed_us != sent[topic.number]:
                        sent[topic.number] = topic.latest.changed_us
                        frames.append(msgspec.to_builtins(topic.latest))
                text = json.dumps(frames, separators=(",", ":"))
                await websocket.send_text(text)
        except WebSocketDisconnect:
            pass

    app = Starlette(routes=[WebSocketRoute("/ws", hubs if kind == "hub" else naive)])
    options: dict[str, Any] = server_options() | {"http": GatheringProtocol}
    if kind == "naive":
        options = {"ws_per_message_deflate": False}
    listener = bind("127.0.0.1", 0)
    config = uvicorn.Config(app, log_level="warning", lifespan="off", backlog=4096, **options)
    server = uvicorn.Server(config)
    background = [asyncio.create_task(channel.move()), asyncio.create_task(hub.run())]
    listener.listen(4096)
    print(listener.getsockname()[1], flush=True)
    await server.serve(sockets=[listener])
    for task in background:
        task.cancel()


class Client(asyncio.Protocol):
    """Enough of a WebSocket client to take messages apart and time them."""

    def __init__(self, delays_us: list[int]) -> None:
        self.delays_us = delays_us
        self.taken = bytearray()
        self.open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        key = base64.b64encode(os.urandom(16)).decode()
        self.transport.write(
            b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %b\r\n\r\n" % key.encode()
        )

    def data_received(self, data: bytes) -> None:
        self.taken += data
        if not self.open:
            if b"\r\n\r\n" not in self.taken:
                return
            head, _, rest = bytes(self.taken).partition(b"\r\n\r\n")
            assert b" 101 " in head, head
            self.taken = bytearray(rest)
            self.open = True
            text = json.dumps({"op": "subscribe", "channel": "prices"}).encode()
            self.transport.write(bytes((0x81, 0x80 | len(text), 0, 0, 0, 0)) + text)
        while (end := self._end()) is not None:
            message = bytes(self.taken[:end])
            del self.taken[:end]
            at = message.rfind(STAMP)
            if at >= 0 and b'"snapshot"' not in message[:200]:
                stamp = int(message[at + len(STAMP) : message.index(b"}", at)])
                self.delays_us.append(time.time_ns() // 1000 - stamp)

    def _end(self) -> int | None:
        """Where the first message ends; None while it is not all there."""
        taken = self.taken
        if len(taken) < 4:
            return None
        size, start = taken[1], 2
        if size == 126:
            size, start = int.from_bytes(taken[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(taken[2:10], "big"), 10
        return start + size if len(taken) >= start + size else None


async def load(port: int, clients: int, seconds: float) -> tuple[list[int], float]:
    """Delays in µs of what arrived while it was measured, and messages of a client a second."""
    delays: list[int] = []
    loop = asyncio.get_running_loop()
    connected = []
    for _ in range(clients):
        transport, _ = await loop.create_connection(lambda: Client(delays), "127.0.0.1", port)
        connected.append(transport)
    await asyncio.sleep(WARM_UP_S)
    delays.clear()
    await asyncio.sleep(seconds)
    measured = list(delays)
    for transport in connected:
        transport.abort()
    return measured, len(measured) / clients / seconds


def cpu_s(pid: int) -> float:
    """Processor seconds of another process; 0 where the system does not tell."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:  # noqa: PTH123 - no file
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(kind: str, clients: int, seconds: float) -> str:
    server = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "benchmarks.streams", "--serve", kind], stdout=subprocess.PIPE
    )
    assert server.stdout is not None
    try:
        port = int(server.stdout.readline())
        before, began = cpu_s(server.pid), time.monotonic()
        delays, rate = uvloop.run(load(port, clients, seconds))
        busy = (cpu_s(server.pid) - before) / (time.monotonic() - began)
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
    if len(delays) < 100:
        return f"{kind:8}{clients:>9,}   nothing arrived"
    cuts = statistics.quantiles([delay / 1000 for delay in delays], n=1000)
    return (
        f"{kind:8}{clients:>9,}{rate:>16.1f}{cuts[499]:>12.0f}{cuts[989]:>12.0f}"
        f"{max(delays) / 1000:>12.0f}{busy:>14.0%}"
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--clients", type=int, nargs="+", default=[500, 1000])
    options.add_argument("--seconds", type=float, default=8.0)
    options.add_argument("--serve", choices=("hub", "naive"), help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.serve:
        uvloop.run(serve(chosen.serve))
        return
    print(f"{PAIRS} pairs that change {1 / CHANGE_EVERY_S:.0f} times a second, the same for all")
    print(
        f"{'':8}{'clients':>9}{'messages/s each':>16}{'p50 ms':>12}{'p99 ms':>12}"
        f"{'worst ms':>12}{'server core':>14}"
    )
    for clients in chosen.clients:
        for kind in ("hub", "naive"):
            print(measure(kind, clients, chosen.seconds), flush=True)


if __name__ == "__main__":
    main()
