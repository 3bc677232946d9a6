"""A year of taxes: computed on the page, gone through down to the lots, taken home as files."""

import csv
import io
from typing import Any

from playwright.async_api import Download, Locator, expect

from tests.ui.visitor import Visitor, dollars

YEAR = "/tax?jurisdiction=us&year=2025"


def leg(wallet: str | None, coin: str, quantity: str, value: str) -> dict[str, Any]:
    """Without a wallet it is outside of all, where money is."""
    place: dict[str, Any] = {"outside": True} if wallet is None else {"wallet_id": wallet}
    return {"coin_id": coin, "quantity": quantity, "value": value, "role": "principal"} | place


async def trade(
    visitor: Visitor, wallet: str, day: str, quantity: str, coin: str, paid: str
) -> None:
    """A purchase, or a sale where the quantity is below zero."""
    sells = quantity.startswith("-")
    coins = leg(wallet, coin, quantity, paid)
    money = leg(None, "usd", paid if sells else f"-{paid}", paid)
    body = {"kind": "sell" if sells else "buy", "occurred_at": f"{day}T12:00:00Z"}
    await visitor.tell("/transactions", body | {"legs": [coins, money]})


async def trade_a_year(visitor: Visitor) -> None:
    """1.5 of 2 bitcoin sold for 60,000, which cost 10,000 and 20,000; and an ether sold for 3,000
    that came from elsewhere and counts as nothing, so that nobody knows its purchase.
    """
    wallet = (await visitor.tell("/wallets", {"name": "Desk"}))["id"]
    await trade(visitor, wallet, "2025-02-01", "1", "bitcoin", "10000")
    await trade(visitor, wallet, "2025-03-01", "1", "bitcoin", "20000")
    await trade(visitor, wallet, "2025-10-01", "-1.5", "bitcoin", "60000")
    came = {"kind": "deposit", "occurred_at": "2025-10-15T12:00:00Z"}
    legs = [leg(wallet, "ethereum", "1", "0")]
    deposit = (await visitor.tell("/transactions", came | {"legs": legs}))["id"]
    await visitor.tell(f"/tax/treatments/{deposit}", {"treatment": "ignore"}, method="PUT")
    await trade(visitor, wallet, "2025-11-01", "-1", "ethereum", "3000")


async def compute(visitor: Visitor) -> dict[str, Any]:
    """On the page; the run as the API tells it."""
    page = visitor.page
    await visitor.go(YEAR)
    await expect(page.get_by_text("No report of 2025 yet")).to_be_visible()
    await page.get_by_role("button", name="Compute the report").click()
    await expect(visitor.heading("Tax report United States 2025")).to_be_visible(timeout=30_000)
    run_id = page.url.partition("/tax/runs/")[2].partition("?")[0]
    run: dict[str, Any] = await visitor.ask(f"/tax/runs/{run_id}")
    return run


async def choose(visitor: Visitor, tab: str) -> Locator:
    """The panel of a tab of the report."""
    await visitor.page.get_by_role("tab", name=tab).click()
    return visitor.page.get_by_role("tabpanel", name=tab)


async def content_of(download: Download) -> bytes:
    path = await download.path()
    return path.read_bytes()


