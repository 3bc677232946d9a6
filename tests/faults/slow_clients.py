"""Five hundred clients that are slow on purpose, in five ways, while twenty people work."""

import asyncio
import contextlib
import json
import socket
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from tests.faults.desk import Desk
from tests.faults.trial import Expected, Finding, Scene, attempt, percentile

OF_EACH: Final = 100
LASTS_S: Final = 100.0
"""The longest that a slow one is put up with is a minute: two looks, half a minute apart."""
STAY: Final = 40
"""Open files more than before that are not theirs."""
WORST: Final = 10.0
"""How many times slower than in calm the slowest percent may be; or a second."""
LITTLE: Final = 4096

Slow = Callable[[Desk, str], Coroutine[Any, Any, None]]


async def run(seconds: float = LASTS_S) -> list[Finding]:
    with tempfile.TemporaryDirectory(prefix="plimsoll-faults-") as folder:
        desk = Desk(Path(folder) / "desk", live_connections_per_caller="1000")
        try:
            await asyncio.to_thread(desk.start)
            finding = await slow(desk, of_each=OF_EACH, seconds=seconds)
            await asyncio.to_thread(desk.stop)
        finally:
            await asyncio.to_thread(desk.kill)
    return [finding]


async def slow(desk: Desk, *, of_each: int, seconds: float, each: int = 5) -> Finding:
    """They come at once, and as long as they are let nobody of them goes by himself."""
    token = await desk.sign_up("slow@example.org")
    remarks: list[str] = []
    began: list[float] = []

    async def strike(scene: Scene) -> None:
        before = desk.open_files()
        began.append(time.monotonic())
        clients = [asyncio.create_task(way(desk, token)) for way in WAYS for _ in range(of_each)]
        try:
            remarks.append(await _until_gone(desk, before, seconds, of_each * len(WAYS)))
        finally:
            for client in clients:
                client.cancel()
            await asyncio.gather(*clients, return_exceptions=True)
        calm = [each.took_ms for each in scene.crowd.answers if each.at_s < began[0]]
        remarks.append(f"p99 before: {percentile(calm, 0.99):.0f} ms")
        bound.append(max(WORST * percentile(calm, 0.99), 1000.0))

    bound: list[float] = []
    fault = f"{of_each * len(WAYS)} slow clients, {4 * each} others"
    expected = Expected(turns=False, answered=1.0, most_files=STAY)
    finding = await attempt(fault, desk, strike, expected, each=each)
    finding.remarks += remarks
    if finding.p99_ms > bound[0]:
        finding.wrong.append(f"p99 {finding.p99_ms:.0f} ms, {bound[0]:.0f} would do")
    return finding


async def _until_gone(desk: Desk, before: int, seconds: float, number: int) -> str:
    began_s, most, gone_s = time.monotonic(), 0, None
    while time.monotonic() - began_s < seconds:
        await asyncio.sleep(0.5)
        held = desk.open_files() - before
        most = max(most, held)
        if gone_s is None and most > number / 2 and held < STAY:
            gone_s = time.monotonic() - began_s
            break
    text = f"{most} connections held at most"
    return f"{text}, all ended after {gone_s:.0f} s" if gone_s else f"{text}, not all were ended"


async def _open(desk: Desk, *, reads: bool = True) -> socket.socket:
    loop, client = asyncio.get_running_loop(), socket.socket()
    client.setblocking(False)
    if not reads:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LITTLE)
    await loop.sock_connect(client, ("127.0.0.1", desk.port))
    return client


async def _trickle(client: socket.socket, text: bytes) -> None:
    """A byte a second, until the other end has enough."""
    loop = asyncio.get_running_loop()
    with client, contextlib.suppress(OSError):
        for number in range(len(text)):
            await loop.sock_sendall(client, text[number : number + 1])
            await asyncio.sleep(1)


async def slow_head(desk: Desk, token: str) -> None:
    await _trickle(
        await _open(desk), f"GET /api/v1/portfolio/summary HTTP/1.1\r\nX: {token * 4}".encode()
    )


async def slow_body(desk: Desk, token: str) -> None:
    client = await _open(desk)
    head = (
        "POST /api/v1/holdings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: 5000\r\n\r\n"
    )
    await asyncio.get_running_loop().sock_sendall(client, head.encode())
    await _trickle(client, b" " * 1000)


async def slow_reader(desk: Desk, _: str) -> None:
    """Asks for the largest page again and again, and reads nothing."""
    client = await _open(desk, reads=False)
    ask = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with client, contextlib.suppress(OSError):
        await asyncio.get_running_loop().sock_sendall(client, ask * 4)
        await asyncio.sleep(3600)


async def idle(desk: Desk, _: str) -> None:
    with await _open(desk):
        await asyncio.sleep(3600)


async def deaf_listener(desk: Desk, _: str) -> None:
    """A WebSocket that listens to much and takes nothing from the network any more."""
    wanted = {"op": "subscribe", "id": "1", "channel": "prices", "symbols": ["btc/usd", "eth/usd"]}
    client = await _open(desk, reads=False)
    with contextlib.suppress(OSError, TimeoutError, WebSocketException):
        async with connect(
            f"ws://127.0.0.1:{desk.port}/api/v1/ws", sock=client, open_timeout=20, close_timeout=0.1
        ) as listener:
            await listener.send(json.dumps(wanted))
            listener.transport.pause_reading()
            await asyncio.sleep(3600)


WAYS: Final[tuple[Slow, ...]] = (slow_head, slow_body, slow_reader, idle, deaf_listener)
