"""What somebody does on the trade screen while an answer is on its way: it stays about what it was
asked about, and nothing that was typed since is lost.
"""

import asyncio
import re
from decimal import Decimal

from playwright.async_api import Route, expect

from tests.ui.conftest import Visit
from tests.ui.ticket import (
    fill,
    hold,
    message,
    open_trade,
    row,
    sign_up_operator,
    ticket,
)
from tests.ui.visitor import PHONE, Visitor, number

CENT = Decimal("0.01")
TICK = Decimal("0.001")
STATS = "window.__desk?.charts?.trade?.stats()"
"""Of the chart on the trade screen."""
OLD = "12345.5"
"""A price that the market has not."""


async def test_an_order_has_the_leverage_that_is_shown_and_the_next_one_is_typed_meanwhile(
    visit: Visit,
) -> None:
    trader = await visit()
    await trader.sign_up()
    await open_trade(trader, "DOT-PERP")
    form, page = ticket(trader), trader.page
    quantity, leverage = form.get_by_label("Quantity", exact=True), form.get_by_label("Leverage")
    buy = form.get_by_role("button", name="Buy DOT-PERP")
    await expect(leverage).to_have_value("5")
    await form.get_by_label("Ask before sending").uncheck()
    await fill(trader, "Buy", "10")

    set_ = await trader.hold_back("/account/leverage", "PUT")
    sent = await trader.hold_back("/orders", "POST")
    await leverage.fill("3")
    async with page.expect_request(re.compile(r"/api/v1/orders$")) as ordered:
        await buy.click()
    body = (await ordered.value).post_data_json
    assert body is not None
    assert body["leverage"] == 3
    await quantity.fill("5")
    await leverage.fill("2")
    set_.set()
    sent.set()
    await expect(message(trader, "Buy 10 DOT-PERP: filled")).to_be_visible()
    await expect(row(trader, "Open positions", "DOT-PERP")).to_contain_text("long 3×")
    await expect(quantity).to_have_value("5")
    await expect(leverage).to_have_value("2")

    refused = await trader.hold_back("/orders", "POST", before=True)
    await buy.click()
    await quantity.fill("6")
    await expect(row(trader, "Open positions", "DOT-PERP")).to_contain_text("long 2×")
    left = Decimal((await trader.ask("/account/me"))["withdrawable"]) - 1
    await trader.tell("/account/withdraw", {"amount": str(left.quantize(CENT))})
    refused.set()
    told = message(trader, "Refused: buy 5 DOT-PERP")
    await expect(told).to_be_visible()
    await expect(quantity).to_have_value("6")


async def test_what_was_typed_on_a_phone_is_there_again_after_another_part_was_looked_at(
    visit: Visit,
) -> None:
    trader = await visit(**PHONE)
    await trader.sign_up()
    await open_trade(trader, "ADA-PERP")
    page, form = trader.page, ticket(trader)
    part, leverage = page.get_by_role("tab", name="Ticket"), form.get_by_label("Leverage")
    await part.tap()
    await expect(leverage).to_have_value("5")
    await form.get_by_label("Ask before sending").uncheck()
    await fill(trader, "Buy", "100")

    set_ = await trader.hold_back("/account/leverage", "PUT", before=True)
    await leverage.fill("3")
    async with page.expect_request(re.compile(r"/api/v1/account/leverage$")):
        await page.get_by_role("tab", name="Book").tap()
    await expect(form).to_have_count(0)
    await part.tap()
    await expect(leverage).to_have_value("3")
    async with page.expect_request(re.compile(r"/api/v1/orders$")) as ordered:
        await form.get_by_role("button", name="Buy ADA-PERP").tap()
    body = (await ordered.value).post_data_json
    assert body is not None
    assert body["leverage"] == 3
    await expect(message(trader, "Buy 100 ADA-PERP: filled")).to_be_visible()

    await page.get_by_role("tab", name="Book").tap()
    async with page.expect_response(re.compile(r"/api/v1/account/leverage$")):
        set_.set()
    # What was set is not typed any more: what is set elsewhere since is what the field shows.
    set_again = {"symbol": "ADA-PERP", "leverage": 4}
    await trader.tell("/account/leverage", set_again, method="PUT")
    await part.tap()
    await expect(leverage).to_have_value("4", timeout=20_000)


