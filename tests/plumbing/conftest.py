"""One application for the tests that only ask it things."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx2
import pytest
from fastapi import FastAPI

from plimsoll.access.guards import hand_guarded
from plimsoll.app import create_app
from plimsoll.plumbing.postgres.server import EmbeddedPostgres
from plimsoll.settings import FeedChoice, Settings
from tests.conftest import running
from tests.plumbing.notes import NOTES, admin
from tests.plumbing.people import sign_in
from tests.plumbing.raw_http import listening

LONGEST_BODY = 100_000


@dataclass(frozen=True, slots=True)
class Desk:
    """An application that runs, listens at `port`, and has somebody signed in."""

    app: FastAPI
    client: httpx2.AsyncClient
    port: int
    headers: dict[str, str]

    @property
    def authorization(self) -> str:
        return f"Authorization: {self.headers['Authorization']}"


@pytest.fixture(scope="session")
async def desk(
    postgres: EmbeddedPostgres, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    """Shared by every test of a worker: what one does there, the others see."""
    await admin(postgres.dsn, f"create database desk template {template}")
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("desk"),
        feed=FeedChoice.SIMULATED,
        max_body_bytes=LONGEST_BODY,
        user_requests_per_minute=1_000_000,
        user_orders_per_minute=1_000_000,
        address_requests_per_minute=1_000_000,
        login_attempts_per_minute=10_000,
    )
    app = create_app(settings, postgres.dsn.replace("///plimsoll", "///desk"))
    plant(app)
    async with running(app) as client, listening(app) as port:
        yield Desk(app, client, port, await sign_in(client))


def plant(app: FastAPI) -> None:
    """A route with a mistake of ours in it."""

    @app.get("/planted/failure")
    @hand_guarded
    async def fail(secret: str = "") -> None:
        statement = "select secret_column from secret_table"
        raise RuntimeError(f"{statement} {secret}")


@pytest.fixture
async def noted(database_url: str) -> str:
    """A database with two tables to write to; `promises` finds fault only at the commit."""
    await admin(database_url, NOTES)
    return database_url
