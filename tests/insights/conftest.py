from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from plimsoll.insights.service.insights import Insights
from plimsoll.markets.service.candles import Candles
from plimsoll.plumbing.database import Database
from tests.conftest import running
from tests.insights.desk import insights_over
from tests.markets.candle_desk import stored

Desk = tuple[Candles, Insights]


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> AsyncIterator[Desk]:
    async with insights_over(stored(database, tmp_path)) as opened:
        yield opened


@pytest.fixture
def candles(desk: Desk) -> Candles:
    return desk[0]


@pytest.fixture
def insights(desk: Desk) -> Insights:
    return desk[1]


@pytest.fixture
async def client(app: FastAPI, insights: Insights) -> AsyncIterator[httpx2.AsyncClient]:
    """The application, over these insights."""
    async with running(app) as client:
        app.state.insights = insights
        yield client
