"""Paper accounts over HTTP."""

import asyncio
from typing import Any
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI

from plimsoll.access.domain.principals import Role, Tier
from plimsoll.access.service.accounts import set_role
from plimsoll.kernel.clock import SystemClock
from plimsoll.trading.domain.instruments import MONEY
from tests.conftest import Person
from tests.ledger.calls import ok, pages
from tests.trading.floor import BTC, Floor

MARKET = {"symbol": BTC, "side": "buy", "type": "market", "quantity": "0.1"}


@pytest.fixture
async def floor(app: FastAPI, client: httpx2.AsyncClient) -> Floor:
    floor = Floor(app)
    await floor.open()
    return floor


@pytest.fixture
async def trader(floor: Floor, ada: Person) -> Person:
    await floor.fund(ada)
    return ada


async def account(person: Person, whose: str = "me") -> Any:
    return await ok(person, "GET", f"/account/{whose}")


async def refusal(person: Person, method: str, path: str, **options: Any) -> Any:
    answer = await person.http.request(method, path, **options)
    assert answer.status_code >= 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()


# -- how it stands


async def test_an_account_that_was_never_used_is_empty_and_is_not_opened(
    floor: Floor, ada: Person
) -> None:
    found = await account(ada)
    assert (found["margin_wallet"], found["available"], found["margin_ratio"]) == ("0", "0", None)
    assert (found["tier"], found["leverage_cap"], found["paper"]) == ("beginner", 5, True)
    assert found["positions"] == found["balances"] == []
    assert await floor.exchange.find_account(UUID(ada.id)) is None


async def test_everything_of_an_account_at_one_moment(floor: Floor, trader: Person) -> None:
    """0.1 BTC bought at 60,006 at 5×, and the mark goes to 61,000: 0.4 % of 6,100 has to stay."""
    await ok(trader, "POST", "/orders", json=MARKET)
    await floor.index("61000")
    found = await account(trader)
    (position,) = found.pop("positions")
    mark, fee = float(position["mark_price"]), 3.0003
    profit = 0.1 * (mark - 60_006)
    assert float(found["margin_wallet"]) == pytest.approx(10_000 - fee)
    assert float(found["unrealised_profit"]) == pytest.approx(profit)
    assert float(found["margin_balance"]) == pytest.approx(10_000 - fee + profit)
    assert float(found["maintenance_margin"]) == pytest.approx(0.004 * 0.1 * mark)
    assert float(found["initial_margin"]) == pytest.approx(0.02 * mark)
    ratio = float(found["maintenance_margin"]) / float(found["margin_balance"])
    assert float(found["margin_ratio"]) == pytest.approx(ratio, abs=1e-6)
    assert found["user_id"] == trader.id
    assert (found["state"], found["hedge"], found["cancels_at"]) == ("active", False, None)
    assert position["entry_price"] == "60006"
    assert (position["side"], position["quantity"]) == ("long", "0.1")
    assert position["bracket"]["max_leverage"] == 150


async def test_the_ratio_is_of_cross_positions(floor: Floor, trader: Person) -> None:
    mode = {"symbol": BTC, "mode": "isolated"}
    assert await ok(trader, "PUT", "/account/margin-mode", json=mode) == mode
    await ok(trader, "POST", "/orders", json=MARKET)
    found = await account(trader)
    (position,) = found["positions"]
    assert found["margin_ratio"] is None
    assert found["isolated_margin"] == position["isolated_margin"] == "1200.12"
    assert float(position["margin_ratio"]) > 0.01
    assert position["liquidation_price"] == "48197.6"  # 48,004.8 ÷ 0.996, up to the tick
    assert position["bankruptcy_price"] == "48004.8"
    assert float(position["distance_to_liquidation_percent"]) == pytest.approx(19.67, abs=0.01)


async def test_somebody_elses_account_is_unknown(floor: Floor, trader: Person, ben: Person) -> None:
    nobody = await refusal(ben, "GET", "/account/6f9619ff-8b86-d011-b42d-00c04fc964ff")
    for whose in (trader.id, trader.id.upper(), "nonsense", "1"):
        for path in (f"/account/{whose}", f"/account/{whose}/entries"):
            told = await refusal(ben, "GET", path)
            assert (told["status"], told["code"]) == (404, "unknown-account")
            assert told["detail"] == nobody["detail"]


