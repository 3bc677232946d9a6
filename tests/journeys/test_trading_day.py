"""A day at the paper exchange, over HTTP against the service as its users run it."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conftest import PASSWORD
from tests.journeys.service import Service

PERP = "BTC-PERP"
MARKET = {"symbol": PERP, "side": "buy", "type": "market", "quantity": "0.5"}


async def ok(http: httpx2.AsyncClient, method: str, path: str, **body: Any) -> Any:
    answer = await http.request(method, path, json=body or None)
    assert answer.status_code < 300, answer.text
    return answer.json()


async def sign_in(service: Service, email: str) -> str:
    async with service.client() as http:
        answer = await ok(http, "POST", "/auth/login", email=email, password=PASSWORD)
    return str(answer["access_token"])


async def buy_as_previewed(http: httpx2.AsyncClient) -> Any:
    """The account after an order that did what its preview said. The market goes on meanwhile: when
    the house has quoted anew in between, it is another market, and the next order is looked at.
    """
    for _ in range(10):
        preview = await ok(http, "POST", "/orders/preview", **MARKET)
        placed = await ok(http, "POST", "/orders", **MARKET)
        account = await ok(http, "GET", "/account/me")
        assert placed["status"] == "filled"
        if preview["average_price"] == placed["average_price"]:
            assert preview["fee"] == placed["fee"]
            assert preview["wallet_after"] == account["margin_wallet"]
            return account
        await ok(http, "POST", "/account/reset", amount="10000")
    raise AssertionError("no order was like its preview")


async def sell_more_than_the_best_price_has(http: httpx2.AsyncClient) -> None:
    """It is filled in part. The maker may quote higher in between: then the next one is."""
    for _ in range(10):
        best = (await ok(http, "GET", f"/instruments/{PERP}/book?depth=10"))["bids"][0]
        more = str(Decimal(best["quantity"]) + Decimal("0.1"))
        limit = MARKET | {"side": "sell", "type": "limit", "price": best["price"]}
        order = limit | {"quantity": more, "time_in_force": "ioc"}
        sold = await ok(http, "POST", "/orders", **order)
        await ok(http, "POST", "/account/reset", amount="10000")
        if 0 < Decimal(sold["filled_quantity"]) < Decimal(more):
            return
    raise AssertionError("no order was filled in part")


@pytest.mark.timeout(120)
async def test_money_in_a_position_a_fall_and_the_books_add_up(tmp_path: Path) -> None:
    email = "ada@example.org"
    with Service(tmp_path / "desk", "--feed", "simulated") as service:
        async with service.client(await service.sign_up(email)) as http:
            await ok(http, "POST", "/account/deposit", amount="10000")
            await ok(http, "PUT", "/account/leverage", symbol=PERP, leverage=5)
            account = await buy_as_previewed(http)
            position = account["positions"][0]
            assert Decimal(position["liquidation_price"]) < Decimal(position["entry_price"])

            await sell_more_than_the_best_price_has(http)
            await ok(http, "POST", "/orders", **MARKET)

        service.command("user", "role", email, "operator")
        async with service.client(await sign_in(service, email)) as http:
            fund = Decimal((await ok(http, "GET", "/trading/insurance"))["balance"])
            price = Decimal((await ok(http, "GET", f"/market/price/{PERP}"))["mark"])
            fallen = str((price * Decimal("0.65")).quantize(Decimal("0.1")))
            tick = await ok(http, "POST", "/market/tick", symbol=PERP, price=fallen)
            assert [each["symbol"] for each in tick["liquidations"]] == [None]
            assert (await ok(http, "GET", "/positions"))["data"] == []
            assert (await ok(http, "GET", "/account/me"))["margin_wallet"] == "0"
            moved = Decimal(tick["insurance_change"])
            assert moved < 0
            after = Decimal((await ok(http, "GET", "/trading/insurance"))["balance"])
            assert after == fund + moved
        lines = service.command("engine", "verify", "--from-start").splitlines()
    assert len(lines) >= 10
    assert all(line.startswith("ok ") for line in lines), lines
