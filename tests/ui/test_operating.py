"""An operator at work: a case from its opening to its end, a market that is halted, and what one
operator alone may not do. A regulator sees all of it and has no buttons.
"""

import re
from typing import Any

from playwright.async_api import Locator, Route, expect

from tests.ui.conftest import Visit
from tests.ui.ticket import fill, hold, message, open_trade, sign_up_operator, ticket
from tests.ui.visitor import Visitor

ALL_BUT_A_TENTH = {"symbol": "BTC-PERP", "side": "buy", "type": "market", "leverage": 5}
"""With a quantity that comes near the leverage of a beginner."""


async def give_reason(visitor: Visitor, button: str, reason: str) -> Locator:
    """Fill in the dialog that is open, and press its button."""
    dialog = visitor.page.get_by_role("dialog")
    await dialog.get_by_label("Reason, for the audit log").fill(reason)
    await dialog.get_by_role("button", name=button, exact=True).click()
    return dialog


async def go_near_the_limit(trader: Visitor) -> None:
    await trader.tell("/account/deposit", {"amount": "10000"})
    price = float((await trader.ask("/market/price/BTC-PERP"))["mark"])
    order = ALL_BUT_A_TENTH | {"quantity": f"{48_000 / price:.3f}"}
    assert (await trader.tell("/orders", order))["status"] == "filled"


async def case_of(operator: Visitor, user_id: str) -> Any:
    found = (await operator.ask(f"/cases?user_id={user_id}"))["data"]
    return found[0]


async def test_a_case_is_found_owned_and_resolved(visit: Visit) -> None:
    operator, trader, regulator = await sign_up_operator(visit), await visit(), await visit()
    await trader.sign_up()
    await regulator.sign_up(role="regulator")
    user_id = (await trader.ask("/auth/me"))["id"]
    await hold(operator, "BTC-PERP")
    await go_near_the_limit(trader)
    page = operator.page

    await operator.go(f"/operator/cases?user_id={user_id}")
    link = page.get_by_role("link", name="Leverage #")
    await expect(link).to_be_visible(timeout=15_000)
    await link.click()
    await page.get_by_role("button", name="Acknowledge…").click()
    await give_reason(operator, "Acknowledge", "I look at it")
    await expect(message(operator, "You own this case now")).to_be_visible()
    await page.get_by_role("button", name="Assign…").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("Owner")).to_contain_text("you")
    await give_reason(operator, "Assign", "it stays mine")
    await expect(message(operator, "The case has a new owner")).to_be_visible()
    await page.get_by_role("button", name="Resolve…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Resolve", exact=True).click()
    await expect(dialog.get_by_role("alert")).to_have_text("Say why: it is kept with what you do.")
    await give_reason(operator, "Resolve", "talked to them")
    await expect(page.get_by_text("Resolved; it opens again when it becomes worse")).to_be_visible()

    case = await case_of(operator, user_id)
    assert (case["state"], case["rule"]) == ("resolved", "leverage")
    assert case["owner"] == (await operator.ask("/auth/me"))["id"]
    detail = await operator.ask(f"/cases/{case['id']}")
    history = page.locator("section").filter(has=page.get_by_role("heading", name="History"))
    steps = history.get_by_role("listitem")
    await expect(steps).to_have_count(len(detail["history"]))
    await expect(steps.first).to_contain_text("talked to them")

    await regulator.go(f"/operator/cases/{case['id']}")
    await expect(regulator.page.get_by_text("talked to them")).to_be_visible()
    await expect(regulator.page.get_by_role("main").get_by_role("button")).to_have_count(0)
    await regulator.go("/operator")
    await expect(regulator.page.get_by_role("heading", name="Trading").first).to_be_visible()
    await expect(regulator.page.get_by_role("button", name="Halt")).to_have_count(0)
    await expect(regulator.page.get_by_role("button", name="Set limits")).to_have_count(0)


