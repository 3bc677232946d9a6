"""Being told: an alert that is reached rings while one looks, quiet hours hold it back, and a
receiver elsewhere gets it signed with a secret that was shown once.
"""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from playwright.async_api import Locator, expect

from tests.fakes.receiver import Got, Receiver
from tests.ui.ticket import message, row
from tests.ui.visitor import Visitor


async def make_alert(visitor: Visitor, threshold: str, *, quiet: str | None = None) -> None:
    """On the price of bitcoin, on the page."""
    await visitor.page.get_by_role("button", name="New alert").first.click()
    dialog = visitor.page.get_by_role("dialog", name="New alert")
    await dialog.get_by_label("Watch").select_option("Price")
    await dialog.get_by_label("Pair").fill("btc/usd")
    await dialog.get_by_label("Tell me when it").select_option("is above")
    await dialog.get_by_label("Threshold").fill(threshold)
    if quiet is not None:
        await dialog.get_by_label("In my quiet hours").select_option(quiet)
    await dialog.get_by_role("button", name="Make the alert").click()
    await expect(message(visitor, "The alert is armed")).to_be_visible()
    await expect(dialog).to_have_count(0)


async def price_of_bitcoin(visitor: Visitor) -> Decimal:
    return Decimal((await visitor.ask("/markets/bitcoin/usd"))["price"])


def bell(visitor: Visitor) -> Locator:
    return visitor.page.get_by_role("banner").get_by_role("button", name="Notifications")


async def test_an_alert_that_is_reached_rings_while_one_looks(visitor: Visitor) -> None:
    await visitor.sign_up()
    await visitor.go("/alerts")
    await visitor.is_live()
    await expect(visitor.page.get_by_text("You have no alert yet")).to_be_visible()
    now = await price_of_bitcoin(visitor)
    await make_alert(visitor, str(round(now * 2)))
    alert = row(visitor, "Alerts", "Price above")
    await expect(alert).to_contain_text("armed")
    await expect(bell(visitor)).to_have_accessible_name("Notifications")

    await alert.get_by_role("button", name="Change:").click()
    dialog = visitor.page.get_by_role("dialog", name="Change the alert")
    await dialog.get_by_label("Threshold").fill(str(round(now / 2)))
    await dialog.get_by_role("button", name="Save").click()

    await expect(bell(visitor)).to_have_accessible_name("Notifications, 1 unseen", timeout=10_000)
    told = (await visitor.ask("/notifications"))["data"]
    assert len(told) == 1
    await expect(message(visitor, told[0]["title"])).to_be_visible()
    await expect(alert).to_contain_text("fired")
    await bell(visitor).click()
    newest = visitor.page.get_by_role("dialog", name="Notifications")
    await expect(newest.get_by_role("listitem")).to_contain_text(told[0]["text"])
    await newest.get_by_role("button", name="Mark all as seen").click()
    await expect(bell(visitor)).to_have_accessible_name("Notifications")
    assert (await visitor.ask("/notifications/count"))["unseen"] == 0
    await visitor.page.keyboard.press("Escape")

    await alert.get_by_role("button", name="Snooze:").click()
    await visitor.page.get_by_role("menuitem", name="1 hour").click()
    await expect(alert).to_contain_text("snoozed")


async def test_quiet_hours_hold_back_all_but_what_is_to_be_told(visitor: Visitor) -> None:
    await visitor.sign_up()
    now = datetime.now(UTC)
    await visitor.go("/account")
    form = visitor.page.get_by_role("main")
    await form.get_by_label("Do not tell alerts in certain hours").check()
    await form.get_by_label("From").fill(f"{now - timedelta(hours=2):%H:%M}")
    await form.get_by_label("Until", exact=True).fill(f"{now + timedelta(hours=2):%H:%M}")
    await form.get_by_role("button", name="Save").click()
    await expect(message(visitor, "Preferences saved")).to_be_visible()
    below = str(round(await price_of_bitcoin(visitor) / 2))

    await visitor.go("/alerts?tab=notifications")
    await visitor.is_live()
    await visitor.page.get_by_role("tab", name="Alerts", exact=True).click()
    await make_alert(visitor, below)
    await make_alert(visitor, below, quiet="tell me all the same")

    await expect(bell(visitor)).to_have_accessible_name("Notifications, 1 unseen", timeout=10_000)
    fired = row(visitor, "Alerts", "Price above").filter(has_text="fired")
    await expect(fired).to_have_count(2, timeout=20_000)
    await visitor.page.get_by_role("tab", name="Notifications").click()
    listed = visitor.page.get_by_role("tabpanel", name="Notifications").get_by_role("listitem")
    await expect(listed).to_have_count(2)
    await expect(listed.filter(has_text="not seen yet")).to_have_count(1)
    stored = (await visitor.ask("/notifications"))["data"]
    assert sorted(each["told"] for each in stored) == [False, True]


async def test_a_receiver_is_told_and_its_secret_is_shown_once(visitor: Visitor) -> None:
    await visitor.sign_up()
    page = visitor.page
    async with Receiver() as receiver:
        await visitor.go("/alerts?tab=channels")
        await page.get_by_role("button", name="New channel").first.click()
        dialog = page.get_by_role("dialog", name="New channel")
        await dialog.get_by_label("Name").fill("the bot")
        await dialog.get_by_label("Address").fill(f"{receiver.url}/desk")
        await dialog.get_by_role("button", name="Make the channel").click()
        shown = page.get_by_role("dialog", name="Secret of the bot")
        secret = await shown.locator("code").inner_text()
        assert secret.startswith("whsec_")
        await shown.get_by_role("button", name="I have kept it").click()
        await expect(page.get_by_text(secret)).to_have_count(0)
        await page.reload()
        channel = page.get_by_role("listitem").filter(has_text="the bot")
        await expect(channel).to_contain_text("on")
        assert secret not in await page.content()
        assert secret not in str(await visitor.ask("/alert-channels"))

        await page.get_by_role("tab", name="Alerts", exact=True).click()
        await make_alert(visitor, str(round(await price_of_bitcoin(visitor) / 2)))
        await receiver.wait_for(1)
        assert is_signed(receiver.got[0], secret)
        assert receiver.got[0].target == "/desk"
        await page.get_by_role("tab", name="Deliveries").click()
        delivery = row(visitor, "Deliveries", "the bot")
        await expect(delivery).to_contain_text("sent", timeout=10_000)
        await expect(delivery).to_contain_text("204")


def is_signed(got: Got, secret: str) -> bool:
    """As Standard Webhooks has it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    head = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}."
    made = base64.b64encode(hmac.digest(key, head.encode() + got.body, hashlib.sha256)).decode()
    return f"v1,{made}" in got.headers["webhook-signature"].split(" ")