async def test_a_leverage_that_is_refused_while_another_part_is_looked_at_is_told_and_still_there(
    visit: Visit,
) -> None:
    trader = await visit(**PHONE)
    await trader.sign_up()
    await open_trade(trader, "ADA-PERP")
    page, form = trader.page, ticket(trader)
    part, leverage = page.get_by_role("tab", name="Ticket"), form.get_by_label("Leverage")
    await part.tap()
    await expect(leverage).to_have_value("5")
    refused = await trader.hold_back("/account/leverage", "PUT")
    await leverage.fill("999")
    await page.get_by_role("tab", name="Book").tap()
    await expect(form).to_have_count(0)
    refused.set()
    await expect(message(trader, "leverage")).to_be_visible()
    await part.tap()
    await expect(leverage).to_have_value("999")


async def test_an_answer_with_the_bars_does_not_undo_what_was_told_since_it_was_asked_for(
    visit: Visit,
) -> None:
    trader = await visit(**PHONE)
    await trader.sign_up()
    await open_trade(trader, "BTC-PERP")
    page = trader.page
    await trader.until(f"() => {STATS}?.bars > 0")
    asked, answers = asyncio.Event(), asyncio.Event()

    async def answer(route: Route) -> None:
        read = await (await route.fetch()).json()
        asked.set()
        await answers.wait()
        newest = read["candles"][-1]
        newest |= dict.fromkeys(("open", "high", "low", "close"), OLD)
        # By a bar more at its beginning the answer is known once it is drawn.
        first = read["candles"][0] | {"time_ms": read["candles"][0]["time_ms"] - 60_000}
        await route.fulfill(json=read | {"candles": [first, *read["candles"]]})

    await page.route(re.compile(r"/candles\?"), answer)
    await page.get_by_role("tab", name="Book").tap()
    await page.get_by_role("tab", name="Chart").tap()
    async with asyncio.timeout(10):
        await asked.wait()
    await trader.until(f"() => {STATS}?.bars > 0")
    before = await page.evaluate(f"() => {STATS}")
    await trader.until(f"close => {STATS}.lastClose !== close", before["lastClose"])
    await page.evaluate(f"() => {{ window.seen = []; setInterval(() => seen.push({STATS}), 1); }}")
    answers.set()
    await trader.until("firstMs => seen.some(each => each.firstMs < firstMs)", before["firstMs"])
    seen = await page.evaluate("() => seen.map(each => each.lastClose)")
    assert OLD not in seen


async def test_an_order_for_money_stays_as_it_was_asked_while_the_price_moves(visit: Visit) -> None:
    operator, trader = await sign_up_operator(visit), await visit()
    await hold(operator, "AVAX-PERP")
    await trader.sign_up()
    await open_trade(trader, "AVAX-PERP")
    form = ticket(trader)
    await form.get_by_label("In", exact=True).select_option("USDT")
    await fill(trader, "Buy", "1000")
    await form.get_by_role("button", name="Review").click()
    question = form.get_by_role("group", name="Confirm the order").get_by_role("paragraph")
    asked = await question.inner_text()

    mark = Decimal((await trader.ask("/market/price/AVAX-PERP"))["mark"])
    shown = trader.page.get_by_title("The price by which profit").locator("dd")
    before = await shown.inner_text()
    await hold(operator, "AVAX-PERP", mark * Decimal("0.95"))
    await expect(shown).not_to_have_text(before)
    await expect(question).to_have_text(asked)
    await form.get_by_role("button", name="Send order").click()
    bought = asked.removeprefix("Buy ").partition(" ")[0]
    await expect(message(trader, f"Buy {bought} AVAX-PERP: filled")).to_be_visible()


async def change_two_orders(trader: Visitor) -> None:
    """Only what was typed is changed, and the answer leaves the form of the other one open."""
    page = trader.page
    mark = Decimal((await trader.ask("/market/price/LINK-PERP"))["mark"])
    low, lower, lowest = (str((mark * Decimal(x)).quantize(TICK)) for x in ("0.98", "0.96", "0.94"))
    limit = {"symbol": "LINK-PERP", "side": "buy", "type": "limit", "price": low}
    first = await trader.tell("/orders", limit | {"quantity": "1"})
    second = await trader.tell("/orders", limit | {"quantity": "2", "price": lower})
    await page.get_by_role("tab", name="Open orders (2)").click()
    await page.get_by_role("button", name="Change buy 1 LINK-PERP").click()
    change = page.get_by_role("form", name="Change buy LINK-PERP")
    quantity, price = change.get_by_label("Whole quantity"), change.get_by_label("Price")
    await trader.tell(f"/orders/{first['id']}", {"quantity": "4"}, method="PATCH")
    await expect(quantity).to_have_value("4")
    await price.fill(lowest)
    changed = await trader.hold_back(f"/orders/{first['id']}", "PATCH")
    await change.get_by_role("button", name="Change").click()
    await page.get_by_role("button", name="Change buy 2 LINK-PERP").click()
    await expect(price).to_have_value(second["price"])
    changed.set()
    await expect(message(trader, "Changed: buy 4 LINK-PERP")).to_be_visible()
    await expect(price).to_have_value(second["price"])
    await change.get_by_role("button", name="Leave it").click()