async def test_an_operator_sees_everybody(app: FastAPI, trader: Person, ben: Person) -> None:
    database = app.state.database
    await set_role(database, SystemClock(), email=ben.email, role=Role.OPERATOR)
    await app.state.access.verifier.catch_up()
    assert (await account(ben, trader.id))["margin_wallet"] == "10000"
    assert (await account(ben))["margin_wallet"] == "0"
    assert (await ok(ben, "GET", f"/account/{trader.id}/entries"))["data"][0]["amount"] == "10000"
    nobody = await refusal(ben, "GET", "/account/6f9619ff-8b86-d011-b42d-00c04fc964ff")
    assert nobody["code"] == "unknown-account"


# -- money


async def test_money_goes_in_and_out(floor: Floor, ada: Person) -> None:
    made = await ok(ada, "POST", "/account/deposit", json={"amount": "10000.5"})
    assert made.pop("at")
    movement = {"wallet": "margin", "asset": "tether", "reason": "deposit"}
    movement |= {"amount": "10000.5", "balance": "10000.5"}
    assert made == {"movements": [movement], "paper": True}
    moved = await ok(ada, "POST", "/account/transfer", json={"amount": "100", "to": "spot"})
    balances = {each["wallet"]: each["balance"] for each in moved["movements"]}
    assert balances == {"margin": "9900.5", "spot": "100"}
    body = {"amount": "40", "asset": "usdt", "wallet": "spot"}
    await ok(ada, "POST", "/account/withdraw", json=body)
    await ok(ada, "POST", "/account/transfer", json={"amount": "60", "to": "margin"})
    found = await account(ada)
    assert (found["margin_wallet"], found["balances"]) == ("9960.5", [])


async def test_a_deposit_is_bounded_by_what_is_there(floor: Floor, ada: Person) -> None:
    await ok(ada, "POST", "/account/deposit", json={"amount": "6000000"})
    await ok(ada, "POST", "/account/deposit", json={"amount": "3000000", "wallet": "spot"})
    told = await refusal(ada, "POST", "/account/deposit", json={"amount": "1000000.01"})
    assert (told["status"], told["code"]) == (409, "paper-deposit-limit")
    assert (told["amount"], told["held"], told["most"]) == ("1000000.01", "9000000", "10000000")
    await ok(ada, "POST", "/account/deposit", json={"amount": "1000000"})


async def test_not_even_many_deposits_at_once_pass_the_bound(floor: Floor, ada: Person) -> None:
    body = {"amount": "4000000"}
    answers = await asyncio.gather(
        *(ada.http.post("/account/deposit", json=body) for _ in range(8))
    )
    assert sorted(each.status_code for each in answers) == [201] * 2 + [409] * 6


async def test_coins_are_bounded_by_their_worth(app: FastAPI, floor: Floor, ada: Person) -> None:
    body = {"asset": "btc", "wallet": "spot"}
    await ok(ada, "POST", "/account/deposit", json=body | {"amount": "2"})
    (balance,) = (await account(ada))["balances"]
    assert balance == {"asset": "bitcoin", "total": "2", "held": "0", "free": "2"}
    told = await refusal(ada, "POST", "/account/deposit", json=body | {"amount": "100000"})
    price = float(app.state.prices.get_quote("bitcoin", "tether").value)
    assert (told["code"], told["held"]) == ("paper-deposit-limit", "2")
    assert float(told["most"]) == pytest.approx(10_000_000 / price, rel=0.05)


NO_MONEY: tuple[tuple[dict[str, Any], str], ...] = (
    ({"amount": "0"}, "invalid"),
    ({"amount": "-1"}, "invalid"),
    ({"amount": 1}, "invalid"),
    ({"amount": "NaN"}, "invalid"),
    ({"amount": "1e30"}, "invalid"),
    ({"amount": "1", "more": 1}, "invalid"),
    ({"amount": "0.000000001"}, "amount-off-grid"),
    ({"amount": "99999999999999999999"}, "number-too-large"),
    ({"amount": "1", "asset": "nothing"}, "unknown-asset-field"),
    ({"amount": "1", "asset": "btc"}, "unknown-asset"),
    ({"amount": "1", "asset": "usd", "wallet": "spot"}, "unknown-asset"),
    ({"amount": "1", "wallet": "savings"}, "invalid"),
)


async def test_what_is_no_money_changes_nothing(floor: Floor, trader: Person) -> None:
    before = await floor.digest()
    for body, code in NO_MONEY:
        for path in ("/account/deposit", "/account/withdraw"):
            told = await refusal(trader, "POST", path, json=body)
            assert told["code"] == code, body
    assert await floor.digest() == before


async def test_what_holds_a_position_cannot_leave(floor: Floor, trader: Person) -> None:
    await ok(trader, "POST", "/orders", json=MARKET)
    free = (await account(trader))["withdrawable"]
    for path, body in (
        ("/account/withdraw", {"amount": "9990"}),
        ("/account/transfer", {"amount": "9990", "to": "spot"}),
    ):
        told = await refusal(trader, "POST", path, json=body)
        assert (told["code"], told["available"]) == ("insufficient-balance", free)
    await ok(trader, "POST", "/account/withdraw", json={"amount": free})
    assert (await account(trader))["withdrawable"] == "0"


