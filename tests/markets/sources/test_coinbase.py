"""The dialect of Coinbase Exchange; what it shares with others is in test_trade_stream.py."""

import json
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
import stamina

from plimsoll.kernel.clock import from_ms, rfc3339, to_ms
from plimsoll.markets.domain.candles import DAY_MS, MINUTE_MS, Candle, Interval
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.markets.sources import trade_stream
from plimsoll.markets.sources.coinbase import LENGTHS, Coinbase
from plimsoll.markets.sources.reading import VenueRefused
from plimsoll.markets.sources.trade_stream import Said
from plimsoll.markets.sources.venues import load_codes
from plimsoll.plumbing.outbound import Outbound
from tests.fakes.clock import START, ManualClock
from tests.fakes.coinbase import FakeCoinbase
from tests.fakes.http import FakeServer, Reply, Request, json_reply
from tests.fakes.venue import RunningClock
from tests.markets.sources.streams import (
    BTC,
    ETH,
    IMPATIENT,
    count_faults,
    following,
    uncounted,
    until,
)

NOW_MS = to_ms(START)
PRODUCTS, CANDLES = "/products", "/products/BTC-USD/candles"


def product(base: str, quote: str, **more: object) -> dict[str, object]:
    return {"id": f"{base}-{quote}", "base_currency": base, "quote_currency": quote, **more}


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        server.on(
            PRODUCTS,
            json_reply(
                [
                    product("ETH", "USD", status="online"),
                    product("BTC", "USD", status="online", trading_disabled=False),
                    product("LTC", "USD", status="delisted"),
                    product("ADA", "USD", trading_disabled=True),
                    product("NEW", "USD"),
                    {"id": 7},
                ]
            ),
        )
        yield server


@pytest.fixture
async def coinbase(server: FakeServer) -> AsyncIterator[Coinbase]:
    outbound = Outbound(ManualClock())
    with stamina.set_testing(True, attempts=1):
        yield Coinbase(outbound.source("coinbase", base_url=server.url, per_minute=1000))
    await outbound.aclose()


async def test_products_are_followed_by_reviewed_codes(coinbase: Coinbase) -> None:
    listed = await coinbase.list_pairs()
    assert listed == {BTC: "BTC-USD", ETH: "ETH-USD"}
    assert next(iter(listed)) == BTC, "the weightiest first"
    [request] = coinbase.requests()
    assert json.loads(request) == {
        "type": "subscribe",
        "product_ids": ["BTC-USD", "ETH-USD"],
        "channels": ["heartbeat", "matches", "ticker_batch"],
    }


def match(number: int, price: str = "2000.5", **more: object) -> bytes:
    said = {
        "type": "match",
        "trade_id": number,
        "sequence": 50,
        "time": "2026-01-01T00:00:01.123456Z",
        "product_id": "ETH-USD",
        "size": "0.25",
        "price": price,
        "side": "sell",
    }
    return json.dumps({**said, **more}).encode()


async def test_a_match_is_a_trade_and_a_price_with_the_day_of_the_ticker(
    coinbase: Coinbase,
) -> None:
    await coinbase.list_pairs()
    said = Said()
    coinbase.read(match(1), said)
    ticker = {
        "type": "ticker",
        "product_id": "ETH-USD",
        "price": "2000",
        "open_24h": "1600",
        "volume_24h": "10",
        "time": "2026-01-01T00:00:02Z",
    }
    coinbase.read(json.dumps(ticker).encode(), said)
    coinbase.read(match(2, "2400"), said)

    assert [trade[1:] for trade in said.trades] == [
        (NOW_MS + 1123, 1, 2000.5, 0.25),
        (NOW_MS + 1123, 2, 2400.0, 0.25),
    ]
    prices = [tick.price for tick in said.ticks]
    assert [(price.value, price.change_24h, price.volume_24h) for price in prices] == [
        (Decimal("2000.5"), None, None),
        (2000, Decimal("0.25"), 20_000),
        (2400, Decimal("0.5"), 24_000),
    ]
    assert (prices[0].source, to_ms(prices[0].at)) == ("coinbase", NOW_MS + 1123)


@pytest.mark.parametrize(
    "wrong",
    [
        {"price": "0"},
        {"price": "-1"},
        {"price": "NaN"},
        {"price": "1e400"},
        {"price": 5.0, "size": "-1"},
        {"size": "Infinity"},
        {"size": "sNaN"},
        {"size": None},
        {"time": "2026-01-01T00:00:01"},
        {"time": 5},
        {"trade_id": "7"},
        {"product_id": "NON-USD"},
    ],
)
async def test_a_match_that_cannot_be_is_counted_and_left_out(
    coinbase: Coinbase, wrong: dict[str, object]
) -> None:
    await coinbase.list_pairs()
    said, before = Said(), sum(count_faults("coinbase").values())
    coinbase.read(match(1, **wrong), said)  # type: ignore[arg-type]
    assert (said.trades, said.ticks) == ([], [])
    assert sum(count_faults("coinbase").values()) == before + 1


