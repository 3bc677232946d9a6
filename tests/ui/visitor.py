"""Somebody at a real browser: what they see, what the page asks for and complains about."""

import asyncio
import re
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Route,
    WebError,
    expect,
)

from tests.conftest import PASSWORD
from tests.journeys.service import Service

AXE: Final = Path(__file__).parents[2] / "ui" / "node_modules" / "axe-core" / "axe.min.js"
PHONE: Final[dict[str, Any]] = {
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
}
DESKTOP: Final[dict[str, Any]] = {"viewport": {"width": 1440, "height": 900}}
EXPECTED: Final = re.compile(r"Failed to load resource|net::ERR_|WebSocket connection to")
"""The browser says these itself of answers that are no success, and of a service that is away."""
# Milliseconds: a machine that runs other tests as well is slower than anybody's.
expect.set_options(timeout=10_000)
LOOK_WITH_AXE: Final = """async () => {
  const options = { attributes: true, attributeFilter: ["disabled"], subtree: true };
  for (;;) {
    let changed = false;
    const watch = new MutationObserver(() => { changed = true; });
    watch.observe(document.body, options);
    const found = await axe.run({ resultTypes: ["violations"] });
    watch.disconnect();
    if (!changed) return found;
  }
}"""
"""A field that becomes ready while axe looks has half of the looks of each: it looks again."""
SEVERE: Final = frozenset({"serious", "critical"})


@dataclass
class Visitor:
    """One browser context with one page."""

    service: Service
    context: BrowserContext
    page: Page
    outside: list[str] = field(default_factory=list)
    """What was asked of anybody but this machine: has to stay empty."""
    complaints: list[str] = field(default_factory=list)
    """Errors and warnings of the page itself: have to stay empty."""

    async def go(self, path: str) -> None:
        await self.page.goto(self.service.url + path)

    async def sign_up(self, email: str | None = None, *, role: str | None = None) -> str:
        """A new person who is signed in here; the e-mail address."""
        email = email or f"{uuid4().hex[:12]}@example.org"
        account = {"email": email, "password": PASSWORD}
        made = await self._post("/auth/register", account)
        assert made.ok, await made.text()
        if role is not None:
            self.service.command("user", "role", email, role)
        await self.sign_in(email)
        return email

    async def sign_in(self, email: str) -> None:
        account = {"email": email, "password": PASSWORD, "cookie": True}
        opened = await self._post("/auth/login", account)
        assert opened.ok, await opened.text()

    async def enter(self, email: str, password: str = PASSWORD) -> None:
        """Fill in the form for signing in, which is open, and send it."""
        form = self.page.get_by_role("form", name="Sign in")
        await form.get_by_label("E-mail address").fill(email)
        await form.get_by_label("Password").fill(password)
        await form.get_by_role("button", name="Sign in").click()

    async def ask(self, path: str) -> Any:
        """What the API says to the same person."""
        answered = await self.context.request.get(f"{self.service.url}/api/v1{path}")
        assert answered.ok, await answered.text()
        return await answered.json()

    async def tell(self, path: str, body: dict[str, Any], *, method: str = "POST") -> Any:
        answered = await self._post(path, body, method=method)
        assert answered.ok, await answered.text()
        return await answered.json()

    async def _post(self, path: str, body: dict[str, Any], *, method: str = "POST") -> Any:
        url, headers = f"{self.service.url}/api/v1{path}", {"origin": self.service.url}
        return await self.context.request.fetch(url, method=method, data=body, headers=headers)

    def heading(self, name: str) -> Locator:
        return self.page.get_by_role("heading", name=name, exact=True, level=1)

    def figure(self, name: str) -> Locator:
        """A figure that opens where it comes from, by what it is called."""
        return self.page.get_by_title(f"Where does {name.lower()} come from?", exact=True)

    async def hold(self, path: str) -> list[Any]:
        """From now on the page gets the first answer of this route again and again, so that what is
        shown of moving prices can be compared with it: the only one in the list, once it was given.
        """
        given: list[Any] = []

        async def answer(route: Route) -> None:
            if not given:
                given.append(await (await route.fetch()).json())
            await route.fulfill(json=given[0])

        await self.page.route(re.compile(rf"/api/v1{re.escape(path)}(\?|$)"), answer)
        return given

    async def answer_after(self, path: str, shown: Locator) -> None:
        """From now on the page gets the answers of this route after what they did is shown."""

        async def answer(route: Route) -> None:
            answered = await route.fetch()
            await expect(shown).to_be_visible()
            await route.fulfill(response=answered)

        await self.page.route(re.compile(rf"/api/v1{re.escape(path)}$"), answer)

    async def hold_back(
        self, path: str, method: str | None = None, *, before: bool = False, lost: bool = False
    ) -> asyncio.Event:
        """What the page asks of this route is done, and answered once the event is set; or even
        done only then (`before`), or never answered (`lost`). After that all is as always.
        """
        released = asyncio.Event()

        async def answer(route: Route) -> None:
            if released.is_set() or method not in {None, route.request.method}:
                await route.fallback()
                return
            answered = None if before else await route.fetch()
            await released.wait()
            if lost:
                await route.abort()
            else:
                await route.fulfill(response=answered or await route.fetch())

        await self.page.route(re.compile(rf"/api/v1{re.escape(path)}(\?|$)"), answer)
        return released

    async def is_live(self) -> None:
        await self.is_in_condition("live")

    async def is_in_condition(self, condition: str, *, within_ms: float = 10_000) -> None:
        freshness = self.page.get_by_test_id("freshness")
        await expect(freshness).to_have_attribute("data-condition", condition, timeout=within_ms)

    async def until(self, function: str, arg: Any = None, *, within_s: float = 10.0) -> None:
        """Until a function of the page says so. Playwright's own waiting evaluates text within the
        page, which its policy forbids.
        """
        async with asyncio.timeout(within_s):
            while not await self.page.evaluate(function, arg):  # noqa: ASYNC110 - it cannot tell us
                await asyncio.sleep(0.05)

    async def scrolls_sideways(self) -> bool:
        return bool(
            await self.page.evaluate("document.documentElement.scrollWidth > innerWidth + 1")
        )

    async def accessibility_faults(self) -> list[str]:
        """What axe finds serious or critical, with the first element of each."""
        await self.page.evaluate(AXE.read_text("utf-8"))
        found = await self.page.evaluate(LOOK_WITH_AXE)
        return [
            f"{each['id']}: {each['nodes'][0]['html'][:160]}"
            for each in found["violations"]
            if each["impact"] in SEVERE
        ]


