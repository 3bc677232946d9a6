"""Hands off the mouse: from the sign-in to a filled order with keys alone, and one always sees
where one is.
"""

from typing import Any, Final

import pytest
from playwright.async_api import Page, expect

from tests.conftest import PASSWORD
from tests.ui.conftest import Visit
from tests.ui.ticket import message, row
from tests.ui.visitor import Visitor

NO_MOUSE: Final = """() => {
  window.__pointed = 0;
  addEventListener("mousedown", () => window.__pointed++, true);
  addEventListener("touchstart", () => window.__pointed++, true);
}"""
FOCUSED: Final = """() => {
  const at = document.activeElement;
  if (at === null || at === document.body) return null;
  const box = at.getBoundingClientRect();
  const look = getComputedStyle(at);
  const ringed = look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 1;
  const on = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return {
    name: at.getAttribute("aria-label") ?? at.labels?.[0]?.textContent ?? at.textContent ?? "",
    seen: ringed && on && box.width > 0 && box.height > 0,
    html: at.outerHTML.slice(0, 160),
  };
}"""
FAR: Final = 60
"""More stops than this on the way to something are too many."""


async def focused(page: Page) -> Any:
    """What has the focus; fails where one cannot see it."""
    at = await page.evaluate(FOCUSED)
    assert at is None or at["seen"], f"nobody sees that the focus is here: {at['html']}"
    return at


async def tab_to(page: Page, name: str, *, back: bool = False) -> None:
    """With Tab to what is called so, seeing the focus at each stop."""
    passed = []
    for _ in range(FAR):
        await page.keyboard.press("Shift+Tab" if back else "Tab")
        at = await focused(page)
        passed.append(at and at["name"])
        if at is not None and at["name"].strip().startswith(name):
            return
    raise AssertionError(f"{name!r} was not among {passed}")


@pytest.fixture
async def visitor(visit: Visit) -> Visitor:
    """A page on which nothing was ever pointed at."""
    made = await visit()
    await made.page.add_init_script(f"({NO_MOUSE})()")
    return made


async def test_from_the_sign_in_to_a_filled_order(visitor: Visitor) -> None:
    page, keys = visitor.page, visitor.page.keyboard
    email = await visitor.sign_up()
    await visitor.tell("/account/deposit", {"amount": "10000"})
    await visitor.context.clear_cookies()

    await visitor.go("/sign-in")
    await expect(page.get_by_label("E-mail address")).to_be_focused()
    await keys.type(email)
    await tab_to(page, "Password")
    await keys.type(PASSWORD)
    await keys.press("Enter")
    await expect(visitor.heading("Markets")).to_be_visible()

    await keys.press("/")
    field = page.get_by_role("combobox", name="Search or go to")
    await expect(field).to_be_focused()
    await keys.type("eth perp")
    found = page.get_by_role("option").filter(has_text="ETH-PERP")
    await expect(found).to_have_attribute("aria-selected", "true")
    await keys.press("ArrowDown")
    await keys.press("ArrowUp")
    await expect(found).to_have_attribute("aria-selected", "true")
    await keys.press("Enter")
    await expect(page.get_by_role("heading", name="Trade ETH-PERP")).to_be_attached()
    await visitor.is_live()

    quantity = page.get_by_label("Quantity", exact=True)
    side = page.get_by_role("group", name="Side")
    await keys.press("s")
    await expect(quantity).to_be_focused()
    await expect(side.get_by_role("button", name="Sell")).to_have_attribute("aria-pressed", "true")
    await tab_to(page, "Order", back=True)
    await keys.type("Market")
    await expect(page.get_by_label("Order", exact=True)).to_have_value("market")
    await tab_to(page, "Sell", back=True)
    await keys.press("b")
    await expect(side.get_by_role("button", name="Buy")).to_have_attribute("aria-pressed", "true")
    await expect(quantity).to_be_focused()
    await keys.type("0.5")
    await expect(page.get_by_text("filled at once, 0.5 ETH")).to_be_visible()
    await keys.press("Enter")
    await expect(page.get_by_role("button", name="Send order")).to_be_focused()
    await focused(page)
    await keys.press("Escape")
    await expect(page.get_by_role("group", name="Confirm the order")).to_have_count(0)
    await expect(page.get_by_role("button", name="Review: buy ETH-PERP")).to_be_focused()
    await keys.press("Enter")
    await expect(page.get_by_role("button", name="Send order")).to_be_focused()
    await keys.press("Enter")

    await expect(message(visitor, "Buy 0.5 ETH-PERP: filled")).to_be_visible()
    await expect(row(visitor, "Open positions", "ETH-PERP")).to_contain_text("long")
    assert (await visitor.ask("/positions"))["data"][0]["quantity"] == "0.5"
    assert await page.evaluate("window.__pointed") == 0


