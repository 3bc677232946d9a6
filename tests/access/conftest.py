"""Processes of access on a fresh database."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from plimsoll.access.service.access import Access
from plimsoll.kernel.clock import Clock, SystemClock
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.limits import LocalLimiter
from plimsoll.settings import Settings
from tests.access.desk import ROOMY, Desk, OpenDesk, build_app, build_edge


@pytest.fixture
async def open_desk(database: Database, tmp_path: Path) -> AsyncIterator[OpenDesk]:
    """Start processes that share one database and one data directory."""
    opened: list[Access] = []

    async def start(clock: Clock | None = None, **given: Any) -> Desk:
        settings = Settings(**({"data_dir": tmp_path} | ROOMY | given))
        clock = clock or SystemClock()
        app = build_app()
        access = Access(settings, database, clock, LocalLimiter(clock))
        app.state.access, app.state.database = access, database
        await access.open()
        opened.append(access)
        return Desk(app, build_edge(app, settings), access)

    yield start
    for access in opened:
        await access.close()


@pytest.fixture
async def desk(open_desk: OpenDesk) -> Desk:
    return await open_desk()


@pytest.fixture
async def http(desk: Desk) -> AsyncIterator[httpx2.AsyncClient]:
    async with desk.client() as client:
        yield client
