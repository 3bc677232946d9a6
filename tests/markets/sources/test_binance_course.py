"""What is missing, from what came."""

import random

from hypothesis import given
from hypothesis import strategies as st

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.candles import MINUTE_MS, Candle, Interval
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.sources.binance_course import FAR, MOST_GAPS, Course, Gap, TradeIds
from plimsoll.markets.sources.binance_wire import Bar, KlineEvent, TradeEvent
from tests.fakes.binance_market import START_MS

PAIR = Pair(AssetId("bitcoin"), AssetId("tether"))
NOW_MS = START_MS + 10 * MINUTE_MS + 30_000


def minute(number: int) -> int:
    return START_MS + number * MINUTE_MS


def bar(
    number: int, *, closed: bool = True, trades: int = 5, said_ms: int = NOW_MS, close: str = "11"
) -> KlineEvent:
    values = Bar(minute(number), "1m", "10", "12", "9", close, "3", trades, closed)
    return KlineEvent(said_ms, "BTCUSDT", values)


def high_bar(number: int) -> KlineEvent:
    """A thousandfold."""
    values = Bar(minute(number), "1m", "10000", "12000", "9000", "11000", "3", 5, closed=True)
    return KlineEvent(NOW_MS, "BTCUSDT", values)


def candle_of(number: int, *, close: float) -> Candle:
    values = (close, close, close, close)
    return Candle(Interval.MINUTE, minute(number), *values, 3.0, 5)


def trade(trade_id: int, time_ms: int = NOW_MS) -> TradeEvent:
    return TradeEvent("BTCUSDT", trade_id, "10", "1", time_ms)


def course(*, by_trades: bool = False) -> Course:
    """One that is connected and whose last closed minute is the ninth."""
    made = Course("BTCUSDT", PAIR, rank=0, by_trades=by_trades, since_ms=NOW_MS)
    made.reconnected(NOW_MS)
    return made


def test_a_first_connection_misses_nothing() -> None:
    assert not course().missing


def test_a_first_connection_that_took_minutes_misses_those() -> None:
    one = Course("BTCUSDT", PAIR, rank=0, by_trades=False, since_ms=NOW_MS)
    one.reconnected(NOW_MS + 3 * MINUTE_MS)
    assert one.minutes_from_ms == minute(9)


def test_after_another_connection_everything_since_the_last_closed_minute_is_asked_for() -> None:
    one = course()
    one.take_bar(bar(10), NOW_MS + MINUTE_MS)
    one.reconnected(NOW_MS + 5 * MINUTE_MS)
    assert one.minutes_from_ms == minute(10)  # once more: a bar of overlap


def test_a_minute_that_is_left_out_shows_in_the_next_one() -> None:
    one = course()
    assert one.take_bar(bar(10), NOW_MS + 5 * MINUTE_MS)
    assert not one.missing
    assert one.take_bar(bar(12), NOW_MS + 5 * MINUTE_MS)
    assert one.minutes_from_ms == minute(10)


def test_a_closed_minute_that_cannot_be_read_is_missed() -> None:
    one = course()
    assert one.take_bar(bar(10, close="x"), NOW_MS + 5 * MINUTE_MS) is None
    one.take_bar(bar(11), NOW_MS + 5 * MINUTE_MS)
    assert one.minutes_from_ms == minute(9)


def test_a_closed_minute_far_from_the_one_before_is_asked_for_once_more() -> None:
    one = course()
    one.take_bar(bar(10), NOW_MS + 5 * MINUTE_MS)
    assert one.take_bar(high_bar(11), NOW_MS + 5 * MINUTE_MS)
    assert one.minutes_from_ms == minute(10), "the first one may be the wrong one"


def test_every_minute_of_a_run_far_away_is_asked_for_until_it_is_told() -> None:
    one = course()
    one.take_bar(bar(10), NOW_MS + 5 * MINUTE_MS)
    one.confirm(candle_of(10, close=11.0))
    for number in (11, 12):
        one.minutes_from_ms = None
        one.take_bar(high_bar(number), NOW_MS + 5 * MINUTE_MS)
        assert one.minutes_from_ms == minute(number)
    one.confirm(candle_of(12, close=11_000.0))
    one.minutes_from_ms = None
    one.take_bar(high_bar(13), NOW_MS + 5 * MINUTE_MS)
    assert one.minutes_from_ms is None, "the market is really there"


def test_a_wrong_first_level_is_asked_for_with_the_minute_that_contradicts_it() -> None:
    one = course()
    for number in (10, 11):
        one.take_bar(high_bar(number), NOW_MS + 5 * MINUTE_MS)
    assert not one.missing
    one.take_bar(bar(12), NOW_MS + 5 * MINUTE_MS)
    assert one.minutes_from_ms == minute(10)


