"""The clock of the service jumps an hour ahead, back, and an hour behind, while it runs.

PostgreSQL keeps the true time, as one on another machine would.
"""

import asyncio
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Final

import httpx2

from plimsoll.plumbing.postgres.server import EmbeddedPostgres
from tests.faults.crowd import WELL
from tests.faults.desk import Desk
from tests.faults.trial import Expected, Finding, Scene, attempt
from tests.journeys.books import list_all

FAULT: Final = "clock of the service +1 h, back, −1 h, back"
STEPS: Final = ("+3600", "+0", "-3600", "+0")


async def run(seconds: float = 12.0) -> list[Finding]:
    with (
        tempfile.TemporaryDirectory(prefix="plimsoll-faults-") as folder,
        EmbeddedPostgres.start(Path(folder) / "postgresql") as server,
    ):
        return [await moved(server.dsn, Path(folder), seconds)]


async def moved(dsn: str, folder: Path, seconds: float, *, each: int = 3) -> Finding:
    steps = folder / "clock"
    steps.write_text("+0\n", "ascii")
    desk = Desk(folder / "desk", moved_by=steps, database_url=dsn)
    silent: list[str] = []

    async def strike(scene: Scene) -> None:
        for step in STEPS:
            steps.write_text(f"{step}\n", "ascii")
            moved_s = time.monotonic()
            await _alert_fires(scene.desk, f"clock {step}", silent)
            await asyncio.sleep(max(0.0, seconds - (time.monotonic() - moved_s)))
            if scene.crowd.accepted_after(moved_s) is None:
                silent.append(f"{step}: no write was accepted")

    try:
        await asyncio.to_thread(desk.command, "migrate")
        await asyncio.to_thread(desk.start)
        expected = Expected(turns=False, answered=0.98)
        finding = await attempt(FAULT, desk, strike, expected, each=each)
        await _funding_is_once(desk, finding)
        finding.wrong += silent
        finding.remarks.append("after each step somebody new signed in and an alert fired")
        await asyncio.to_thread(desk.stop)
    finally:
        await asyncio.to_thread(desk.kill)
    return finding


async def _alert_fires(desk: Desk, name: str, silent: list[str]) -> None:
    """Somebody new signs in, sets a condition that holds, and is told."""
    token = await desk.sign_up(f"step{time.monotonic_ns()}@example.org")
    terms = {
        "subject": {"kind": "price", "of": "btc/usd"},
        "comparison": "above",
        "threshold": "1",
        "note": name,
    }
    async with desk.client(token) as http:
        made = await http.post("/alerts", json=terms)
        if made.status_code not in WELL:
            silent.append(f"{name}: {made.status_code} {made.text[:200]}")
            return
        for _ in range(60):
            if await _has_events(http):
                return
            await asyncio.sleep(0.1)
    silent.append(f"{name}: no alert within 6 s")


async def _has_events(http: httpx2.AsyncClient) -> bool:
    answer = await http.get("/alert-events")
    return answer.status_code == 200 and bool(answer.json()["data"])


async def _funding_is_once(desk: Desk, finding: Finding) -> None:
    async with desk.client() as http:
        stamps = await list_all(http, "/instruments/BTC-PERP/funding")
    times = Counter(str(stamp["at"]) for stamp in stamps)
    finding.remarks.append(f"{len(times)} funding stamps")
    finding.wrong += [f"funding twice at {at}" for at, number in times.items() if number > 1]
