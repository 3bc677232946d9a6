"""The server that counts requests dies, or hangs, while one person asks for more than allowed."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx2

from tests.faults.desk import Desk
from tests.faults.trial import Expected, Finding, Scene, Strike, attempt
from tests.plumbing.valkey import Valkey

PER_MINUTE: Final = 1_200
AT_ONCE: Final = 120
WINDOW_S: Final = 10.0
AFTER_S: Final = 2.0
"""So long one asks on once it is back: what it counted before is gone, or not."""
PROMISED: Final = AT_ONCE + PER_MINUTE / 60 * WINDOW_S
"""Requests that one person may have in any ten seconds."""
MOST: Final = 2.0
"""Each of the two counts admits no more than is promised, and every request is in one of them."""


@asynccontextmanager
async def counted(folder: Path) -> AsyncIterator[tuple[Desk, Valkey]]:
    """A desk that counts in a Valkey of its own."""
    valkey = Valkey()
    valkey.start()
    desk = Desk(
        folder / "desk",
        redis_url=valkey.url,
        user_requests_per_minute=str(PER_MINUTE),
        user_orders_per_minute="3000",
    )
    try:
        await asyncio.to_thread(desk.start)
        yield desk, valkey
        await asyncio.to_thread(desk.stop)
    finally:
        await asyncio.to_thread(desk.kill)
        valkey.close()


async def run(seconds: float = 30.0) -> list[Finding]:
    with tempfile.TemporaryDirectory(prefix="plimsoll-faults-") as folder:
        async with counted(Path(folder)) as (desk, valkey):
            return [await dead(desk, valkey, seconds), await hanging(desk, valkey, seconds)]


async def dead(desk: Desk, valkey: Valkey, seconds: float, *, each: int = 3) -> Finding:
    async def strike(_: Scene) -> None:
        valkey.kill()
        await asyncio.sleep(seconds)
        valkey.start()
        await asyncio.sleep(AFTER_S)

    fault = f"Valkey killed, back after {seconds:.0f} s"
    return await _attempt(fault, desk, strike, each)


async def hanging(desk: Desk, valkey: Valkey, seconds: float, *, each: int = 3) -> Finding:
    async def strike(_: Scene) -> None:
        valkey.hang()
        await asyncio.sleep(seconds)
        valkey.go_on()
        await asyncio.sleep(AFTER_S)

    fault = f"Valkey frozen for {seconds:.0f} s"
    return await _attempt(fault, desk, strike, each)


async def _attempt(fault: str, desk: Desk, strike: Strike, each: int) -> Finding:
    admitted: list[float] = []

    async def with_greed(scene: Scene) -> None:
        async with asyncio.TaskGroup() as group:
            token = await scene.desk.sign_up(f"greedy{len(fault)}@example.org")
            greed = [
                group.create_task(_ask_for_more(scene.desk, token, admitted)) for _ in range(4)
            ]
            await strike(scene)
            for one in greed:
                one.cancel()

    expected = Expected(word="limits", answered=0.999)
    finding = await attempt(fault, desk, with_greed, expected, each=each)
    peak = max(sum(a <= b < a + WINDOW_S for b in admitted) for a in admitted[::20])
    share = peak / PROMISED
    finding.remarks.append(f"most of one person in 10 s: {share:.2f} × what is promised")
    if share > MOST:
        finding.wrong.append(f"{peak} of one person in 10 s, {PROMISED:.0f} are promised")
    return finding


async def _ask_for_more(desk: Desk, token: str, admitted: list[float]) -> None:
    """As fast as one can, until cancelled; when each was let in."""
    async with desk.client(token) as http:
        while True:
            try:
                answer = await http.get("/portfolio/summary")
            except httpx2.HTTPError:
                continue
            if answer.status_code == 200:
                admitted.append(time.monotonic())
