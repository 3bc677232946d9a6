"""Buying, listing and selling over HTTP."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from fastapi import FastAPI

from plimsoll.kernel.clock import rfc3339
from plimsoll.plumbing.database import Database
from tests.conftest import Person
from tests.ledger.calls import COIN, buy, holdings, ok, pages, record
from tests.ledger.quoted import say
from tests.ledger.statement import statement_of

HOLDING = {
    "id",
    "coin_id",
    "symbol",
    "wallet_id",
    "currency",
    "quantity",
    "cost",
    "fees",
    "average_cost",
    "average_cost_without_fees",
    "realised_profit",
    "missing",
}


async def test_a_purchase_answers_with_the_holding(ada: Person) -> None:
    held = await buy(ada, quantity="0.5", price="60000", currency="usd")
    assert set(held) == HOLDING
    assert UUID(held["id"]).version == 7
    assert (held["coin_id"], held["symbol"], held["currency"]) == ("bitcoin", "btc", "usd")
    assert (held["quantity"], held["cost"], held["average_cost"]) == ("0.5", "30000", "60000")
    assert await ok(ada, "GET", f"/holdings/{held['id']}") == held
    assert await holdings(ada) == [held]


async def test_a_second_purchase_moves_the_average_cost(ada: Person) -> None:
    await buy(ada, quantity="0.5", price="60000")
    held = await buy(ada, quantity="0.5", price="40000", fee="10")
    assert (held["quantity"], held["cost"], held["fees"]) == ("1", "50010", "10")
    assert held["average_cost"] == "50010"
    assert held["average_cost_without_fees"] == "50000"


async def test_the_same_purchase_in_any_dress_leads_to_the_same(ada: Person, ben: Person) -> None:
    """Optional members, an unusual content type or a key take the ordinary way."""
    dresses: list[dict[str, Any]] = [
        {},
        {"json": {**COIN, "wallet_id": None}},
        {"headers": {"Idempotency-Key": "one"}},
        {"headers": {"Content-Type": "application/json; charset=utf-8"}},
    ]
    for dress in dresses:
        await buy(ben)
        await ok(ada, "POST", "/holdings", **{"json": COIN, **dress})
    (mine,), (others,) = await holdings(ada), await holdings(ben)
    same = HOLDING - {"id", "wallet_id"}
    assert {name: mine[name] for name in same} == {name: others[name] for name in same}
    assert mine["quantity"] == "4"


async def test_a_symbol_means_the_asset_it_was_reviewed_for(ada: Person) -> None:
    assert (await buy(ada, coin_id="BTC"))["coin_id"] == "bitcoin"


async def test_a_back_dated_purchase_is_part_of_a_sale_made_before_it_came(ada: Person) -> None:
    held = await buy(ada, price="100", occurred_at="2024-02-01T00:00:00Z")
    await ok(ada, "DELETE", f"/holdings/{held['id']}?quantity=0.5&price=200")
    held = await buy(ada, price="50", occurred_at="2024-01-01T01:00:00+01:00")
    assert (held["quantity"], held["cost"], held["realised_profit"]) == ("1.5", "112.5", "62.5")


async def test_a_part_is_sold_at_a_price(ada: Person) -> None:
    held = await buy(ada, quantity="4", price="25")
    sale = await ok(ada, "DELETE", f"/holdings/{held['id']}?quantity=1&price=40&fee=5&note=thanks")
    assert (sale["quantity"], sale["price"], sale["fee"]) == ("1", "40", "5")
    assert (sale["proceeds"], sale["cost"], sale["realised_profit"]) == ("35", "25", "10")
    assert (sale["coin_id"], sale["currency"]) == ("bitcoin", "usd")
    assert (sale["holding"]["quantity"], sale["holding"]["cost"]) == ("3", "75")
    seen = await ok(ada, "GET", f"/transactions/{sale['transaction_id']}")
    assert (seen["kind"], seen["note"], seen["realised_profit"]) == ("sell", "thanks", "10")


async def test_all_is_sold_at_the_latest_price(ada: Person, app: FastAPI) -> None:
    held = await buy(ada, quantity="0.1", price="1000")
    sale = await ok(ada, "DELETE", f"/holdings/{held['id']}")
    price = Decimal(sale["price"])
    assert price > 0
    assert Decimal(sale["proceeds"]) == (price * Decimal("0.1")).quantize(Decimal("1e-18"))
    assert sale["holding"]["average_cost"] is None
    assert await holdings(ada) == []
    (sold_out,) = await holdings(ada, empty="true")
    assert sold_out["quantity"] == sold_out["cost"] == "0"
    assert sold_out["realised_profit"] == sale["realised_profit"]


async def test_without_a_price_a_sale_has_to_name_one(ada: Person, app: FastAPI) -> None:
    priced = app.state.prices
    unknown = next(
        asset.id
        for asset in reversed(priced.catalogue.list_assets())
        if priced.find_quote(asset.id, "usd") is None
    )
    held = await buy(ada, coin_id=unknown)
    refused = await ada.http.delete(f"/holdings/{held['id']}")
    assert (refused.status_code, refused.json()["code"]) == (503, "price-unavailable")
    await ok(ada, "DELETE", f"/holdings/{held['id']}?price=1")


async def test_holdings_are_filtered_and_paged(ada: Person) -> None:
    wallet = await ok(ada, "POST", "/wallets", json={"name": "cold"})
    for coin in ("bitcoin", "ethereum", "solana", "cardano"):
        await buy(ada, coin_id=coin)
    await buy(ada, coin_id="bitcoin", wallet_id=wallet["id"])

    whole = await holdings(ada)
    assert [held["coin_id"] for held in whole] == [
        "bitcoin",
        "bitcoin",
        "cardano",
        "ethereum",
        "solana",
    ]
    assert await pages(ada, "/holdings", 2) == whole
    assert await pages(ada, "/holdings", 1) == whole
    assert await holdings(ada, coin_id="btc") == whole[:2]
    (cold,) = await holdings(ada, wallet_id=wallet["id"])
    assert cold["wallet_id"] == wallet["id"]
    assert await holdings(ada, wallet_id=str(uuid4())) == []


async def test_someone_elses_holding_does_not_exist(
    ada: Person, ben: Person, database: Database
) -> None:
    held = await buy(ada)
    before = await statement_of(database, ada.id)
    for answer in [
        await ben.http.get(f"/holdings/{held['id']}"),
        await ben.http.delete(f"/holdings/{held['id']}?price=1"),
        await ben.http.get(f"/holdings/{uuid4()}"),
    ]:
        assert (answer.status_code, answer.json()["code"]) == (404, "holding-not-found")
    foreign = await ben.http.post("/holdings", json={**COIN, "wallet_id": held["wallet_id"]})
    assert (foreign.status_code, foreign.json()["code"]) == (404, "wallet-not-found")
    assert await holdings(ben, wallet_id=held["wallet_id"]) == []
    assert await statement_of(database, ada.id) == before


async def test_a_cost_in_another_currency_needs_a_rate_or_a_recent_price(
    ada: Person, app: FastAPI
) -> None:
    await buy(ada, price="100", occurred_at="2024-01-01T00:00:00Z")
    long_ago = {"currency": "eur", "occurred_at": "2024-01-02T00:00:00Z"}

    refused = await ada.http.post("/holdings", json={**COIN, **long_ago})
    assert (refused.status_code, refused.json()["code"]) == (422, "rate-required")
    assert (refused.json()["from"], refused.json()["to"]) == ("eur", "usd")

    held = await buy(ada, **long_ago, rate="1.25", fee="8")
    assert (held["currency"], held["cost"], held["fees"]) == ("usd", "235", "10")

    minutes_ago = datetime.now(UTC) - timedelta(minutes=5)
    say(app.state.prices, "eur", "1.5")
    held = await buy(ada, currency="eur", occurred_at=rfc3339(minutes_ago))
    cost = Decimal(held["cost"]) - 235
    assert 0 < cost != 100  # turned at the latest price, which the simulation moves


async def test_a_key_makes_a_purchase_once(ada: Person) -> None:
    key = {"Idempotency-Key": "purchase-1"}
    first = await ada.http.post("/holdings", json=COIN, headers=key)
    again = await ada.http.post("/holdings", json=COIN, headers=key)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    other = await ada.http.post("/holdings", json={**COIN, "quantity": "2"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert [held["quantity"] for held in await holdings(ada)] == ["1"]


async def test_a_key_makes_a_sale_once(ada: Person) -> None:
    held = await buy(ada, quantity="3")
    path, key = f"/holdings/{held['id']}?quantity=1&price=5", {"Idempotency-Key": "sale-1"}
    first = await ada.http.delete(path, headers=key)
    again = await ada.http.delete(path, headers=key)
    assert again.json() == first.json()
    assert [held["quantity"] for held in await holdings(ada)] == ["2"]


async def test_a_refused_purchase_does_not_use_up_its_key(ada: Person) -> None:
    held = await buy(ada)
    key = {"Idempotency-Key": "sale-2"}
    path = f"/holdings/{held['id']}?quantity=2&price=5"
    assert (await ada.http.delete(path, headers=key)).status_code == 409
    await buy(ada)
    assert (await ada.http.delete(path, headers=key)).status_code == 200


async def test_one_key_many_times_at_once_has_one_effect(ada: Person) -> None:
    key = {"Idempotency-Key": "crowd"}
    answers = await asyncio.gather(
        *(ada.http.post("/holdings", json=COIN, headers=key) for _ in range(16))
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    bodies = {answer.content for answer in answers if answer.status_code == 201}
    assert len(bodies) == 1
    assert {a.json()["code"] for a in answers if a.status_code == 409} <= {"idempotency-in-flight"}
    assert [held["quantity"] for held in await holdings(ada)] == ["1"]


async def test_64_purchases_at_once_add_up(ada: Person) -> None:
    await asyncio.gather(*(buy(ada, fee="0.01") for _ in range(64)))
    (held,) = await holdings(ada)
    assert (held["quantity"], held["cost"], held["fees"]) == ("64", "6400.64", "0.64")
    assert len(await pages(ada, "/transactions", 50)) == 64


async def test_selling_everything_at_once_succeeds_once(ada: Person) -> None:
    held = await buy(ada)
    path = f"/holdings/{held['id']}?quantity=1&price=150"
    answers = await asyncio.gather(*(ada.http.delete(path) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    (sold_out,) = await holdings(ada, empty="true")
    assert sold_out["realised_profit"] == "50"


async def test_dust_at_a_high_cost_is_still_shown(ada: Person) -> None:
    """Cost per unit may have more digits than an amount that is stored."""
    await record(
        ada,
        "buy",
        {"coin_id": "bitcoin", "quantity": "0.000000000000000001", "value": "1"},
        {"coin_id": "usd", "quantity": "-1", "outside": True},
        {"coin_id": "usd", "quantity": "-1000", "role": "fee", "outside": True},
    )
    (held,) = await holdings(ada)
    assert held["average_cost"] == "1001" + "0" * 18
    assert (await ok(ada, "GET", "/portfolio/summary"))["cost"] == "1001"
