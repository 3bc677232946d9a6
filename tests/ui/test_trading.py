"""A day at the ticket: money in, an order that does what it said, one that is met in parts, the way
out of everything, and the day on which the market falls.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from playwright.async_api import expect

from tests.ui.conftest import Visit
from tests.ui.ticket import (
    cell,
    cell_number,
    drawn,
    fill,
    foreseen,
    hold,
    message,
    open_trade,
    row,
    send,
    sign_up_operator,
    ticket,
)
from tests.ui.visitor import Visitor, number

CENT = Decimal("0.01")


async def test_money_comes_in_and_an_order_does_what_it_said(visit: Visit) -> None:
    """In a market that nobody was in: where somebody was in the last half a minute, the mark goes
    on for as long after it is held, because it has the average basis of so long in it.
    """
    operator, trader = await sign_up_operator(visit), await visit()
    await hold(operator, "LTC-PERP")
    await trader.sign_up()
    await open_trade(trader, "LTC-PERP", money=None)
    form, page = ticket(trader), trader.page

    await expect(form.get_by_text("There is no paper money in the margin wallet")).to_be_visible()
    await form.get_by_role("button", name="Deposit").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Amount").fill("10000")
    await dialog.get_by_role("button", name="Deposit").click()
    await expect(message(trader, "Paper money added: 10000 USDT")).to_be_visible()
    assert (await trader.ask("/account/me"))["margin_wallet"] == "10000"

    await fill(trader, "Buy", "200")
    await expect(foreseen(trader, "Would be")).to_have_text("filled at once, 200 LTC")
    names = ("Average price", "Fee", "Margin it takes", "Available after")
    said = {name: number(await foreseen(trader, name).inner_text()) for name in names}
    liquidation = number((await foreseen(trader, "Liquidation").inner_text()).partition("→")[2])
    await send(trader)
    await expect(message(trader, "Buy 200 LTC-PERP: filled")).to_be_visible()

    account = await trader.ask("/account/me")
    position, fills = account["positions"][0], (await trader.ask("/fills"))["data"]
    fee = sum((Decimal(each["fee"]) for each in fills), Decimal())
    assert Decimal(position["entry_price"]).quantize(CENT) == said["Average price"]
    assert fee.quantize(CENT) == said["Fee"]
    assert abs(Decimal(account["initial_margin"]) - said["Margin it takes"]) < CENT
    assert abs(Decimal(account["available"]) - said["Available after"]) < CENT
    assert abs(Decimal(position["liquidation_price"]) - liquidation) <= CENT
    held = row(trader, "Open positions", "LTC-PERP")
    await expect(held).to_contain_text("long 5× cross")
    assert await cell_number(held, "Liquidation") == liquidation
    assert await cell_number(held, "Size") == Decimal(200)


async def test_an_order_larger_than_the_best_price_has_is_filled_in_part(visit: Visit) -> None:
    operator, trader = await sign_up_operator(visit), await visit()
    await trader.sign_up()
    await open_trade(trader, "ETH-PERP", money="100000")
    await hold(operator, "ETH-PERP")
    best = (await trader.ask("/instruments/ETH-PERP/book?depth=10"))["asks"][0]
    there, wanted = best["quantity"], str(Decimal(best["quantity"]) + 1)

    await ticket(trader).get_by_label("Good").select_option("At once or never (IOC)")
    await fill(trader, "Buy", wanted, best["price"])
    await expect(foreseen(trader, "Would be")).to_contain_text(f"{there} ETH filled")
    await send(trader)

    await expect(message(trader, f"filled {there} of {wanted}")).to_be_visible()
    order = (await trader.ask("/orders?status=all"))["data"][0]
    assert (order["filled_quantity"], order["quantity"]) == (there, wanted)
    held = row(trader, "Open positions", "ETH-PERP")
    assert await cell_number(held, "Size") == Decimal(there)
    await expect(trader.page.get_by_role("tab", name="Open orders", exact=True)).to_be_visible()


async def test_an_order_is_met_in_parts_and_the_rest_is_taken_back(visit: Visit) -> None:
    operator, trader, other = await sign_up_operator(visit), await visit(), await visit()
    await trader.sign_up()
    await other.sign_up()
    await open_trade(trader, "ETH-PERP")
    await hold(operator, "ETH-PERP")
    await other.tell("/account/deposit", {"amount": "10000"})
    best = await trader.ask("/instruments/ETH-PERP/book?depth=10")
    between = (Decimal(best["bids"][0]["price"]) + Decimal(best["asks"][0]["price"])) / 2
    price = str(between.quantize(CENT))
    page = trader.page

    await fill(trader, "Buy", "3", price)
    await expect(foreseen(trader, "Would be")).to_have_text("3 ETH in the book")
    await send(trader)
    await page.get_by_role("tab", name="Open orders (1)").click()
    order = row(trader, "Open orders", "ETH-PERP")
    assert await cell(order, "Filled / quantity") == "0 / 3"
    await expect(page.get_by_role("list", name="Buyers").get_by_text("yours")).to_have_count(1)

    sale = {"symbol": "ETH-PERP", "side": "sell", "type": "market", "quantity": "1.2"}
    await other.tell("/orders", sale | {"leverage": 5})
    await expect(order).to_contain_text("1.2 / 3")
    await page.get_by_role("tab", name="Positions (1)").click()
    held = row(trader, "Open positions", "ETH-PERP")
    assert await cell_number(held, "Size") == Decimal("1.2")
    await page.get_by_role("tab", name="Open orders (1)").click()

    lower = str(between.quantize(CENT) - 5)
    await order.get_by_role("button", name="Change buy 3 ETH-PERP").click()
    form = page.get_by_role("form", name="Change buy ETH-PERP")
    await form.get_by_label("Price").fill(lower)
    await form.get_by_role("button", name="Change", exact=True).click()
    await expect(message(trader, "Changed: buy 3 ETH-PERP")).to_be_visible()
    await expect(order).to_contain_text(f"{Decimal(lower):,}")
    kept = (await trader.ask("/orders"))["data"][0]
    assert Decimal(kept["price"]) == Decimal(lower)  # one has its zeros at the end, one has not
    assert (kept["filled_quantity"], kept["status"]) == ("1.2", "open")

    await order.get_by_role("button", name="Cancel buy 3 ETH-PERP").click()
    await expect(page.get_by_text("No order stands")).to_be_visible()
    assert (await trader.ask("/orders"))["data"] == []
    await page.get_by_role("tab", name="Order history").click()
    past = row(trader, "Order history", "ETH-PERP")
    await expect(past).to_contain_text("cancelled")
    assert await cell(past, "Filled / quantity") == "1.2 / 3"

    await page.get_by_role("tab", name="Positions (1)").click()
    await page.get_by_role("button", name="Close 50 % of ETH-PERP at the market").click()
    await expect(message(trader, "Closed 0.6 of 1.2 ETH-PERP")).to_be_visible()
    assert (await trader.ask("/positions"))["data"][0]["quantity"] == "0.6"
    await expect(held.get_by_role("cell").nth(3)).to_have_text("0.6")


async def test_an_order_may_be_good_for_an_hour(visit: Visit) -> None:
    trader = await visit()
    await trader.sign_up()
    await open_trade(trader, "SOL-PERP")
    mark = Decimal((await trader.ask("/market/price/SOL-PERP"))["mark"])
    await fill(trader, "Buy", "1", str((mark * Decimal("0.98")).quantize(Decimal("0.1"))))
    await ticket(trader).get_by_label("Good", exact=True).select_option("For an hour (GTD)")
    await expect(ticket(trader).get_by_text("until 2")).to_be_visible()
    await send(trader)
    await expect(trader.page.get_by_role("tab", name="Open orders (1)")).to_be_visible()
    order = (await trader.ask("/orders"))["data"][0]
    assert order["time_in_force"] == "gtd"
    left = datetime.fromisoformat(order["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=55) < left <= timedelta(hours=1)


async def test_the_kill_switch_leaves_everything(visit: Visit) -> None:
    trader = await visit()
    await trader.sign_up()
    await open_trade(trader, "ETH-PERP")
    await fill(trader, "Sell", "2")
    await send(trader)
    await expect(trader.page.get_by_role("tab", name="Positions (1)")).to_be_visible()
    mark = Decimal((await trader.ask("/market/price/ETH-PERP"))["mark"])
    await fill(trader, "Sell", "1", str((mark * Decimal("1.01")).quantize(CENT)))
    await send(trader)
    await expect(trader.page.get_by_role("tab", name="Open orders (1)")).to_be_visible()

    await trader.page.get_by_role("button", name="Kill switch").click()
    dialog = trader.page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Cancels all orders (1) and closes all positions (1)")
    await dialog.get_by_role("button", name="Cancel and close everything").click()
    steps = dialog.get_by_role("list", name="Steps").get_by_role("listitem")
    await expect(steps).to_have_count(2)
    await expect(steps.first).to_have_text("Done: 1 order cancelled")
    await expect(steps.last).to_contain_text("Done: Closed short 2 ETH-PERP at")
    await dialog.get_by_role("button", name="Close").last.click()

    await expect(trader.page.get_by_text("No open position")).to_be_visible()
    account = await trader.ask("/account/me")
    assert (account["positions"], account["open_orders"]) == ([], 0)


async def test_a_fall_is_seen_as_it_happens_and_the_wallet_is_never_below_zero(
    visit: Visit,
) -> None:
    operator, trader = await sign_up_operator(visit), await visit()
    await trader.sign_up()
    await open_trade(trader, "BTC-PERP")
    before = Decimal((await hold(operator, "BTC-PERP"))["mark"])
    await fill(trader, "Buy", "0.5")
    await send(trader)
    held = row(trader, "Open positions", "BTC-PERP")
    liquidation = await cell_number(held, "Liquidation")
    await until_drawn(trader, lines=2, markers=1)

    below = (liquidation * Decimal("0.9")).quantize(Decimal("0.1"))
    told = await hold(operator, "BTC-PERP", below)
    user_id = (await trader.ask("/auth/me"))["id"]
    assert user_id in [each["user_id"] for each in told["liquidations"]]

    await expect(message(trader, "Liquidation")).to_be_visible()
    await expect(trader.page.get_by_text("No open position")).to_be_visible()
    await until_drawn(trader, lines=0, markers=2)
    await trader.page.get_by_role("tab", name="Liquidations").click()
    await expect(row(trader, "Liquidations", "whole account")).to_contain_text("started")
    steps = (await trader.ask("/liquidations"))["data"]
    shown = trader.page.get_by_role("table", name="Liquidations").locator("tbody tr")
    await expect(shown).to_have_count(len(steps))
    await trader.page.get_by_role("tab", name="Account").click()
    account = await trader.ask("/account/me")
    assert Decimal(account["margin_wallet"]) >= 0
    equity = trader.page.get_by_role("tabpanel", name="Account")
    await expect(equity).to_contain_text(f"wallet {Decimal(account['margin_wallet']):,.2f} USDT")
    await hold(operator, "BTC-PERP", before)


async def until_drawn(trader: Visitor, *, lines: int, markers: int) -> None:
    """The chart has so many lines of positions and orders, and so many fills."""
    await trader.until(
        "([lines, fills]) => { const drawn = window.__desk?.charts?.trade?.stats();"
        " return drawn !== undefined && drawn.priceLines === lines && drawn.markers >= fills; }",
        [lines, markers],
    )
    assert await drawn(trader, "trade", "bars") > 0


async def test_too_much_leverage_is_refused_with_its_numbers_beside_the_field(
    visit: Visit,
) -> None:
    trader = await visit()
    await trader.sign_up()
    await open_trade(trader, "BTC-PERP")
    cap = (await trader.ask("/account/me"))["leverage_cap"]
    field = ticket(trader).get_by_label("Leverage")
    await expect(ticket(trader).get_by_text(f"Up to {cap}×, beginner")).to_be_visible()

    await field.fill("12")
    await field.press("Enter")

    fault = ticket(trader).get_by_role("alert")
    await expect(fault).to_contain_text(f"leverage is from 1 to {cap} here")
    await expect(field).to_have_value("12")
    await expect(field).to_have_attribute("aria-invalid", "true")
    assert await field.get_attribute("aria-describedby") == await fault.get_attribute("id")

    await field.fill("3")
    async with trader.page.expect_response("**/api/v1/account/leverage") as answered:
        await field.press("Enter")
    assert (await answered.value).ok
    await expect(fault).to_have_count(0)
    await expect(field).to_have_value("3")