def test_a_minute_in_which_nobody_traded_is_no_candle_and_no_hole() -> None:
    one = course()
    assert one.take_bar(bar(10, trades=0), NOW_MS + 5 * MINUTE_MS) is None
    assert one.take_bar(bar(11), NOW_MS + 5 * MINUTE_MS)
    assert not one.missing


def test_what_forms_is_told_in_the_order_of_time_only() -> None:
    one = course()
    assert one.take_bar(bar(10, closed=False, said_ms=NOW_MS), NOW_MS)
    assert one.take_bar(bar(10, closed=False, said_ms=NOW_MS - 1), NOW_MS) is None  # older
    assert one.take_bar(bar(10), NOW_MS)
    assert one.take_bar(bar(10, closed=False, said_ms=NOW_MS + 1), NOW_MS) is None  # it is over


def test_a_bar_of_the_future_is_not_believed() -> None:
    one = course()
    assert one.take_bar(bar(12), NOW_MS) is None
    assert one.take_bar(bar(10, closed=False, said_ms=NOW_MS * 2), NOW_MS) is None
    assert one.take_bar(bar(10, closed=False), NOW_MS)  # and poisons nothing


def test_of_a_pair_followed_by_trades_only_minutes_it_did_not_see_whole_form_from_bars() -> None:
    one = course(by_trades=True)
    assert one.take_bar(bar(10, closed=False), NOW_MS)
    later_ms = NOW_MS + MINUTE_MS
    assert one.take_bar(bar(11, closed=False, said_ms=later_ms), later_ms) is None
    assert one.take_bar(bar(11), NOW_MS + 2 * MINUTE_MS)  # closed ones always
    one.take_trade(trade(5, later_ms), later_ms)
    one.take_trade(trade(9, later_ms + 1), later_ms)
    assert (
        one.take_bar(bar(12, closed=False, said_ms=NOW_MS + 2 * MINUTE_MS), NOW_MS + 2 * MINUTE_MS)
        is None
    )


def test_a_hole_in_the_ids_makes_the_minute_form_from_bars() -> None:
    one = course(by_trades=True)
    later_ms = NOW_MS + MINUTE_MS
    one.take_trade(trade(5, later_ms), later_ms)
    one.take_trade(trade(9, later_ms), later_ms)
    assert one.missing
    assert one.take_bar(bar(11, closed=False, said_ms=later_ms), later_ms)


def test_ids_that_are_left_out_are_a_gap_and_repeats_are_nothing() -> None:
    ids = TradeIds()
    assert [ids.take(number, 100 + number) for number in (7, 8, 8, 7, 12)] == [
        True,
        True,
        False,
        False,
        True,
    ]
    assert ids.gaps == [Gap(9, 11, 108, 112)]
    assert ids.take(10, 110)
    assert ids.gaps == [Gap(9, 9, 108, 110), Gap(11, 11, 110, 112)]
    assert ids.take(11, 111)
    assert ids.take(9, 109)
    assert not ids.gaps


def test_one_wild_id_does_not_outlaw_the_true_ones() -> None:
    ids = TradeIds()
    ids.take(7, 100)
    assert not ids.take(7 + 2 * FAR, 101)
    assert ids.take(8, 102)
    assert not ids.gaps


def test_a_jump_that_goes_on_is_believed() -> None:
    ids = TradeIds()
    ids.take(7, 100)
    assert not ids.take(7 + 2 * FAR, 101)
    assert ids.take(8 + 2 * FAR, 102)
    assert ids.gaps == [Gap(8, 7 + 2 * FAR, 100, 102)]


def test_gaps_are_bounded() -> None:
    ids = TradeIds()
    for number in range(3 * MOST_GAPS):
        ids.take(2 * number, number)
    assert len(ids.gaps) == MOST_GAPS


@given(st.integers(0, 2**32), st.integers(1, 60))
def test_each_trade_is_taken_once_and_what_did_not_come_is_known(seed: int, count: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - orders, not secrets
    sent = sorted(dice.sample(range(100), min(count, 100)))
    shuffled = [number for number in sent for _ in range(dice.randint(1, 3))]
    first = shuffled[0]
    rest = shuffled[1:]
    dice.shuffle(rest)
    ids = TradeIds()
    taken = [number for number in [first, *rest] if ids.take(number, number)]

    missing = {number for gap in ids.gaps for number in range(gap.first, gap.last + 1)}
    assert sorted(taken) == sent
    assert missing == set(range(sent[0], sent[-1] + 1)) - set(sent)