def number(text: str) -> Decimal:
    """The first number in what is shown."""
    found = re.search(r"[-\u2212]?\d[\d,]*(\.\d+)?", text)
    assert found is not None, text
    return Decimal(found[0].replace(",", "").replace("\u2212", "-"))


def dollars(amount: str, *, change: bool = False) -> str:
    """An amount as the page writes it; a change has its sign, whichever it is."""
    value = Decimal(amount).quantize(Decimal("0.01"), ROUND_HALF_UP)
    sign = "\u2212" if value < 0 else "+" if change and Decimal(amount) > 0 else ""
    return f"{sign}${abs(value):,}"


async def open_visitor(browser: Browser, service: Service, **options: Any) -> Visitor:
    """`options` are of the browser's context: viewport, color_scheme and so on."""
    given: dict[str, Any] = {
        "color_scheme": "dark",
        "reduced_motion": "reduce",
        "timezone_id": "UTC",
        "locale": "en-GB",
        **DESKTOP,
        **options,
    }
    context = await browser.new_context(**given)
    page = await context.new_page()
    visitor = Visitor(service, context, page)

    async def guard(route: Route) -> None:
        if route.request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            await route.continue_()
        else:
            visitor.outside.append(route.request.url)
            await route.abort()

    def listen(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not EXPECTED.search(message.text):
            visitor.complaints.append(message.text)

    def caught(fault: WebError) -> None:
        visitor.complaints.append(str(fault.error))

    await context.route("**/*", guard)
    context.on("console", listen)
    context.on("weberror", caught)
    return visitor
