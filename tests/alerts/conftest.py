from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plimsoll.plumbing.database import Database
from plimsoll.plumbing.postgres.server import EmbeddedPostgres
from tests.alerts.telling_desk import TellingDesk
from tests.conftest import cloned
from tests.fakes.receiver import Receiver


@pytest.fixture(scope="module")
async def tellings(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[Database]:
    """One database for a module: to clone one takes longer than most tests here."""
    async with cloned(postgres.dsn, template) as url:
        database = await Database.connect(url, pool_size=10)
        yield database
        await database.close()


@pytest.fixture
async def telling_desk(tellings: Database, tmp_path: Path) -> AsyncIterator[TellingDesk]:
    """On a database in which nobody was told anything yet."""
    await tellings.once("truncate alert_channels, alert_notifications, alert_deliveries")
    desk = TellingDesk(tellings, tmp_path)
    yield desk
    await desk.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver
