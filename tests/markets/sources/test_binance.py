"""Against a Binance of our own on loopback, which plays a known market, well and badly."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import pairwise

import pytest
import stamina

from plimsoll.kernel.errors import Unavailable
from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.assets import UnknownAssetField
from plimsoll.markets.domain.candles import HOUR_MS, MINUTE_MS, Candle, Interval
from plimsoll.markets.domain.feeds import CandleHistory, MarketSource, News
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.markets.sources import binance
from plimsoll.markets.sources.binance import BinanceSource, open_binance
from plimsoll.markets.sources.binance_api import BinanceRefused
from plimsoll.markets.sources.venues import load_codes
from plimsoll.plumbing.breaker import Patience
from plimsoll.plumbing.outbound import Outbound, SourceRestricted
from plimsoll.plumbing.sockets import SocketTerms
from plimsoll.settings import Settings
from tests.fakes.binance import FakeBinance, Trouble
from tests.fakes.binance_market import START_MS, Listed, Market, WorldClock
from tests.markets.sources.following import Follower, until

TETHER = AssetId("tether")
BTC = Pair(AssetId("bitcoin"), TETHER)
BNB = Pair(AssetId("binancecoin"), TETHER)
ETHBTC = Pair(AssetId("ethereum"), AssetId("bitcoin"))
MARKET = Market(
    [
        Listed("BTCUSDT", "BTC", "USDT", "90000.00", per_minute=60),
        Listed("BNBUSDT", "BNB", "USDT", "600.00", per_minute=30),
        Listed("ETHBTC", "ETH", "BTC", "0.04512", per_minute=2),
        Listed("NEWUSDT", "NEW", "USDT", "1.0", per_minute=3),
        Listed("XRPUSDT", "XRP", "USDT", "2.0", per_minute=3, status="BREAK"),
    ],
    minutes=120,
)
TERMS = SocketTerms(
    idle_s=5.0,
    max_bytes=100_000,
    open_timeout_s=5.0,
    first_pause_s=0.02,
    longest_pause_s=0.1,
)

ENDLESS = Patience(failures=1_000)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(binance, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(binance, "LONGEST_PAUSE_S", 0.2)
    with stamina.set_testing(True, attempts=1):
        yield


@asynccontextmanager
async def opened(
    *fakes: FakeBinance,
    terms: SocketTerms = TERMS,
    by_trades: tuple[str, ...] = ("btc/usdt",),
    patience: Patience = ENDLESS,
) -> AsyncIterator[BinanceSource]:
    """A source that knows these hosts, in this order."""
    clock = fakes[0].clock
    outbound = Outbound(clock, patience=patience)
    settings = Settings.read(
        binance_urls=tuple(fake.url for fake in fakes),
        binance_stream_urls=tuple(fake.stream_url for fake in fakes),
        binance_trade_pairs=by_trades,
    )
    source = open_binance(settings, outbound, load_catalogue(), clock, terms=terms, settle_s=0.05)
    try:
        yield source
    finally:
        await source.aclose()
        await outbound.aclose()


@pytest.fixture
async def fake() -> AsyncIterator[FakeBinance]:
    """A minute of its world takes 0.6 s."""
    async with FakeBinance(MARKET, WorldClock(speed=100)) as fake:
        yield fake


def two_minutes(source: BinanceSource) -> dict[str, int]:
    """The next ones that are followed from their beginning."""
    from_ms = Interval.MINUTE.next_start(source.now_ms())
    return {"from_ms": from_ms, "to_ms": from_ms + 2 * MINUTE_MS}


async def until_true(follower: Follower, *followed: tuple[Pair, str], **span: int) -> None:
    """Until the minutes are those of the market; fails when they do not become so."""

    def are_true(pair: Pair, symbol: str) -> bool:
        truth = MARKET.truth(symbol, Interval.MINUTE, **span)
        return follower.closed(pair, Interval.MINUTE, **span) == truth

    for pair, symbol in followed:
        with suppress(TimeoutError):
            await until(partial(are_true, pair, symbol))
        truth = MARKET.truth(symbol, Interval.MINUTE, **span)
        assert follower.closed(pair, Interval.MINUTE, **span) == truth


async def first_news(source: BinanceSource) -> News:
    async with asyncio.timeout(10):
        while True:
            try:
                return await source.next_news()
            except Unavailable:
                continue


# What is followed


def test_the_reviewed_codes_are_assets_of_the_catalogue_each_once() -> None:
    codes, catalogue = load_codes("binance"), load_catalogue()
    assert all(catalogue.find_by_id(asset) for asset in codes.values())
    assert len(set(codes.values())) == len(codes)
    assert (codes["LUNC"], codes["LUNA"]) == ("terra-luna", "terra-luna-2")


def test_the_source_keeps_both_protocols(fake: FakeBinance) -> None:
    outbound = Outbound(fake.clock)
    source = open_binance(Settings.read(), outbound, load_catalogue(), fake.clock)
    as_source: MarketSource = source
    as_history: CandleHistory = source
    assert (as_source.name, as_history.name, as_source.state()) == ("binance", "binance", None)


def test_a_trade_pair_that_nobody_knows_stops_the_start(fake: FakeBinance) -> None:
    settings = Settings.read(binance_trade_pairs=("btc/nope",))
    with pytest.raises(UnknownAssetField):
        open_binance(settings, Outbound(fake.clock), load_catalogue(), fake.clock)


async def test_the_first_prices_are_there_before_the_stream_is(fake: FakeBinance) -> None:
    async with opened(fake) as source:
        assert not source.offers(BTC, Interval.MINUTE)
        news = await source.next_news()

        assert {tick.pair for tick in news.ticks} == {BTC, BNB, ETHBTC}  # reviewed, and traded now
        assert fake.connections == 0
        assert source.offers(BTC, Interval.MINUTE)
        assert not source.offers(Pair(AssetId("ripple"), TETHER), Interval.MINUTE)


async def test_one_connection_carries_everything_the_most_traded_first(fake: FakeBinance) -> None:
    async with opened(fake) as source:
        await source.next_news()
        await source.next_news()

    (streams,) = fake.subscribed
    assert streams == [
        "!miniTicker@arr",
        "btcusdt@trade",
        "btcusdt@kline_1m",
        "bnbusdt@kline_1m",
        "ethbtc@kline_1m",
    ]


async def test_many_streams_are_asked_for_in_parts(
    fake: FakeBinance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binance, "STREAMS_AT_ONCE", 2)
    monkeypatch.setattr(binance, "SUBSCRIBE_PAUSE_S", 0.0)
    async with opened(fake) as source, Follower(source):
        await until(lambda: len(fake.subscribed) == 3)
    assert [len(part) for part in fake.subscribed] == [2, 2, 1]


async def test_prices_trades_and_candles_follow_the_market(fake: FakeBinance) -> None:
    async with opened(fake) as source, Follower(source) as follower:
        span = two_minutes(source)
        await until(lambda: source.now_ms() > span["to_ms"] + MINUTE_MS + 10_000)
        entry = follower.board.get_entry(BNB)
        known = MARKET.between("BNBUSDT", START_MS, source.now_ms() + 1)
        await until_true(follower, (BTC, "BTCUSDT"), (BNB, "BNBUSDT"), (ETHBTC, "ETHBTC"), **span)

    assert entry.price.value in {deal.price for deal in known}
    assert entry.price.volume_24h is not None
    assert not follower.errors
    ids = [trade_id for _, trade_id in follower.trades]
    assert ids == list(range(ids[0], ids[-1] + 1))


# Away, and back


async def test_silence_is_noticed_and_the_source_comes_back(fake: FakeBinance) -> None:
    terms = replace(TERMS, idle_s=0.6)
    async with opened(fake, terms=terms) as source, Follower(source) as follower:
        await until(lambda: follower.trades)
        fake.silent = True
        await until(lambda: "source-timeout" in follower.errors)
        fake.silent = False
        heard = len(follower.trades)
        await until(lambda: len(follower.trades) > heard)


async def test_an_announced_shutdown_is_left_before_it_comes(fake: FakeBinance) -> None:
    async with opened(fake) as source, Follower(source) as follower:
        await until(lambda: follower.trades)
        await fake.say(json.dumps({"e": "serverShutdown", "E": fake.clock.now_ms()}))
        await until(lambda: fake.connections == 2)
        heard = len(follower.trades)
        await until(lambda: len(follower.trades) > heard)
        await until(lambda: not source.missing)
        ids = sorted(trade_id for _, trade_id in follower.trades)

    assert not follower.errors
    assert ids == list(range(ids[0], ids[0] + len(ids)))  # each once


async def test_a_connection_is_renewed_before_it_is_old(fake: FakeBinance) -> None:
    terms = SocketTerms(idle_s=5.0, rotate_after_s=0.3)
    async with opened(fake, terms=terms) as source, Follower(source) as follower:
        await until(lambda: fake.connections >= 3)
    assert not follower.errors


async def test_where_one_host_does_not_serve_us_the_next_one_does(fake: FakeBinance) -> None:
    async with FakeBinance(MARKET, fake.clock) as shut:
        shut.refuse_sockets = Trouble(status=451)
        shut.answer("/api/v3/exchangeInfo", *[Trouble(status=451)] * 9)
        async with opened(shut, fake) as source, Follower(source) as follower:
            await until(lambda: follower.trades)
            assert not follower.errors
        assert fake.connections == 1


async def test_served_nowhere_says_so_and_nothing_else(fake: FakeBinance) -> None:
    fake.answer("/api/v3/exchangeInfo", *[Trouble(status=451)] * 9)
    async with opened(fake) as source:
        with pytest.raises(SourceRestricted):
            await source.next_news()


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble(status=500),
        Trouble(status=503),
        Trouble(status=403),
        Trouble(body=b'{"symbols": 3}'),
        Trouble(body=b'{"symbols": []}'),
        Trouble(body=b'{"symbols": [{"symbol'),
        Trouble(cut=True),
        Trouble(status=429, headers={"Retry-After": "0"}),
        Trouble(status=418, headers={"Retry-After": "0"}),
    ],
)
async def test_a_start_that_fails_is_tried_again(fake: FakeBinance, trouble: Trouble) -> None:
    fake.answer("/api/v3/exchangeInfo", trouble)
    async with opened(fake) as source:
        with pytest.raises(Unavailable):
            await source.next_news()
        assert (await first_news(source)).ticks


# Waste


async def test_waste_between_good_messages_changes_nothing(fake: FakeBinance) -> None:
    now_ms = fake.clock.now_ms
    waste: list[Callable[[], str]] = [
        lambda: "{",
        lambda: '[{"e":"24hrMiniTicker"',
        lambda: "[1, null, []]",
        lambda: json.dumps([{"E": now_ms(), "s": "BNBUSDT", "c": "-1", "o": "1", "q": "1"}]),
        lambda: json.dumps([{"E": now_ms(), "s": "BNBUSDT", "c": "0", "o": "1", "q": "1"}]),
        lambda: json.dumps(
            {"e": "trade", "s": "BTCUSDT", "t": 10**15, "p": "1", "q": "1", "T": now_ms()}
        ),
        lambda: json.dumps({"e": "trade", "s": "WHAT", "t": 1, "p": "1", "q": "1", "T": now_ms()}),
        lambda: json.dumps({"e": "trade", "s": "BTCUSDT", "t": 1, "p": "nan", "q": "1", "T": 1}),
        lambda: json.dumps({"code": 2, "msg": "Invalid request", "id": 1}),
        lambda: "x" * 1_000,
    ]
    async with opened(fake) as source, Follower(source) as follower:
        span = two_minutes(source)
        await until(lambda: follower.trades)
        while source.now_ms() < span["to_ms"] + MINUTE_MS + 10_000:
            for make in waste:
                await fake.say(make())
            await asyncio.sleep(0.02)
        await until(lambda: not source.missing)
        await until_true(follower, (BTC, "BTCUSDT"), (BNB, "BNBUSDT"), **span)

    assert not follower.errors
    assert follower.board.get_entry(BNB).price.value > 100


async def test_half_messages_repeats_and_another_order_are_mended(fake: FakeBinance) -> None:
    """Each third message is cut in half, each fourth comes twice, each fifth comes late."""
    count, late = 0, list[str]()

    def mangle(text: str) -> list[str]:
        nonlocal count
        count += 1
        if count % 5 == 0:
            late.append(text)
            return []
        said = [text[: len(text) // 2]] if count % 3 == 0 else [text]
        said += [text] if count % 4 == 0 else []
        said += [late.pop()] if late and count % 7 == 0 else []
        return said

    fake.mangle = mangle
    async with opened(fake) as source, Follower(source) as follower:
        span = two_minutes(source)
        await until(lambda: source.now_ms() > span["to_ms"] + 2 * MINUTE_MS)
        fake.mangle = lambda text: [text]
        await until_true(follower, (BTC, "BTCUSDT"), (BNB, "BNBUSDT"), (ETHBTC, "ETHBTC"), **span)
        ids = [trade_id for _, trade_id in follower.trades]
    assert not follower.errors
    assert len(set(ids)) == len(ids)


# The past


async def test_candles_of_the_past_are_closed_ones_of_any_interval() -> None:
    async with FakeBinance(MARKET, WorldClock()) as fake, opened(fake) as source:
        fake.clock._began -= 100 * 60  # at this speed, 100 minutes have passed
        await source.next_news()
        span = {"from_ms": START_MS, "to_ms": START_MS + 2 * HOUR_MS}
        for interval in (Interval.SECOND, Interval.MINUTE, Interval.MINUTES_15, Interval.HOUR):
            candles = await source.list_candles(BTC, interval, **span)
            truth = MARKET.truth("BTCUSDT", interval, from_ms=START_MS, to_ms=source.now_ms())
            last_ms = interval.bucket_start(source.now_ms())
            wanted = [at for at in truth if at < last_ms][: len(candles)]
            assert [candle.open_time_ms for candle in candles] == wanted
            assert {candle.open_time_ms: candle[2:8] for candle in candles}.items() <= truth.items()
            assert not any(candle.forming for candle in candles)
        assert await source.list_candles(BTC, Interval.DAY, **span) == []
        assert await source.list_candles(Pair(TETHER, TETHER), Interval.DAY, **span) == []


async def test_seconds_in_which_nobody_traded_are_passed_over() -> None:
    """A thousand rows of nothing are not the end."""
    quiet = Market([Listed("BTCUSDT", "BTC", "USDT", "90000", per_minute=0.02)], minutes=600)
    first, second = next(
        (before, after)
        for before, after in pairwise(quiet.deals["BTCUSDT"])
        if after.time_ms - before.time_ms > 1_100_000
    )
    async with FakeBinance(quiet, WorldClock()) as fake, opened(fake) as source:
        fake.clock._began -= 600 * 60
        from_ms = Interval.SECOND.next_start(first.time_ms)
        candles = await source.list_candles(
            BTC, Interval.SECOND, from_ms=from_ms, to_ms=second.time_ms + 60_000
        )
    assert [candle.open_time_ms for candle in candles] == [
        Interval.SECOND.bucket_start(second.time_ms)
    ]


async def test_rows_that_cannot_be_right_are_left_out(fake: FakeBinance) -> None:
    def row(number: int, **wrong: object) -> list[object]:
        row: list[object] = [START_MS + number * MINUTE_MS, "2", "3", "1", "2", "5", 0, "1", 4]
        for at, value in wrong.items():
            row[int(at[1:])] = value
        return row

    rows = [
        row(0),
        row(1, _2="1.5"),
        row(2, _1="nan"),
        row(3, _1=5),
        row(3, _5="-1"),
        "row",
        row(4, _0=START_MS + 1),
        row(0),
        row(5),
        row(99_999_999),
        row(6, _8=0),
        row(7),
        row(8),
    ]
    fake.answer("/api/v3/klines", Trouble(body=json.dumps(rows).encode()))
    fake.clock._began -= 7  # 700 s of its world: all but nothing is closed
    async with opened(fake) as source:
        await source.next_news()
        candles = await source.list_candles(
            BTC, Interval.MINUTE, from_ms=START_MS, to_ms=START_MS + HOUR_MS
        )
    good = [
        Candle(Interval.MINUTE, START_MS + number * MINUTE_MS, 2.0, 3.0, 1.0, 2.0, 5.0, 4)
        for number in (0, 5, 7, 8)
    ]
    assert candles == good


async def test_a_refusal_says_why(fake: FakeBinance) -> None:
    body = b'{"code":-1121,"msg":"Invalid symbol."}'
    fake.answer("/api/v3/klines", Trouble(status=400, body=body))
    async with opened(fake) as source:
        await source.next_news()
        with pytest.raises(BinanceRefused, match=r"status 400, code -1121: Invalid symbol\."):
            await source.list_candles(BTC, Interval.DAY, from_ms=START_MS, to_ms=START_MS + 1)
