"""The dialect of Kraken; what it shares with others is in test_trade_stream.py."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
import stamina

from plimsoll.kernel.clock import to_ms
from plimsoll.markets.domain.candles import HOUR_MS, MINUTE_MS, Candle, Interval
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.markets.sources.kraken import MINUTES, Kraken
from plimsoll.markets.sources.reading import VenueRefused
from plimsoll.markets.sources.trade_stream import Said
from plimsoll.markets.sources.venues import load_codes
from plimsoll.plumbing.outbound import Outbound
from tests.fakes.clock import START, ManualClock
from tests.fakes.http import FakeServer, json_reply
from tests.fakes.kraken import FakeKraken
from tests.fakes.venue import RunningClock
from tests.markets.sources.streams import BTC, ETH, count_faults, following, until

NOW_MS = to_ms(START)
PAIRS, OHLC = "/0/public/AssetPairs", "/0/public/OHLC"
LISTED = {
    "XXBTZUSD": {"altname": "XBTUSD", "wsname": "XBT/USD", "status": "online"},
    "XETHZUSD": {"altname": "ETHUSD", "wsname": "ETH/USD", "status": "online"},
    "XDGUSD": {"altname": "XDGUSD", "wsname": "XDG/USD", "status": "online"},
    "XLTCZUSD": {"altname": "LTCUSD", "wsname": "LTC/USD", "status": "cancel_only"},
    "NEWUSD": {"altname": "NEWUSD", "wsname": "NEW/USD", "status": "online"},
    "ODD": {"altname": "ODD", "wsname": "ODD", "status": "online"},
    "DARK": {"altname": "XBTUSD.d", "status": "online"},
    "WRONG": 7,
}


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        server.on(PAIRS, json_reply({"error": [], "result": LISTED}))
        yield server


@pytest.fixture
async def kraken(server: FakeServer) -> AsyncIterator[Kraken]:
    clock = ManualClock()
    outbound = Outbound(clock)
    with stamina.set_testing(True, attempts=1):
        yield Kraken(outbound.source("kraken", base_url=server.url, per_minute=1000), clock)
    await outbound.aclose()


async def test_markets_are_followed_by_reviewed_names_under_the_spelling_of_the_stream(
    kraken: Kraken,
) -> None:
    listed = await kraken.list_pairs()
    assert {"/".join(pair): name for pair, name in listed.items()} == {
        "bitcoin/usd": "XBTUSD",
        "ethereum/usd": "ETHUSD",
        "dogecoin/usd": "XDGUSD",
    }
    assert next(iter(listed)) == BTC, "the weightiest first"
    requests = b"".join(kraken.requests())
    assert b'"BTC/USD"' in requests
    assert b'"DOGE/USD"' in requests
    assert b"XBT" not in requests


async def test_many_markets_are_subscribed_in_parts(kraken: Kraken) -> None:
    kraken._pairs = {f"{number}/USD": BTC for number in range(250)}
    assert len(kraken.requests()) == 6


async def test_a_ticker_is_a_price_with_its_day(kraken: Kraken) -> None:
    await kraken.list_pairs()
    said = Said()
    kraken.read(
        b'{"channel":"ticker","type":"snapshot","data":[{"symbol":"BTC/USD","bid":1,"ask":2,'
        b'"last":60123.4567890123456789,"volume":1000.5,"vwap":60000.2,"low":1,"high":2,'
        b'"change":-5.5,"change_pct":-1.5}]}',
        said,
    )
    [tick] = said.ticks
    assert (tick.pair, tick.price.value) == (BTC, Decimal("60123.4567890123456789"))
    assert tick.price.change_24h == Decimal("-0.015")
    assert tick.price.volume_24h == Decimal("1000.5") * Decimal("60000.2")
    assert (tick.price.source, tick.price.at) == ("kraken", START)


@pytest.mark.parametrize("said", ["0", "-3", "1e99", '"NaN"', '"sNaN"', '"Infinity"', "1e-99"])
async def test_absurd_figures_of_a_ticker_are_left_out(kraken: Kraken, said: str) -> None:
    await kraken.list_pairs()
    good = '"symbol":"ETH/USD","last":7'
    rest = f'"volume":{said},"vwap":{said},"change_pct":{said}'
    bad = f'"symbol":"BTC/USD","last":{said}'
    heard = Said()
    message = f'{{"channel":"ticker","data":[{{{bad},{rest}}},{{{good},{rest}}}]}}'
    kraken.read(message.encode(), heard)
    [tick] = heard.ticks
    assert tick.pair == ETH
    assert tick.price.volume_24h in {None, 0}


async def test_trades_of_a_message_come_in_the_order_of_their_numbers(kraken: Kraken) -> None:
    await kraken.list_pairs()
    trades = ",".join(
        f'{{"symbol":"ETH/USD","side":"buy","price":2000.5,"qty":{number}.25,"ord_type":"limit",'
        f'"trade_id":{number},"timestamp":"2026-01-01T00:00:0{number}.123456Z"}}'
        for number in (3, 1, 2)
    )
    said = Said()
    kraken.read(f'{{"channel":"trade","type":"snapshot","data":[{trades}]}}'.encode(), said)
    assert [trade[1:] for trade in said.trades] == [
        (NOW_MS + number * 1000 + 123, number, 2000.5, number + 0.25) for number in (1, 2, 3)
    ]


def row(at_ms: int, close: str = "2.5", *, trades: int = 3, high: str = "3") -> list[object]:
    return [at_ms // 1000, "2", high, "1", close, "2.2" if trades else "0.0", "7.5", trades]


async def test_candles_are_read_whatever_their_series_is_called(
    kraken: Kraken, server: FakeServer
) -> None:
    hours = [NOW_MS - back * HOUR_MS for back in range(6, -1, -1)]
    rows = [
        row(hours[0]),
        row(hours[1]),
        row(hours[2], trades=0),
        row(hours[3], high="0.5"),
        row(hours[4] + 1_000),
        "waste",
        row(hours[5], close="1.5"),
        row(hours[6]),
    ]
    server.on(
        OHLC, json_reply({"error": [], "result": {"XXBTZUSD": rows, "last": hours[5] // 1000}})
    )
    before = count_faults("kraken")

    candles = await kraken.list_candles(
        "XBTUSD", Interval.HOUR, from_ms=hours[1], to_ms=NOW_MS + HOUR_MS
    )

    assert candles == [
        Candle(Interval.HOUR, hours[1], 2.0, 3.0, 1.0, 2.5, 7.5, 3),
        Candle(Interval.HOUR, hours[5], 2.0, 3.0, 1.0, 1.5, 7.5, 3),
    ], "neither where nobody traded nor what is unfinished"
    assert server.requests[0].query == {
        "pair": "XBTUSD",
        "interval": "60",
        "since": str(hours[1] // 1000 - 1),
    }
    after = count_faults("kraken")
    more = {name: after[name] - before.get(name, 0) for name in after}
    assert (more["not-sound"], more["off-grid"], more["wrong-type"]) == (1, 1, 1)


@pytest.mark.parametrize(
    "content",
    [
        {"error": ["EGeneral:Too many requests"]},
        {"error": []},
        {"error": [], "result": {"last": 1}},
        {"error": [], "result": {"A": [], "B": [], "last": 1}},
        {"error": [], "result": {"A": 7}},
        [],
    ],
)
async def test_an_answer_without_a_series_is_a_refusal(
    kraken: Kraken, server: FakeServer, content: object
) -> None:
    server.on(OHLC, json_reply(content))
    with pytest.raises(VenueRefused):
        await kraken.list_candles("XBTUSD", Interval.DAY, from_ms=0, to_ms=NOW_MS)


def test_its_weeks_and_months_are_not_ours() -> None:
    assert set(Interval) - MINUTES.keys() == {"1s", "1w", "1M"}


def test_the_reviewed_codes_name_assets_of_the_catalogue() -> None:
    catalogue, codes = load_catalogue(), load_codes("kraken")
    assert all(catalogue.find_by_id(asset) for asset in codes.values())
    assert (codes["XBT"], codes["XDG"], codes["LUNA"]) == ("bitcoin", "dogecoin", "terra-luna")


async def test_what_a_snapshot_tells_is_no_hole() -> None:
    clock = RunningClock()
    async with FakeKraken(clock, ["BTC/USD", "ETH/USD"]) as venue, following(venue) as desk:
        await until(lambda: len(venue.subscriptions) == 2)
        await venue.trade("BTC/USD")
        await until(lambda: desk.trades)
        await venue.kill()
        for _ in range(20):
            await venue.trade("BTC/USD")
        await venue.start()
        await until(lambda: len(desk.trades) == 21)
        began_ms = to_ms(START)
        assert {hole.from_ms for hole in desk.stream.missing.values()} == {began_ms}
        assert {hole.to_ms for hole in desk.stream.missing.values()} == {began_ms + MINUTE_MS}
