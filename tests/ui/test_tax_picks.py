"""What is said to the tax: lots of a sale, in time and late; a gift; an airdrop; 1099-DA."""

import asyncio
from datetime import UTC, datetime, timedelta

from playwright.async_api import Locator, expect

from tests.ui.test_taxes import choose, compute, leg
from tests.ui.visitor import Visitor, dollars

SINGLE = "/tax?jurisdiction=us&tab=single"


async def trade(visitor: Visitor, wallet: str, at: str, quantity: str, paid: str) -> str:
    """A purchase of bitcoin, or a sale where the quantity is below zero; the transaction's id."""
    sells = quantity.startswith("-")
    legs = [
        leg(wallet, "bitcoin", quantity, paid),
        leg(None, "usd", paid if sells else f"-{paid}", paid),
    ]
    body = {"kind": "sell" if sells else "buy", "occurred_at": at, "legs": legs}
    return str((await visitor.tell("/transactions", body))["id"])


async def two_lots(visitor: Visitor) -> tuple[str, list[str]]:
    """1 for 10,000 and 1 for 20,000 in a wallet."""
    wallet = (await visitor.tell("/wallets", {"name": "Desk"}))["id"]
    lots = [
        await trade(visitor, wallet, f"2025-0{month}-01T12:00:00Z", "1", paid)
        for month, paid in ((2, "10000"), (3, "20000"))
    ]
    return wallet, lots


def lot(dialog: Locator, day: str) -> Locator:
    return dialog.get_by_label(f"Units of the lot of {day}")


async def open_sale(visitor: Visitor, place: int = 0) -> Locator:
    """The dialog of one of the sales in the list, the newest first."""
    page = visitor.page
    await visitor.go(SINGLE)
    table = page.get_by_role("table", name="Transactions", exact=True)
    await table.get_by_role("button", name="Choose lots").nth(place).click()
    dialog = page.get_by_role("dialog", name="Which lots were sold")
    await expect(dialog.get_by_role("table", name="Lots that could be sold")).to_be_visible()
    return dialog


async def test_the_lots_of_a_sale_are_chosen_before_it_and_taken_back(visitor: Visitor) -> None:
    """Half a bitcoin of each lot for 60,000, said a moment before the sale: 1 for 15,000."""
    await visitor.sign_up()
    wallet, lots = await two_lots(visitor)
    page = visitor.page
    await visitor.go(SINGLE)  # so that it is quick while the sale comes nearer
    await expect(page.get_by_label("Which transactions")).to_be_visible()
    soon = datetime.now(UTC) + timedelta(seconds=55)
    sale = await trade(visitor, wallet, soon.isoformat(), "-1", "60000")

    dialog = await open_sale(visitor)
    await expect(dialog).to_contain_text("Until the sale")
    rows = dialog.get_by_role("table", name="Lots that could be sold").get_by_role("row")
    await expect(rows.nth(1)).to_contain_text(dollars("50000", change=True))
    await expect(rows.nth(2)).to_contain_text(dollars("40000", change=True))
    send = dialog.get_by_role("button", name="Choose these lots")
    await expect(send).to_be_disabled()
    await lot(dialog, "2025-02-01").fill("0.7")
    await lot(dialog, "2025-03-01").fill("0.4")
    await expect(dialog.get_by_role("status")).to_contain_text("more than was sold")
    await expect(send).to_be_disabled()
    await lot(dialog, "2025-02-01").fill("1.1")
    await expect(dialog.get_by_text("more than is left")).to_be_visible()
    await lot(dialog, "2025-02-01").fill("0.5")
    await lot(dialog, "2025-03-01").fill("")
    await expect(dialog.get_by_role("status")).to_contain_text("the other 0.5 go by the method")
    await dialog.get_by_role("button", name="All of the lot of 2025-03-01").click()
    await expect(lot(dialog, "2025-03-01")).to_have_value("0.5")
    gain = dollars("45000", change=True)
    await expect(dialog.get_by_role("status")).to_contain_text(f"would gain {gain}")
    await send.click()
    await expect(dialog).to_be_hidden()

    said = (await visitor.ask("/tax/picks"))["data"]
    assert [(each["transaction_id"], each["in_time"]) for each in said] == [(sale, True)]
    assert {each["transaction_id"]: each["quantity"] for each in said[0]["units"]} == dict.fromkeys(
        lots, "0.5"
    )
    record = page.get_by_role("table", name="Lots that were chosen").get_by_role("row").nth(1)
    await expect(record).to_contain_text("in time")
    await record.get_by_role("button", name="Change").click()
    await expect(lot(dialog, "2025-02-01")).to_have_value("0.5")
    await expect(dialog.get_by_role("status")).to_contain_text(f"would gain {gain}")
    assert await visitor.accessibility_faults() == []
    await dialog.get_by_role("button", name="Take back").click()
    await expect(dialog).to_be_hidden()
    taken = (await visitor.ask(f"/tax/picks/{sale}?jurisdiction=us"))["picked"]
    assert taken["units"] == []


