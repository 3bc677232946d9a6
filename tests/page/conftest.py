"""A page as a build leaves it, small enough to see through, and a desk that serves it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from plimsoll.app import create_app
from plimsoll.plumbing.postgres.server import EmbeddedPostgres
from plimsoll.settings import Settings
from tests.conftest import cloned, easy, running
from tests.plumbing.raw_http import listening

SCRIPT = b"export const numbers = [" + b"1, " * 800 + b"];\n"
INDEX = """<!doctype html>
<html lang="en">
<head>
<title>Plimsoll</title>
<link rel="icon" href="./assets/plimsoll.svg">
<link rel="stylesheet" href="./assets/index-DQx1_aB3.css">
<script type="module" src="./assets/index-C7dPq-9z.js"></script>
</head>
<body></body>
</html>
"""
FILES = {
    "index.html": INDEX.encode(),
    "assets/index-C7dPq-9z.js": SCRIPT,
    "assets/index-DQx1_aB3.css": b"body { margin: 0; }\n" * 100,
    "assets/inter-Dx4kXJAl.woff2": bytes(2_000),
    "assets/plimsoll.svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>\n',
    ".built-from": b"whoever builds notes here from what",
}


@pytest.fixture(scope="module")
def page_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page") / "static"
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@asynccontextmanager
async def serving(
    settings: Settings, database_url: str, page_folder: Path
) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser's view of a desk on a real socket: it unpacks nothing and follows nothing."""
    app = create_app(settings, database_url, page_folder=page_folder)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(app))
        port = await stack.enter_async_context(listening(app))
        client = httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers={"accept-encoding": "identity"}
        )
        yield await stack.enter_async_context(client)


@asynccontextmanager
async def desk_of_its_own(
    postgres: EmbeddedPostgres, template: str, data_dir: Path, page_folder: Path, **given: Any
) -> AsyncIterator[httpx2.AsyncClient]:
    settings = easy(data_dir).model_copy(update=given)
    async with cloned(postgres.dsn, template) as url, serving(settings, url, page_folder) as client:
        yield client


@pytest.fixture(scope="module")
async def browser(
    postgres: EmbeddedPostgres,
    template: str,
    page_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[httpx2.AsyncClient]:
    data_dir = tmp_path_factory.mktemp("desk")
    async with desk_of_its_own(postgres, template, data_dir, page_folder) as client:
        yield client


@pytest.fixture(scope="module")
async def unbuilt(
    postgres: EmbeddedPostgres, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx2.AsyncClient]:
    """From its sources, before anybody built the page."""
    data_dir = tmp_path_factory.mktemp("desk")
    async with desk_of_its_own(postgres, template, data_dir, data_dir / "none") as client:
        yield client


@pytest.fixture(scope="module")
async def beneath(
    postgres: EmbeddedPostgres,
    template: str,
    page_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[httpx2.AsyncClient]:
    """Below `/desk` of a proxy, whether it takes that off or leaves it on."""
    data_dir = tmp_path_factory.mktemp("desk")
    async with desk_of_its_own(
        postgres, template, data_dir, page_folder, root_path="/desk"
    ) as client:
        yield client