@pytest.mark.parametrize("said", ["0", "-1", "NaN", "1e400"])
async def test_a_day_that_cannot_be_is_left_out_of_a_price(coinbase: Coinbase, said: str) -> None:
    await coinbase.list_pairs()
    heard = Said()
    ticker = {
        "type": "ticker",
        "product_id": "BTC-USD",
        "price": "60000",
        "open_24h": said,
        "volume_24h": said,
        "time": "2026-01-01T00:00:02Z",
    }
    coinbase.read(json.dumps(ticker).encode(), heard)
    [tick] = heard.ticks
    assert tick.price.change_24h is None
    assert tick.price.volume_24h in {None, 0}


def row(at_ms: int, *, high: float = 3, close: float = 2.5) -> list[float]:
    return [at_ms // 1000, 1, high, 2, close, 7.5]


async def test_candles_come_newest_first_with_the_low_before_the_high(
    coinbase: Coinbase, server: FakeServer
) -> None:
    rows: list[object] = [
        row(NOW_MS),
        row(NOW_MS - MINUTE_MS, close=1.5),
        row(NOW_MS - 3 * MINUTE_MS, high=0.5),
        row(NOW_MS - 4 * MINUTE_MS + 1_000),
        [1, 2],
        row(NOW_MS - 5 * MINUTE_MS),
        row(NOW_MS - 6 * MINUTE_MS),
    ]
    server.on(CANDLES, json_reply(rows))
    candles = await coinbase.list_candles(
        "BTC-USD", Interval.MINUTE, from_ms=NOW_MS - 5 * MINUTE_MS, to_ms=NOW_MS
    )
    assert candles == [
        Candle(Interval.MINUTE, NOW_MS - 5 * MINUTE_MS, 2.0, 3.0, 1.0, 2.5, 7.5),
        Candle(Interval.MINUTE, NOW_MS - MINUTE_MS, 2.0, 3.0, 1.0, 1.5, 7.5),
    ]
    assert server.requests[0].query == {
        "granularity": "60",
        "start": "2025-12-31T23:55:00Z",
        "end": "2025-12-31T23:59:00Z",
    }


async def test_years_without_a_trade_are_passed_by_their_days(
    coinbase: Coinbase, server: FakeServer
) -> None:
    first_ms = NOW_MS - 100 * DAY_MS + 777 * MINUTE_MS

    def answer(request: Request) -> Reply:
        known = [first_ms - first_ms % DAY_MS, first_ms][request.query["granularity"] == "60"]
        start, end = request.query["start"], request.query["end"]
        found = start <= to_text(known) <= end
        return json_reply([row(known)] if found else [])

    server.on(CANDLES, answer)
    [candle] = await coinbase.list_candles(
        "BTC-USD", Interval.MINUTE, from_ms=NOW_MS - 2000 * DAY_MS, to_ms=NOW_MS
    )
    assert candle.open_time_ms == first_ms
    assert len(server.requests) < 15
    assert not await coinbase.list_candles(
        "BTC-USD", Interval.MINUTE, from_ms=first_ms + MINUTE_MS, to_ms=NOW_MS
    )


def to_text(ms: int) -> str:
    return rfc3339(from_ms(ms))


@pytest.mark.parametrize(
    "reply",
    [json_reply({"message": "NotFound"}, status=404), Reply(body=b"[[1"), Reply(status=500)],
)
async def test_an_answer_without_rows_is_a_refusal(
    coinbase: Coinbase, server: FakeServer, reply: Reply
) -> None:
    server.on(CANDLES, reply)
    with pytest.raises(VenueRefused):
        await coinbase.list_candles("BTC-USD", Interval.DAY, from_ms=0, to_ms=NOW_MS)


def test_only_lengths_that_are_ours_are_asked_for() -> None:
    assert set(LENGTHS) == {"1m", "5m", "15m", "1h", "1d"}


def test_the_reviewed_codes_name_assets_of_the_catalogue() -> None:
    catalogue, codes = load_catalogue(), load_codes("coinbase")
    assert all(catalogue.find_by_id(asset) for asset in codes.values())


async def test_a_trade_that_never_came_and_that_none_followed_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in IMPATIENT.items():
        monkeypatch.setattr(trade_stream, name, value)
    clock = RunningClock(speed=200)
    async with FakeCoinbase(clock, ["BTC-USD", "ETH-USD"]) as venue, following(venue) as desk:
        await until(lambda: venue.subscriptions)
        await venue.trade("BTC-USD")
        await until(lambda: desk.trades)
        await until(lambda: not desk.stream.missing)
        venue.lost = 1.0
        deal = await venue.trade("BTC-USD")
        venue.lost = 0.0
        await until(lambda: to_ms(deal.at) // MINUTE_MS * MINUTE_MS in desk.minutes(BTC))
        await until(lambda: desk.minutes(BTC) == uncounted(venue.minutes("BTC-USD")))
        assert len(desk.trades) == 1
