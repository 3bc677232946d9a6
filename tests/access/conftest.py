"""Processes of access on a fresh database."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from plimsoll.access.service.access import Access
from plimsoll.kernel.clock import SystemClock
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.edge import Edge
from plimsoll.plumbing.limits import LocalLimiter
from plimsoll.settings import Settings
from tests.access.desk import ROOMY, Desk, OpenDesk, build_app


@pytest.fixture
async def open_desk(database: Database, tmp_path: Path) -> AsyncIterator[OpenDesk]:
    """Start processes that share one database and one data directory."""
    opened: list[Access] = []

    async def start(**given: Any) -> Desk:
        settings = Settings(**({"data_dir": tmp_path} | ROOMY | given))
        clock = SystemClock()
        app = build_app()
        access = Access(settings, database, clock, LocalLimiter(clock))
        app.state.access, app.state.database = access, database
        await access.open()
        opened.append(access)
        return Desk(app, Edge(app, settings=settings), access)

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
