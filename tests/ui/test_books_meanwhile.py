"""What happens to books and reports while one waits, types or has gone on to something else: an
answer counts for what it was asked of, and nothing that is typed is lost or read otherwise.
"""

import asyncio
from typing import Any, Final

from playwright.async_api import FilePayload, expect

from tests.ui.ticket import open_trade, ticket
from tests.ui.visitor import Visitor

LATE_IN_THE_YEAR: Final = "2025-12-31T23:30:05Z"
"""In Berlin it is the new year, and another tax year, already."""
FILE: Final = """\
date,kind,received_quantity,received_asset,external_id
2024-04-03T10:00:00Z,staking,3,ETH,m1
2024-04-13T10:00:00Z,staking,4,ETH,m2
"""


async def run_of(visitor: Visitor, year: int) -> str:
    """The id of a report, once it was computed."""
    await visitor.tell("/tax/runs", {"jurisdiction": "us", "year": year})
    async with asyncio.timeout(30):
        while True:
            runs = (await visitor.ask("/tax/runs"))["data"]
            for each in runs:
                if each["year"] == year:
                    return str(each["id"])
            await asyncio.sleep(0.1)


async def record_a_deposit(visitor: Visitor) -> dict[str, Any]:
    leg = {"coin_id": "bitcoin", "quantity": "2", "value": "100", "role": "principal"}
    body = {"kind": "deposit", "occurred_at": LATE_IN_THE_YEAR, "legs": [leg]}
    made: dict[str, Any] = await visitor.tell("/transactions", body)
    return made


async def live_in_berlin(visitor: Visitor) -> None:
    """Somewhere else than the browser, which is in UTC."""
    preferences = await visitor.ask("/me/preferences")
    wanted = {name: preferences[name] for name in ("currency", "locale", "theme", "privacy")}
    await visitor.tell("/me/preferences", wanted | {"time_zone": "Europe/Berlin"}, method="PUT")


async def test_what_was_found_out_about_one_report_is_not_said_of_another(
    visitor: Visitor,
) -> None:
    await visitor.sign_up()
    await record_a_deposit(visitor)
    verified, other = await run_of(visitor, 2024), await run_of(visitor, 2025)
    page = visitor.page
    await visitor.go(f"/tax/runs/{verified}")
    await page.get_by_role("button", name="Verify").click()
    verdict = page.get_by_text("gives this very report")
    await expect(verdict).to_be_visible(timeout=30_000)

    await page.get_by_role("button", name="Jobs", exact=True).click()
    drawer = page.get_by_role("dialog")
    await drawer.locator(f'a[href$="/tax/runs/{other}"]').first.click()
    await expect(visitor.heading("Tax report United States 2025")).to_be_visible()
    await expect(page.get_by_role("region", name="State of the report")).to_be_visible()
    await expect(page.get_by_role("main").get_by_role("progressbar")).to_have_count(0)
    await expect(verdict).to_have_count(0)


async def test_a_form_is_the_same_when_what_it_waited_for_comes(visitor: Visitor) -> None:
    """Wallets, and the zone that the times of the form are in; and when it was sent it is gone,
    however long the rest of the screen takes to ask anew.
    """
    await visitor.sign_up()
    await live_in_berlin(visitor)
    old = await record_a_deposit(visitor)
    (wallet,) = (await visitor.ask("/wallets"))["data"]
    page = visitor.page
    known = await visitor.hold_back("/wallets")
    await visitor.go("/transactions?add=in")
    form = page.get_by_role("dialog", name="Add a transaction")
    await form.get_by_label("Quantity").fill("7")
    known.set()
    await expect(form.get_by_label("Into")).to_have_value(wallet["id"])
    await expect(form.get_by_label("Quantity")).to_have_value("7")

    settled = await visitor.hold_back("/me/preferences")
    await page.evaluate("localStorage.clear()")
    await visitor.go(f"/transactions?correct={old['id']}")
    form = page.get_by_role("dialog", name="Correct a transaction")
    when = form.get_by_label("When")
    await expect(when).to_have_value("2025-12-31T23:30:05")
    settled.set()
    await expect(when).to_have_value("2026-01-01T00:30:05")
    await form.get_by_label("Note").fill("from the old phone")
    slow = await visitor.hold_back("/transfers/proposals")
    await form.get_by_role("button", name="Correct").click()
    await expect(page.get_by_text("Corrected", exact=True).first).to_be_visible()
    await expect(form).to_have_count(0)
    slow.set()
    booked = (await visitor.ask("/transactions"))["data"]
    (new,) = [each for each in booked if each["note"] == "from the old phone"]
    assert (new["kind"], new["occurred_at"]) == ("deposit", old["occurred_at"])


async def test_a_file_that_arrives_late_does_not_call_one_back(visitor: Visitor) -> None:
    await visitor.sign_up()
    page = visitor.page
    await open_trade(visitor, "BTC-PERP")
    await page.get_by_role("navigation", name="Main").get_by_role("link", name="Imports").click()
    arrived = await visitor.hold_back("/imports")
    file = FilePayload(name="late.csv", mimeType="text/csv", buffer=FILE.encode())
    async with page.expect_response(lambda got: got.request.method == "POST") as answered:
        await page.get_by_label("Files to import").set_input_files(file)
        await page.go_back()
        quantity = ticket(visitor).get_by_label("Quantity", exact=True)
        await quantity.fill("0.1")
        arrived.set()
    await (await answered.value).finished()
    await quantity.fill("0.25")
    await expect(page.get_by_label("What it would do")).to_be_visible()
    await expect(quantity).to_have_value("0.25")

    await page.go_forward()
    await page.get_by_role("link", name="late.csv").click()
    state = page.get_by_role("region", name="State of the import")
    await expect(page.get_by_role("button", name="Change")).to_be_visible(timeout=15_000)
    await page.get_by_role("button", name="Change").click()
    comma = "1.234,56 (comma)"
    await page.get_by_label("Numbers").select_option(comma)
    await page.get_by_role("button", name="Read it again").click()
    await expect(page.locator("dd", has_text=comma)).to_be_visible(timeout=15_000)
    await expect(state).to_contain_text("would be recorded", timeout=15_000)
    await expect(page.get_by_role("button", name="Change")).to_be_visible()
