"""A running service whose process can be looked at, and whether it says that it is well."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx2

from tests.journeys.service import Service

LOOK_EVERY_S: Final = 0.1


class Desk(Service):
    """`plimsoll up`; with `moved_by` its clock is off by so many seconds as that file says."""

    def __init__(self, data_dir: Path, *, moved_by: Path | None = None, **settings: str) -> None:
        super().__init__(data_dir, "--feed", "simulated", **settings)
        self._moved_by = moved_by
        if moved_by is not None:
            self.program = (sys.executable, "-m", "tests.faults.moved")

    def environment(self) -> dict[str, str]:
        moved = {"MOVED_BY": str(self._moved_by)} if self._moved_by is not None else {}
        return super().environment() | moved

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def memory_mb(self) -> float:
        """Resident, of the service's own process."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def open_files(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))  # noqa: PTH208 - names are all that is needed


@dataclass(frozen=True, slots=True)
class Look:
    """What one probe said. `ready` is None when there was no answer within two seconds."""

    at_s: float
    took_ms: float
    ready: bool | None
    degraded: tuple[str, ...] = ()


@dataclass(slots=True)
class Watch:
    """Everything that probes of `/health/ready` said."""

    looks: list[Look] = field(default_factory=list)

    def turned_after(self, began_s: float, word: str | None = None) -> float | None:
        """Seconds until it was unready, or named `word`; None when it never did."""
        return next(
            (
                look.at_s + look.took_ms / 1000 - began_s
                for look in self.looks
                if look.at_s >= began_s and not _well(look, word)
            ),
            None,
        )

    def well_after(self, ended_s: float, word: str | None = None) -> float | None:
        """Seconds from `ended_s` until it was well and stayed so; None when it is not well."""
        after = [look for look in self.looks if look.at_s + look.took_ms / 1000 >= ended_s]
        if not after or not _well(after[-1], word):
            return None
        last_bad = max((i for i, look in enumerate(after) if not _well(look, word)), default=-1)
        first_good = after[last_bad + 1]
        return max(0.0, first_good.at_s + first_good.took_ms / 1000 - ended_s)


def _well(look: Look, word: str | None) -> bool:
    return word not in look.degraded if word else look.ready is True


@asynccontextmanager
async def watching(desk: Desk) -> AsyncIterator[Watch]:
    """Probe ten times a second, as an orchestrator would do once in a few."""
    watch = Watch()

    async def look() -> None:
        async with httpx2.AsyncClient(base_url=desk.url, timeout=2) as http:
            while True:
                watch.looks.append(await _look(http))
                await asyncio.sleep(LOOK_EVERY_S)

    task = asyncio.create_task(look())
    try:
        yield watch
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _look(http: httpx2.AsyncClient) -> Look:
    began_s = time.monotonic()
    try:
        answer = await http.get("/health/ready")
    except httpx2.HTTPError:
        return Look(began_s, (time.monotonic() - began_s) * 1000, None)
    took_ms = (time.monotonic() - began_s) * 1000
    said = answer.json()
    return Look(began_s, took_ms, answer.status_code == 200, tuple(said["degraded"]))


async def until_well(watch: Watch, *, within_s: float, word: str | None = None) -> None:
    """Wait until the last second of looks was good, no longer than `within_s`."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        await asyncio.sleep(LOOK_EVERY_S)
        since = time.monotonic() - 1
        last = [look for look in watch.looks if look.at_s >= since]
        if len(last) >= 3 and all(_well(look, word) for look in last):
            return
