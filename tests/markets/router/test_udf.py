"""A charting library's questions."""

import httpx2
import pytest
from fastapi import FastAPI

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.candles import HOUR_MS, MINUTE_MS, Candle, Interval
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.router.udf import _scale
from plimsoll.markets.service.candles import Candles

DASH = Pair(AssetId("dash"), AssetId("monero"))


@pytest.fixture
async def start_s(app: FastAPI, client: httpx2.AsyncClient) -> int:
    """Ten minutes were traded from here on."""
    candles: Candles = app.state.candles
    start_ms = Interval.HOUR.bucket_start(candles.now_ms) - HOUR_MS
    minutes = [
        Candle(Interval.MINUTE, start_ms + number * MINUTE_MS, 1.0, 2.0, 0.5, 1.5, 3.0)
        for number in range(10)
    ]
    await candles.import_candles(DASH, Interval.MINUTE, minutes)
    return start_ms // 1000


async def history(client: httpx2.AsyncClient, **params: int | str) -> dict[str, object]:
    wanted = {"symbol": "DASH/XMR", "resolution": "1"} | params
    answer = await client.get("/udf/history", params=wanted)
    assert answer.status_code == 200, answer.text
    body: dict[str, object] = answer.json()
    return body


async def test_the_feed_says_what_it_can_do(client: httpx2.AsyncClient) -> None:
    config = (await client.get("/udf/config")).json()
    assert "240" in config["supported_resolutions"]
    assert config["supports_search"] is True
    time = await client.get("/udf/time")
    assert time.headers["content-type"].startswith("text/plain")
    assert int(time.text) > 1_700_000_000


async def test_a_symbol_is_found_and_described(client: httpx2.AsyncClient, start_s: int) -> None:
    found = (await client.get("/udf/search", params={"query": "dash", "limit": 5})).json()
    assert "DASH/XMR" in [each["symbol"] for each in found]
    for text in ("DASH/XMR", "Plimsoll:dash/monero"):
        symbol = (await client.get("/udf/symbols", params={"symbol": text})).json()
        assert (symbol["name"], symbol["pricescale"], symbol["session"]) == (
            "DASH/XMR",
            100_000,
            "24x7",
        )
    assert (await client.get("/udf/search", params={"type": "stock"})).json() == []


async def test_bars_are_columns_and_the_end_is_not_included(
    client: httpx2.AsyncClient, start_s: int
) -> None:
    bars = await history(client, **{"from": start_s + 60, "to": start_s + 180})
    assert bars == {
        "s": "ok",
        "t": [start_s + 60, start_s + 120],
        "o": [1.0, 1.0],
        "h": [2.0, 2.0],
        "l": [0.5, 0.5],
        "c": [1.5, 1.5],
        "v": [3.0, 3.0],
    }


async def test_a_number_of_bars_counts_more_than_their_beginning(
    client: httpx2.AsyncClient, start_s: int
) -> None:
    bars = await history(client, to=start_s + 600, countback=3, **{"from": start_s + 590})
    assert bars["t"] == [start_s + 420, start_s + 480, start_s + 540]


async def test_without_bars_the_chart_is_told_where_there_are_some(
    client: httpx2.AsyncClient, start_s: int
) -> None:
    later = await history(client, **{"from": start_s + 600, "to": start_s + 900})
    assert later == {"s": "no_data", "nextTime": start_s + 540}
    earlier = await history(client, **{"from": start_s - 900, "to": start_s})
    assert earlier == {"s": "no_data"}


async def test_refusals_are_problems_that_a_chart_understands(
    client: httpx2.AsyncClient, start_s: int
) -> None:
    unknown = await client.get("/udf/symbols", params={"symbol": "NO/SUCH"})
    assert unknown.status_code == 404
    assert unknown.json() | {"s": "error", "errmsg": "unknown_symbol"} == unknown.json()
    length = await client.get("/udf/history?symbol=DASH/XMR&resolution=7&to=1")
    assert (length.status_code, length.json()["errmsg"]) == (422, "unknown_resolution")
    wrong = await client.get("/udf/history?symbol=DASH/XMR&resolution=1&to=-1")
    assert wrong.status_code == 422


@pytest.mark.parametrize(
    ("price", "scale"), [(64_000.0, 100), (1.5, 100_000), (0.05, 10_000_000), (1e-8, 10**13)]
)
def test_a_price_is_shown_with_six_digits(price: float, scale: int) -> None:
    assert _scale(price) == scale
