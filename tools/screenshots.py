"""Pictures of every screen for the README and docs/page.md, taken of a demo: `docs/images/`.

python -m tools.screenshots                          all of them, of a demo of its own
python -m tools.screenshots --only trade palette     some
python -m tools.screenshots --url http://127.0.0.1:8000    of a demo that runs already

The story ends on a day that does not move, so books, tax and orders are the same each time; live
prices go on from there and are not.
"""

import argparse
import asyncio
import io
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from operator import sub
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from PIL import Image
from playwright.async_api import Browser, Page, Route, async_playwright, expect

from tools import page as built_page
from tools.browser import find_browser

INTO: Final = Path(__file__).parents[1] / "docs" / "images"
PROGRAM: Final = Path(sys.executable).with_name("plimsoll")
READY: Final = re.compile(r"Plimsoll is ready: (http://127\.0\.0\.1:\d+)/")
SEED: Final = "7"
UNTIL: Final = "2026-11-20"
"""A demo takes a day of the last year only: move it before it is too old."""
COLOURS: Final = 256
"""Of a picture: enough for text and charts, and a third of the bytes."""
ALIKE: Final = 16
"""The sum of differences of red, green and blue, of 255 each."""
FLAT: Final = 1 / 500
"""What covers more of a picture than this is no edge of a letter, and stays as it is."""
SETTLING_MS: Final = 1_500
"""Charts are drawn and sparklines filled within this."""