async def test_a_year_is_computed_and_every_gain_leads_to_its_lots(visitor: Visitor) -> None:
    await visitor.sign_up()
    await trade_a_year(visitor)
    run = await compute(visitor)
    page = visitor.page

    head = page.get_by_role("region", name="State of the report")
    await expect(head).to_contain_text("1 of 2 without a known purchase")
    await expect(head.get_by_role("meter", name="Completeness")).to_have_attribute(
        "aria-valuetext", "50.0%"
    )
    assert (run["draft"], run["completeness"]["score"]) == (True, "0.5")
    figures = page.get_by_role("table", name="Figures of the report")
    for figure in run["figures"]:
        shown = figures.get_by_role("row").filter(has_text=figure["label"]).first
        await expect(shown).to_contain_text(dollars(figure["amount"]))

    slices = (await visitor.ask(f"/tax/runs/{run['id']}/disposals"))["data"]
    bitcoin = [each for each in slices if each["coin_id"] == "bitcoin"]
    assert [(each["quantity"], each["cost"], each["gain"]) for each in bitcoin] == [
        ("1", "10000", "30000"),
        ("0.5", "10000", "10000"),
    ]
    panel = await choose(visitor, "Disposals")
    await panel.get_by_role("button", name="Show the lots of the sell of 2025-10-01").click()
    sold = panel.get_by_role("row").filter(has_text="2025-10-01").first
    for amount in ("$60,000.00", "$20,000.00", "+$40,000.00"):
        await expect(sold).to_contain_text(amount)
    lots = panel.get_by_role("table", name="Lots that were disposed of").get_by_role("row")
    for place, (each, acquired) in enumerate(zip(bitcoin, ("02", "03"), strict=True), start=1):
        await expect(lots.nth(place)).to_contain_text(f"2025-{acquired}-01")
        await expect(lots.nth(place)).to_contain_text(dollars(each["cost"]))
        await expect(lots.nth(place)).to_contain_text(dollars(each["gain"], change=True))
    ether = panel.get_by_role("row").filter(has_text="2025-11-01")
    await expect(ether).to_contain_text("assumed cost")

    gaps = await choose(visitor, "Missing")
    await expect(gaps.get_by_text("no known purchase")).to_be_visible()


async def test_a_report_is_taken_home_as_files(visitor: Visitor) -> None:
    await visitor.sign_up()
    await trade_a_year(visitor)
    run = await compute(visitor)
    page = visitor.page

    files = await choose(visitor, "Files")
    async with page.expect_download(timeout=30_000) as taken:
        await files.get_by_role("link").filter(has_text="report.pdf").click()
    pages = await content_of(await taken.value)
    assert pages.startswith(b"%PDF")
    kept = await visitor.context.request.get(
        f"{visitor.service.url}/api/v1/tax/runs/{run['id']}/files/report.pdf"
    )
    assert await kept.body() == pages

    panel = await choose(visitor, "Disposals")
    await panel.get_by_role("button", name="Download").click()
    async with page.expect_download(timeout=30_000) as taken:
        await page.get_by_role("menuitem", name="CSV").click()
    table = list(csv.DictReader(io.StringIO((await content_of(await taken.value)).decode())))
    slices = (await visitor.ask(f"/tax/runs/{run['id']}/disposals"))["data"]
    assert [line["gain"] for line in table] == [each["gain"] for each in slices]


async def test_a_sale_is_thought_through_before_it_is_made(visitor: Visitor) -> None:
    """A quarter of a bitcoin for 100,000 each: 25,000 for what cost 5,000."""
    await visitor.sign_up()
    await trade_a_year(visitor)
    page = visitor.page
    await visitor.go(f"{YEAR}&tab=what-if")
    await page.get_by_label("Quantity").fill("0.25")
    await page.get_by_label("Price of one").fill("100000")
    await page.get_by_role("button", name="Try it out").click()

    wish = {"jurisdiction": "us", "coin_id": "bitcoin", "quantity": "0.25", "price": "100000"}
    found = await visitor.tell("/tax/what-if", wish)
    assert (found["proceeds"], found["outcomes"][0]["gain"]) == ("25000", "20000")
    table = page.get_by_role("table", name="Gain by method")
    await expect(table.get_by_role("row")).to_have_count(1 + len(found["outcomes"]))
    for place, outcome in enumerate(found["outcomes"], start=1):
        shown = table.get_by_role("row").nth(place)
        await expect(shown).to_contain_text(dollars(outcome["cost"]))
        await expect(shown).to_contain_text(dollars(outcome["gain"], change=True))
    held = (await visitor.ask("/holdings"))["data"]
    assert "0.5" in {each["quantity"] for each in held}, "nothing was recorded"
