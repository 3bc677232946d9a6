"""Positions over HTTP: listed, made safer, closed."""

from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from tests.conftest import Person
from tests.ledger.calls import ok, pages
from tests.trading.floor import BTC, Floor

ETH = "ETH-PERP"
MARKET = {"symbol": BTC, "side": "buy", "type": "market", "quantity": "0.1"}
CLOSE = f"/positions/{BTC}/close"


@pytest.fixture
async def floor(app: FastAPI, client: httpx2.AsyncClient) -> Floor:
    floor = Floor(app)
    await floor.open()
    return floor


@pytest.fixture
async def trader(floor: Floor, ada: Person) -> Person:
    await floor.fund(ada)
    return ada


async def refusal(person: Person, path: str, body: Any = None) -> Any:
    answer = await person.http.post(path, json=body)
    assert answer.status_code >= 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()


async def sizes(person: Person) -> list[tuple[str, str, str]]:
    rows = await pages(person, "/positions", 1)
    return [(row["symbol"], row["position_side"], row["quantity"]) for row in rows]


async def test_positions_are_listed_by_symbol(floor: Floor, trader: Person, ben: Person) -> None:
    await floor.open("3000", symbol=ETH)
    await ok(trader, "POST", "/orders", json=MARKET | {"symbol": ETH, "side": "sell"})
    await ok(trader, "POST", "/orders", json=MARKET)
    assert await sizes(trader) == [(BTC, "net", "0.1"), (ETH, "net", "0.1")]
    assert await sizes(ben) == []
    one = await ok(trader, "GET", "/positions", params={"symbol": ETH})
    (position,) = one["data"]
    assert (position["side"], position["mark_price"]) == ("short", "3000")
    whole = await ok(trader, "GET", "/account/me")
    assert position in whole["positions"]
    table = await trader.http.get("/positions", params={"format": "csv"})
    assert table.status_code == 200, table.text
    assert len(table.text.splitlines()) == 3
    for name in ("parquet", "arrow"):
        assert (await trader.http.get("/positions", params={"format": name})).status_code == 200
    unknown = await trader.http.get("/positions", params={"symbol": "NONE"})
    assert unknown.json()["code"] == "unknown-symbol"


async def test_a_hedged_pair_is_two_rows(floor: Floor, trader: Person) -> None:
    await ok(trader, "PUT", "/account/position-mode", json={"hedge": True})
    await ok(trader, "POST", "/orders", json=MARKET | {"position_side": "long"})
    short = MARKET | {"position_side": "short", "side": "sell", "quantity": "0.04"}
    await ok(trader, "POST", "/orders", json=short)
    assert await sizes(trader) == [(BTC, "long", "0.1"), (BTC, "short", "0.04")]
    assert (await refusal(trader, CLOSE))["code"] == "leg-refused"
    done = await ok(trader, "POST", CLOSE, json={"position_side": "short"})
    assert (done["side"], done["filled_quantity"]) == ("buy", "0.04")
    assert await sizes(trader) == [(BTC, "long", "0.1")]


async def test_a_position_is_closed_in_parts(floor: Floor, trader: Person) -> None:
    await ok(trader, "POST", "/orders", json=MARKET | {"quantity": "0.101"})
    done = await ok(trader, "POST", CLOSE, json={"percent": "25"})
    assert (done["quantity"], done["reduce_only"], done["side"]) == ("0.025", True, "sell")
    assert done["fills"][0]["price"] == "59994"
    done = await ok(trader, "POST", CLOSE, json={"percent": "0.000001"})
    assert done["filled_quantity"] == "0.001"  # at least a step
    done = await ok(trader, "POST", CLOSE, json={"quantity": "0.05"})
    assert await sizes(trader) == [(BTC, "net", "0.025")]
    done = await ok(trader, "POST", CLOSE, json={"quantity": "5"})
    assert done["filled_quantity"] == "0.025"  # and never more than there is
    assert await sizes(trader) == []
    assert (await refusal(trader, CLOSE))["code"] == "no-position"


