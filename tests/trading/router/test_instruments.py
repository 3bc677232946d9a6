"""The markets of the exchange over HTTP."""

import asyncio
import csv
import io
from typing import Any

import httpx2
import polars as pl
import pytest
from fastapi import FastAPI

from plimsoll.access.domain.principals import Role
from plimsoll.access.service import accounts
from plimsoll.markets.domain.board import PriceBoard
from plimsoll.markets.domain.feeds import FeedKind
from plimsoll.trading.domain.commands import Deposit, PlaceOrder
from plimsoll.trading.domain.instruments import MONEY
from plimsoll.trading.domain.orders import OrderType, Side
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.service.exchange import Exchange
from tests.conftest import Person, SignUp
from tests.ledger.calls import ok
from tests.trading.floor import principal

BTC, SPOT = "BTC-PERP", "BTC-USDT"


@pytest.fixture
async def operator(sign_up: SignUp, app: FastAPI) -> Person:
    person = await sign_up()
    state = app.state
    await accounts.set_role(state.database, state.clock, email=person.email, role=Role.OPERATOR)
    await state.access.verifier.catch_up()
    return person


@pytest.fixture
def exchange(app: FastAPI, client: httpx2.AsyncClient) -> Exchange:
    exchange: Exchange = app.state.exchange
    return exchange


async def fund(exchange: Exchange, person: Person, money: int = 100_000) -> int:
    account = await exchange.account_of(principal(person))
    await exchange.engine.submit(
        lambda seq, at_ms: Deposit(seq, at_ms, account, "tether", money * MONEY)
    )
    return account


async def buy(exchange: Exchange, account: int, steps: int, *, leverage: int = 0) -> None:
    await exchange.engine.submit(
        lambda seq, at_ms: PlaceOrder(
            seq, at_ms, account, BTC, Side.BUY, OrderType.MARKET, steps, leverage=leverage
        )
    )


