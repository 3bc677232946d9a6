import pytest

from plimsoll.insights.domain.bars import BadBars, Bars
from plimsoll.insights.domain.catalogue import ask, parse
from plimsoll.insights.domain.streaming import BarOutOfOrder, StreamSet
from tests.insights.walks import Shape, walk

MARKET = walk(Shape(seed=5, length=80))
HOUR_MS = 3_600_000


def test_looking_at_the_forming_candle_changes_nothing() -> None:
    streams = StreamSet(parse("rsi,macd,vwap,pivots,fibonacci(2)"), MARKET.first(60))
    forming = MARKET.bar(60)

    looks = [streams.peek(forming._replace(close=price)) for price in (forming.low, forming.high)]

    assert repr(looks[0]) != repr(looks[1])
    assert repr(streams.peek(forming)) == repr(streams.update(forming))


def test_a_bad_candle_is_refused_and_changes_nothing() -> None:
    streams, other = (StreamSet([ask("rsi")], MARKET.first(60)) for _ in range(2))
    bar = MARKET.bar(60)

    for bad in (bar._replace(close=float("nan")), bar._replace(volume=-1.0)):
        with pytest.raises(BadBars):
            streams.update(bad)
        with pytest.raises(BadBars):
            streams.peek(bad)

    assert streams.update(bar) == other.update(bar)


@pytest.mark.parametrize("late_ms", [HOUR_MS, 1, HOUR_MS * 9])
def test_a_candle_of_the_past_is_refused(late_ms: int) -> None:
    streams = StreamSet([ask("rsi")], MARKET.first(60))
    past = MARKET.bar(60)._replace(time_ms=MARKET.bar(60).time_ms - late_ms)

    with pytest.raises(BarOutOfOrder):
        streams.update(past)
    with pytest.raises(BarOutOfOrder):
        streams.peek(past)
    assert streams.segment_bars == 60


def test_after_a_hole_everything_begins_anew() -> None:
    streams = StreamSet([ask("sma", 2)], MARKET.first(60))
    later = MARKET.bar(60)._replace(time_ms=MARKET.bar(60).time_ms + HOUR_MS)

    assert repr(streams.peek(later)) == "[nan]"
    assert streams.segment_bars == 60
    assert repr(streams.update(later)) == "[nan]"
    assert streams.segment_bars == 1


def test_only_the_bars_after_the_last_hole_count() -> None:
    holed = walk(Shape(seed=5, length=80, holes=(70,)))
    assert StreamSet([ask("sma")], holed).segment_bars == 10


def test_a_set_can_begin_with_nothing() -> None:
    streams = StreamSet([ask("sma", 2)], Bars.none(HOUR_MS))
    assert streams.values is None

    for at in range(2):
        streams.update(MARKET.bar(at))

    assert streams.values == [pytest.approx((MARKET.close[0] + MARKET.close[1]) / 2)]
