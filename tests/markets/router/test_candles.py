"""Candles over HTTP against the real application; tables through the readers that people use."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx2
import polars as pl
import pytest
import uvicorn
from fastapi import FastAPI

from plimsoll.kernel.clock import from_ms, rfc3339
from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.candles import HOUR_MS, MINUTE_MS, Candle, Interval
from plimsoll.markets.domain.cascade import GRACE_MS
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.router.candles import quick_candles
from plimsoll.markets.service.candles import Candles
from plimsoll.plumbing.database import Database

DASH = Pair(AssetId("dash"), AssetId("monero"))
"""Nobody simulates it."""
PATH = "/markets/dash/xmr/candles"


@pytest.fixture
def hour_ms(app: FastAPI, client: httpx2.AsyncClient) -> int:
    """The last hour that is over, and its last minute closed: that takes GRACE_MS more."""
    candles: Candles = app.state.candles
    return Interval.HOUR.bucket_start(candles.now_ms - 2 * GRACE_MS) - HOUR_MS


@pytest.fixture
async def hour(app: FastAPI, client: httpx2.AsyncClient, hour_ms: int) -> list[Candle]:
    """Its minutes but the seventh."""
    candles: Candles = app.state.candles
    minutes = [
        Candle(
            Interval.MINUTE,
            hour_ms + number * MINUTE_MS,
            0.5,
            2.0,
            0.25,
            (100 + number) / 100,
            1e-7,
            7,
        )
        for number in range(60)
        if number != 6
    ]
    await candles.import_candles(DASH, Interval.MINUTE, minutes)
    return minutes


async def test_the_newest_candles_come_in_the_order_of_time(
    client: httpx2.AsyncClient, hour: list[Candle]
) -> None:
    answer = await client.get(PATH, params={"limit": 2})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "pair": "dash/xmr",
        "base": "dash",
        "quote": "monero",
        "interval": "1m",
        "simulated": True,
        "candles": [
            {
                "time_ms": candle.open_time_ms,
                "open": "0.5",
                "high": "2",
                "low": "0.25",
                "close": close,
                "volume": "0.0000001",
                "trades": 7,
                "state": "closed",
            }
            for candle, close in zip(hour[-2:], ("1.58", "1.59"), strict=True)
        ],
        "next_to": hour[-2].open_time_ms,
    }


async def test_the_upper_intervals_are_there_at_once(
    client: httpx2.AsyncClient, hour: list[Candle], hour_ms: int
) -> None:
    answer = await client.get(PATH, params={"interval": "1h"})
    [candle] = [each for each in answer.json()["candles"] if each["time_ms"] == hour_ms]
    assert candle | {"state": ""} == {
        "time_ms": hour_ms,
        "open": "0.5",
        "high": "2",
        "low": "0.25",
        "close": "1.59",
        "volume": "0.0000059",
        "trades": 59 * 7,
        "state": "",
    }


async def test_pages_go_backwards(client: httpx2.AsyncClient, hour: list[Candle]) -> None:
    params: dict[str, str | int] = {"limit": 25}
    pages = list[list[int]]()
    while True:
        page = (await client.get(PATH, params=params)).json()
        pages.insert(0, [candle["time_ms"] for candle in page["candles"]])
        if page["next_to"] is None:
            break
        params["to"] = page["next_to"]
    assert [len(page) for page in pages] == [9, 25, 25]
    assert [at_ms for page in pages for at_ms in page] == [each.open_time_ms for each in hour]


async def test_a_range_may_be_in_either_form_of_time(
    client: httpx2.AsyncClient, hour: list[Candle], hour_ms: int
) -> None:
    begin, end = hour_ms + 10 * MINUTE_MS, hour_ms + 12 * MINUTE_MS
    for params in (
        {"from": str(begin), "to": str(end)},
        {"from": rfc3339(from_ms(begin)), "to": from_ms(end).isoformat()},
    ):
        answer = (await client.get(PATH, params=params)).json()
        assert [each["time_ms"] for each in answer["candles"]] == [begin, begin + MINUTE_MS]
        assert answer["next_to"] is None
    raw = await client.get(f"{PATH}?from={from_ms(begin).isoformat()}&to={end}")
    assert len(raw.json()["candles"]) == 2, "an unquoted plus is a blank"


async def test_where_nobody_traded_the_price_before_may_be_shown(
    client: httpx2.AsyncClient, hour: list[Candle], hour_ms: int
) -> None:
    bounds = {"from": hour_ms + 5 * MINUTE_MS, "to": hour_ms + 8 * MINUTE_MS}
    plain = (await client.get(PATH, params=bounds)).json()["candles"]
    filled = (await client.get(PATH, params={**bounds, "fill": "previous"})).json()["candles"]
    assert [each["state"] for each in plain] == ["closed", "closed"]
    assert [each["state"] for each in filled] == ["closed", "synthetic", "closed"]
    assert (filled[1]["open"], filled[1]["volume"], filled[1]["trades"]) == ("1.05", "0", 0)


REFUSED = [
    (f"{PATH}?interval=7m", 422, "invalid"),
    (f"{PATH}?from=2&to=1", 422, "bad-range"),
    (f"{PATH}?limit=5001", 422, "too-many-rows"),
    (f"{PATH}?limit=0", 422, "invalid"),
    (f"{PATH}?from=yesterday", 422, "invalid"),
    (f"{PATH}?to=2026-01-01T00:00:00", 422, "invalid"),
    (f"{PATH}?to=99999999999999999999", 422, "invalid"),
    (f"{PATH}?to=999999999999999", 422, "invalid"),
    (f"{PATH}?format=xml", 422, "invalid"),
    ("/markets/nosuchcoin/usd/candles", 404, "unknown-asset"),
    ("/markets/dash/nosuchcoin/candles", 404, "unknown-asset"),
    ("/markets/usd/dash/candles", 404, "unknown-pair"),
    ("/prices/usd/dash/history", 404, "unknown-pair"),
    ("/prices/dash/xmr/history?window=2h", 422, "invalid"),
    ("/markets/volatility?window=2h", 422, "invalid"),
    ("/markets/volatility?limit=0", 422, "invalid"),
]


async def test_what_cannot_be_answered_is_a_named_problem(
    client: httpx2.AsyncClient, hour: list[Candle]
) -> None:
    for path, status, code in REFUSED:
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (status, code), path
    allowed = (await client.get(f"{PATH}?interval=7m")).json()["errors"][0]["message"]
    assert all(f"'{interval}'" in allowed for interval in Interval)
    too_many = (await client.get(f"{PATH}?limit=5001")).json()
    assert too_many["most"] == 5000
    assert "next_to" in too_many["detail"]


async def test_the_hot_way_and_the_ordinary_way_give_the_same_answer(
    app: FastAPI, client: httpx2.AsyncClient, hour: list[Candle]
) -> None:
    queries = ("", "interval=1m&limit=20", "limit=60", "interval=1h", "limit=3", "limit=5000")
    for query in (*queries, f"to={hour[9].open_time_ms}&limit=5", f"from={hour[-9].open_time_ms}"):
        hot = await client.get(f"{PATH}?{query}")
        ordinary = await client.get(f"{PATH}?{query}&fill=none")
        assert hot.content == ordinary.content, query
    scope = {
        "app": app,
        "path": f"/api/v1{PATH}",
        "query_string": b"interval=1h",
        "headers": [],
        "client": ("127.0.0.1", 1),
    }

    async def receive() -> dict[str, object]:
        raise AssertionError("nothing is read")

    assert await quick_candles(scope, receive) is not None


async def test_history_is_the_closes_of_a_day(
    client: httpx2.AsyncClient, hour: list[Candle]
) -> None:
    answer = await client.get("/prices/dash/xmr/history")
    body = answer.json()
    assert list(body) == ["pair", "prices", "volatility_rank"]
    assert body["pair"] == "dash/xmr"
    assert body["prices"][0] == {
        "timestamp": rfc3339(from_ms(hour[0].open_time_ms + MINUTE_MS)),
        "price": "1",
    }
    assert [price["price"] for price in body["prices"]][-1] == "1.59"
    assert body["volatility_rank"] is None, "59 minutes are too few for a day"
    table = (await client.get("/prices/dash/xmr/history", params={"format": "csv"})).text
    assert table.splitlines()[:2] == ["time_ms,price", f"{hour[0].open_time_ms + MINUTE_MS},1"]
    assert len(table.splitlines()) == len(body["prices"]) + 1


async def test_pairs_are_ranked_by_volatility(
    app: FastAPI, client: httpx2.AsyncClient, hour: list[Candle]
) -> None:
    candles: Candles = app.state.candles
    now_ms = Interval.MINUTE.bucket_start(candles.now_ms)
    recent = [
        each._replace(open_time_ms=now_ms - (len(hour) - at) * MINUTE_MS)
        for at, each in enumerate(hour)
    ]
    await candles.import_candles(DASH, Interval.MINUTE, recent)
    answer = (await client.get("/markets/volatility", params={"window": "1h"})).json()
    assert (answer["window"], answer["step"], answer["simulated"]) == ("1h", "1m", True)
    assert "Garman–Klass" in answer["definition"]
    [row] = [row for row in answer["data"] if row["pair"] == "dash/xmr"]
    assert row["rank"] == 1
    assert row["returns"] >= 55
    assert row["garman_klass"] > 1, "each of these minutes ranged from 0.25 to 2"
    assert row["annualised"] == pytest.approx(row["value"] * (365 * 1440) ** 0.5)


async def test_csv_is_streamed_with_all_rows_of_a_range(
    client: httpx2.AsyncClient, hour: list[Candle], hour_ms: int
) -> None:
    for query, accept in (("&format=csv", "*/*"), ("", "text/csv")):
        answer = await client.get(f"{PATH}?from={hour_ms}{query}", headers={"accept": accept})
        assert answer.headers["content-type"].startswith("text/csv")
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert [int(row["time_ms"]) for row in rows] == [each.open_time_ms for each in hour]
        assert rows[0]["volume"] == "0.0000001"
        assert {row["state"] for row in rows} == {"closed"}
    filled = await client.get(PATH, params={"from": hour_ms, "format": "csv", "fill": "previous"})
    assert len(filled.text.splitlines()) == 61


async def test_an_export_is_bounded(
    app: FastAPI, client: httpx2.AsyncClient, hour: list[Candle], hour_ms: int
) -> None:
    candles: Candles = app.state.candles
    years_ago = Interval.MINUTE.bucket_start(hour_ms - 3 * 365 * 24 * HOUR_MS)
    old = hour[0]._replace(open_time_ms=years_ago)
    await candles.import_candles(DASH, Interval.MINUTE, [old])
    answer = await client.get(PATH, params={"from": 0, "format": "csv"})
    assert (answer.status_code, answer.json()["code"]) == (422, "too-many-rows")
    hours = await client.get(PATH, params={"from": 0, "format": "csv", "interval": "1h"})
    assert len(hours.text.splitlines()) >= 3


@asynccontextmanager
async def listening(app: FastAPI) -> AsyncIterator[str]:
    """The application on a real socket; its lifespan is the client's."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_config=None, ws="none"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it no other way
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/api/v1"
    server.should_exit = True
    await serving


