"""One person's first day, from the account to the next morning, over HTTP."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conftest import PASSWORD
from tests.journeys.books import holdings, list_all, sum_of
from tests.journeys.service import Service

pytestmark = pytest.mark.xdist_group("stories")


async def post(http: httpx2.AsyncClient, path: str, body: object, status: int = 201) -> Any:
    answer = await http.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def get(http: httpx2.AsyncClient, path: str, **query: str) -> Any:
    answer = await http.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def buy(http: httpx2.AsyncClient, **purchase: str) -> Any:
    return await post(http, "/holdings", purchase)


async def test_buying_valuing_moving_and_selling(tmp_path: Path) -> None:
    service = Service(tmp_path / "desk", "--feed", "simulated")
    with service:
        token = await service.sign_up("ada@example.org")
        async with service.client(token) as http:
            bought = await _buys_twice_at_average_cost(http)
            await _sees_what_it_is_worth(http)
            await _swaps_and_transfers(http, bought["wallet_id"])
            before = await _everything_recorded(http)
    with service:  # the key that signed the token is kept, so is everything else
        async with service.client(token) as http:
            assert await _everything_recorded(http) == before
            await _sells_part_and_then_the_rest(http, bought["id"])
            await _profits_add_up(http)


async def _buys_twice_at_average_cost(http: httpx2.AsyncClient) -> Any:
    me = await get(http, "/auth/me")
    assert (me["email"], me["role"], me["tier"]) == ("ada@example.org", "user", "beginner")
    await buy(http, coin_id="bitcoin", quantity="0.5", price="60000", currency="usd")
    held = await buy(http, coin_id="btc", quantity="0.5", price="40000", fee="10", note="the dip")
    assert (held["quantity"], held["cost"], held["average_cost"]) == ("1", "50010", "50010")
    assert held["average_cost_without_fees"] == "50000"
    listed = await get(http, "/holdings")
    assert (listed["data"], listed["next_cursor"]) == ([held], None)
    return held


async def _sees_what_it_is_worth(http: httpx2.AsyncClient) -> None:
    price = await get(http, "/prices/bitcoin", vs="usd")
    pair = await get(http, "/prices/btc/usd/current")
    summary = await get(http, "/portfolio/summary", currency="usd")
    assert price["simulated"] is pair["simulated"] is summary["simulated"] is True
    assert (price["source"], pair["pair"]) == ("simulated", "btc/usd")
    (line,) = summary["holdings"]
    assert (line["coin_id"], line["quantity"], line["cost"]) == ("bitcoin", "1", "50010")
    assert line["value"] == line["price"] == summary["value"]
    profit = Decimal(line["price"]) - Decimal(50010)
    assert Decimal(summary["unrealised_profit"]) == Decimal(line["unrealised_profit"]) == profit
    assert (summary["realised_profit"], summary["unvalued"]) == ("0", [])


async def _swaps_and_transfers(http: httpx2.AsyncClient, main: str) -> None:
    swap = await post(
        http,
        "/transactions",
        {
            "kind": "swap",
            "legs": [
                {"coin_id": "bitcoin", "quantity": "-0.1", "value": "6001"},
                {"coin_id": "ethereum", "quantity": "2"},
            ],
        },
    )
    assert swap["realised_profit"] == "1000"  # 6001 less a tenth of 50010
    cold = await post(http, "/wallets", {"name": "cold"})
    await post(
        http,
        "/transactions",
        {
            "kind": "transfer",
            "legs": [
                {"coin_id": "bitcoin", "quantity": "-0.3"},
                {"coin_id": "bitcoin", "quantity": "0.3", "wallet_id": cold["id"]},
            ],
        },
    )
    assert await holdings(http) == {
        (main, "bitcoin"): Decimal("0.6"),
        (cold["id"], "bitcoin"): Decimal("0.3"),
        (main, "ethereum"): Decimal(2),
    }
    in_cold = await get(http, "/holdings", wallet_id=cold["id"])
    assert in_cold["data"][0]["cost"] == "15003"  # the average cost went with the coins


async def _everything_recorded(http: httpx2.AsyncClient) -> tuple[object, ...]:
    return (
        await get(http, "/auth/me"),
        await get(http, "/holdings"),
        await get(http, "/wallets"),
        await list_all(http, "/transactions"),
    )


async def _sells_part_and_then_the_rest(http: httpx2.AsyncClient, holding_id: str) -> None:
    sold = await http.delete(
        f"/holdings/{holding_id}", params={"quantity": "0.2", "price": "70000", "fee": "5"}
    )
    assert sold.status_code == 200, sold.text
    part = sold.json()
    assert (part["proceeds"], part["cost"], part["realised_profit"]) == ("13995", "10002", "3993")
    assert (part["holding"]["quantity"], part["simulated"]) == ("0.4", False)
    rest = (await http.delete(f"/holdings/{holding_id}")).json()
    assert (rest["quantity"], rest["cost"], rest["simulated"]) == ("0.4", "20004", True)
    assert Decimal(rest["proceeds"]) == Decimal("0.4") * Decimal(rest["price"])
    assert (rest["holding"]["quantity"], rest["holding"]["cost"]) == ("0", "0")
    again = await http.delete(f"/holdings/{holding_id}")
    assert (again.status_code, again.json()["code"]) == (422, "nothing-moved")


async def _profits_add_up(http: httpx2.AsyncClient) -> None:
    history = await list_all(http, "/portfolio/history")
    assert [row["kind"] for row in history] == ["sell", "sell", "transfer", "swap", "buy", "buy"]
    realised = sum(Decimal(row["realised_profit"]) for row in history)
    summary = await get(http, "/portfolio/summary")
    assert Decimal(summary["realised_profit"]) == realised
    assert await holdings(http) == sum_of(await list_all(http, "/transactions"))


async def test_keys_and_sessions(tmp_path: Path) -> None:
    service = Service(tmp_path / "desk", "--feed", "simulated")
    with service:
        async with service.client() as http:
            account = {"email": "ada@example.org", "password": PASSWORD}
            await post(http, "/auth/register", account)
            pair = await post(http, "/auth/login", account, 200)
            assert (pair["token_type"], pair["expires_in"]) == ("bearer", 900)
        async with service.client(pair["access_token"]) as http:
            made = await post(http, "/auth/keys", {"name": "page", "scopes": ["read"]})
            assert "api_key" not in (await get(http, "/auth/keys"))["data"][0]
        async with service.client() as http:
            exchanged = await post(http, "/auth/token", {"api_key": made["api_key"]}, 200)
            assert "refresh_token" not in exchanged
        purchase = {"coin_id": "bitcoin", "quantity": "1", "price": "1"}
        for credential in (exchanged["access_token"], made["api_key"]):
            async with service.client(credential) as http:
                assert (await get(http, "/auth/me"))["scopes"] == ["read"]
                assert (await get(http, "/holdings"))["data"] == []
                refused = await post(http, "/holdings", purchase, 403)
                assert refused["code"] == "scope-missing"
    with service:
        async with service.client() as http:
            used = {"refresh_token": pair["refresh_token"]}
            renewed = await post(http, "/auth/refresh", used, 200)
            assert renewed["refresh_token"] != pair["refresh_token"]
        async with service.client(renewed["access_token"]) as http:
            assert (await http.post("/auth/logout")).status_code == 204
            assert (await http.get("/auth/me")).status_code == 401
            next_pair = {"refresh_token": renewed["refresh_token"]}
            assert (await http.post("/auth/refresh", json=next_pair)).status_code == 401
        async with service.client(made["api_key"]) as http:  # not of the session that ended
            assert (await get(http, "/auth/me"))["api_key_id"] == made["id"]
