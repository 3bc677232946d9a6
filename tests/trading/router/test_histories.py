"""Fills, funding and liquidations over HTTP."""

import io

import httpx2
import polars as pl
import pytest
from fastapi import FastAPI

from tests.conftest import Person
from tests.ledger.calls import ok, pages
from tests.trading.floor import BTC, SPOT, Floor

MARKET = {"symbol": BTC, "side": "buy", "type": "market", "quantity": "0.1"}
LISTS = ("/fills", "/funding", "/liquidations", "/account/me/entries", "/positions")


@pytest.fixture
async def floor(app: FastAPI, client: httpx2.AsyncClient) -> Floor:
    floor = Floor(app)
    await floor.open()
    return floor


@pytest.fixture
async def trader(floor: Floor, ada: Person) -> Person:
    await floor.fund(ada)
    return ada


async def test_fills_are_ones_own(floor: Floor, trader: Person, ben: Person) -> None:
    await floor.fund(ben)
    await floor.fund(ben, 1, asset="bitcoin", spot=True)
    await floor.open(symbol=SPOT)
    limit = MARKET | {"type": "limit", "price": "60003"}
    order = await ok(ben, "POST", "/orders", json=limit | {"side": "sell", "quantity": "0.04"})
    await ok(trader, "POST", "/orders", json=MARKET)
    await ok(ben, "POST", "/orders", json=MARKET | {"symbol": SPOT, "side": "sell"})
    mine = await pages(trader, "/fills", 1)
    assert [(each["quantity"], each["price"], each["maker"]) for each in mine] == [
        ("0.06", "60006", False),
        ("0.04", "60003", False),
    ]
    assert {(each["symbol"], each["side"], each["cause"]) for each in mine} == {
        (BTC, "buy", "order")
    }
    theirs = await pages(ben, "/fills", 2)
    assert [each["symbol"] for each in theirs] == [SPOT, BTC]
    one = await ok(ben, "GET", "/fills", params={"order_id": order["id"]})
    assert one["data"] == theirs[1:]
    assert (one["data"][0]["maker"], one["data"][0]["side"]) == (True, "sell")
    assert one["data"][0]["id"] == mine[1]["id"]  # both sides of one fill
    assert (await ok(ben, "GET", "/fills", params={"symbol": SPOT}))["data"] == theirs[:1]
    none = await ok(trader, "GET", "/fills", params={"order_id": order["id"]})
    assert none["data"] == []


async def test_a_liquidation_is_told_step_by_step(floor: Floor, trader: Person) -> None:
    await ok(trader, "PUT", "/account/margin-mode", json={"symbol": BTC, "mode": "isolated"})
    await ok(trader, "POST", "/orders", json=MARKET)
    for price in range(59_000, 45_000, -1_000):
        await floor.open(str(price))
    rows = await pages(trader, "/liquidations", 1)
    first = rows[-1]
    assert (first["event"], first["symbol"]) == ("started", BTC)
    assert float(first["margin"]) <= float(first["maintenance_margin"])
    causes = {each["cause"] for each in await pages(trader, "/fills", 10)}
    assert causes - {"order"}
    assert (await ok(trader, "GET", "/positions"))["data"] == []
    table = await trader.http.get("/liquidations", params={"format": "csv"})
    assert len(table.text.splitlines()) == len(rows) + 1
    latest = (await ok(trader, "GET", "/account/me/entries", params={"limit": "1"}))["data"][0]
    wallet = (await ok(trader, "GET", "/account/me"))["margin_wallet"]
    assert latest["balance"] == wallet
    assert float(wallet) == pytest.approx(10_000 - 1_200.12 - 3.0003)  # what was put aside is gone


async def test_tables_have_the_rows_of_the_page(floor: Floor, trader: Person) -> None:
    for side in ("buy", "sell", "buy"):
        await ok(trader, "POST", "/orders", json=MARKET | {"side": side})
    query = {"format": "parquet", "limit": "2"}
    answer = await trader.http.get("/fills", params=query)
    table = pl.read_parquet(io.BytesIO(answer.content))
    assert table["side"].to_list() == ["buy", "sell"]
    assert table["realised_profit"].to_list() == ["0", "-1.2"]
    assert 'rel="next"' in answer.headers["link"]
    following = answer.headers["link"].partition("<")[2].partition(">")[0]
    rest = await trader.http.get(f"http://localhost{following}")
    assert pl.read_parquet(io.BytesIO(rest.content))["side"].to_list() == ["buy"]


async def test_whoever_never_traded_has_empty_lists(floor: Floor, ada: Person) -> None:
    for path in LISTS:
        assert await ok(ada, "GET", path) == {"data": [], "next_cursor": None}
        table = await ada.http.get(path, params={"format": "csv"})
        assert len(table.text.splitlines()) == 1


async def test_lists_are_asked_for_rightly(
    floor: Floor, trader: Person, client: httpx2.AsyncClient
) -> None:
    for path in LISTS:
        assert (await client.get(path)).status_code == 401
        for query in ({"cursor": "WzFd"}, {"cursor": "nonsense"}):
            answer = await trader.http.get(path, params=query)
            assert answer.json()["code"] == "bad-cursor", path
        if path != "/account/me/entries":
            answer = await trader.http.get(path, params={"symbol": "NONE"})
            assert (answer.status_code, answer.json()["code"]) == (404, "unknown-symbol")
    for order_id in ("-1", "1e3", "9" * 30):
        assert (await trader.http.get("/fills", params={"order_id": order_id})).status_code == 422


async def test_funding_is_told(floor: Floor, trader: Person) -> None:
    await ok(trader, "POST", "/orders", json=MARKET)
    async with floor.exchange.database.write() as unit:
        await unit.execute(
            """
            insert into funding_payments (account, symbol, stamp_ms, seq, rate, mark, amount)
            values ($1, 'BTC-PERP', 1767225600000, 1, 10000, 600000, -60000000),
                ($1, 'BTC-PERP', 1767254400000, 2, -5000, 610000, 30500000)
            """,
            await floor.fund(trader, 1),
        )
    rows = await pages(trader, "/funding", 1)
    assert rows[1] == {
        "symbol": BTC,
        "stamp": "2026-01-01T00:00:00Z",
        "rate": "0.0001",
        "mark_price": "60000",
        "amount": "-0.6",
        "paper": True,
    }
    assert (rows[0]["rate"], rows[0]["amount"]) == ("-0.00005", "0.305")
    table = await trader.http.get("/funding", params={"format": "csv"})
    assert table.text.splitlines()[2].startswith("BTC-PERP,60000,0.0001,-0.6,")
