"""Against a real server on loopback that plays CoinGecko well and badly."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import stamina
from pydantic import SecretStr
from structlog.testing import capture_logs

from plimsoll.kernel.clock import to_ms
from plimsoll.kernel.errors import Unavailable
from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import format_amount
from plimsoll.markets.domain.assets import UnknownAssetField
from plimsoll.markets.domain.candles import DAY_MS, HOUR_MS, MINUTE_MS, Candle, Interval
from plimsoll.markets.domain.feeds import Interest, Trade
from plimsoll.markets.domain.prices import Pair, Tick
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.markets.sources import coingecko
from plimsoll.markets.sources.coingecko import CoinGeckoSource, open_coingecko
from plimsoll.markets.sources.coingecko_api import CoinGeckoRefused
from plimsoll.plumbing.outbound import Outbound, SourceRestricted
from plimsoll.settings import Settings
from tests.fakes.clock import START, ManualClock
from tests.fakes.http import FakeServer, Fault, Reply, json_reply

PATH = "/simple/price"
STAMP = int(START.timestamp()) - 40
GOOD = {
    "bitcoin": {
        "usd": 76975.25,
        "usd_24h_vol": 35123456789.125,
        "usd_24h_change": -1.409,
        "last_updated_at": STAMP,
    },
    "ethereum": {"usd": 3200, "usd_24h_change": None, "last_updated_at": STAMP},
}


@pytest.fixture(autouse=True)
def no_pauses_between_tries() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2, cap=True):
        yield


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        server.on(PATH, json_reply(GOOD))
        yield server


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def outbound(clock: ManualClock) -> AsyncIterator[Outbound]:
    outbound = Outbound(clock)
    yield outbound
    await outbound.aclose()


def open_source(
    server: FakeServer,
    outbound: Outbound,
    clock: ManualClock,
    *,
    interest: Interest | None = None,
    **given: object,
) -> CoinGeckoSource:
    """Two coins in usd, unless told otherwise."""
    settings = Settings.read(
        **{
            "coingecko_url": server.url,
            "coingecko_pro_url": server.url + "/pro",
            "coingecko_currencies": ("usd",),
            "coingecko_top": 2,
            "poll_interval_s": 0.02,
            **given,
        }
    )
    return open_coingecko(settings, outbound, load_catalogue(), clock, interest or Interest())


async def next_ticks(source: CoinGeckoSource) -> list[Tick]:
    return list((await source.next_news()).ticks)


def brief(ticks: object) -> dict[str, str]:
    assert isinstance(ticks, list)
    return {"/".join(tick.pair): format_amount(tick.price.value) for tick in ticks}


async def test_one_round_is_one_request_for_everything(
    server: FakeServer, outbound: Outbound, clock: ManualClock
) -> None:
    ticks = await next_ticks(open_source(server, outbound, clock))

    assert [(tick.pair, tick.price.value) for tick in ticks] == [
        (("bitcoin", "usd"), Decimal("76975.25")),
        (("ethereum", "usd"), Decimal(3200)),
    ]
    price = ticks[0].price
    assert price.source == "coingecko"
    assert price.at == datetime.fromtimestamp(STAMP, UTC)
    assert price.change_24h == Decimal("-0.01409")
    assert price.volume_24h == Decimal("35123456789.125")
    assert price.simulated is False
    assert (ticks[1].price.change_24h, ticks[1].price.volume_24h) == (None, None)
    [request] = server.requests
    assert request.query == {
        "ids": "bitcoin,ethereum",
        "vs_currencies": "usd",
        "include_24hr_vol": "true",
        "include_24hr_change": "true",
        "include_last_updated_at": "true",
        "precision": "full",
    }
    assert not {"x-cg-demo-api-key", "x-cg-pro-api-key"} & request.headers.keys()


@pytest.mark.parametrize(
    ("setting", "header", "path"),
    [
        ("coingecko_demo_key", "x-cg-demo-api-key", PATH),
        ("coingecko_pro_key", "x-cg-pro-api-key", "/pro" + PATH),
    ],
)
async def test_a_key_goes_to_its_own_host_in_its_own_header(
    server: FakeServer,
    outbound: Outbound,
    clock: ManualClock,
    setting: str,
    header: str,
    path: str,
) -> None:
    server.on("*", json_reply(GOOD))
    keys: dict[str, Any] = {setting: SecretStr("CG-canary")}
    await next_ticks(open_source(server, outbound, clock, **keys))
    [request] = server.requests
    assert (request.path, request.headers[header]) == (path, "CG-canary")


async def test_every_digit_of_a_price_is_kept(
    server: FakeServer, outbound: Outbound, clock: ManualClock
) -> None:
    body = b'{"bitcoin": {"usd": 76975.123456789012345678}, "ethereum": {"usd": 1.5e-7}}'
    server.on(PATH, Reply(body=body))
    ticks = await next_ticks(open_source(server, outbound, clock))
    assert brief(ticks) == {
        "bitcoin/usd": "76975.123456789012345678",
        "ethereum/usd": "0.00000015",
    }
    assert ticks[0].price.at == clock.now(), "CoinGecko did not say when"


@pytest.mark.parametrize("said", ["0", "-1", "1e99", "1e-99", "1e999999", '"NaN"'])
async def test_an_absurd_price_is_dropped_and_the_rest_is_used(
    server: FakeServer, outbound: Outbound, clock: ManualClock, said: str
) -> None:
    body = f'{{"bitcoin": {{"usd": {said}}}, "ethereum": {{"usd": 3200, "last_updated_at": 1e99}}}}'
    server.on(PATH, Reply(body=body.encode()))
    with capture_logs() as logs:
        ticks = await next_ticks(open_source(server, outbound, clock))
    assert brief(ticks) == {"ethereum/usd": "3200"}
    assert [entry["coin"] for entry in logs if entry["event"] == "price_dropped"] == ["bitcoin"]


@pytest.mark.parametrize("said", ['"NaN"', '"sNaN"', "1e9999999", "-1e9999999", "-100", "null"])
async def test_a_price_is_used_without_what_is_absurd_about_it(
    server: FakeServer, outbound: Outbound, clock: ManualClock, said: str
) -> None:
    row = (
        f'{{"usd": 3, "usd_24h_change": {said}, "usd_24h_vol": {said}, "last_updated_at": {said}}}'
    )
    server.on(PATH, Reply(body=f'{{"bitcoin": {row}, "ethereum": {row}}}'.encode()))
    ticks = await next_ticks(open_source(server, outbound, clock))
    assert [(tick.price.change_24h, tick.price.volume_24h, tick.price.at) for tick in ticks] == [
        (None, None, clock.now())
    ] * 2


async def test_a_missing_coin_is_said_once_and_never_becomes_0(
    server: FakeServer, outbound: Outbound, clock: ManualClock
) -> None:
    server.on(PATH, json_reply({"bitcoin": {"usd": 1}, "not-asked-for": {"usd": 2}}))
    source = open_source(server, outbound, clock)
    with capture_logs() as logs:
        first = await next_ticks(source)
        clock.advance(1)
        await next_ticks(source)
    assert brief(first) == {"bitcoin/usd": "1"}
    assert [entry["coins"] for entry in logs if entry["event"] == "coins_without_price"] == [
        ["ethereum"]
    ]


async def test_a_stamp_in_the_future_is_now(
    server: FakeServer, outbound: Outbound, clock: ManualClock
) -> None:
    server.on(PATH, json_reply({"bitcoin": {"usd": 1, "last_updated_at": STAMP + 86_400}}))
    with capture_logs():
        [tick] = await next_ticks(open_source(server, outbound, clock))
    assert tick.price.at == clock.now()


ENVELOPE_1 = {"status": {"error_code": 429, "error_message": "You've exceeded the Rate Limit."}}
ENVELOPE_2 = {"error": {"status": {"error_code": 10012, "error_message": "time range"}}}


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (json_reply(ENVELOPE_1, status=401), "code 429"),
        (json_reply(ENVELOPE_2, status=401), "code 10012: time range"),
        (json_reply({"error": "no such thing"}, status=404), "no such thing"),
        (json_reply({"status": {"error_code": 10002, "error_message": "x"}}, status=401), "_KEY"),
        (json_reply(ENVELOPE_1), "status 200, code 429"),
        (Reply(status=403, body=b"<html>error code: 1020</html>"), "status 403"),
        (Reply(body=b'{"bitcoin": {"usd": 76'), "not its JSON"),
        (Reply(body=b"\xff\xfe"), "not its JSON"),
        (Reply(body=b""), "not its JSON"),
        (json_reply([1, 2]), "not its JSON"),
        (json_reply({"bitcoin": {"usd": "free"}}), "code 0"),
        (json_reply({"error": "x" * 10_000}, status=400), "x" * 200),
    ],
)
async def test_a_refusal_is_read_from_what_it_says(
    server: FakeServer, outbound: Outbound, clock: ManualClock, reply: Reply, words: str
) -> None:
    server.on(PATH, reply)
    with pytest.raises(CoinGeckoRefused) as refused:
        await next_ticks(open_source(server, outbound, clock))
    assert words in refused.value.detail
    assert len(refused.value.detail) < 400
    assert len(server.requests) == 1, "what CoinGecko refuses is not asked again at once"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=429, headers={"Retry-After": "119"}),
        Reply(status=503),
        Reply(status=451),
        Reply(body=json.dumps(GOOD).encode(), fault=Fault.TRUNCATED),
        Reply(fault=Fault.RESET),
        Reply(fault=Fault.GARBAGE),
    ],
)
async def test_a_source_that_is_away_says_so_and_comes_back(
    server: FakeServer, outbound: Outbound, clock: ManualClock, reply: Reply
) -> None:
    server.on(PATH, reply)
    source = open_source(server, outbound, clock, coingecko_requests_per_minute=1000)
    with pytest.raises(Unavailable):
        await next_ticks(source)
    server.on(PATH, json_reply(GOOD))
    clock.advance(200)
    assert len(await next_ticks(source)) == 2


async def test_451_names_the_reason(
    server: FakeServer, outbound: Outbound, clock: ManualClock
) -> None:
    server.on(PATH, Reply(status=451))
    with pytest.raises(SourceRestricted):
        await next_ticks(open_source(server, outbound, clock))


async def test_a_limit_reported_as_401_is_waited_for(
    server: FakeServer, outbound: Outbound, clock: ManualClock
) -> None:
    server.on(
        PATH,
        json_reply(ENVELOPE_1, status=401, headers={"Retry-After": "119"}),
        json_reply(GOOD),
    )
    source = open_source(server, outbound, clock)
    with pytest.raises(CoinGeckoRefused) as refused:
        await next_ticks(source)
    assert refused.value.retry_after_s == 119

    clock.advance(100)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(source.next_news(), 0.1)
    assert len(server.requests) == 1
    clock.advance(20)
    assert len(await next_ticks(source)) == 2


async def test_what_somebody_wants_joins_the_next_round_and_brings_it_forward(
    server: FakeServer,
    outbound: Outbound,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(coingecko, "SHORTEST_PAUSE_S", 0.01)
    interest = Interest()
    source = open_source(server, outbound, clock, interest=interest, poll_interval_s=3600)
    await next_ticks(source)
    waiting = asyncio.ensure_future(source.next_news())
    await asyncio.sleep(0.05)
    assert len(server.requests) == 1

    for asset in ("dash", "pln", "bitcoin"):
        interest.add(AssetId(asset))
    await asyncio.wait_for(waiting, 5)

    assert server.requests[1].query["ids"] == "bitcoin,ethereum,dash"
    assert server.requests[1].query["vs_currencies"] == "usd,pln"


async def test_crypto_currencies_go_by_their_code_and_nothing_is_priced_in_itself(
    server: FakeServer, outbound: Outbound, clock: ManualClock
) -> None:
    server.on(PATH, json_reply({"bitcoin": {"btc": 1, "eur": 2}, "ethereum": {"btc": 0.05}}))
    source = open_source(server, outbound, clock, coingecko_currencies=("EUR", "btc"))
    ticks: list[Tick] = await next_ticks(source)
    assert brief(ticks) == {"bitcoin/eur": "2", "ethereum/bitcoin": "0.05"}
    assert server.requests[0].query["vs_currencies"] == "eur,btc"


async def test_a_long_list_of_coins_is_asked_for_in_parts(
    server: FakeServer,
    outbound: Outbound,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(coingecko, "LONGEST_IDS", 100)
    with capture_logs():
        await next_ticks(open_source(server, outbound, clock, coingecko_top=30))
    parts = [request.query["ids"] for request in server.requests]
    assert len(parts) > 2
    assert max(len(part) for part in parts) <= 100
    assert len({coin for part in parts for coin in part.split(",")}) == 30


async def test_an_unknown_currency_in_the_settings_stops_the_start(
    server: FakeServer, outbound: Outbound, clock: ManualClock
) -> None:
    with pytest.raises(UnknownAssetField) as wrong:
        open_source(server, outbound, clock, coingecko_currencies=("usd", "nope"))
    assert wrong.value.faults[0].pointer == "PLIMSOLL_COINGECKO_CURRENCIES"


async def test_a_price_is_observed_once_and_nothing_was_traded(
    server: FakeServer, outbound: Outbound, clock: ManualClock
) -> None:
    source = open_source(server, outbound, clock)
    first = await source.next_news()
    assert first.trades == [
        Trade(tick.pair, STAMP * 1000, STAMP * 1000, float(tick.price.value), 0.0)
        for tick in first.ticks
    ]
    clock.advance(1)
    again = await source.next_news()
    assert (len(again.ticks), again.trades) == (2, [])
    assert source.now_ms() == to_ms(clock.now())


BITCOIN = Pair(AssetId("bitcoin"), AssetId("usd"))
NOW_MS = to_ms(START)
HALF_HOUR_MS = 30 * MINUTE_MS


@pytest.mark.parametrize(
    ("interval", "days", "length_ms"),
    [(Interval.MINUTES_30, "1", HALF_HOUR_MS), (Interval.HOURS_4, "7", 4 * HOUR_MS)],
)
async def test_the_stamp_of_a_candle_is_its_close(
    server: FakeServer,
    outbound: Outbound,
    clock: ManualClock,
    interval: Interval,
    days: str,
    length_ms: int,
) -> None:
    rows = [[NOW_MS - back * length_ms, 2, 4, 1, 3] for back in (3, 2, 1, 0)]
    server.on("/coins/bitcoin/ohlc", json_reply([*rows, [NOW_MS + 77, 3, 3, 3, 3]]))
    source = open_source(server, outbound, clock)

    assert source.offers(BITCOIN, interval)
    candles = await source.list_candles(
        BITCOIN, interval, from_ms=NOW_MS - 3 * length_ms, to_ms=NOW_MS - length_ms
    )

    assert candles == [
        Candle(interval, NOW_MS - back * length_ms, 2.0, 4.0, 1.0, 3.0, 0.0) for back in (3, 2)
    ]
    assert server.requests[0].query == {"vs_currency": "usd", "days": days, "precision": "full"}


async def test_rows_that_cannot_be_candles_are_left_out(
    server: FakeServer, outbound: Outbound, clock: ManualClock
) -> None:
    good = [NOW_MS, 2, 4, 1, 3]
    bad = [
        [NOW_MS - HALF_HOUR_MS, 2, 1, 4, 3],
        [NOW_MS - 2 * HALF_HOUR_MS, 0, 4, 0, 3],
        [NOW_MS - 3 * HALF_HOUR_MS + 1, 2, 4, 1, 3],
        [NOW_MS + HALF_HOUR_MS, 2, 4, 1, 3],
        [-HALF_HOUR_MS, 2, 4, 1, 3],
        [10**30, 2, 4, 1, 3],
    ]
    server.on("/coins/bitcoin/ohlc", json_reply([*bad, good]))
    source = open_source(server, outbound, clock)
    candles = await source.list_candles(
        BITCOIN, Interval.MINUTES_30, from_ms=0, to_ms=NOW_MS + DAY_MS
    )
    assert [candle.open_time_ms for candle in candles] == [NOW_MS - HALF_HOUR_MS]


async def test_hours_are_made_of_what_was_observed_in_whole_ones(
    server: FakeServer, outbound: Outbound, clock: ManualClock
) -> None:
    off_grid_ms = NOW_MS - 150 * MINUTE_MS + 4_123
    prices = [[off_grid_ms + number * 5 * MINUTE_MS, 100 + number] for number in range(30)]
    server.on(
        "/coins/bitcoin/market_chart",
        json_reply({"prices": [*prices, [NOW_MS - HOUR_MS, None], [NOW_MS - 1, -1]]}),
    )
    source = open_source(server, outbound, clock)

    candles = await source.list_candles(BITCOIN, Interval.HOUR, from_ms=0, to_ms=NOW_MS)

    assert candles == [
        Candle(Interval.HOUR, NOW_MS - 2 * HOUR_MS, 106.0, 117.0, 106.0, 117.0, 0.0),
        Candle(Interval.HOUR, NOW_MS - HOUR_MS, 118.0, 129.0, 118.0, 129.0, 0.0),
    ]


async def test_days_reach_back_90_days(
    server: FakeServer, outbound: Outbound, clock: ManualClock
) -> None:
    prices = [[NOW_MS - hour * HOUR_MS, 1000 - hour] for hour in range(60, 0, -1)]
    server.on("/coins/bitcoin/market_chart", json_reply({"prices": prices}))
    source = open_source(server, outbound, clock)
    found = await source.list_candles(
        BITCOIN, Interval.DAY, from_ms=NOW_MS - 300 * DAY_MS, to_ms=NOW_MS
    )
    assert [candle.open_time_ms for candle in found] == [NOW_MS - 2 * DAY_MS, NOW_MS - DAY_MS]
    assert found[-1].close == 999
    assert server.requests[0].query["days"] == "90"


def test_only_intervals_that_it_has_are_offered(
    server: FakeServer, outbound: Outbound, clock: ManualClock
) -> None:
    source = open_source(server, outbound, clock)
    offered = [interval for interval in Interval if source.offers(BITCOIN, interval)]
    assert offered == ["30m", "1h", "4h", "1d"]
    for base, quote in [("usd", "eur"), ("bitcoin", "dash"), ("nothing", "usd")]:
        assert not source.offers(Pair(AssetId(base), AssetId(quote)), Interval.DAY)


async def test_history_that_is_refused_is_a_refusal(
    server: FakeServer, outbound: Outbound, clock: ManualClock
) -> None:
    server.on("/coins/bitcoin/ohlc", json_reply(ENVELOPE_2, status=401))
    source = open_source(server, outbound, clock)
    with pytest.raises(CoinGeckoRefused):
        await source.list_candles(BITCOIN, Interval.HOURS_4, from_ms=0, to_ms=NOW_MS)


async def test_coins_are_listed_by_their_weight(
    server: FakeServer, outbound: Outbound, clock: ManualClock
) -> None:
    row = {
        "id": "bitcoin",
        "symbol": "btc",
        "name": "Bitcoin",
        "current_price": 70187.5,
        "market_cap": 1381651251183,
        "market_cap_rank": 1,
        "total_volume": 20154184933,
        "price_change_percentage_24h": None,
        "image": "left alone",
    }
    server.on("/coins/markets", json_reply([row]))
    [found] = await open_source(server, outbound, clock).api.list_markets("usd", page=2)
    assert (found.id, found.market_cap, found.market_cap_rank) == ("bitcoin", 1381651251183, 1)
    assert (found.current_price, found.total_volume) == (Decimal("70187.5"), 20154184933)
    assert server.requests[0].query == {
        "vs_currency": "usd",
        "order": "market_cap_desc",
        "per_page": "250",
        "page": "2",
        "precision": "full",
    }


async def test_coins_are_found_and_categories_listed(
    server: FakeServer, outbound: Outbound, clock: ManualClock
) -> None:
    coin = {"id": "dash", "symbol": "DASH", "name": "Dash", "market_cap_rank": None}
    server.on("/search", json_reply({"coins": [coin], "exchanges": [{"id": "x"}]}))
    group = {
        "id": "layer-1",
        "name": "Layer 1",
        "market_cap": 2061406861196.5,
        "market_cap_change_24h": -0.66,
        "volume_24h": 61145159458,
        "top_3_coins_id": ["bitcoin", "ethereum", "solana"],
    }
    server.on("/coins/categories", json_reply([group, {"id": "empty", "name": "Empty"}]))
    api = open_source(server, outbound, clock).api

    assert [found.id for found in await api.search("da sh&x=1")] == ["dash"]
    assert server.requests[0].query == {"query": "da sh&x=1"}
    full, empty = await api.list_categories()
    assert (full.market_cap, full.top_3_coins_id[0]) == (Decimal("2061406861196.5"), "bitcoin")
    assert (empty.market_cap, empty.top_3_coins_id) == (None, ())
