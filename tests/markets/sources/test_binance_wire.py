"""Payloads as Binance documents them, and what else may come."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.domain.feeds import Trade
from plimsoll.markets.domain.prices import Pair, Price, Tick
from plimsoll.markets.sources import binance_wire as wire
from tests.fakes.binance_market import START, START_MS

PAIR = Pair(AssetId("bitcoin"), AssetId("tether"))
MINI = {
    "e": "24hrMiniTicker",
    "E": START_MS,
    "s": "BTCUSDT",
    "c": "90900.10000000",
    "o": "90000.00000000",
    "h": "91000.00000000",
    "l": "89000.00000000",
    "v": "1234.5",
    "q": "111000000.25",
}
BAR = {
    "t": START_MS,
    "T": START_MS + 59_999,
    "s": "BTCUSDT",
    "i": "1m",
    "f": 100,
    "L": 200,
    "o": "90000.0",
    "c": "90010.0",
    "h": "90020.0",
    "l": "89990.0",
    "v": "1.5",
    "n": 101,
    "x": True,
    "q": "135000.0",
    "V": "1",
    "Q": "1",
    "B": "0",
}
KLINE = {"e": "kline", "E": START_MS + 60_000, "s": "BTCUSDT", "k": BAR}
TRADE = {
    "e": "trade",
    "E": START_MS + 5,
    "s": "BTCUSDT",
    "t": 12345,
    "p": "90000.01",
    "q": "0.5",
    "T": START_MS,
    "m": True,
    "M": True,
}


def read(content: object) -> wire.Message | None:
    return wire.read_message(json.dumps(content).encode())


def counted(reason: str) -> float:
    labels = {"source": "binance", "reason": reason}
    return REGISTRY.get_sample_value("market_source_faults_total", labels) or 0.0


def test_a_mini_ticker_becomes_a_price() -> None:
    entries = read([MINI])
    assert isinstance(entries, list)
    (entry,) = entries
    tick = wire.to_tick(PAIR, START, close=entry.close, opened=entry.opened, volume=entry.volume)
    assert tick == Tick(
        PAIR,
        Price(
            Decimal("90900.1"),
            "binance",
            START,
            change_24h=Decimal("0.01000111"),
            volume_24h=Decimal("111000000.25"),
        ),
    )


def test_a_kline_becomes_a_candle() -> None:
    event = read(KLINE)
    assert isinstance(event, wire.KlineEvent)
    assert wire.bar_candle(event.bar) == Candle(
        Interval.MINUTE, START_MS, 90_000.0, 90_020.0, 89_990.0, 90_010.0, 1.5, 101
    )


def test_a_trade_is_one_of_floats() -> None:
    event = read(TRADE)
    assert isinstance(event, wire.TradeEvent)
    trade = wire.to_trade(PAIR, event.time_ms, event.id, event.price, event.quantity)
    assert trade == Trade(PAIR, START_MS, 12345, 90_000.01, 0.5)


def test_a_row_of_rest_becomes_a_candle() -> None:
    body = json.dumps(
        [[START_MS, "1", "2", "0.5", "1.5", "10", START_MS + 3_599_999, "12", 7, "1", "1", "0"]]
    ).encode()
    (row,) = wire.read_rows(body)
    candle = wire.row_candle(row, Interval.HOUR)
    assert candle == Candle(Interval.HOUR, START_MS, 1.0, 2.0, 0.5, 1.5, 10.0, 7)


@pytest.mark.parametrize(
    "content",
    [
        {"e": "serverShutdown", "E": START_MS},
        {"event": {"e": "serverShutdown", "E": START_MS}},
        {"stream": "x", "data": {"e": "serverShutdown", "E": START_MS}},
    ],
)
def test_a_shutdown_is_heard_in_any_envelope(content: object) -> None:
    assert isinstance(read(content), wire.Shutdown)


def test_replies_are_told_from_events() -> None:
    assert read({"result": None, "id": 3}) == wire.Reply(id=3)
    refused = read({"code": 2, "msg": "Invalid request", "id": 4})
    assert isinstance(refused, wire.Reply)
    assert refused.code == 2


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not-json"),
        (b"{", "not-json"),
        (b"\xff\xfe", "not-json"),
        (json.dumps(KLINE).encode()[:-20], "not-json"),
        (json.dumps([MINI]).encode()[:-20], "not-json"),
        (b'{"e":' * 5_000, "not-json"),
        (b"17", "wrong-type"),
        (b'{"e":"kline","E":1}', "wrong-type"),
        (b'{"e":"depthUpdate","E":1}', "wrong-type"),
        (json.dumps(TRADE | {"t": "many"}).encode(), "wrong-type"),
        (json.dumps(TRADE | {"p": 1.5}).encode(), "wrong-type"),
    ],
)
def test_waste_is_counted_and_left_out(data: bytes, reason: str) -> None:
    before = counted(reason)
    assert wire.read_message(data) is None
    assert counted(reason) == before + 1


def test_one_bad_entry_does_not_spoil_the_others() -> None:
    before = counted("wrong-type")
    entries = read([MINI, MINI | {"c": 1}, 3, None, MINI])
    assert isinstance(entries, list)
    assert len(entries) == 2
    assert counted("wrong-type") == before + 3


@pytest.mark.parametrize(
    "close", ["0", "-1", "NaN", "Infinity", "1e99", "1e-99", "abc", "", "1" * 50, "1e999999999"]
)
def test_what_is_no_price_is_left_out(close: str) -> None:
    assert wire.to_tick(PAIR, START, close=close, opened="1", volume="1") is None


@pytest.mark.parametrize("opened", ["0", "-5", "NaN", "Infinity"])
def test_a_change_that_cannot_be_told_is_unknown(opened: str) -> None:
    tick = wire.to_tick(PAIR, START, close="5", opened=opened, volume="-1")
    assert tick is not None
    assert (tick.price.change_24h, tick.price.volume_24h) == (None, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"l": "90005.0"},
        {"h": "90005.0"},
        {"o": "0"},
        {"c": "-1"},
        {"v": "-1"},
        {"v": "inf"},
        {"h": "nan"},
        {"o": "x"},
        {"n": 2**31},
        {"t": START_MS + 1},
        {"t": START_MS * 1000},
        {"t": -60_000},
    ],
)
def test_a_candle_that_cannot_have_happened_is_left_out(wrong: dict[str, object]) -> None:
    event = read(KLINE | {"k": BAR | wrong})
    assert isinstance(event, wire.KlineEvent)
    assert wire.bar_candle(event.bar) is None


@pytest.mark.parametrize(
    "wrong",
    [{"p": "0"}, {"p": "nan"}, {"p": "inf"}, {"q": "-1"}, {"q": "x"}, {"t": -1}, {"T": 0}],
)
def test_a_trade_that_cannot_have_happened_is_left_out(wrong: dict[str, object]) -> None:
    event = read(TRADE | wrong)
    assert isinstance(event, wire.TradeEvent)
    assert wire.to_trade(PAIR, event.time_ms, event.id, event.price, event.quantity) is None


def test_a_stamp_of_the_future_or_of_no_time_is_now() -> None:
    assert wire.moment(START_MS - 5, START) == START - timedelta(milliseconds=5)
    assert wire.moment(START_MS + 5, START) == START
    assert wire.moment(0, START) == START
    assert wire.moment(2**70, START) == START


@given(st.binary(max_size=80) | st.text(max_size=60).map(str.encode))
def test_no_bytes_raise(data: bytes) -> None:
    wire.read_message(data)
    wire.read_message(b"[" + data)
    wire.read_message(b'{"e":"trade",' + data)