DESKTOP: Final[dict[str, Any]] = {"viewport": {"width": 1440, "height": 900}}
PHONE: Final[dict[str, Any]] = {
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
}
LOOKS: Final[dict[str, dict[str, Any]]] = {
    "phone": {**PHONE, "color_scheme": "dark"},
    "phone-light": {**PHONE, "color_scheme": "light"},
    "light": {**DESKTOP, "color_scheme": "light"},
    "dark": {**DESKTOP, "color_scheme": "dark"},
}
"""The large ones come last: minutes have been counted by then for the operator to see."""
Act = Callable[[Page], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Screen:
    """`path` may hold {first} of a list: `listed` names the route and what its row has to have."""

    name: str
    path: str
    listed: tuple[str, dict[str, Any]] | None = None
    before: Act | None = None
    after: Act | None = None


async def _as_a_stranger(page: Page) -> None:
    """A demo signs in by itself; any other desk asks who is there."""

    async def tell(route: Route) -> None:
        said = await (await route.fetch()).json()
        await route.fulfill(json=said | {"demo": False, "signed_in": False})

    await page.context.clear_cookies()
    await page.route("**/api/v1/meta", tell)


async def _see_trends(page: Page) -> None:
    """They are asked for row by row, so as not to hold up the prices."""
    waiting = page.locator("[role=gridcell] > .bg-raised:empty")
    if (page.viewport_size or {"width": 0})["width"] > PHONE["viewport"]["width"]:
        await expect(waiting).to_have_count(0, timeout=30_000)


async def _fill_ticket(page: Page) -> None:
    """For a preview by the service; on a phone the ticket is another tab."""
    quantity = page.get_by_label("Quantity", exact=True)
    if await quantity.is_visible():
        await page.get_by_label("Order", exact=True).select_option("market")
        await quantity.fill("0.25")


async def _open_palette(page: Page) -> None:
    await page.keyboard.press("Control+k")
    await page.get_by_role("combobox").fill("sol")


async def _see_tab(page: Page) -> None:
    """It is below the tables of what is open."""
    table = page.get_by_role("table", name="Liquidations")
    await table.scroll_into_view_if_needed()
    await page.get_by_role("tab", name="Liquidations").evaluate("each => each.scrollIntoView()")


async def _give_reason(page: Page) -> None:
    """Not sent: the case is as open for the next picture."""
    await page.get_by_role("button", name="Acknowledge…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Reason, for the audit log").fill("Asking what they were for")


SCREENS: Final = (
    Screen("markets", "/markets", after=_see_trends),
    Screen("pair", "/markets/bitcoin/usd"),
    Screen("trade", "/trade/BTC-PERP", after=_fill_ticket),
    Screen("portfolio", "/portfolio"),
    Screen("transactions", "/transactions"),
    Screen("imports", "/imports"),
    Screen("import-wizard", "/imports/{first}", ("/imports", {"state": "preview"})),
    Screen("data-quality", "/data-quality"),
    Screen("tax", "/tax"),
    Screen("tax-run", "/tax/runs/{first}", ("/tax/runs", {"year": int(UNTIL[:4]) - 1})),
    Screen("alerts", "/alerts"),
    Screen("operator", "/operator"),
    Screen("exposure", "/operator/exposure"),
    Screen("liquidations", "/operator/exposure?tab=liquidations", after=_see_tab),
    Screen("cases", "/operator/cases"),
    Screen(
        "case",
        "/operator/cases/{first}",
        ("/cases", {"state": "resolved", "rule": "liquidations"}),
    ),
    Screen(
        "case-acts", "/operator/cases/{first}", ("/cases", {"state": "open"}), after=_give_reason
    ),
    Screen("people", "/operator/people"),
    Screen("audit", "/operator/audit"),
    Screen("health", "/operator/health"),
    Screen("jobs", "/jobs"),
    Screen("account", "/account"),
    Screen("about", "/about"),
    Screen("palette", "/markets", after=_open_palette),
    Screen("sign-in", "/sign-in", before=_as_a_stranger),
)


@contextmanager
def running_demo() -> Iterator[str]:
    """The address of a demo with the page as it is in ui/, in a folder that goes with it."""
    built_page.ensure()
    with TemporaryDirectory() as folder:
        told = ("--seed", SEED, "--until", UNTIL, "--data-dir", f"{folder}/demo")
        process = subprocess.Popen(  # noqa: S603 - our own program
            [str(PROGRAM), "demo", "--port", "0", *told], stdout=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            found = (READY.match(line) for line in process.stdout)
            ready = next((match for match in found if match), None)
            if ready is None:
                sys.exit(f"the demo ended with {process.wait()}")
            yield ready[1]
        finally:
            process.terminate()
            process.wait(timeout=60)


async def take(browser: Browser, url: str, look: str, screens: list[Screen], into: Path) -> None:
    context = await browser.new_context(
        **LOOKS[look], reduced_motion="reduce", timezone_id="UTC", locale="en-GB"
    )
    page = await context.new_page()
    await page.goto(url)
    await expect(page.get_by_test_id("freshness")).to_have_attribute("data-condition", "live")
    for screen in screens:
        if screen.before is not None:
            await screen.before(page)
        first = await _find_first(page, url, screen) if screen.listed else ""
        await page.goto(url + screen.path.format(first=first))
        await expect(page.get_by_role("heading", level=1)).to_have_count(1, timeout=15_000)
        await page.wait_for_timeout(SETTLING_MS)
        await expect(page.locator("[data-state=loading]")).to_have_count(0, timeout=15_000)
        if screen.after is not None:
            await screen.after(page)
            await page.wait_for_timeout(SETTLING_MS)
        path = into / f"{screen.name}-{look}.png"
        path.write_bytes(reduce(await page.screenshot()))
        print(f"{path.name}  {path.stat().st_size // 1_000} KB", flush=True)
    await context.close()


async def _find_first(page: Page, url: str, screen: Screen) -> str:
    assert screen.listed is not None
    route, wanted = screen.listed
    answered = await page.request.get(f"{url}/api/v1{route}")
    rows: list[dict[str, Any]] = (await answered.json())["data"]
    fitting = (row["id"] for row in rows if wanted.items() <= row.items())
    return str(next(fitting))


def reduce(png: bytes) -> bytes:
    """The same picture in the colours it uses most, so that flat areas and small accents stay as
    they are and only the edges of letters change. No dithering: it spoils text.
    """
    whole = Image.open(io.BytesIO(png)).convert("RGB")
    chosen = [part for colour in _main_colours(whole) for part in colour]
    palette = Image.new("P", (1, 1))
    palette.putpalette(chosen)
    few = whole.quantize(palette=palette, dither=Image.Dither.NONE)
    packed = io.BytesIO()
    few.save(packed, "PNG", optimize=True)
    return packed.getvalue()


def _main_colours(image: Image.Image) -> list[tuple[int, ...]]:
    """Those used most, without what nobody could tell from one of them."""
    counted = sorted(image.getcolors(image.width * image.height) or [], reverse=True)
    chosen: list[tuple[int, ...]] = []
    flat = image.width * image.height * FLAT
    for count, colour in counted:
        assert isinstance(colour, tuple)
        if count > flat or all(sum(map(abs, map(sub, colour, other))) >= ALIKE for other in chosen):
            chosen.append(colour)
        if len(chosen) == COLOURS:
            break
    return chosen


async def take_all(url: str, only: list[str], looks: list[str], into: Path) -> None:
    screens = [screen for screen in SCREENS if not only or screen.name in only]
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"]
        )
        for look in looks:
            await take(browser, url, look, screens, into)
        await browser.close()


def main() -> None:
    asked = argparse.ArgumentParser(description="Pictures of every screen, of a demo")
    asked.add_argument("--only", nargs="*", default=[], choices=[each.name for each in SCREENS])
    asked.add_argument("--looks", nargs="*", default=list(LOOKS), choices=list(LOOKS))
    asked.add_argument("--url", help="of a demo that runs; without it one is started")
    asked.add_argument("--into", type=Path, default=INTO)
    given = asked.parse_args()
    given.into.mkdir(parents=True, exist_ok=True)
    if find_browser() is None:
        sys.exit("There is no Chromium here: python -m tools.browser")
    if given.url:
        asyncio.run(take_all(given.url.rstrip("/"), given.only, given.looks, given.into))
        return
    with running_demo() as url:
        asyncio.run(take_all(url, given.only, given.looks, given.into))


if __name__ == "__main__":
    main()