async def test_a_key_moves_money_once(floor: Floor, trader: Person) -> None:
    for path, body in (
        ("/account/deposit", {"amount": "5"}),
        ("/account/withdraw", {"amount": "7"}),
        ("/account/transfer", {"amount": "9", "to": "spot"}),
    ):
        headers = {"Idempotency-Key": path}
        first = await trader.http.post(path, json=body, headers=headers)
        again = await trader.http.post(path, json=body, headers=headers)
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.headers["idempotency-replayed"] == "true"
        assert again.json() == first.json()
        other = await trader.http.post(path, json=body | {"amount": "1"}, headers=headers)
        assert other.json()["code"] == "idempotency-key-reused"
    assert (await account(trader))["margin_wallet"] == "9989"


async def test_the_statement_says_all_of_it(floor: Floor, trader: Person) -> None:
    await ok(trader, "POST", "/orders", json=MARKET)
    await ok(trader, "POST", "/account/transfer", json={"amount": "9", "to": "spot"})
    rows = await pages(trader, "/account/me/entries", 1)
    lines = [(row["wallet"], row["amount"], row["balance"], row["reason"]) for row in rows]
    assert sorted(lines[:2]) == [
        ("margin", "-9", "9987.9997", "transfer"),
        ("spot", "9", "9", "transfer"),
    ]
    assert lines[2:] == [
        ("margin", "-3.0003", "9996.9997", "fee"),
        ("margin", "10000", "10000", "deposit"),
    ]
    table = await trader.http.get("/account/me/entries", params={"format": "csv"})
    assert table.status_code == 200, table.text
    assert len(table.text.splitlines()) == 5


# -- settings


async def test_leverage_above_the_tier_says_the_highest(floor: Floor, trader: Person) -> None:
    before = await floor.digest()
    for leverage in (0, 6, 101, -1):
        body = {"symbol": BTC, "leverage": leverage}
        told = await refusal(trader, "PUT", "/account/leverage", json=body)
        assert (told["code"], told["highest"]) == ("leverage-above-cap", 5), leverage
    body = {"symbol": BTC, "leverage": 10**30}
    assert (await refusal(trader, "PUT", "/account/leverage", json=body))["code"] == "out-of-range"
    assert await floor.digest() == before


async def setting(person: Person, symbol: str = BTC) -> Any:
    found = await ok(person, "GET", "/account/symbols")
    return next(each for each in found["symbols"] if each["symbol"] == symbol)


async def test_settings_are_read_before_anything_was_traded(floor: Floor, ada: Person) -> None:
    found = await ok(ada, "GET", "/account/symbols")
    assert (found["hedge"], found["leverage_cap"], found["paper"]) == (False, 5, True)
    names = [each["symbol"] for each in found["symbols"]]
    assert names == sorted(names)
    assert BTC in names
    assert "BTC-USDT" not in names
    as_new = {"symbol": BTC, "leverage": 5, "margin_mode": "cross", "highest_leverage": 5}
    assert await setting(ada) == as_new
    assert await floor.exchange.find_account(UUID(ada.id)) is None


async def test_settings_are_read_as_they_were_set(
    floor: Floor, trader: Person, ben: Person
) -> None:
    await ok(trader, "PUT", "/account/leverage", json={"symbol": BTC, "leverage": 2})
    await ok(trader, "PUT", "/account/margin-mode", json={"symbol": BTC, "mode": "isolated"})
    await ok(trader, "PUT", "/account/position-mode", json={"hedge": True})
    found = await ok(trader, "GET", "/account/symbols")
    assert found["hedge"] is True
    set_ = {"symbol": BTC, "leverage": 2, "margin_mode": "isolated", "highest_leverage": 5}
    assert [each for each in found["symbols"] if each["margin_mode"] == "isolated"] == [set_]
    await floor.fund(ben)
    assert (await setting(ben))["margin_mode"] == "cross"


