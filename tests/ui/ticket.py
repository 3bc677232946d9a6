"""The trade screen in a visitor's hands: its ticket, what the ticket says, and what one has."""

from decimal import Decimal
from typing import Any, Final

from playwright.async_api import Locator, expect

from tests.ui.conftest import Visit
from tests.ui.visitor import Visitor, number

MONEY: Final = "10000"
HELD_S: Final = 120


async def open_trade(visitor: Visitor, symbol: str, *, money: str | None = MONEY) -> None:
    """The trade screen of somebody who has that much paper money."""
    if money is not None:
        await visitor.tell("/account/deposit", {"amount": money})
    await visitor.go(f"/trade/{symbol}")
    await visitor.is_live()


async def hold(operator: Visitor, symbol: str, price: Decimal | None = None) -> Any:
    """An operator moves the market to a price, or keeps it where it is: what is shown of a market
    that goes on cannot be compared with anything.
    """
    if price is None:
        price = Decimal((await operator.ask(f"/market/price/{symbol}"))["mark"])
    tick = Decimal((await operator.ask(f"/instruments/{symbol}"))["tick"])
    body = {"symbol": symbol, "price": str(price.quantize(tick)), "hold_s": HELD_S}
    return await operator.tell("/market/tick", body)


async def sign_up_operator(visit: Visit) -> Visitor:
    operator = await visit()
    await operator.sign_up(role="operator")
    return operator


def ticket(visitor: Visitor) -> Locator:
    return visitor.page.get_by_role("form", name="Order ticket")


async def fill(visitor: Visitor, side: str, quantity: str, price: str | None = None) -> None:
    """A market order, or a limit order when there is a price."""
    form = ticket(visitor)
    await form.get_by_role("group", name="Side").get_by_role("button", name=side).click()
    kind = "Market" if price is None else "Limit"
    await form.get_by_label("Order", exact=True).select_option(kind)
    if price is not None:
        await form.get_by_label("Price", exact=True).fill(price)
    await form.get_by_label("Quantity", exact=True).fill(quantity)


async def send(visitor: Visitor) -> None:
    form = ticket(visitor)
    await form.get_by_role("button", name="Review").click()
    await form.get_by_role("button", name="Send order").click()
    await expect(form.get_by_label("Quantity", exact=True)).to_have_value("")


def foreseen(visitor: Visitor, name: str) -> Locator:
    """What the ticket says about the order before it is sent."""
    line = visitor.page.get_by_label("What it would do").locator("div")
    return line.filter(has=visitor.page.locator("dt", has_text=name)).locator("dd").first


def row(visitor: Visitor, table: str, has_text: str) -> Locator:
    rows = visitor.page.get_by_role("table", name=table, exact=True).get_by_role("row")
    return rows.filter(has_text=has_text)


async def cell(line: Locator, header: str) -> str:
    """The text of a row's cell under this header."""
    await expect(line).to_be_visible()
    heads = line.locator("xpath=ancestor::table").get_by_role("columnheader")
    names = [name.strip() for name in await heads.all_inner_texts()]
    return await line.get_by_role("cell").nth(names.index(header)).inner_text()


async def cell_number(line: Locator, header: str) -> Decimal:
    return number(await cell(line, header))


def message(visitor: Visitor, text: str) -> Locator:
    """The newest message of this kind; messages pass."""
    found = visitor.page.get_by_role("region", name="Messages").locator("[data-message]")
    return found.filter(has_text=text).last


async def drawn(visitor: Visitor, name: str, what: str) -> int:
    """How many bars, lines or markers a chart has: a canvas cannot be read."""
    return int(
        await visitor.page.evaluate(f"window.__desk?.charts?.[{name!r}]?.stats().{what} ?? 0")
    )