async def leave_everything_unseen(trader: Visitor, orders: int) -> None:
    """The way out goes on without its dialog, which knows of it when it is opened again."""
    page, dialog = trader.page, trader.page.get_by_role("dialog")
    leaving = await trader.hold_back("/orders", "DELETE", before=True, lost=True)
    switch = page.get_by_role("button", name="Kill switch")
    await switch.click()
    await dialog.get_by_role("button", name="Cancel and close everything").click()
    await page.keyboard.press("Escape")
    await switch.click()
    await expect(dialog.get_by_role("heading", name="Leaving everything")).to_be_visible()
    await expect(dialog.get_by_role("button", name="Cancel and close everything")).to_be_disabled()
    await page.keyboard.press("Escape")
    leaving.set()
    told = message(trader, "Kill switch: not done 1 of 2")
    await expect(told).to_contain_text("Orders were not cancelled")
    await switch.click()
    await expect(dialog.get_by_role("list", name="Steps")).to_contain_text("Not done: Orders were")
    await dialog.get_by_role("button", name="Try again").click()
    await expect(dialog).to_contain_text(f"Done: {orders} orders cancelled")


async def test_the_way_out_is_followed_from_the_screen_of_another_market(visit: Visit) -> None:
    trader = await visit()
    await trader.sign_up()
    await open_trade(trader, "ETH-PERP")
    page, dialog = trader.page, trader.page.get_by_role("dialog")
    leaving = await trader.hold_back("/orders", "DELETE")
    switch = page.get_by_role("button", name="Kill switch")
    await switch.click()
    await dialog.get_by_role("button", name="Cancel and close everything").click()
    await page.keyboard.press("Escape")
    await page.get_by_role("combobox", name="Market", exact=True).select_option("SOL-PERP")
    await expect(page.get_by_role("heading", name="Trade SOL-PERP")).to_be_attached()
    await switch.click()
    await expect(dialog.get_by_role("heading", name="Leaving everything")).to_be_visible()
    leaving.set()
    steps = dialog.get_by_role("list", name="Steps").get_by_role("listitem")
    await expect(steps).to_have_text(["Done: 0 orders cancelled", "Done: No position was open"])
    await expect(dialog.get_by_role("button", name="Cancel and close everything")).to_have_count(0)


async def test_a_form_is_about_what_it_was_opened_for_and_its_refusal_is_told_after_it(
    visit: Visit,
) -> None:
    trader = await visit()
    await trader.sign_up()
    mode = {"symbol": "LINK-PERP", "mode": "isolated"}
    await trader.tell("/account/margin-mode", mode, method="PUT")
    await open_trade(trader, "LINK-PERP")
    page, dialog = trader.page, trader.page.get_by_role("dialog")
    market = {"symbol": "LINK-PERP", "side": "buy", "type": "market", "quantity": "10"}
    await trader.tell("/orders", market)

    # The margin of a position: as it is now, and no longer than there is one.
    margin = page.get_by_role("button", name="Margin…")
    await margin.click()
    put_aside = dialog.get_by_text("Put aside now")
    before = number(await put_aside.inner_text())
    await trader.tell("/positions/LINK-PERP/margin", {"amount": "50"})
    await expect(put_aside).to_contain_text(str(before + 50))
    refused = await trader.hold_back("/positions/LINK-PERP/margin", "POST", before=True)
    await dialog.get_by_label("Amount").fill("20")
    await dialog.get_by_role("button", name="Add").click()
    await trader.tell("/positions/LINK-PERP/close", {"percent": "100"})
    await expect(dialog).to_have_count(0)
    await trader.tell("/orders", market | {"quantity": "7"})
    await expect(margin).to_be_visible()
    await expect(dialog).to_have_count(0)
    await trader.tell("/positions/LINK-PERP/close", {"percent": "100"})
    await expect(page.get_by_text("No open position")).to_be_visible()
    refused.set()
    await expect(message(trader, "Not done: margin of LINK-PERP by 20 USDT")).to_be_visible()

    await change_two_orders(trader)
    await leave_everything_unseen(trader, 2)
