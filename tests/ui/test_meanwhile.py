"""What the person does while an answer is on its way, and what the answer may still do then."""

import base64
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import expect

from plimsoll.access.domain.totp import hotp, step_at
from tests.conftest import PASSWORD
from tests.ui.conftest import Visit
from tests.ui.ticket import message, sign_up_operator
from tests.ui.visitor import Visitor


async def test_what_is_pressed_without_a_line_is_refused_at_once_and_not_sent_later(
    visitor: Visitor,
) -> None:
    await visitor.sign_up()
    await visitor.go("/alerts")
    await visitor.page.get_by_role("button", name="New alert").first.click()
    form = visitor.page.get_by_role("dialog", name="New alert")
    await form.get_by_label("Pair").fill("btc/usd")
    await form.get_by_label("Threshold").fill("900000")
    button = form.get_by_role("button", name="Make the alert")
    await visitor.context.set_offline(True)
    await visitor.until("() => !navigator.onLine")
    await button.click()
    await expect(form.get_by_role("alert")).to_contain_text("The service cannot be reached")
    await expect(form.get_by_label("Threshold")).to_have_value("900000")

    await visitor.context.set_offline(False)
    await visitor.until("() => navigator.onLine")
    await form.get_by_label("Threshold").fill("800000")
    await button.click()
    await expect(form).to_have_count(0)
    (made,) = (await visitor.ask("/alerts"))["data"]
    assert made["threshold"] == "800000"


async def test_recovery_codes_are_shown_although_their_dialog_was_closed(visitor: Visitor) -> None:
    await visitor.sign_up()
    await visitor.go("/account?tab=security")
    page = visitor.page
    await page.get_by_role("button", name="Set it up").click()
    dialog = page.get_by_role("dialog", name="Set up a second factor")
    await dialog.get_by_label("Your password").fill(PASSWORD)
    await dialog.get_by_role("button", name="Go on").click()
    address = await dialog.get_by_role("link", name="open it directly").get_attribute("href")
    assert address is not None
    key = base64.b32decode(parse_qs(urlsplit(address).query)["secret"][0])
    await dialog.get_by_label("The code that the app shows now").fill(
        hotp(key, step_at(datetime.now(UTC)))
    )
    answers = await visitor.hold_back("/auth/totp/confirm")
    confirm = dialog.get_by_role("button", name="Confirm")
    await confirm.click()
    await expect(confirm).to_be_disabled()
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)

    answers.set()
    await expect(dialog.get_by_label("Recovery codes")).to_be_visible()
    await dialog.get_by_role("button", name="I have kept them").click()
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_text("10 recovery codes left")).to_be_visible()


async def test_a_key_that_is_shown_once_is_not_closed_by_one_enter_too_many(
    visitor: Visitor,
) -> None:
    await visitor.sign_up()
    await visitor.go("/account?tab=keys")
    page = visitor.page
    await page.get_by_role("button", name="New key").first.click()
    await page.get_by_label("Name").fill("a bot")
    await page.keyboard.press("Enter")
    shown = page.get_by_role("dialog", name="Your key")
    await expect(shown).to_be_visible()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    await expect(shown.locator("code").first).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(shown).to_have_count(0)


async def test_a_late_answer_is_about_what_was_pressed_and_closes_no_other_dialog(
    visit: Visit,
) -> None:
    operator = await sign_up_operator(visit)
    page = operator.page
    answers = await operator.hold_back("/trading/state")
    await operator.go("/operator")
    await page.get_by_role("button", name="Make active…").click()
    dialog = page.get_by_role("dialog", name="Make active")
    await dialog.get_by_label("What").select_option("SOL-PERP")
    await dialog.get_by_label("Reason, for the audit log").fill("to be sure")
    button = dialog.get_by_role("button", name="Make active", exact=True)
    await button.click()
    await expect(button).to_be_disabled()
    await dialog.get_by_label("What").select_option("The whole venue")
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)

    await page.get_by_role("button", name="Halt…").click()
    other = page.get_by_role("dialog", name="Halt")
    reason = other.get_by_label("Reason, for the audit log")
    await reason.fill("not yet")
    answers.set()
    await expect(message(operator, "SOL-PERP is active")).to_be_visible()
    await expect(reason).to_have_value("not yet")