async def get(client: httpx2.AsyncClient, path: str, **query: Any) -> Any:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refusal(answer: httpx2.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


# -- instruments


async def test_everything_that_is_listed_is_shown_with_its_rules(
    client: httpx2.AsyncClient,
) -> None:
    page = await get(client, "/instruments")
    assert page["next_cursor"] is None
    by_symbol = {each["symbol"]: each for each in page["data"]}
    assert len(by_symbol) == 18
    btc = by_symbol[BTC]
    del btc["index"], btc["index_age_ms"]
    assert btc.pop("brackets")[1] == {
        "floor": "300000",
        "cap": "800000",
        "maintenance_rate": "0.005",
        "max_leverage": 100,
        "deduction": "300",
    }
    assert btc == {
        "symbol": BTC,
        "kind": "perpetual",
        "base": "bitcoin",
        "settle": "tether",
        "tick": "0.1",
        "step": "0.001",
        "minimum_notional": "5",
        "max_quantity": "1000",
        "price_band": "0.05",
        "max_orders": 200,
        "fees": [
            {"tier": "beginner", "maker": "0.0002", "taker": "0.0005"},
            {"tier": "intermediate", "maker": "0.00016", "taker": "0.0004"},
            {"tier": "advanced", "maker": "0.0001", "taker": "0.0003"},
        ],
        "liquidation_fee": "0.012",
        "funding": {"interval_h": 8, "interest": "0.0001", "cap": "0.02"},
        "state": "active",
        "mark": None,
        "last": None,
        "funding_rate": "0.0001",
        "next_funding_at": None,
        "open_interest": "0",
        "index_stale": False,
        "awake": False,
        "paper": True,
        "simulated": True,
    }
    spot = by_symbol[SPOT]
    assert (spot["brackets"], spot["funding"], spot["open_interest"]) == ([], None, None)


async def test_a_list_wakes_no_market_and_one_alone_does(
    client: httpx2.AsyncClient, exchange: Exchange
) -> None:
    before = exchange.engine.seq
    await get(client, "/instruments")
    assert exchange.engine.seq == before
    shown = await get(client, f"/instruments/{BTC}")
    assert shown["awake"]
    assert shown["mark"] == shown["index"]
    assert shown["next_funding_at"].endswith(":00:00Z")
    listed = (await get(client, "/instruments", limit=1))["data"][0]
    assert listed["awake"]
    assert listed["mark"] is not None


async def test_instruments_come_in_pages_and_tables(client: httpx2.AsyncClient) -> None:
    symbols: list[str] = []
    query: dict[str, Any] = {"limit": 7}
    while True:
        page = await get(client, "/instruments", **query)
        symbols += [each["symbol"] for each in page["data"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert len(symbols) == len(set(symbols)) == 18
    table = await client.get("/instruments", params={"format": "csv", "limit": 7})
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["symbol"] for row in rows] == symbols[:7]
    assert rows[0]["mark"] == ""
    assert "cursor=" in table.headers["link"]
    parquet = await client.get("/instruments", params={"format": "parquet"})
    assert pl.read_parquet(io.BytesIO(parquet.content))["symbol"].to_list() == symbols
    head = await client.head("/instruments", params={"format": "csv"})
    assert (head.status_code, head.content) == (200, b"")


UNKNOWN = [
    "/instruments/NO-PERP",
    "/instruments/NO-PERP/book",
    "/instruments/NO-PERP/trades",
    "/instruments/NO-PERP/funding",
    "/market/price/NO-PERP",
    "/instruments/btc-perp",
    f"/instruments/{'X' * 40}",
]


async def test_what_is_not_traded_is_not_found(client: httpx2.AsyncClient) -> None:
    for path in UNKNOWN:
        assert await refusal(await client.get(path)) == (404, "unknown-symbol"), path


async def test_questions_that_cannot_be(client: httpx2.AsyncClient) -> None:
    for path, query, code in (
        ("/instruments", {"cursor": "WyJYIl0"}, "bad-cursor"),
        ("/instruments", {"limit": "0"}, "invalid"),
        ("/instruments", {"format": "xls"}, "invalid"),
        (f"/instruments/{BTC}/book", {"depth": "11"}, "invalid"),
        (f"/instruments/{BTC}/book", {"depth": "٥٠"}, "invalid"),
        (f"/instruments/{BTC}/trades", {"cursor": "x"}, "bad-cursor"),
        (f"/instruments/{BTC}/trades", {"cursor": "WyJYIl0"}, "bad-cursor"),
        (f"/instruments/{SPOT}/funding", {}, "not-for-spot"),
    ):
        assert await refusal(await client.get(path, params=query)) == (422, code), path


# -- book, tape, funding, price


async def test_a_book_has_the_best_levels_first(
    client: httpx2.AsyncClient, exchange: Exchange
) -> None:
    before = exchange.engine.seq
    book = await get(client, f"/instruments/{BTC}/book")
    assert before <= book["seq"] <= exchange.engine.seq
    bids = [float(each["price"]) for each in book["bids"]]
    asks = [float(each["price"]) for each in book["asks"]]
    assert len(bids) == len(asks) == 10
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]
    assert all(each["orders"] == 1 for each in book["bids"] + book["asks"])
    assert (book["paper"], book["simulated"]) == (True, True)
    for depth in (50, 500):
        deeper = await get(client, f"/instruments/{BTC}/book", depth=depth)
        assert len(deeper["bids"]) == exchange.settings.house_levels


async def test_two_orders_at_one_price_are_one_level(
    client: httpx2.AsyncClient, exchange: Exchange, ada: Person, operator: Person
) -> None:
    account = await fund(exchange, ada)
    await ok(operator, "POST", "/market/tick", json={"symbol": BTC, "price": "60000"})
    before = (await get(client, f"/instruments/{BTC}/book"))["bids"][0]
    assert (before["price"], before["orders"]) == ("59994", 1)
    await exchange.engine.submit(
        lambda seq, at_ms: PlaceOrder(
            seq, at_ms, account, BTC, Side.BUY, OrderType.LIMIT, 7, 599_940
        )
    )
    after = (await get(client, f"/instruments/{BTC}/book"))["bids"][0]
    assert (after["price"], after["orders"]) == ("59994", 2)
    assert float(after["quantity"]) - float(before["quantity"]) == pytest.approx(0.007)


async def test_the_tape_has_trades_of_the_book_and_no_names(
    client: httpx2.AsyncClient, exchange: Exchange, ada: Person
) -> None:
    account = await fund(exchange, ada)
    await get(client, f"/market/price/{BTC}")
    for _ in range(3):
        await buy(exchange, account, 10)
    page = await get(client, f"/instruments/{BTC}/trades", limit=2)
    assert [each["side"] for each in page["data"]] == ["buy", "buy"]
    assert set(page["data"][0]) == {"id", "price", "quantity", "side", "liquidation", "at"}
    assert page["data"][0]["quantity"] == "0.01"
    rest = await get(client, f"/instruments/{BTC}/trades", cursor=page["next_cursor"])
    ids = [int(each["id"]) for each in page["data"] + rest["data"]]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 3
    table = await client.get(f"/instruments/{BTC}/trades", params={"format": "csv"})
    assert len(table.text.splitlines()) == 4
    assert (await get(client, f"/instruments/{SPOT}/trades"))["data"] == []


async def test_stamps_that_were_settled_are_listed(
    client: httpx2.AsyncClient, exchange: Exchange
) -> None:
    async with exchange.database.write() as unit:
        for number in (1, 2):
            await unit.execute(
                "insert into funding_stamps (symbol, stamp_ms, seq, rate, mark)"
                " values ($1, $2, 1, $3, 600000)",
                BTC,
                number * 28_800_000,
                number * 10_000,
            )
    page = await get(client, f"/instruments/{BTC}/funding", limit=1)
    assert page["data"] == [
        {"symbol": BTC, "at": "1970-01-01T16:00:00Z", "rate": "0.0002", "mark": "60000"}
    ]
    rest = await get(client, f"/instruments/{BTC}/funding", cursor=page["next_cursor"])
    assert [each["rate"] for each in rest["data"]] == ["0.0001"]
    table = await client.get(f"/instruments/{BTC}/funding", params={"format": "csv"})
    assert table.text.splitlines()[0] == "symbol,at_ms,rate,mark"


async def test_a_price_is_the_mark_beside_the_index(client: httpx2.AsyncClient) -> None:
    price = await get(client, f"/market/price/{BTC}")
    assert price["basis"] == "0"
    assert price["funding_rate"] == "0.0001"
    assert (price["last"], price["index_stale"], price["paper"]) == (None, False, True)
    spot = await get(client, f"/market/price/{SPOT}")
    assert (spot["funding_rate"], spot["next_funding_at"]) == (None, None)


async def test_a_market_that_never_had_a_price_says_so(
    client: httpx2.AsyncClient, app: FastAPI
) -> None:
    app.state.prices.board = PriceBoard(stale_after_s=60)
    answer = await client.get(f"/market/price/{SPOT}")
    assert await refusal(answer) == (503, "price-unavailable")
    shown = await get(client, f"/instruments/{SPOT}")
    assert (shown["mark"], shown["index"], shown["index_stale"]) == (None, None, True)


# -- moving a price


async def test_an_operator_moves_a_price_and_somebody_is_liquidated(
    client: httpx2.AsyncClient, exchange: Exchange, ada: Person, operator: Person
) -> None:
    await ok(operator, "POST", "/market/tick", json={"symbol": BTC, "price": "60000"})
    account = await fund(exchange, ada, 10_000)
    await buy(exchange, account, 800, leverage=5)
    fund_before = (await ok(operator, "GET", "/trading/insurance"))["balance"]
    moved = await ok(
        operator,
        "POST",
        "/market/tick",
        json={"symbol": BTC, "price": "46000", "hold_s": 600, "reason": "a drill"},
    )
    assert (moved["mark"], moved["index"]) == ("46000", "46000")
    assert moved["fills"] > 0
    (liquidated,) = moved["liquidations"]
    assert liquidated["user_id"] == ada.id
    assert float(liquidated["margin"]) < float(liquidated["maintenance"])

    def positions(venue: Venue) -> int:
        held = venue.accounts[account].exposures[BTC].positions
        return sum(each.quantity for each in held.values())

    assert await exchange.read(positions) < 800
    fund_after = (await ok(operator, "GET", "/trading/insurance"))["balance"]
    assert float(fund_after) - float(fund_before) == pytest.approx(float(moved["insurance_change"]))
    assert float(moved["insurance_change"]) != 0
    assert (await get(client, f"/market/price/{BTC}"))["mark"] == "46000"
    async with exchange.database.read() as unit:
        row = await unit.fetchrow(
            "select event, user_id, subject, facts::text from audit_log"
            " order by sequence desc limit 1"
        )
    assert row is not None
    assert (row["event"], str(row["user_id"]), row["subject"]) == ("price-set", operator.id, BTC)
    assert '"reason": "a drill"' in row["facts"]


async def test_prices_are_moved_by_operators_only(ada: Person, client: httpx2.AsyncClient) -> None:
    body = {"symbol": BTC, "price": "60000"}
    assert await refusal(await ada.http.post("/market/tick", json=body)) == (403, "scope-missing")
    assert await refusal(await client.post("/market/tick", json=body)) == (401, "unauthenticated")


async def test_real_prices_are_moved_by_nobody(
    app: FastAPI, exchange: Exchange, operator: Person
) -> None:
    app.state.prices.feed_kind = FeedKind.LIVE
    before = exchange.engine.seq
    answer = await operator.http.post("/market/tick", json={"symbol": BTC, "price": "60000"})
    assert await refusal(answer) == (409, "only-in-simulation")
    assert exchange.engine.seq == before


NO_PRICES: list[tuple[dict[str, Any], int, str]] = [
    ({"symbol": "NO-PERP"}, 404, "unknown-symbol"),
    ({"symbol": "nothing"}, 422, "invalid"),
    ({"price": "60000.05"}, 422, "price-off-tick"),
    ({"price": "0"}, 422, "invalid"),
    ({"price": "-1"}, 422, "invalid"),
    ({"price": 60000}, 422, "invalid"),
    ({"price": "NaN"}, 422, "invalid"),
    ({"price": "1" + "0" * 30}, 422, "invalid"),
    ({"price": "1" + "0" * 17}, 422, "number-too-large"),
    ({"price": "1" + "0" * 15}, 422, "out-of-range"),
    ({"hold_s": -1}, 422, "invalid"),
    ({"hold_s": 1.5}, 422, "invalid"),
    ({"hold_s": 86_401}, 422, "invalid"),
    ({"reason": "x" * 501}, 422, "invalid"),
    ({"more": 1}, 422, "invalid"),
]


async def test_prices_that_cannot_be(operator: Person) -> None:
    for changes, status, code in NO_PRICES:
        body = {"symbol": BTC, "price": "60000"} | changes
        answer = await operator.http.post("/market/tick", json=body)
        assert await refusal(answer) == (status, code), changes


async def test_looks_at_the_same_time_feed_once(
    client: httpx2.AsyncClient, exchange: Exchange
) -> None:
    before = exchange.engine.seq
    await asyncio.gather(*(get(client, f"/instruments/{BTC}/book") for _ in range(20)))
    assert exchange.engine.seq <= before + 4
