"""The desk in a hand: an order with a thumb, a theme that stays, amounts that nobody else sees."""

import re
from typing import Final

import pytest
from playwright.async_api import expect

from tests.ui.conftest import Visit
from tests.ui.ticket import fill, foreseen, open_trade, row, ticket
from tests.ui.visitor import PHONE, Visitor, dollars

BOUGHT: Final = {"coin_id": "bitcoin", "quantity": "2", "price": "45617.28"}


@pytest.fixture
async def visitor(visit: Visit) -> Visitor:
    """Somebody with a phone, and an account."""
    made = await visit(**PHONE)
    await made.sign_up()
    return made


async def test_one_buys_with_a_thumb(visitor: Visitor) -> None:
    await open_trade(visitor, "ETH-PERP")
    await visitor.page.get_by_role("tab", name="Ticket").tap()
    await fill(visitor, "Buy", "0.5")
    await expect(foreseen(visitor, "Would be")).to_have_text("filled at once, 0.5 ETH")
    form = ticket(visitor)
    await form.get_by_role("button", name="Review").tap()
    await form.get_by_role("button", name="Send order").tap()

    held = row(visitor, "Open positions", "ETH-PERP")
    await expect(held).to_contain_text("long")
    assert (await visitor.ask("/positions"))["data"][0]["quantity"] == "0.5"
    assert not await visitor.scrolls_sideways()
    for part in ("Chart", "Book"):
        await visitor.page.get_by_role("tab", name=part).tap()
        assert not await visitor.scrolls_sideways()


async def theme_of(visitor: Visitor) -> str:
    return str(await visitor.page.evaluate("document.documentElement.dataset.theme"))


@pytest.mark.parametrize("early", [False, True])
async def test_the_theme_that_was_chosen_stays(visitor: Visitor, *, early: bool) -> None:
    """Also when it is chosen before the page has heard what was chosen earlier."""
    page = visitor.page
    known = await visitor.hold_back("/me/preferences", "GET")
    if not early:
        known.set()
    await visitor.go("/markets")
    assert await theme_of(visitor) == "dark"
    await page.get_by_role("button", name="Signed in as").tap()
    async with page.expect_response(lambda given: given.request.method == "PUT"):
        await page.get_by_role("menuitemradio", name="Light").tap()
        await expect(page.locator("html")).to_have_attribute("data-theme", "light")
        await expect(page.get_by_role("menu")).to_have_count(0)
        known.set()

    await visitor.page.reload()

    await visitor.is_live()
    assert await theme_of(visitor) == "light"
    assert (await visitor.ask("/me/preferences"))["theme"] == "light"


async def test_privacy_hides_every_amount_of_ones_own(visitor: Visitor) -> None:
    await visitor.tell("/holdings", BOUGHT)
    await visitor.go("/portfolio")
    main = visitor.page.get_by_role("main")
    summary = await visitor.ask("/portfolio/summary")
    await expect(main).to_contain_text(dollars(summary["cost"]))
    await expect(visitor.page.locator("[data-state=loading]")).to_have_count(0)

    await visitor.page.get_by_role("button", name="Hide amounts").tap()

    await expect(main).to_contain_text("•••••")
    shown = await main.inner_text()
    assert "$" not in shown, "prices have no sign of a currency, what is one's own has"
    assert not await visitor.scrolls_sideways()
    await visitor.figure("Cost").tap()
    why = visitor.page.get_by_role("dialog")
    await expect(why).to_contain_text("•••••")
    assert "$" not in await why.inner_text()
    assert re.search(r"\d,\d{3}\.\d\d", shown), "what the market says is no secret"
