"""The real ccxt, talking to a local server that plays one of its venues well and badly."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import ccxt.async_support
import pytest

from plimsoll.kernel.clock import from_ms, to_ms
from plimsoll.kernel.errors import Unavailable
from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.candles import HOUR_MS, Candle, Interval
from plimsoll.markets.domain.feeds import Trade
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.markets.sources import ccxt_venue
from plimsoll.markets.sources.ccxt_venue import (
    CcxtMissing,
    CcxtVenue,
    VenueNotReviewed,
    VenueUnknown,
    open_ccxt,
)
from plimsoll.markets.sources.reading import VenueRefused
from plimsoll.plumbing.outbound import SourceRateLimited, SourceTimeout, SourceUnreachable
from plimsoll.settings import Settings
from tests.fakes.clock import START, ManualClock
from tests.fakes.http import FakeServer, Fault, Reply, json_reply

BTC = Pair(AssetId("bitcoin"), AssetId("usd"))
CODES = {"BTC": AssetId("bitcoin"), "USD": AssetId("usd"), "EUR": AssetId("eur")}
NOW_MS = to_ms(START)
LISTING, TICKERS, ROWS = "/v2/markets/", "/v2/ticker/", "/v2/ohlc/btcusd/"


def market(base: str, quote: str, *, trading: str = "Enabled") -> dict[str, object]:
    return {
        "name": f"{base}/{quote}",
        "market_symbol": f"{base}{quote}".lower(),
        "base_currency": base,
        "base_decimals": 8,
        "counter_currency": quote,
        "counter_decimals": 2,
        "minimum_order_value": "10",
        "trading": trading,
        "instant_order_counter_decimals": 2,
        "instant_and_market_orders": "Enabled",
        "description": f"{base} coin / {quote} money",
        "market_type": "SPOT",
    }


def ticker(pair: str, last: str, *, at_ms: int = NOW_MS - 5_000) -> dict[str, str]:
    return {
        "timestamp": str(at_ms // 1000),
        "last": last,
        "open": "25000",
        "vwap": "25000.5",
        "volume": "2.00000002",
        "pair": pair,
    }


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        listed = [market("BTC", "USD"), market("NEWCOIN", "USD"), market("BTC", "EUR")]
        listed[2]["trading"] = "Disabled"
        server.on(LISTING, json_reply(listed))
        server.on(
            TICKERS,
            json_reply([ticker("BTC/USD", "26216.123456789012345"), ticker("NEWCOIN/USD", "1")]),
        )
        yield server


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def venue(server: FakeServer, clock: ManualClock) -> AsyncIterator[CcxtVenue]:
    """Bitstamp as ccxt knows it, at another address."""
    exchange = ccxt.async_support.bitstamp({"enableRateLimit": False})
    exchange.urls["api"] = {"public": server.url, "private": server.url}
    venue = CcxtVenue(exchange, CODES, clock, interval_s=60)
    yield venue
    await venue.aclose()


async def test_a_round_gives_the_prices_of_reviewed_pairs(venue: CcxtVenue) -> None:
    news = await venue.next_news()
    [tick] = news.ticks
    assert (tick.pair, tick.price.value) == (BTC, Decimal("26216.123456789012345"))
    assert (tick.price.source, tick.price.at) == ("bitstamp", from_ms(NOW_MS - 5_000))
    assert tick.price.volume_24h == Decimal("50001.00050001")
    assert tick.price.change_24h == pytest.approx(Decimal("0.04864494"), abs=Decimal("1e-7"))
    stamp = NOW_MS - 5_000
    assert news.trades == [Trade(BTC, stamp, stamp, 26216.123456789012345, 0.0)]
    assert venue.name == "bitstamp"
    assert venue.now_ms() == NOW_MS
    assert not venue.pushes


async def test_rounds_are_ten_seconds_apart_and_a_price_is_observed_once(
    venue: CcxtVenue, clock: ManualClock, server: FakeServer
) -> None:
    await venue.next_news()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(venue.next_news(), 0.1)
    clock.advance(10)
    news = await venue.next_news()
    assert (len(news.ticks), news.trades) == (1, [])
    assert len(server.asked(LISTING)) == 1


@pytest.mark.parametrize("last", ["0", "-1", "1e99", ""])
async def test_an_absurd_price_is_left_out(venue: CcxtVenue, server: FakeServer, last: str) -> None:
    server.on(TICKERS, json_reply([ticker("BTC/USD", last)]))
    assert list((await venue.next_news()).ticks) == []


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(status=429), SourceRateLimited),
        (Reply(status=503), SourceUnreachable),
        (Reply(fault=Fault.RESET), SourceUnreachable),
        (Reply(body=b"<html>"), VenueRefused),
        (Reply(body=b"[[]]"), VenueRefused),
        (json_reply([ticker("BTC/USD", "free")]), VenueRefused),
        (json_reply({"status": "error", "reason": "no"}), VenueRefused),
    ],
)
async def test_what_goes_wrong_has_a_name_and_the_next_round_is_later(
    venue: CcxtVenue, server: FakeServer, clock: ManualClock, reply: Reply, kind: type[Unavailable]
) -> None:
    good = json_reply([ticker("BTC/USD", "26216")])
    server.on(TICKERS, reply)
    with pytest.raises(kind):
        await venue.next_news()
    clock.advance(15)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(venue.next_news(), 0.1)
    server.on(TICKERS, good)
    clock.advance(60)
    assert len((await venue.next_news()).ticks) == 1


async def test_silence_has_a_name(
    venue: CcxtVenue, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ccxt_venue, "ANSWER_S", 0.2)
    server.on(TICKERS, Reply(fault=Fault.SILENCE))
    with pytest.raises(SourceTimeout):
        await venue.next_news()


async def test_a_venue_of_which_nothing_is_known_is_refused(
    venue: CcxtVenue, server: FakeServer
) -> None:
    server.on(LISTING, json_reply([market("NEWCOIN", "USD")]))
    with pytest.raises(VenueRefused):
        await venue.next_news()


def row(at_ms: int, close: str = "2.5", *, volume: str = "7", high: str = "3") -> dict[str, str]:
    stamp = str(at_ms // 1000)
    return {
        "timestamp": stamp,
        "open": "2",
        "high": high,
        "low": "1",
        "close": close,
        "volume": volume,
    }


async def test_candles_are_asked_for_and_only_sound_ones_are_told(
    venue: CcxtVenue, server: FakeServer
) -> None:
    assert not venue.offers(BTC, Interval.HOUR)
    await venue.next_news()
    assert venue.offers(BTC, Interval.HOUR)
    assert not venue.offers(BTC, Interval.MONTH)
    hours = [NOW_MS - back * HOUR_MS for back in range(7, -1, -1)]
    rows = [
        row(hours[0]),
        row(hours[1], high="0.5"),
        row(hours[2], volume="0"),
        row(hours[3], close="free"),
        row(hours[4] + 60_000),
        row(hours[5], close="1.5"),
        row(hours[7]),
    ]
    server.on(ROWS, json_reply({"data": {"pair": "BTC/USD", "ohlc": rows}}))

    candles = await venue.list_candles(BTC, Interval.HOUR, from_ms=hours[0], to_ms=NOW_MS + HOUR_MS)

    assert candles == [
        Candle(Interval.HOUR, hours[0], 2.0, 3.0, 1.0, 2.5, 7.0),
        Candle(Interval.HOUR, hours[5], 2.0, 3.0, 1.0, 1.5, 7.0),
    ]
    assert server.asked(ROWS)[0].query["start"] == str(hours[0] // 1000)
    assert await venue.list_candles(BTC, Interval.HOUR, from_ms=NOW_MS, to_ms=NOW_MS) == []


async def test_a_mapping_of_ones_own_opens_a_venue(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "assets_bitstamp.csv").write_text("code,asset\nBTC,bitcoin\nUSD,usd\n")
    settings = Settings.read(venue_assets_dir=tmp_path, poll_interval_s=5)
    venue = open_ccxt("bitstamp", settings, load_catalogue(), clock)
    assert (venue.name, venue.silence_s) == ("bitstamp", 45)
    await venue.aclose()


@pytest.mark.parametrize(
    ("name", "text", "kind", "words"),
    [
        ("bitstamp", None, VenueNotReviewed, "assets_bitstamp.csv"),
        ("bitstamp", "code,asset\n", VenueNotReviewed, "PLIMSOLL_VENUE_ASSETS_DIR"),
        ("bitstamp", "code,asset\nBTC,bitcoyn\n", VenueNotReviewed, "bitcoyn"),
        ("mtgox", None, VenueUnknown, "mtgox"),
    ],
)
def test_a_venue_that_nobody_reviewed_is_refused_with_the_way_to_add_it(
    tmp_path: Path, name: str, text: str | None, kind: type[Exception], words: str
) -> None:
    if text is not None:
        (tmp_path / "assets_bitstamp.csv").write_text(text)
    settings = Settings.read(venue_assets_dir=tmp_path)
    with pytest.raises(kind, match=words):
        open_ccxt(name, settings, load_catalogue(), ManualClock())


def test_without_the_extra_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ccxt.async_support", None)
    with pytest.raises(CcxtMissing, match=r"plimsoll\[ccxt\]"):
        open_ccxt("bitstamp", Settings.read(), load_catalogue(), ManualClock())
