"""Every screen, in both themes and on a phone: it opens, complains of nothing, all can use it."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.ui.conftest import Visit
from tests.ui.visitor import PHONE, Visitor

OF_EVERYBODY: dict[str, str | None] = {
    "/markets": "Markets",
    "/about": "About",
    "/sign-in": "Sign in to Plimsoll",
}
OF_A_PERSON = {
    "/markets/bitcoin/usd": None,
    "/trade/BTC-PERP": None,
    "/portfolio": "Portfolio",
    "/transactions": "Transactions",
    "/imports": "Imports",
    "/data-quality": "Data quality",
    "/tax": "Tax",
    "/alerts": "Alerts",
    "/jobs": "Jobs",
    "/account": "Account",
}
OF_AN_OPERATOR = {
    "/operator": None,
    "/operator/exposure": "Exposure",
    "/operator/cases": "Cases",
    "/operator/people": "People",
    "/operator/audit": "Audit",
    "/operator/health": "Health",
}
LOOKS: dict[str, dict[str, Any]] = {
    "dark": {"color_scheme": "dark"},
    "light": {"color_scheme": "light"},
    "phone": {**PHONE, "color_scheme": "light"},
}

OPACITY_OF_A_DISABLED_BUTTON = """() => {
  const button = document.createElement("button");
  button.className = [...document.querySelectorAll("main button")]
    .find((each) => each.className.includes("disabled:opacity-50")).className;
  document.body.append(button);
  const seen = [getComputedStyle(button).opacity];
  button.disabled = true;
  seen.push(getComputedStyle(button).opacity);
  button.remove();
  return seen;
}"""


async def looks_right(visitor: Visitor, path: str, title: str | None) -> None:
    await visitor.go(path)
    heading = visitor.page.get_by_role("heading", level=1)
    await expect(heading).to_have_count(1)
    if title is not None:
        await expect(visitor.heading(title)).to_be_visible()
    await visitor.is_live()
    await expect(visitor.page.locator("[data-state=loading]")).to_have_count(0, timeout=15_000)
    assert not await visitor.scrolls_sideways(), f"{path} scrolls sideways"
    assert await visitor.accessibility_faults() == [], path


@pytest.mark.parametrize("look", LOOKS)
async def test_strangers_see_markets_and_how_to_sign_in(visit: Visit, look: str) -> None:
    visitor = await visit(**LOOKS[look])
    for path, title in OF_EVERYBODY.items():
        await looks_right(visitor, path, title)


@pytest.mark.parametrize("look", LOOKS)
async def test_a_person_finds_every_screen_in_order(visit: Visit, look: str) -> None:
    visitor = await visit(**LOOKS[look])
    await visitor.sign_up()
    for path, title in OF_A_PERSON.items():
        await looks_right(visitor, path, title)


@pytest.mark.parametrize("look", LOOKS)
async def test_an_operator_finds_every_screen_in_order(visit: Visit, look: str) -> None:
    visitor = await visit(**LOOKS[look])
    email = await visitor.sign_up()
    visitor.service.command("user", "role", email, "operator")
    await visitor.sign_in(email)
    for path, title in OF_AN_OPERATOR.items():
        await looks_right(visitor, path, title)


async def test_what_is_for_operators_is_not_shown_to_others(visitor: Visitor) -> None:
    await visitor.sign_up()
    await visitor.go("/operator")
    await expect(visitor.page.get_by_text("This part is for operators")).to_be_visible()
    await expect(visitor.page.get_by_role("link", name="Audit")).to_have_count(0)


async def test_who_wants_no_motion_sees_none(visitor: Visitor) -> None:
    """Not while something loads, and a look that changes is there at once."""
    await visitor.sign_up()
    released = await visitor.hold_back("/alerts", "GET")
    await visitor.go("/alerts")
    await expect(visitor.page.locator("[data-state=loading]").first).to_be_visible()
    assert await visitor.page.evaluate("document.getAnimations().length") == 0
    released.set()
    await expect(visitor.page.locator("[data-state=loading]")).to_have_count(0)
    assert await visitor.page.evaluate(OPACITY_OF_A_DISABLED_BUTTON) == ["1", "0.5"]


async def test_a_stranger_comes_back_to_where_they_wanted_to_go(visitor: Visitor) -> None:
    await visitor.go("/portfolio?range=1m")
    await expect(visitor.heading("Sign in to Plimsoll")).to_be_visible()
    assert "next=" in visitor.page.url