async def test_without_a_body_all_of_it_is_closed(floor: Floor, trader: Person) -> None:
    await ok(trader, "POST", "/orders", json=MARKET | {"side": "sell"})
    done = await ok(trader, "POST", CLOSE)
    assert (done["close_position"], done["status"]) == (True, "filled")
    assert await sizes(trader) == []


async def test_what_nobody_takes_stays(floor: Floor, trader: Person) -> None:
    await ok(trader, "POST", "/orders", json=MARKET)
    await floor.quote([("59994", "0.03")], [])
    done = await ok(trader, "POST", CLOSE)
    assert (done["status"], done["filled_quantity"]) == ("expired", "0.03")
    assert await sizes(trader) == [(BTC, "net", "0.07")]


async def test_a_key_closes_half_once(floor: Floor, trader: Person) -> None:
    await ok(trader, "POST", "/orders", json=MARKET)
    headers = {"Idempotency-Key": "half"}
    first = await trader.http.post(CLOSE, json={"percent": "50"}, headers=headers)
    again = await trader.http.post(CLOSE, json={"percent": "50"}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert await sizes(trader) == [(BTC, "net", "0.05")]


async def test_closings_that_cannot_be(floor: Floor, trader: Person) -> None:
    await ok(trader, "POST", "/orders", json=MARKET)
    before = await floor.digest()
    for body, code in (
        ({"percent": "101"}, "invalid"),
        ({"percent": "0"}, "invalid"),
        ({"percent": 50}, "invalid"),
        ({"percent": "50", "quantity": "1"}, "invalid"),
        ({"quantity": "0.0001"}, "quantity-off-step"),
        ({"quantity": "99999999999999999999"}, "number-too-large"),
        ({"quantity": "1001"}, "above-most-quantity"),
        ({"position_side": "long"}, "leg-refused"),
        ({"position_side": "both"}, "invalid"),
    ):
        assert (await refusal(trader, CLOSE, body))["code"] == code, body
    assert (await refusal(trader, "/positions/NONE/close"))["code"] == "unknown-symbol"
    assert (await refusal(trader, "/positions/BTC-USDT/close"))["code"] == "no-position"
    assert await floor.digest() == before


async def test_margin_goes_to_an_isolated_position_and_back(floor: Floor, trader: Person) -> None:
    path = f"/positions/{BTC}/margin"
    assert (await refusal(trader, path, {"amount": "1"}))["code"] == "no-position"
    await ok(trader, "PUT", "/account/margin-mode", json={"symbol": BTC, "mode": "isolated"})
    await ok(trader, "POST", "/orders", json=MARKET)
    before = (await ok(trader, "GET", "/positions"))["data"][0]["liquidation_price"]
    headers = {"Idempotency-Key": "safer"}
    for _ in range(2):
        answer = await trader.http.post(path, json={"amount": "300"}, headers=headers)
        assert answer.json() == {
            "symbol": BTC, "position_side": "net", "isolated_margin": "1500.12", "paper": True
        }  # fmt: skip
    after = (await ok(trader, "GET", "/positions"))["data"][0]["liquidation_price"]
    assert float(after) < float(before) - 2_900
    moved = await ok(trader, "POST", path, json={"amount": "-299.5"})
    assert moved["isolated_margin"] == "1200.62"
    before = await floor.digest()
    for body, code in (
        ({"amount": "-300"}, "margin-needed"),
        ({"amount": "9000"}, "insufficient-balance"),
        ({"amount": "0"}, "not-above-zero"),
        ({"amount": "0.000000001"}, "amount-off-grid"),
        ({"amount": "1", "position_side": "long"}, "no-position"),
    ):
        assert (await refusal(trader, path, body))["code"] == code, body
    assert await floor.digest() == before
