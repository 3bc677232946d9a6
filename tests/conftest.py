"""Real parts for every test: one embedded PostgreSQL per worker, one fresh database per test."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import asyncpg
import httpx2
import pytest
import structlog
from fastapi import FastAPI

from plimsoll.app import create_app
from plimsoll.plumbing import schema
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.postgres.server import EmbeddedPostgres
from plimsoll.settings import FeedChoice, Settings
from tests.memory_folder import memory_folder
from tests.plumbing.valkey import Valkey
from tests.route_table import share_route_table

# The default renderer of stacks reads and colours every source file on the way: a second for each.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        ),
    ]
)

share_route_table()

TEMPLATE = "template_plimsoll"
PASSWORD = "correct horse battery"
UNSAFE_BUT_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",  # where it is on a disk, a quarter of the work of a new database
    "max_wal_senders": "0",
    "max_wal_size": "256MB",  # it may be in memory
}
RARELY = (10_000, 10, 10)
"""The collector's thresholds; a full collection comes after five applications or so."""


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """All modules and tests are there to the end. No collection looks at them from here on, and
    none comes within every test: an application leaves so much behind that a third of its making
    would be to look at everything again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*RARELY)


def pytest_unconfigure() -> None:
    gc.unfreeze()  # libraries complain of what is left at the very end


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """The server of this worker. Durability has tests of its own; here it would only cost time."""
    with (
        memory_folder(tmp_path_factory.mktemp("postgres")) as folder,
        EmbeddedPostgres.start(folder, settings=UNSAFE_BUT_FAST) as server,
    ):
        yield server


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[Valkey]:
    server = Valkey()
    server.start()
    yield server
    server.close()


@pytest.fixture
def valkey(valkey_server: Valkey) -> Valkey:
    """The Valkey of this worker, empty."""
    valkey_server.ask("FLUSHALL")
    return valkey_server


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    """A migrated database to clone from."""

    async def make() -> None:
        admin = await asyncpg.connect(postgres.dsn)
        await admin.execute(f"create database {TEMPLATE}")
        await admin.close()
        await schema.upgrade(_named(postgres.dsn, TEMPLATE))

    asyncio.run(make())
    return TEMPLATE


def _named(dsn: str, name: str) -> str:
    return dsn.replace("postgresql:///plimsoll", f"postgresql:///{name}")


NUMBERS = count()


@asynccontextmanager
async def cloned(dsn: str, template: str) -> AsyncIterator[str]:
    """A migrated database of one's own."""
    name = f"test_{next(NUMBERS)}"
    admin = await asyncpg.connect(dsn)
    # Without a log of its pages: nothing here has to survive, and it is twice as quick.
    await admin.execute(f"create database {name} template {template} strategy file_copy")
    yield _named(dsn, name)
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


@pytest.fixture
async def database_url(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[str]:
    """A migrated database of this test's own."""
    async with cloned(postgres.dsn, template) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(database_url, pool_size=10)
    yield database
    await database.close()


def easy(data_dir: Path) -> Settings:
    """Simulated prices and limits that no ordinary test runs into."""
    return Settings(
        data_dir=data_dir,
        feed=FeedChoice.SIMULATED,
        user_requests_per_minute=1_000_000,
        api_key_requests_per_minute=1_000_000,
        user_orders_per_minute=1_000_000,
        api_key_orders_per_minute=1_000_000,
        address_requests_per_minute=1_000_000,
        login_attempts_per_minute=10_000,
    )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return easy(tmp_path)


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """The application with everything behind it open, and a client that talks to it."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://localhost/api/v1",
        )
        yield await stack.enter_async_context(client)


@pytest.fixture
async def app(settings: Settings, database_url: str) -> FastAPI:
    return create_app(settings, database_url)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """Talks to the real application; nobody is signed in."""
    async with running(app) as client:
        yield client


@pytest.fixture(scope="module")
async def shared_client(
    postgres: EmbeddedPostgres, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[FastAPI, httpx2.AsyncClient]]:
    """One application for a whole module, and who talks to it: to open one takes longer than most
    requests. For tests that are about their own people only.
    """
    async with cloned(postgres.dsn, template) as url:
        app = create_app(easy(tmp_path_factory.mktemp("desk")), url)
        async with running(app) as client:
            yield app, client


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in; every request of `http` carries their token."""

    id: str
    email: str
    token: str
    http: httpx2.AsyncClient


SignUp = Callable[[], Awaitable[Person]]


@pytest.fixture
async def sign_up(client: httpx2.AsyncClient, app: FastAPI) -> AsyncIterator[SignUp]:
    """Makes people."""
    async with AsyncExitStack() as stack:

        async def make() -> Person:
            email = f"person{next(NUMBERS)}@example.org"
            registered = await client.post(
                "/auth/register", json={"email": email, "password": PASSWORD}
            )
            assert registered.status_code == 201, registered.text
            signed_in = await client.post(
                "/auth/login", json={"email": email, "password": PASSWORD}
            )
            token = signed_in.json()["access_token"]
            own = httpx2.AsyncClient(
                transport=httpx2.ASGITransport(app, raise_app_exceptions=False),
                base_url="http://localhost/api/v1",
                headers={"Authorization": f"Bearer {token}"},
            )
            http = await stack.enter_async_context(own)
            return Person(registered.json()["id"], email, token, http)

        yield make


@pytest.fixture
async def ada(sign_up: SignUp) -> Person:
    return await sign_up()


@pytest.fixture
async def ben(sign_up: SignUp) -> Person:
    return await sign_up()
