"""All pairs at a glance over HTTP, on a board that tests fill themselves."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from plimsoll.app import create_app
from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.candles import MINUTE_MS
from plimsoll.markets.domain.prices import Pair, Price
from plimsoll.markets.service.prices import Prices
from plimsoll.settings import FeedChoice, Settings
from tests.conftest import running
from tests.fakes.clock import START, ManualClock
from tests.fakes.http import FakeServer, Reply

ROWS = {
    # base, quote: price, change, volume
    ("bitcoin", "usd"): ("64000", "0.05", "9000000"),
    ("ethereum", "usd"): ("3200", "-0.02", "4000000"),
    ("dogecoin", "usd"): ("0.00001", "0.5", None),
    ("ethereum", "bitcoin"): ("0.05", None, "120"),
}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def app(settings: Settings, database_url: str, clock: ManualClock) -> AsyncIterator[FastAPI]:
    """A live desk whose only source is silent."""
    async with FakeServer() as silent:
        silent.on("/simple/price", Reply(status=451))
        live = settings.model_copy(
            update={
                "feed": FeedChoice.LIVE,
                "live_sources": ("coingecko",),
                "coingecko_url": silent.url,
            }
        )
        yield create_app(live, database_url, clock=clock)


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with running(app) as http:
        prices: Prices = app.state.prices
        for (base, quote), (price, change, volume) in ROWS.items():
            prices.board.put(
                Pair(AssetId(base), AssetId(quote)),
                Price(
                    Decimal(price),
                    "coingecko",
                    START,
                    change_24h=Decimal(change) if change else None,
                    volume_24h=Decimal(volume) if volume else None,
                ),
                prices.clock.monotonic(),
            )
        yield http


async def pairs(http: httpx2.AsyncClient, **asked: str | bool) -> list[str]:
    answer = await http.get("/markets", params=asked)
    assert answer.status_code == 200, answer.text
    return [row["pair"] for row in answer.json()["data"]]


async def test_a_row_says_what_the_pair_is_worth_since_when_and_who_says_so(
    http: httpx2.AsyncClient, clock: ManualClock
) -> None:
    clock.advance(2.5)
    (row,) = (await http.get("/markets", params={"search": "doge"})).json()["data"]
    assert row == {
        "pair": "doge/usd",
        "base": "dogecoin",
        "quote": "usd",
        "price": "0.00001",
        "change_24h": "0.5",
        "volume_24h": None,
        "volatility": {"value": None, "annualised": None, "returns": 0, "rank": None},
        "source": "coingecko",
        "source_state": "starting",
        "at": "2026-01-01T00:00:00Z",
        "age_ms": 2500,
        "stale": False,
        "simulated": False,
    }


ORDERS: list[tuple[dict[str, str | bool], list[str]]] = [
    ({}, ["btc/usd", "doge/usd", "eth/btc", "eth/usd"]),
    ({"descending": True}, ["eth/usd", "eth/btc", "doge/usd", "btc/usd"]),
    ({"sort": "price", "descending": True}, ["btc/usd", "eth/usd", "eth/btc", "doge/usd"]),
    ({"sort": "change"}, ["eth/usd", "btc/usd", "doge/usd", "eth/btc"]),
    ({"sort": "change", "descending": True}, ["doge/usd", "btc/usd", "eth/usd", "eth/btc"]),
    ({"sort": "volume", "descending": True}, ["btc/usd", "eth/usd", "eth/btc", "doge/usd"]),
    ({"sort": "rank"}, ["btc/usd", "doge/usd", "eth/btc", "eth/usd"]),
    ({"quote": "btc"}, ["eth/btc"]),
    ({"base": "ethereum", "quote": "usd"}, ["eth/usd"]),
    ({"search": "Ether"}, ["eth/btc", "eth/usd"]),
    ({"search": "h/b"}, ["eth/btc"]),
    ({"source": "kraken"}, []),
    ({"stale": True}, []),
]


async def test_pairs_are_sorted_and_filtered(http: httpx2.AsyncClient) -> None:
    for asked, expected in ORDERS:
        assert await pairs(http, **asked) == expected, asked


async def test_a_stale_price_is_told_and_can_be_asked_for(
    http: httpx2.AsyncClient, clock: ManualClock, settings: Settings
) -> None:
    clock.advance(settings.price_stale_after_s + 1)
    assert len(await pairs(http, stale=True)) == 4
    assert await pairs(http, stale=False) == []


async def test_pages_join_to_the_whole_list(http: httpx2.AsyncClient) -> None:
    found, cursor = list[str](), None
    for _ in range(4):
        params = {"limit": "1", "sort": "price"} | ({"cursor": cursor} if cursor else {})
        page = (await http.get("/markets", params=params)).json()
        found += [row["pair"] for row in page["data"]]
        cursor = page["next_cursor"]
    assert cursor is None
    assert found == ["doge/usd", "eth/btc", "eth/usd", "btc/usd"]


async def test_a_cursor_of_another_list_and_unknown_assets_are_refused(
    http: httpx2.AsyncClient,
) -> None:
    page = (await http.get("/markets", params={"limit": "1"})).json()
    other = {"cursor": page["next_cursor"], "base": "ethereum"}
    refused = await http.get("/markets", params=other)
    assert (refused.status_code, refused.json()["code"]) == (422, "bad-cursor")
    refused = await http.get("/markets", params={"quote": "shells"})
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown-asset-field")
    refused = await http.get("/markets", params={"sort": "smell"})
    assert refused.status_code == 422
    assert "'rank'" in refused.text


async def test_one_pair_has_its_rank_once_there_are_enough_closes(
    http: httpx2.AsyncClient, app: FastAPI
) -> None:
    volatility = app.state.candles.volatility
    calm, wild = Pair(AssetId("bitcoin"), AssetId("usd")), Pair(AssetId("ethereum"), AssetId("usd"))
    for minute in range(400):
        swing = 1.01 if minute % 2 else 1.0
        volatility.push(MINUTE_MS, minute * MINUTE_MS, {calm: 64000.0, wild: 3200 * swing})
    row = await read(http, "/markets/eth/usd")
    assert (row["volatility"]["rank"], row["volatility"]["returns"]) == (1, 399)
    assert row["volatility"]["value"] == pytest.approx(0.00996, rel=1e-2)
    assert (await read(http, "/markets/btc/usd"))["volatility"]["value"] == 0
    assert await pairs(http, sort="rank") == ["eth/usd", "btc/usd", "doge/usd", "eth/btc"]


async def read(http: httpx2.AsyncClient, path: str) -> Any:
    answer = await http.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_pairs_that_nobody_prices_directly_are_not_found(http: httpx2.AsyncClient) -> None:
    for path, code in (
        ("/markets/doge/btc", "unknown-pair"),
        ("/markets/usd/btc", "unknown-pair"),
        ("/markets/shells/usd", "unknown-asset"),
    ):
        refused = await http.get(path)
        assert (refused.status_code, refused.json()["code"]) == (404, code)


async def test_a_source_that_refuses_says_why(http: httpx2.AsyncClient, clock: ManualClock) -> None:
    for _ in range(500):
        (source,) = (await read(http, "/markets/sources"))["sources"]
        if source["error"]:
            break
        await asyncio.sleep(0.01)
    else:
        pytest.fail("nothing was heard of the refusal")
    assert (source["name"], source["state"], source["heard_at"]) == ("coingecko", "starting", None)
    assert source["error"] == "source-restricted"
    assert "does not serve this place" in source["detail"]
    assert source["since"] == (START + timedelta(0)).isoformat().replace("+00:00", "Z")


async def test_the_list_and_one_pair_are_tables_too(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/markets", params={"format": "csv", "sort": "price"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    header, *lines = answer.text.splitlines()
    assert header.split(",")[:6] == ["pair", "base", "quote", "price", "change_24h", "volume_24h"]
    assert [line.split(",")[0] for line in lines] == ["doge/usd", "eth/btc", "eth/usd", "btc/usd"]
    assert lines[0].split(",")[3:6] == ["0.00001", "0.5", ""]
    for path in ("/markets", "/markets/btc/usd"):
        head = await http.head(path, params={"format": "parquet"})
        whole = await http.get(path, params={"format": "parquet"})
        assert int(head.headers["content-length"]) == len(whole.content)
        part = await http.get(path, params={"format": "parquet"}, headers={"range": "bytes=-4"})
        assert (part.status_code, part.content) == (206, b"PAR1")
