"""Recorded trades, paper fills among them, and the margin what-if over HTTP."""

import csv
import io
import json
from typing import Any

import httpx2
import polars as pl
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from plimsoll.app import create_app
from plimsoll.plumbing.database import Database
from plimsoll.routes import API
from plimsoll.settings import Settings
from plimsoll.trading.domain.listing import DEFAULT_INSTRUMENTS
from plimsoll.trading.router import trades as trades_router
from plimsoll.trading.service.trades import Trades
from tests.conftest import Person
from tests.ledger.calls import ok, pages
from tests.trading.filling import ORDER, fill

LISTED = {each.symbol: each for each in DEFAULT_INSTRUMENTS}
TRADE = {"symbol": "BTCUSDT", "side": "long", "size": "0.1", "price": "50000", "leverage": 10}
JSON = {"Content-Type": "application/json"}
VIEW = {
    "id", "kind", "simulated", "symbol", "instrument", "side", "size", "price", "leverage",
    "status", "executed_at", "recorded_at", "note", "order_id", "fee", "profit", "maker",
}  # fmt: skip


@pytest.fixture
async def app(settings: Settings, database_url: str) -> FastAPI:
    app = create_app(settings, database_url)
    if f"{API}/trades/" not in {context.path for context in iter_route_contexts(app.routes)}:
        app.include_router(trades_router.router, prefix=API)
    return app


@pytest.fixture(autouse=True)
def trades(app: FastAPI, client: httpx2.AsyncClient) -> Trades:
    """Beside an open application, with what is listed by default."""
    trades = Trades(app.state.database, lambda: LISTED)
    app.state.trades = trades
    return trades


async def record(person: Person, **changes: Any) -> Any:
    return await ok(person, "POST", "/trades/", json={**TRADE, **changes})


async def recent(person: Person, **query: str) -> list[Any]:
    page = await ok(person, "GET", "/trades/recent", params=query)
    rows: list[Any] = page["data"]
    return rows


# -- recording


async def test_a_trade_is_recorded_as_it_was_made(ada: Person) -> None:
    executed_at = "2024-01-31T12:00:00.123456Z"
    made = await record(
        ada,
        symbol="pepeusdt",
        side="short",
        size="1000000000.000000000000000001",
        price="0.000001234567890123",
        leverage=100,
        executed_at="2024-01-31T13:00:00.123456+01:00",
        note="from my other desk",
    )
    assert set(made) == VIEW
    facts = {name: made[name] for name in VIEW - {"id", "recorded_at"}}
    assert facts == {
        "kind": "manual",
        "simulated": False,
        "symbol": "PEPEUSDT",
        "instrument": None,
        "side": "short",
        "size": "1000000000.000000000000000001",
        "price": "0.000001234567890123",
        "leverage": 100,
        "status": "filled",
        "executed_at": executed_at,
        "note": "from my other desk",
        "order_id": None,
        "fee": None,
        "profit": None,
        "maker": None,
    }
    assert await ok(ada, "GET", f"/trades/{made['id']}") == made
    assert await recent(ada) == [made]


async def test_the_slash_at_the_end_may_be_left_out(ada: Person) -> None:
    made = await ok(ada, "POST", "/trades", json=TRADE)
    assert (made["instrument"], made["executed_at"] <= made["recorded_at"]) == ("BTC-PERP", True)
    assert await recent(ada) == [made]