async def test_a_market_that_is_halted_takes_no_order_and_says_why(visit: Visit) -> None:
    operator, trader = await sign_up_operator(visit), await visit()
    await trader.sign_up()
    await open_trade(trader, "SOL-PERP")
    await operator.go("/operator")

    await set_state(operator, "Halt", "SOL-PERP", "an odd price")
    banner = trader.page.get_by_role("alert").filter(has_text="SOL-PERP is halted")
    await expect(banner).to_be_visible(timeout=15_000)
    stopped = operator.page.get_by_role("list", name="Markets that are not active")
    await expect(stopped).to_contain_text("SOL-PERP", timeout=10_000)
    await fill(trader, "Buy", "1")
    refusal = ticket(trader).get_by_role("alert")
    await expect(refusal).to_contain_text("halted")
    await expect(ticket(trader).get_by_role("button", name="Review")).to_be_disabled()
    await expect(ticket(trader).get_by_label("Quantity", exact=True)).to_have_value("1")

    await set_state(operator, "Make active", "SOL-PERP", "it was the source")
    await expect(banner).to_have_count(0, timeout=15_000)
    await fill(trader, "Buy", "2")
    await expect(refusal).to_have_count(0)
    await expect(ticket(trader).get_by_role("button", name="Review")).to_be_enabled()
    done = (await operator.ask("/regulator/audit?limit=50"))["data"]
    assert any("it was the source" in str(each) for each in done)


async def set_state(operator: Visitor, act: str, symbol: str, reason: str) -> None:
    await operator.page.get_by_role("button", name=f"{act}…").click()
    dialog = operator.page.get_by_role("dialog")
    await dialog.get_by_label("What").select_option(symbol)
    await give_reason(operator, act, reason)
    await expect(dialog).to_have_count(0)


async def test_what_got_no_answer_is_pressed_again_and_done_once(visit: Visit) -> None:
    operator = await sign_up_operator(visit)
    keys: list[str] = []

    async def lose_the_first_answer(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) > 1:
            await route.fallback()
            return
        assert (await route.fetch()).ok
        await route.abort()

    await operator.page.route(re.compile(r"/api/v1/trading/state$"), lose_the_first_answer)
    await operator.go("/operator")
    await operator.page.get_by_role("button", name="Reduce only…").click()
    dialog = operator.page.get_by_role("dialog")
    await dialog.get_by_label("What").select_option("ETH-PERP")
    await give_reason(operator, "Reduce only", "the line is bad")
    await expect(dialog).to_contain_text("It may have been done all the same")
    await expect(dialog).to_contain_text("within two minutes")
    await dialog.get_by_role("button", name="Reduce only", exact=True).click()
    await expect(message(operator, "ETH-PERP is reduce-only")).to_be_visible()
    await set_state(operator, "Make active", "ETH-PERP", "the line is good")

    again, anew = keys[1:]
    assert again == keys[0] != anew
    done = (await operator.ask("/regulator/audit?limit=100"))["data"]
    noted = [each["facts"] for each in done if each["facts"].get("reason") == "the line is bad"]
    assert sorted(each.get("repeated", False) for each in noted) == [False, True]
    assert len({each["seq"] for each in noted}) == 1


async def test_what_needs_two_operators_is_asked_by_one_and_approved_by_another(
    visit: Visit,
) -> None:
    ada, ben = await sign_up_operator(visit), await sign_up_operator(visit)
    before = (await ada.ask("/trading/limits"))["orders_per_second"]
    await ada.go("/operator")
    await ada.page.get_by_role("button", name="Set limits").click()
    dialog = ada.page.get_by_role("dialog")
    await dialog.get_by_label("Orders of one account in a second").fill("37")
    await give_reason(ada, "Set limits", "a busy week")
    await expect(dialog.get_by_role("status")).to_contain_text(
        "A second operator has to approve this"
    )
    await dialog.get_by_role("button", name="Close").last.click()
    await expect(ada.page.get_by_text("another operator decides")).to_be_visible()
    assert (await ada.ask("/trading/limits"))["orders_per_second"] == before

    await ben.go("/operator?approvals=waiting")
    await ben.page.get_by_role("button", name="Approve…").click()
    await expect(ben.page.get_by_role("dialog")).to_contain_text("a busy week")
    await give_reason(ben, "Approve", "I saw the load")
    await expect(message(ben, "Approved: who asked can have it done now")).to_be_visible()

    await ada.go("/operator?approvals=approved")
    await ada.page.get_by_role("button", name="Do it now").click()
    await expect(message(ada, "Done: Trading limits")).to_be_visible()
    await expect(ada.page.get_by_text("at most 37")).to_be_visible(timeout=10_000)
    limits = await ada.ask("/trading/limits")
    assert limits["orders_per_second"] == 37
    approvals = (await ben.ask("/approvals"))["data"]
    assert [each["state"] for each in approvals][:1] == ["used"]
