"""One service and one browser for all tests of the page; each test has a context of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright

from tests.journeys.service import Service
from tests.ui.visitor import Visitor, open_visitor
from tools import page as built_page
from tools.browser import find_browser

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
Visit = Callable[..., Awaitable[Visitor]]
SETTINGS = {
    "webhook_allowed": "127.0.0.1",
    "compliance_every_s": "2",
    "second_operator": "trading-limits",
}
"""Receivers of messages are here as well, and nobody wants to wait half a minute for a case."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them in one process: a browser and a service are dear."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    assert built_page.is_built(), "the page is not built: make ui"
    folder = tmp_path_factory.mktemp("page") / "desk"
    with Service(folder, "--feed", "simulated", **SETTINGS) as running:
        yield running


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = find_browser()
    assert path is not None, "no browser: .venv/bin/python -m tools.browser"
    async with async_playwright() as driver:
        opened = await driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield opened
        await opened.close()


@pytest.fixture
async def visit(browser: Browser, service: Service) -> AsyncIterator[Visit]:
    """Opens a browser context; at the end nobody outside was asked and nothing went wrong."""
    opened: list[Visitor] = []

    async def visit(at: Service = service, **options: Any) -> Visitor:
        visitor = await open_visitor(browser, at, **options)
        opened.append(visitor)
        return visitor

    yield visit
    for visitor in opened:
        # What a test holds back is not answered any more; nobody is to fail because of it.
        for page in visitor.context.pages:
            await page.unroute_all(behavior="ignoreErrors")
        await visitor.context.unroute_all(behavior="ignoreErrors")
        await visitor.context.close()
    assert [visitor.outside for visitor in opened] == [[] for _ in opened]
    assert [visitor.complaints for visitor in opened] == [[] for _ in opened]


@pytest.fixture
async def visitor(visit: Visit) -> Visitor:
    """A stranger at a desk."""
    return await visit()