async def test_with_a_key_it_is_recorded_once(ada: Person) -> None:
    headers = {"Idempotency-Key": "again"}
    first = await ada.http.post("/trades/", json=TRADE, headers=headers)
    second = await ada.http.post("/trades/", json=TRADE, headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    assert await recent(ada) == [first.json()]
    other = await ada.http.post("/trades/", json={**TRADE, "size": "2"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert await recent(ada) == [first.json()]


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("leverage 0", {"leverage": 0}, "invalid"),
    ("leverage 101", {"leverage": 101}, "invalid"),
    ("leverage 150", {"leverage": 150}, "invalid"),
    ("half a leverage", {"leverage": 2.5}, "invalid"),
    ("a leverage that is text", {"leverage": "10"}, "invalid"),
    ("a leverage that is true", {"leverage": True}, "invalid"),
    ("a size below nothing", {"size": "-0.1"}, "invalid"),
    ("a size of nothing", {"size": "0"}, "invalid"),
    ("a size as a number", {"size": 0.1}, "invalid"),
    ("a size of 10^30", {"size": "1" + "0" * 30}, "invalid"),
    ("a size that is no number", {"size": "NaN"}, "invalid"),
    ("19 places", {"size": "0.1234567890123456789"}, "invalid"),
    ("a price of nothing", {"price": "0"}, "invalid"),
    ("a price with an exponent", {"price": "1e5"}, "invalid"),
    ("an infinite price", {"price": "Infinity"}, "invalid"),
    ("a side that is none", {"side": "buy"}, "invalid"),
    ("no symbol", {"symbol": ""}, "invalid"),
    ("a symbol that is a formula", {"symbol": "=1+1"}, "invalid"),
    ("a symbol with a comma", {"symbol": "BTC,USDT"}, "invalid"),
    ("a symbol with a line's end", {"symbol": "BTC\n"}, "invalid"),
    ("a symbol in other letters", {"symbol": "ßTC"}, "invalid"),
    ("a symbol without end", {"symbol": "X" * 41}, "invalid"),
    ("an unknown member", {"fee": "1"}, "invalid"),
]
NOT_RECORDED: list[tuple[str, dict[str, Any], str]] = [
    ("a moment in the future", {"executed_at": "2999-01-01T00:00:00Z"}, "in-the-future"),
    ("a moment before any coin", {"executed_at": "2008-12-31T00:00:00Z"}, "too-long-ago"),
    ("a moment without offset", {"executed_at": "2024-01-01T00:00:00"}, "invalid"),
    ("a moment as a number", {"executed_at": 10**30}, "invalid"),
    ("a note without end", {"note": "x" * 1_001}, "invalid"),
    ("a note with a NUL", {"note": "a\u0000b"}, "invalid"),
    ("half a character", {"note": "\ud800"}, ""),
]


async def test_trades_that_cannot_be(ada: Person) -> None:
    for what, change, code in [*REFUSED, *NOT_RECORDED]:
        for path in ("/trades/", "/trades"):
            text = json.dumps({**TRADE, **change})
            answer = await ada.http.post(path, content=text, headers=JSON)
            assert answer.status_code == 422, (what, answer.text)
            assert not code or answer.json()["code"] == code, (what, answer.text)
    assert await recent(ada) == []


# -- one and many


async def test_a_trade_is_its_owners_own(ada: Person, ben: Person, database: Database) -> None:
    made = await record(ada)
    fill_id = await fill(database, ada.id)
    assert [row["id"] for row in await recent(ben)] == []
    for trade_id in (made["id"], fill_id, "0", "no-such", "0199f000-0000-7000-8000-000000000000"):
        answer = await ben.http.get(f"/trades/{trade_id}")
        assert answer.status_code == 404
        assert (answer.json()["code"], answer.json()["detail"]) == (
            "trade-not-found",
            "Trade not found",
        )


async def test_without_a_credential_nothing_is_recorded_or_shown(
    client: httpx2.AsyncClient,
) -> None:
    for method, path in (("POST", "/trades/"), ("GET", "/trades/recent"), ("GET", "/trades/1")):
        answer = await client.request(method, path, json=TRADE)
        assert answer.status_code == 401, (method, path)


async def test_reading_is_not_recording(ada: Person, client: httpx2.AsyncClient) -> None:
    key = await ada.http.post("/auth/keys", json={"name": "eye", "scopes": ["read"]})
    headers = {"Authorization": f"Bearer {key.json()['api_key']}"}
    refused = await client.post("/trades/", json=TRADE, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope-missing")
    assert (await client.get("/trades/recent", headers=headers)).status_code == 200


async def test_a_paper_fill_says_that_it_is_simulated(ada: Person, database: Database) -> None:
    fill_id = await fill(database, ada.id, side=-1, fee=150_000, profit=-250, maker=True)
    (row,) = await recent(ada)
    assert (row["id"], row["kind"], row["simulated"], row["side"]) == (
        str(fill_id), "paper", True, "sell",
    )  # fmt: skip
    assert (row["instrument"], row["size"], row["price"]) == ("BTC-PERP", "0.1", "50000")
    assert (row["fee"], row["profit"], row["maker"]) == ("0.0015", "-0.0000025", True)
    assert (row["order_id"], row["leverage"]) == (str(ORDER), None)
    assert await ok(ada, "GET", f"/trades/{fill_id}") == row


async def test_both_kinds_newest_first_and_complete_through_the_cursor(
    ada: Person, database: Database
) -> None:
    for number in range(70):
        await fill(database, ada.id, symbol="BTC-USDT" if number % 2 else "BTC-PERP")
        if number % 2:
            await record(ada, executed_at=f"2025-12-22T00:{number % 60:02}:00Z")
    rows = await pages(ada, "/trades/recent", 100)
    assert len(rows) == len({row["id"] for row in rows}) == 105
    assert [row["executed_at"] for row in rows] == sorted(
        (row["executed_at"] for row in rows), reverse=True
    )
    for limit in (7, 50, 99):
        assert await pages(ada, "/trades/recent", limit) == rows, limit


async def test_after_a_restart_the_list_is_the_same(
    ada: Person, app: FastAPI, database: Database
) -> None:
    await fill(database, ada.id)
    await recent(ada)
    await record(ada)
    await record(ada, executed_at="2024-01-01T00:00:00Z")
    before = await recent(ada)
    app.state.trades = Trades(app.state.database, lambda: LISTED)
    assert len(before) == 3
    assert await recent(ada) == before


async def test_pages_that_are_none(ada: Person) -> None:
    for query in ("limit=0", "limit=101", "limit=x", "cursor=x", "cursor=W10", "cursor=WzEsMiwzXQ"):
        answer = await ada.http.get(f"/trades/recent?{query}")
        assert answer.status_code == 422, (query, answer.text)


async def test_as_a_table(ada: Person, database: Database) -> None:
    await fill(database, ada.id, side=-1, fee=150_000, profit=-250)
    await record(ada, note='a note, with "all" that\ntables dislike', size="0.123456789012345678")
    answer = await ada.http.get("/trades/recent?format=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    manual, paper = csv.DictReader(io.StringIO(answer.text))
    assert (manual["kind"], manual["size"], manual["leverage"]) == (
        "manual", "0.123456789012345678", "10",
    )  # fmt: skip
    assert (manual["fee"], manual["order_id"]) == ("", "")
    assert (paper["fee"], paper["profit"], paper["leverage"]) == ("0.0015", "-0.0000025", "")
    assert (paper["simulated"], paper["maker"], manual["maker"]) == ("1", "0", "")
    whole = await ada.http.get("/trades/recent?format=parquet")
    frame = pl.read_parquet(io.BytesIO(whole.content))
    assert frame["size"].to_list() == ["0.123456789012345678", "0.1"]
    head = await ada.http.head("/trades/recent?format=parquet")
    assert (head.status_code, head.headers["etag"]) == (200, whole.headers["etag"])


async def test_a_table_has_what_was_recorded_a_moment_ago_and_leads_to_the_rest(
    ada: Person, ben: Person
) -> None:
    async def table(person: Person, path: str) -> httpx2.Response:
        answer = await person.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer

    recorded = [await record(ada, note=str(number)) for number in range(3)]
    first = await table(ada, "/trades/recent?format=csv&limit=2")
    link = first.headers["link"]
    assert link.endswith('>; rel="next"')
    rest = await table(ada, link.removeprefix(f"<{API}").partition(">")[0])
    assert "link" not in rest.headers
    seen = [
        row["id"] for text in (first.text, rest.text) for row in csv.DictReader(io.StringIO(text))
    ]
    assert seen == [each["id"] for each in reversed(recorded)]
    new = await record(ada)
    assert new["id"] in (await table(ada, "/trades/recent?format=csv&limit=2")).text
    assert new["id"] not in (await table(ben, "/trades/recent?format=csv&limit=2")).text


# -- what if


async def simulate(client: httpx2.AsyncClient, **changes: Any) -> Any:
    answer = await client.post("/trades/simulate-margin", json={**TRADE, **changes})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_what_if_by_the_brackets(client: httpx2.AsyncClient) -> None:
    assert await simulate(client) == {
        "model": "brackets",
        "instrument": "BTC-PERP",
        "required_margin": "500",
        "maintenance_margin": "20",
        "liquidation_price": "45180.8",
        "max_loss": "500",
        "bankruptcy_price": "45000",
        "bracket": {
            "floor": "0",
            "cap": "300000",
            "maintenance_rate": "0.004",
            "max_leverage": 150,
            "deduction": "0",
        },
    }
    large = await simulate(client, size="20", side="short", symbol="btc/usdt")
    assert large["bracket"] == {
        "floor": "800000",
        "cap": "3000000",
        "maintenance_rate": "0.0065",
        "max_leverage": 75,
        "deduction": "1500",
    }
    assert (large["required_margin"], large["maintenance_margin"]) == ("100000", "5000")
    unborrowed = await simulate(client, leverage=1)
    assert (unborrowed["liquidation_price"], unborrowed["bankruptcy_price"]) == (None, None)


async def test_any_decimal_is_answered(client: httpx2.AsyncClient) -> None:
    odd = await simulate(client, size="0.00015", price="50000.05")
    assert (odd["required_margin"], odd["liquidation_price"]) == ("0.75000075", "45180.8")


SIMPLE: list[tuple[dict[str, Any], tuple[str, str, str, str]]] = [
    ({}, ("500", "250", "45250", "550")),
    ({"size": "0.5", "price": "40000", "leverage": 5, "side": "short"},
     ("4000", "2000", "47800", "4400")),
    ({"size": "1"}, ("5000", "2500", "45250", "5500")),
    ({"size": "2", "price": "3000", "leverage": 5, "side": "short"},
     ("1200", "600", "3585", "1320")),
    ({"size": "0.01", "price": "60000", "leverage": 100}, ("6", "3", "59700", "6.6")),
    ({"size": "1", "price": "1", "leverage": 3},
     ("0.333333333333333333", "0.166666666666666667", "0.671666666666666667",
      "0.366666666666666667")),
]  # fmt: skip


@pytest.mark.parametrize(("terms", "figures"), SIMPLE)
async def test_what_if_by_the_simple_model(
    client: httpx2.AsyncClient, terms: dict[str, Any], figures: tuple[str, ...]
) -> None:
    found = await simulate(client, **terms, symbol="ANY.THING", model="simple")
    names = ("required_margin", "maintenance_margin", "liquidation_price", "max_loss")
    assert tuple(found[name] for name in names) == figures
    assert [found[name] for name in ("instrument", "bankruptcy_price", "bracket")] == [None] * 3


async def test_positions_that_cannot_be(client: httpx2.AsyncClient) -> None:
    for model in ("brackets", "simple"):
        for what, change, code in REFUSED:
            text = json.dumps({**TRADE, "model": model, **change})
            answer = await client.post("/trades/simulate-margin", content=text, headers=JSON)
            assert (answer.status_code, answer.json()["code"]) == (422, code), (what, answer.text)
    unknown = await client.post("/trades/simulate-margin", json={**TRADE, "model": "guess"})
    assert unknown.status_code == 422


async def test_what_the_brackets_refuse_comes_with_the_limit(client: httpx2.AsyncClient) -> None:
    async def refused(**changes: Any) -> Any:
        answer = await client.post("/trades/simulate-margin", json={**TRADE, **changes})
        assert answer.status_code == 422, answer.text
        return answer.json()

    high = await refused(size="70", leverage=51)
    assert (high["code"], high["leverage"], high["most"]) == ("leverage-too-high", 51, 50)
    large = await refused(size="36001", leverage=1)
    assert (large["code"], large["most"]) == ("notional-too-large", "1800000000")
    huge = await refused(size="9" * 20, price="9" * 20)
    assert huge["code"] == "notional-too-large"
    strange = await refused(symbol="pepeusdt")
    assert (strange["code"], strange["symbol"]) == ("no-brackets-for-symbol", "PEPEUSDT")
    assert strange["errors"][0]["pointer"] == "#/symbol"


async def test_the_largest_amounts_of_the_simple_model(client: httpx2.AsyncClient) -> None:
    most = "9" * 20 + "." + "9" * 18
    found = await simulate(client, size=most, price=most, leverage=1, model="simple")
    assert len(found["required_margin"].partition(".")[0]) == 40