async def test_a_sale_that_is_over_says_that_it_is_too_late(visitor: Visitor) -> None:
    await visitor.sign_up()
    wallet, lots = await two_lots(visitor)
    await trade(visitor, wallet, "2025-10-01T12:00:00Z", "-1", "60000")
    await compute(visitor)
    page = visitor.page

    panel = await choose(visitor, "Disposals")
    await panel.get_by_role("button", name="Show the lots of the sell of 2025-10-01").click()
    await panel.get_by_role("button", name="Choose lots").click()
    dialog = page.get_by_role("dialog", name="Which lots were sold")
    await expect(dialog.get_by_role("note")).to_contain_text("counts as late")
    await dialog.get_by_role("button", name="Highest cost").click()
    await expect(lot(dialog, "2025-03-01")).to_have_value("1")
    assert await visitor.accessibility_faults() == []
    await dialog.get_by_role("button", name="Keep as said late").click()
    await expect(page.get_by_text("Kept, and late")).to_be_visible()

    (said,) = (await visitor.ask("/tax/picks"))["data"]
    assert (said["in_time"], said["units"][0]["transaction_id"]) == (False, lots[1])
    await visitor.go(SINGLE)
    chosen = page.get_by_role("table", name="Lots that were chosen")
    await expect(chosen.get_by_role("row").nth(1)).to_contain_text("late")


async def test_lots_are_named_of_a_sale_that_is_only_thought_of(visitor: Visitor) -> None:
    """One for 60,000: of the first that costs 10,000, of the second by name."""
    await visitor.sign_up()
    await two_lots(visitor)
    page = visitor.page
    await visitor.go("/tax?jurisdiction=us&tab=what-if")
    await page.get_by_label("Quantity").fill("1")
    await page.get_by_label("Price of one").fill("60000")
    await page.get_by_role("button", name="Try it out").click()
    by_method = page.get_by_role("table", name="Gain by method").get_by_role("row")
    named = by_method.filter(has_text="Specific")
    await expect(named).to_contain_text(dollars("50000", change=True))

    form = page.get_by_role("form", name="Lots that would be named")
    await form.get_by_role("button", name="Highest cost").click()
    await expect(lot(form, "2025-03-01")).to_have_value("1")
    assert await visitor.accessibility_faults() == []
    await form.get_by_role("button", name="Try these lots").click()
    await expect(named).to_contain_text(dollars("40000", change=True))
    await expect(by_method.nth(1)).to_contain_text(dollars("50000", change=True))
    await expect(lot(form, "2025-03-01")).to_have_value("1")
    taken = page.get_by_role("table", name="Lots that would be sold").get_by_role("row")
    await expect(taken.nth(1)).to_contain_text("2025-03-01")
    assert (await visitor.ask("/tax/picks"))["data"] == []