async def test_what_may_be_chosen_falls_with_what_is_open(floor: Floor, trader: Person) -> None:
    """The tier is raised; the machine learns of it with the next command only. Then an order in
    the second bracket allows what that one does, and more is refused with the same number.
    """
    first, second, *_ = floor.exchange.get_instrument(BTC).brackets
    floor.exchange.leverage_caps[Tier.BEGINNER] = first.leverage
    assert (await setting(trader))["highest_leverage"] == first.leverage
    leverage = {"symbol": BTC, "leverage": second.leverage}
    await ok(trader, "PUT", "/account/leverage", json=leverage)
    quantity = str(first.cap // MONEY // 60_000 + 1)
    await floor.fund(trader, 10_000_000)
    bid = MARKET | {"type": "limit", "price": "59000", "quantity": quantity}
    await ok(trader, "POST", "/orders", json=bid)
    assert (await setting(trader))["highest_leverage"] == second.leverage
    more = {"symbol": BTC, "leverage": second.leverage + 1}
    told = await refusal(trader, "PUT", "/account/leverage", json=more)
    assert told["highest"] == second.leverage


async def test_settings_are_set(floor: Floor, trader: Person) -> None:
    body = {"symbol": BTC, "leverage": 3}
    assert await ok(trader, "PUT", "/account/leverage", json=body) == body
    await ok(trader, "POST", "/orders", json=MARKET)
    assert (await account(trader))["positions"][0]["leverage"] == 3
    told = await refusal(trader, "PUT", "/account/position-mode", json={"hedge": True})
    assert (told["code"], told["positions"]) == ("not-flat", 1)
    mode = {"symbol": BTC, "mode": "isolated"}
    assert (await refusal(trader, "PUT", "/account/margin-mode", json=mode))["code"] == "not-flat"


NO_SETTINGS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("leverage", {"symbol": "NONE-PERP", "leverage": 2}, "unknown-symbol"),
    ("leverage", {"symbol": "BTC-USDT", "leverage": 2}, "not-for-spot"),
    ("leverage", {"symbol": BTC, "leverage": "2"}, "invalid"),
    ("margin-mode", {"symbol": "BTC-USDT", "mode": "cross"}, "not-for-spot"),
    ("margin-mode", {"symbol": BTC, "mode": "both"}, "invalid"),
    ("position-mode", {"hedge": 1}, "invalid"),
)


async def test_settings_that_cannot_be(floor: Floor, trader: Person) -> None:
    before = await floor.digest()
    for path, body, code in NO_SETTINGS:
        told = await refusal(trader, "PUT", f"/account/{path}", json=body)
        assert told["code"] == code, body
    assert await floor.digest() == before


# -- beginning anew


async def test_a_reset_begins_anew(floor: Floor, trader: Person) -> None:
    await floor.fund(trader, 2, asset="bitcoin", spot=True)
    await ok(trader, "POST", "/orders", json=MARKET)
    limit = {"type": "limit", "quantity": "0.01", "price": "59000"}
    order = await ok(trader, "POST", "/orders", json=MARKET | limit)
    headers = {"Idempotency-Key": "anew"}
    first = await trader.http.post("/account/reset", json={"amount": "500"}, headers=headers)
    assert first.status_code == 200, first.text
    done = first.json()
    assert done["cancelled"] == [order["id"]]
    (closed,) = done["closed"]
    assert (closed["side"], closed["filled_quantity"], closed["status"]) == (
        "sell", "0.1", "filled",
    )  # fmt: skip
    moved = [(each["asset"], each["balance"], each["reason"]) for each in done["movements"]]
    assert moved == [
        ("bitcoin", "0", "withdrawal"),
        ("tether", "0", "withdrawal"),
        ("tether", "500", "deposit"),
    ]
    found = await account(trader)
    assert (found["margin_wallet"], found["open_orders"]) == ("500", 0)
    assert found["positions"] == found["balances"] == []
    again = await trader.http.post("/account/reset", json={"amount": "500"}, headers=headers)
    assert again.json() == done
    assert again.headers["idempotency-replayed"] == "true"


async def test_a_reset_of_nothing_is_the_first_money(floor: Floor, ada: Person) -> None:
    assert (await ok(ada, "POST", "/account/reset"))["closed"] == []
    assert (await account(ada))["margin_wallet"] == "10000"


async def test_a_reset_that_cannot_close_changes_nothing(floor: Floor, trader: Person) -> None:
    await ok(trader, "POST", "/orders", json=MARKET)
    await floor.quote([("59994", "0.03")], [])
    before = await floor.digest()
    told = await refusal(trader, "POST", "/account/reset")
    assert (told["status"], told["code"]) == (409, "reset-refused")
    (fault,) = told["errors"]
    assert (fault["pointer"], fault["code"]) == ("position:BTC-PERP/net", "too-thin")
    assert "0.07 would stay" in fault["message"]
    assert await floor.digest() == before


async def test_a_reset_is_bounded_too(floor: Floor, trader: Person) -> None:
    told = await refusal(trader, "POST", "/account/reset", json={"amount": "10000001"})
    assert told["code"] == "paper-deposit-limit"