@pytest.mark.filterwarnings("ignore::DeprecationWarning:websockets")
async def test_a_notebook_reads_parquet_and_arrow_from_the_address(
    app: FastAPI, client: httpx2.AsyncClient, hour: list[Candle], hour_ms: int
) -> None:
    async with listening(app) as base:
        address = f"{base}{PATH}?from={hour_ms}&format=parquet"
        frame = await asyncio.to_thread(pl.read_parquet, address)
        lazy = await asyncio.to_thread(lambda: pl.scan_parquet(address).select("close").collect())
    assert frame["time_ms"].to_list() == [each.open_time_ms for each in hour]
    assert frame["close"].to_list() == [each.close for each in hour] == lazy["close"].to_list()
    assert frame["trades"].to_list() == [7] * 59
    assert set(frame["state"]) == {"closed"}
    streamed = await client.get(f"{PATH}?from={hour_ms}&format=arrow")
    assert pl.read_ipc_stream(io.BytesIO(streamed.content)).equals(frame)


async def test_parts_of_a_file_come_from_one_file_while_candles_go_on(
    app: FastAPI, client: httpx2.AsyncClient, hour: list[Candle], hour_ms: int
) -> None:
    path = f"{PATH}?from={hour_ms}&format=parquet"
    head = await client.head(path)
    length = int(head.headers["content-length"])
    assert head.headers["accept-ranges"] == "bytes"
    candles: Candles = app.state.candles
    await candles.import_candles(
        DASH, Interval.MINUTE, [hour[0]._replace(open_time_ms=hour_ms + 6 * MINUTE_MS)]
    )
    middle = length // 2
    parts = [
        await client.get(path, headers={"range": f"bytes={span}"})
        for span in (
            f"0-{middle - 1}",
            f"{middle}-",
            f"-{length - middle}",
            f"{length - 4}-{length * 2}",
        )
    ]
    assert [part.status_code for part in parts] == [206] * 4
    whole = await client.get(path)
    assert parts[0].content + parts[1].content == whole.content
    assert parts[2].content == parts[1].content
    assert parts[3].content == b"PAR1"
    assert parts[0].headers["content-range"] == f"bytes 0-{middle - 1}/{length}"
    assert {each.headers["etag"] for each in (head, whole, *parts)} == {head.headers["etag"]}
    same = await client.get(path, headers={"if-none-match": head.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    other = await client.get(path, headers={"range": "bytes=0-3", "if-range": '"other"'})
    assert (other.status_code, len(other.content)) == (200, length)
    beyond = await client.get(path, headers={"range": f"bytes={length}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{length}")
    for odd in ("bytes=-", "bytes=0-1,3-4", "rows=1-2", "bytes=" + "9" * 30 + "-"):
        assert (await client.get(path, headers={"range": odd})).status_code == 200, odd


async def test_a_stored_page_does_without_the_window(
    app: FastAPI, client: httpx2.AsyncClient, hour: list[Candle], database: Database
) -> None:
    """More rows than memory holds come from the store, and are the same."""
    few = (await client.get(PATH, params={"limit": 59})).json()
    many = (await client.get(PATH, params={"limit": 5000})).json()
    assert few["candles"] == many["candles"]
    assert datetime.fromtimestamp(few["candles"][0]["time_ms"] / 1000, tz=UTC).second == 0