async def test_an_airdrop_counts_as_nothing_and_a_gift_has_its_givers_cost(
    visitor: Visitor,
) -> None:
    await visitor.sign_up()
    wallet = (await visitor.tell("/wallets", {"name": "Desk"}))["id"]
    ids = []
    for kind in ("airdrop", "gift_in"):
        body = {"kind": kind, "occurred_at": "2025-05-01T12:00:00Z"}
        legs = [leg(wallet, "ripple", "10", "60")]
        ids.append((await visitor.tell("/transactions", body | {"legs": legs}))["id"])
    page = visitor.page

    await visitor.go(f"{SINGLE}&of=incomes")
    table = page.get_by_role("table", name="Transactions", exact=True)
    await table.get_by_role("button", name="Counts as").click()
    dialog = page.get_by_role("dialog", name="What it counts as")
    await dialog.get_by_label("Counts as", exact=True).select_option("free")
    await dialog.get_by_role("button", name="Say so").click()
    await expect(dialog).to_be_hidden()
    said = page.get_by_role("table", name="Counted as something else").get_by_role("row").nth(1)
    await expect(said).to_contain_text("Came in for nothing, no income")
    listed = (await visitor.ask("/tax/treatments"))["data"]
    assert [(each["transaction_id"], each["treatment"]) for each in listed] == [(ids[0], "free")]
    await said.get_by_role("button", name="Change").click()
    await dialog.get_by_label("Counts as", exact=True).select_option("")
    await dialog.get_by_role("button", name="Say so").click()
    await expect(page.get_by_text("Everything counts as its kind does")).to_be_visible()

    await page.get_by_label("Which transactions").select_option("gifts")
    await table.get_by_role("button", name="What it had cost").click()
    gift = page.get_by_role("dialog", name="What the gift had cost")
    await gift.get_by_label("Cost of its giver").fill("100")
    await gift.get_by_label("Held by them since").fill("2020-01-01")
    await gift.get_by_role("button", name="Say so").click()
    await expect(gift).to_be_hidden()
    (known,) = (await visitor.ask("/tax/gifts"))["data"]
    assert (known["transaction_id"], known["donor_cost"]) == (ids[1], "100")
    assert known["donor_since"].startswith("2020-01-01")
    row = page.get_by_role("table", name="What gifts had cost").get_by_role("row").nth(1)
    await expect(row).to_contain_text("2020-01-01")


async def test_what_a_broker_reported_is_kept_and_replaced(visitor: Visitor) -> None:
    await visitor.sign_up()
    page = visitor.page
    await visitor.go("/tax?jurisdiction=us&year=2025&tab=forms")
    form = page.get_by_role("form", name="Rows of forms 1099-DA")
    send = form.get_by_role("button", name="Keep these rows")
    await form.get_by_role("button", name="Add a row").click()
    await expect(send).to_be_disabled()
    await form.get_by_label("Asset").fill("BTC")
    await form.get_by_label("Quantity").fill("0.5")
    await form.get_by_label("Sold on").fill("2025-10-01")
    await form.get_by_label("Proceeds (USD)").fill("30000.10")
    await send.click()
    await expect(form).to_contain_text("Last changed")

    (row,) = (await visitor.ask("/tax/broker-forms/2025"))["rows"]
    assert (row["coin_id"], row["quantity"], row["sold_on"]) == ("bitcoin", "0.5", "2025-10-01")
    assert (row["proceeds"], row["cost"]) == ("30000.1", None)
    await form.get_by_role("button", name="Remove row 1").click()
    await send.click()
    await expect(form.get_by_text("No rows yet")).to_be_visible()
    await expect(page.get_by_text("Kept", exact=True).first).to_be_visible()
    async with asyncio.timeout(10):
        while (await visitor.ask("/tax/broker-forms/2025"))["rows"]:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
