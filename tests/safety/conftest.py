"""The whole application, listening on a real socket, and somebody who is signed in."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx2
import pytest
from fastapi import FastAPI

from plimsoll.app import create_app
from plimsoll.plumbing.postgres.server import EmbeddedPostgres
from tests.conftest import cloned, easy, running
from tests.plumbing.conftest import plant
from tests.plumbing.people import sign_in
from tests.plumbing.raw_http import listening

FRIEND = "https://app.example.org"
LONGEST_BODY = 50_000


@dataclass(frozen=True, slots=True)
class Desk:
    """`client` is nobody, `headers` are of somebody."""

    app: FastAPI
    client: httpx2.AsyncClient
    port: int
    headers: dict[str, str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture(scope="session")
async def desk(
    postgres: EmbeddedPostgres, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    """Pages of FRIEND may call it."""
    settings = easy(tmp_path_factory.mktemp("safe")).model_copy(
        update={"cors_origins": (FRIEND,), "max_body_bytes": LONGEST_BODY}
    )
    async with cloned(postgres.dsn, template) as url:
        app = create_app(settings, url)
        plant(app)
        async with running(app) as client, listening(app) as port:
            yield Desk(app, client, port, await sign_in(client))
