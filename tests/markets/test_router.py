"""Over HTTP against the real application, on a board that the test wrote."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx2
import pytest
from fastapi import FastAPI

from plimsoll.kernel.clock import SystemClock
from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.board import PriceBoard
from plimsoll.markets.domain.feeds import FeedKind
from plimsoll.markets.domain.prices import Pair, Price
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.markets.service.prices import Prices, prepared_price
from tests.fakes.clock import ManualClock

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
async def prices(app: FastAPI, client: httpx2.AsyncClient) -> Prices:
    """Bitcoin at 64000 usd, ether at 0.05 bitcoin; 2.5 s old."""
    clock = ManualClock(AT)
    made = Prices(
        catalogue=load_catalogue(),
        board=PriceBoard(stale_after_s=60),
        clock=clock,
        feed_kind=FeedKind.LIVE,
    )
    for base, quote, value in (("bitcoin", "usd", "64000.50"), ("ethereum", "bitcoin", "0.05")):
        price = Price(Decimal(value), "coingecko", AT, change_24h=Decimal("0.01"))
        made.board.put(Pair(AssetId(base), AssetId(quote)), price, clock.monotonic())
    clock.advance(2.5)
    app.state.prices = made
    return made


async def test_a_price_says_all_about_itself(client: httpx2.AsyncClient, prices: Prices) -> None:
    answer = await client.get("/prices/bitcoin")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "coin_id": "bitcoin",
        "vs": "usd",
        "price": "64000.5",
        "change_24h": "0.01",
        "source": "coingecko",
        "via": None,
        "at": "2026-01-05T12:00:00Z",
        "age_ms": 2500,
        "stale": False,
        "simulated": False,
    }
    assert answer.content == prepared_price(prices, "bitcoin", "usd")


async def test_a_coin_may_be_named_by_its_symbol_and_priced_in_anything(
    client: httpx2.AsyncClient, prices: Prices
) -> None:
    answer = (await client.get("/prices/ETH", params={"vs": "btc"})).json()
    assert (answer["coin_id"], answer["vs"], answer["price"]) == ("ethereum", "bitcoin", "0.05")


async def test_a_pair_is_priced_through_a_common_quote(
    client: httpx2.AsyncClient, prices: Prices
) -> None:
    answer = (await client.get("/prices/ethereum/usd/current")).json()
    assert (answer["pair"], answer["base"], answer["quote"]) == ("eth/usd", "ethereum", "usd")
    assert (answer["price"], answer["via"]) == ("3200.025", "bitcoin")
    assert answer["change_24h"] == "0.0201"

    itself = (await client.get("/prices/usd/usd/current")).json()
    assert (itself["price"], itself["age_ms"], itself["stale"]) == ("1", 0, False)


REFUSED = [
    ("/prices/nosuchcoin", 404, "unknown-asset"),
    ("/prices/bitcoin?vs=nosuchcurrency", 422, "unknown-asset-field"),
    ("/prices/dash", 503, "price-unavailable"),
    ("/prices/nosuchcoin/usd/current", 404, "unknown-asset"),
    ("/prices/bitcoin/nosuchcoin/current", 404, "unknown-asset"),
    ("/prices/bitcoin/dash/current", 503, "price-unavailable"),
    ("/prices/" + "x" * 101, 422, "invalid"),
    ("/prices/bitcoin?vs=" + "x" * 101, 422, "invalid"),
    ("/prices/%00", 404, "unknown-asset"),
    ("/assets?cursor=nonsense", 422, "bad-cursor"),
    ("/assets?limit=0", 422, "invalid"),
    ("/assets?limit=1001", 422, "invalid"),
]


async def test_what_cannot_be_answered_is_a_named_problem(
    client: httpx2.AsyncClient, prices: Prices
) -> None:
    for path, status, code in REFUSED:
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (status, code), path
        assert answer.headers["content-type"] == "application/problem+json"
        assert ("retry-after" in answer.headers) == (status == 503), path


async def test_assets_are_found_page_by_page(client: httpx2.AsyncClient, prices: Prices) -> None:
    whole = (await client.get("/assets", params={"search": "bit", "limit": 1000})).json()
    assert whole["data"][0] == {
        "id": "bitcoin",
        "symbol": "btc",
        "name": "Bitcoin",
        "kind": "crypto",
    }
    assert whole["next_cursor"] is None

    pages, params = [], {"search": "bit", "limit": "3"}
    while True:
        page = (await client.get("/assets", params=params)).json()
        pages.append(page["data"])
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert [asset for page in pages for asset in page] == whole["data"]
    assert {len(page) for page in pages[:-1]} == {3}

    other = await client.get("/assets", params={"search": "dash", "cursor": params["cursor"]})
    assert (other.status_code, other.json()["code"]) == (422, "bad-cursor")


async def test_simulated_prices_say_so_in_every_answer(
    app: FastAPI, client: httpx2.AsyncClient
) -> None:
    """The application as it starts by itself, on its own simulated feed."""
    now = SystemClock().now()
    for path in ("/prices/bitcoin", "/prices/bitcoin/eur/current", "/prices/eth/btc/current"):
        answer = (await client.get(path)).json()
        assert answer["simulated"] is True
        assert answer["source"] == "simulated"
        assert Decimal(answer["price"]) > 0
        assert abs(datetime.fromisoformat(answer["at"]) - now) < timedelta(minutes=1)