async def test_the_book_and_the_tabs_are_walked_with_arrows(visitor: Visitor) -> None:
    page, keys = visitor.page, visitor.page.keyboard
    await visitor.sign_up()
    await visitor.go("/trade/ETH-PERP")
    await visitor.is_live()
    buyers = page.get_by_role("list", name="Buyers").get_by_role("button")
    await expect(buyers.nth(5)).to_be_visible()
    await buyers.first.focus()
    await keys.press("ArrowDown")
    await expect(buyers.nth(1)).to_be_focused()
    await focused(page)
    price_shown = buyers.nth(1).locator("span").nth(1)
    before = await price_shown.text_content() or ""
    await expect(price_shown).not_to_have_text(before, timeout=30_000)
    await expect(buyers.nth(1)).to_be_focused()
    await keys.press("Enter")
    price = await page.get_by_label("Price", exact=True).input_value()
    book = await visitor.ask("/instruments/ETH-PERP/book?depth=50")
    bids = [float(each["price"]) for each in book["bids"]]
    assert min(bids) <= float(price) <= max(bids) * 1.01

    await page.get_by_role("tab", name="Positions").focus()
    await keys.press("ArrowRight")
    await expect(page.get_by_role("tab", name="Open orders")).to_be_focused()
    await expect(page.get_by_text("No order stands")).to_be_visible()
    await focused(page)


async def test_every_key_is_listed_and_escape_closes(visitor: Visitor) -> None:
    page, keys = visitor.page, visitor.page.keyboard
    await visitor.sign_up()
    await visitor.go("/portfolio")
    await visitor.is_live()

    await keys.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    await expect(sheet).to_contain_text("Search or go to")
    await expect(sheet).to_contain_text("Alerts")
    await keys.press("Escape")
    await expect(sheet).to_have_count(0)

    await keys.press("g")
    await keys.press("a")
    await expect(visitor.heading("Alerts")).to_be_visible()
    await keys.press("Control+k")
    palette = page.get_by_role("dialog", name="Search or go to")
    await expect(page.get_by_role("combobox", name="Search or go to")).to_be_focused()
    await keys.press("Escape")
    await expect(palette).to_have_count(0)
    await keys.press("Shift+N")
    newest = page.get_by_role("dialog", name="Notifications")
    await expect(newest).to_be_visible()
    await keys.press("Escape")
    await expect(newest).to_have_count(0)


async def test_a_key_means_nothing_while_one_types(visitor: Visitor) -> None:
    page, keys = visitor.page, visitor.page.keyboard
    await visitor.sign_up()
    await visitor.go("/trade/ETH-PERP")
    await visitor.is_live()
    price = page.get_by_label("Price", exact=True)
    await price.focus()
    await keys.type("s?/")
    await expect(price).to_have_value("s?/")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    side = page.get_by_role("group", name="Side")
    await expect(side.get_by_role("button", name="Buy")).to_have_attribute("aria-pressed", "true")
