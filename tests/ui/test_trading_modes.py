"""How an account may stand in a market: one position or two, the leverage that nobody chose, and
what closes an order again at a limit.
"""

from decimal import Decimal

from playwright.async_api import expect

from tests.ui.conftest import Visit
from tests.ui.ticket import (
    cell,
    cell_number,
    fill,
    foreseen,
    message,
    open_trade,
    row,
    send,
    ticket,
)
from tests.ui.visitor import Visitor

TICK = Decimal("0.01")


async def choose_mode(trader: Visitor, name: str) -> None:
    await trader.page.get_by_role("tab", name="Account", exact=True).click()
    modes = trader.page.get_by_role("group", name="Position mode")
    await modes.get_by_role("button", name=name).click()


async def choose_position(trader: Visitor, name: str) -> None:
    position = ticket(trader).get_by_role("group", name="Position", exact=True)
    await position.get_by_role("button", name=name).click()


async def sides(trader: Visitor) -> dict[str, str]:
    """The quantity of each position."""
    positions = (await trader.ask("/positions"))["data"]
    return {each["position_side"]: each["quantity"] for each in positions}


async def test_in_hedge_mode_a_long_and_a_short_position_are_opened_and_closed_apart(
    visit: Visit,
) -> None:
    trader = await visit()
    await trader.sign_up()
    await open_trade(trader, "LINK-PERP")
    form, page = ticket(trader), trader.page
    reduce_only = form.get_by_label("Reduce only")
    await expect(reduce_only).to_be_visible()
    await fill(trader, "Buy", "10")
    await send(trader)

    await choose_mode(trader, "Hedge")
    refused = page.get_by_role("group", name="Position mode").get_by_role("alert")
    await expect(refused).to_contain_text("Close positions and cancel orders first")
    await expect(refused).to_contain_text("positions 1, orders 0")
    await page.get_by_role("tab", name="Positions (1)").click()
    await page.get_by_role("button", name="Close 100 % of LINK-PERP at the market").click()
    await expect(page.get_by_text("No open position")).to_be_visible()
    await choose_mode(trader, "Hedge")
    await expect(message(trader, "Positions: hedge mode")).to_be_visible()
    assert (await trader.ask("/account/symbols"))["hedge"] is True
    await expect(reduce_only).to_have_count(0)

    await choose_position(trader, "Long")
    await fill(trader, "Buy opens long", "20")
    await expect(foreseen(trader, "Would be")).to_have_text("filled at once, 20 LINK")
    await expect(form.get_by_role("button", name="Review")).to_contain_text("opens long")
    await send(trader)
    await choose_position(trader, "Short")
    await fill(trader, "Sell opens short", "30")
    await send(trader)
    await page.get_by_role("tab", name="Positions (2)").click()
    long = row(trader, "Open positions", "LINK-PERP").filter(has_text="long 5×")
    short = row(trader, "Open positions", "LINK-PERP").filter(has_text="short 5×")
    assert await cell_number(long, "Size") == Decimal(20)
    assert await cell_number(short, "Size") == Decimal(30)
    rest = short.get_by_role("cell", name="15", exact=True)
    await trader.answer_after("/positions/LINK-PERP/close", rest)
    await page.get_by_role("button", name="Close 50 % of short LINK-PERP at the market").click()
    await expect(message(trader, "Closed 15 of 30 short LINK-PERP")).to_be_visible()
    assert await sides(trader) == {"long": "20", "short": "15"}

    await choose_position(trader, "Long")
    await fill(trader, "Sell closes long", "99")
    await expect(form.get_by_label("TP / SL")).to_have_count(0)
    await expect(foreseen(trader, "Would be")).to_have_text("filled at once, 20 LINK")
    await send(trader)
    assert await sides(trader) == {"short": "15"}
    await fill(trader, "Sell closes long", "1")
    await expect(form.get_by_role("alert")).to_contain_text("no position that this would reduce")
    await page.get_by_role("tab", name="Order history").click()
    first = row(trader, "Order history", "LINK-PERP").first
    assert await cell(first, "Order") == "sell market closes long"


async def test_what_closes_an_order_again_may_have_a_limit_of_its_own(visit: Visit) -> None:
    trader = await visit()
    await trader.sign_up()
    await open_trade(trader, "ETH-PERP")
    form = ticket(trader)
    mark = Decimal((await trader.ask("/market/price/ETH-PERP"))["mark"])
    trigger, limit, gain = (
        (mark * Decimal(share)).quantize(TICK) for share in ("0.9", "0.89", "1.2")
    )
    await form.get_by_label("TP / SL").check()
    await form.get_by_label("Stop loss at mark").fill(str(trigger))
    await form.get_by_label("Stop loss limit").fill(f"{limit}5")
    await form.get_by_label("Take profit at mark").fill(str(gain))
    await fill(trader, "Buy", "1")
    await expect(form.get_by_role("alert")).to_have_text("Prices here are multiples of 0.01")
    await form.get_by_label("Stop loss limit").fill(str(limit))
    await send(trader)

    await trader.page.get_by_role("tab", name="Open orders (2)").click()
    stop = row(trader, "Open orders", "sell stop limit")
    assert await cell_number(stop, "Price") == limit
    assert await cell_number(stop, "Trigger") == trigger
    profit = row(trader, "Open orders", "sell take profit market")
    assert await cell(profit, "Price") == "market"
    assert await cell_number(profit, "Trigger") == gain
    placed = {each["type"]: each for each in (await trader.ask("/orders"))["data"]}
    assert Decimal(placed["stop"]["price"]) == limit
    assert placed["take-profit-market"]["price"] is None


async def test_the_leverage_that_nobody_chose_is_the_one_that_an_order_gets(visit: Visit) -> None:
    trader = await visit()
    await trader.sign_up()
    await open_trade(trader, "DOT-PERP")
    shown = ticket(trader).get_by_label("Leverage")
    await expect(shown).not_to_have_value("")
    leverage = int(await shown.input_value())

    order = {"symbol": "DOT-PERP", "side": "buy", "type": "market", "quantity": "10"}
    await trader.tell("/orders", order)
    assert (await trader.ask("/positions"))["data"][0]["leverage"] == leverage
    await expect(shown).to_have_value(str(leverage))
