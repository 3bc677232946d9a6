"""Demos for tests: a story told in a database of one's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx2
from fastapi import FastAPI

from plimsoll.app import create_app
from plimsoll.demo.desk import Demo
from plimsoll.demo.opening import prepare
from plimsoll.demo.telling import Telling
from plimsoll.kernel.clock import SystemClock
from tests.conftest import easy, running

SAME_ORIGIN = {"origin": "http://localhost"}


@asynccontextmanager
async def told(
    folder: Path, dsn: str, *, seed: int = 7
) -> AsyncIterator[tuple[FastAPI, httpx2.AsyncClient]]:
    """A demo whose story ended this morning; nobody is signed in."""
    now = datetime.now(UTC)
    settings = easy(folder).model_copy(
        update={"simulation_seed": seed, "candles_middle_months": 36}
    )
    telling = Telling(seed, now.date(), now)
    await prepare(settings, dsn, telling, SystemClock())
    app = create_app(settings, dsn)
    async with running(app) as client:
        demo = Demo(telling)
        await demo.write(app.state, await demo.find_person(app.state.access))
        app.state.demo = demo
        yield app, client
