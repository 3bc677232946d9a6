"""Candles as text and back, and windows of them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import format_amount
from plimsoll.markets.domain.candles import MINUTE_MS, Candle, Interval
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.service import window
from plimsoll.markets.service.window import Window, Windows, decimals, decode, encode

BTC = Pair(AssetId("bitcoin"), AssetId("tether"))
POSITIVE = st.floats(min_value=0, allow_infinity=False)


def minute(number: int, close: float = 1.0) -> Candle:
    return Candle(Interval.MINUTE, number * MINUTE_MS, 1.0, 2.0, 0.5, close, 0.1 + 0.2, 3)


@given(st.lists(POSITIVE, min_size=1, max_size=20))
def test_every_float_is_written_as_the_shortest_decimal_without_an_exponent(
    values: list[float],
) -> None:
    for value, text in zip(values, decimals(values), strict=True):
        assert text.decode() == format_amount(Decimal(repr(value)))


@given(POSITIVE, POSITIVE, st.booleans(), st.booleans())
def test_what_is_written_reads_back_as_the_same_candle(
    price: float,
    volume: float,
    forming: bool,  # noqa: FBT001 - drawn
    amended: bool,  # noqa: FBT001
) -> None:
    candle = Candle(Interval.HOUR, 3_600_000, price, price, price, price, volume, 7)
    candle = candle._replace(forming=forming, amended=amended and not forming)
    assert decode(encode([candle]), Interval.HOUR) == [candle]


def test_nothing_is_written_as_nothing() -> None:
    assert encode([]) == []
    assert decode([], Interval.HOUR) == []


def test_a_window_answers_what_lies_within() -> None:
    known = Window(Interval.MINUTE, [minute(number) for number in (1, 2, 4, 5)])
    assert known.whole

    def times(**bounds: int) -> tuple[list[int], bool]:
        found = known.find(**({"from_ms": 0, "to_ms": 10**9, "limit": 10} | bounds))
        assert found
        read = decode(found.rows, Interval.MINUTE)
        assert found.first_ms == (read[0].open_time_ms if read else None)
        return [each.open_time_ms // MINUTE_MS for each in read], found.more

    assert times() == ([1, 2, 4, 5], False)
    assert times(limit=2) == ([4, 5], True)
    assert times(from_ms=2 * MINUTE_MS, to_ms=5 * MINUTE_MS) == ([2, 4], False)
    assert times(from_ms=3 * MINUTE_MS, to_ms=4 * MINUTE_MS) == ([], False)
    assert times(from_ms=9 * MINUTE_MS, to_ms=MINUTE_MS) == ([], False)


def test_a_window_says_so_when_older_candles_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "LENGTH", 4)
    known = Window(Interval.MINUTE, [minute(number) for number in range(10, 14)])
    assert not known.whole
    assert known.find(from_ms=0, to_ms=10**9, limit=5) is None
    assert known.find(from_ms=0, to_ms=11 * MINUTE_MS, limit=2) is None
    inside = known.find(from_ms=10 * MINUTE_MS, to_ms=10**9, limit=5)
    assert inside
    assert not inside.more
    full = known.find(from_ms=0, to_ms=10**9, limit=4)
    assert full
    assert full.more, "what is older is in the store"


def test_a_window_follows_what_closes_and_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "LENGTH", 4)
    monkeypatch.setattr(window, "SLACK", 2)
    known = Window(Interval.MINUTE, [minute(number) for number in range(10, 14)])
    known.put(minute(5))
    known.put(minute(15))
    known.put(minute(14))
    known.put(minute(12, 1.5))
    assert known.times == [number * MINUTE_MS for number in range(10, 16)]
    assert b'"close":"1.5"' in known.rows[2]
    known.put(minute(16))
    assert known.times == [number * MINUTE_MS for number in range(12, 17)]
    fresh = Window(Interval.MINUTE, decode(known.rows, Interval.MINUTE))
    assert known.size == fresh.size


def test_the_window_that_nobody_asks_for_goes_first() -> None:
    size = Window(Interval.MINUTE, [minute(1)]).size
    windows = Windows(most_bytes=2 * size)
    keys = [(BTC, interval) for interval in (Interval.MINUTE, Interval.HOUR, Interval.DAY)]
    for key in keys[:2]:
        windows.add(key, Window(key[1], [minute(1)]))
    assert windows.find(keys[0])
    windows.add(keys[2], Window(keys[2][1], [minute(1)]))
    assert [windows.find(key) is None for key in keys] == [False, True, False]
    assert windows.size == 2 * size
    windows.note(BTC, minute(2))
    assert len(windows) == 1, "it grew, so another had to go"
