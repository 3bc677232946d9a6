"""Kill a running service, or what it stands on, and have it back."""

import asyncio
import os
import random
import signal
import subprocess
import time
from enum import StrEnum
from pathlib import Path

import httpx2

from tests.journeys.service import Service


class Blow(StrEnum):
    """What is hit by `kill -9`, and when."""

    AT_WORK = "the service at work"
    STARTING = "the service while it starts"
    DATABASE = "PostgreSQL under the service at work"


def blow_of(number: int) -> Blow:
    """Of ten kills two come while it starts, and one hits PostgreSQL."""
    match number % 10:
        case 2 | 6:
            return Blow.STARTING
        case 8:
            return Blow.DATABASE
        case _:
            return Blow.AT_WORK


async def strike(service: Service, blow: Blow, dice: random.Random) -> float | None:
    """Let everybody work for a moment, kill, and return when the service is there again: after how
    many seconds, or None when it was not the service that was killed.
    """
    await asyncio.sleep(dice.uniform(0.1, 0.8))
    if blow is Blow.DATABASE:
        note = service.data_dir / "postgres" / "postmaster.pid"
        os.kill(int(note.read_text().split()[0]), signal.SIGKILL)
        await _wait_until_healthy(service)
        return None
    await asyncio.to_thread(service.kill)
    if blow is Blow.STARTING:
        service.launch()
        await asyncio.sleep(dice.uniform(0.0, 1.6))
        await asyncio.to_thread(service.kill)
    began = time.monotonic()
    await asyncio.to_thread(service.start)
    return time.monotonic() - began


async def _wait_until_healthy(service: Service) -> None:
    async with httpx2.AsyncClient(base_url=service.url) as http:
        deadline = time.monotonic() + 30
        while True:
            await asyncio.sleep(0.6)  # a judgement is kept for half a second
            if (await http.get("/health/ready")).status_code == 200:
                return
            assert time.monotonic() < deadline, "PostgreSQL was not started again"


async def left_running(data_dir: Path) -> list[str]:
    """Processes that still name the data directory after they had the time to end."""
    left: list[str] = []
    for _ in range(100):
        listed = await asyncio.to_thread(
            subprocess.run, ["ps", "-A", "-o", "args="], capture_output=True, text=True, check=True
        )
        left = [line for line in listed.stdout.splitlines() if str(data_dir) in line]
        if not left:
            return []
        await asyncio.sleep(0.1)
    return left
