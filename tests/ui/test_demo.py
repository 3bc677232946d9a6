"""The first run: a desk that lives at once and says that it is a demo, figures that are those of
the service, one click to an empty desk, and the same story told anew.
"""

import asyncio
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import pytest
from playwright.async_api import Route, expect

from tests.journeys.service import PROGRAM, Service
from tests.ui.conftest import Visit
from tests.ui.ticket import message
from tests.ui.visitor import Visitor, dollars, number

pytestmark = pytest.mark.timeout(180)


WATCH_ROWS: Final = """() => {
  const beganMs = performance.now();
  const rows = () => [...document.querySelectorAll("[data-pair]")].map((row) => row.textContent);
  const before = rows();
  window.firstChangeMs = null;
  new MutationObserver((_, observer) => {
    if (rows().every((text, at) => text === before[at])) return;
    window.firstChangeMs = performance.now() - beganMs;
    observer.disconnect();
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
  return before.length;
}"""
"""How long until a row changes, by the page's own clock; the rows there are."""


class Demo(Service):
    """`plimsoll demo`, which takes nothing of its settings from the environment."""

    def launch(self) -> None:
        assert self._process is None, "it runs already"
        with self._log.open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [PROGRAM, "demo", "--port", "0", "--data-dir", str(self.data_dir)],
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with Demo(tmp_path_factory.mktemp("demo") / "desk") as running:
        yield running


@pytest.fixture
async def visitor(visit: Visit, demo: Demo) -> Visitor:
    """Somebody who has just typed the one command, and opens the page."""
    return await visit(at=demo)


async def test_the_first_page_lives(visitor: Visitor) -> None:
    page = visitor.page
    await visitor.go("/")
    await expect(visitor.heading("Markets")).to_be_visible()
    await expect(page.get_by_role("button", name="DEMO", exact=True)).to_be_visible()
    await visitor.is_live()
    await expect(page.get_by_role("row").nth(3)).to_be_visible()
    assert await page.evaluate(WATCH_ROWS) > 2
    await visitor.until("() => window.firstChangeMs !== null", within_s=30.0)
    assert await page.evaluate("window.firstChangeMs") < 3_000

    await page.get_by_role("link", name="BTC/USD", exact=True).click()
    drawn: list[Any] = []
    async with asyncio.timeout(10):
        while not drawn:  # a chart is made anew when more becomes known, such as the theme
            drawn = await page.evaluate(
                "() => Object.values(window.__desk?.charts ?? {}).map(each => each.stats())"
                ".filter(each => each.bars > 50)"
            )
    last = Decimal(drawn[0]["lastClose"])
    now = Decimal((await visitor.ask("/markets/bitcoin/usd"))["price"])
    assert abs(last - now) / now < Decimal("0.02")


async def test_the_portfolio_is_what_the_service_says(visitor: Visitor) -> None:
    await visitor.go("/portfolio")
    await visitor.is_live()
    cost = visitor.figure("Cost")
    await expect(cost).to_be_visible()
    summary = await visitor.ask("/portfolio/summary")
    assert len(summary["holdings"]) > 3
    await expect(cost).to_have_text(dollars(summary["cost"]))
    realised = visitor.figure("Realised profit")
    await expect(realised).to_have_text(dollars(summary["realised_profit"], change=True))
    rows = visitor.page.get_by_role("table", name="Holdings").locator("tbody tr")
    await expect(rows).to_have_count(len(summary["holdings"]))
    shown = number(await visitor.figure("Value").inner_text())
    again = Decimal((await visitor.ask("/portfolio/summary"))["value"])
    assert abs(shown - again) / again < Decimal("0.02")


async def test_the_operators_screens_have_something_to_look_at(visitor: Visitor) -> None:
    page = visitor.page
    await visitor.go("/operator/cases")
    rows = page.get_by_role("table", name="Cases").locator("tbody tr")
    await expect(rows.first).to_be_visible(timeout=15_000)
    await expect(rows).to_have_count(len((await visitor.ask("/cases"))["data"]))
    for state in ("open", "acknowledged", "resolved"):
        await expect(rows.filter(has_text=state).first).to_be_visible()

    await rows.filter(has_text="acknowledged").get_by_role("link").first.click()
    history = page.locator("section").filter(has=page.get_by_role("heading", name="History"))
    await expect(history.get_by_role("listitem")).to_have_count(2)
    await expect(page.get_by_role("button", name="Resolve…")).to_be_visible()

    await visitor.go("/operator/exposure?tab=liquidations")
    steps = page.get_by_role("table", name="Liquidations").locator("tbody tr")
    await expect(steps.first).to_be_visible(timeout=15_000)
    told = (await visitor.ask("/regulator/liquidations"))["data"]
    await expect(steps).to_have_count(len(told))
    await expect(steps.first).to_contain_text(told[0]["symbol"])


async def test_one_click_empties_the_desk_and_another_tells_the_story_anew(
    visitor: Visitor,
) -> None:
    page = visitor.page
    await visitor.go("/portfolio")
    cost = visitor.figure("Cost")
    await expect(cost).to_be_visible()
    told = await cost.inner_text()

    await wish(visitor, "Wipe: begin with an empty desk", "Yes, wipe it")
    await expect(message(visitor, "The desk is empty")).to_be_visible(timeout=30_000)
    await page.get_by_role("link", name="Portfolio").first.click()
    await expect(page.get_by_text("You hold nothing yet")).to_be_visible()
    await expect(page.get_by_role("button", name="Record a purchase")).to_be_visible()
    assert (await visitor.ask("/portfolio/summary"))["holdings"] == []
    await page.get_by_role("link", name="Trade", exact=True).first.click()
    await expect(page.get_by_text("No open position")).to_be_visible()

    await wish(visitor, "Tell the story anew", "Yes, begin anew")
    await expect(message(visitor, "The story begins anew")).to_be_visible(timeout=60_000)
    await page.get_by_role("link", name="Portfolio").first.click()
    await expect(cost).to_have_text(told)


async def test_a_wipe_that_is_refused_after_its_dialog_was_closed_is_told(visitor: Visitor) -> None:
    page = visitor.page
    await visitor.go("/markets")
    problem = {"code": "unavailable", "title": "Not now", "detail": "try again", "status": 503}
    answers = asyncio.Event()

    async def refuse(route: Route) -> None:
        await answers.wait()
        await route.fulfill(status=503, json=problem, content_type="application/problem+json")

    await page.route("**/api/v1/demo/wipe", refuse)
    await wish(visitor, "Wipe: begin with an empty desk", "Yes, wipe it")
    await expect(page.get_by_role("button", name="Yes, wipe it")).to_be_disabled()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)

    answers.set()
    await expect(message(visitor, "Not now")).to_be_visible()


async def wish(visitor: Visitor, what: str, surely: str) -> None:
    """Nothing is done before it is said once more."""
    await visitor.page.get_by_role("button", name="DEMO", exact=True).click()
    dialog = visitor.page.get_by_role("dialog", name="This is a demo")
    await dialog.get_by_role("button", name=what).click()
    await dialog.get_by_role("button", name=surely).click()
