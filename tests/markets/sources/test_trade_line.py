from hypothesis import given
from hypothesis import strategies as st

from plimsoll.markets.domain.candles import MINUTE_MS
from plimsoll.markets.sources.trade_line import FAR, Hole, Place, TradeLine

BEGAN_MS = 1_767_225_600_000 + 30_000
MINUTE_0 = BEGAN_MS - 30_000


def minutes(first: int, last: int) -> Hole:
    """From one minute up to another, counted from the one in which the line began."""
    return Hole(MINUTE_0 + first * MINUTE_MS, MINUTE_0 + last * MINUTE_MS)


def whole_line() -> TradeLine:
    """One that has heard trade 10 a minute after it began, and misses nothing."""
    line = TradeLine(BEGAN_MS)
    assert line.place(10, BEGAN_MS + MINUTE_MS) is Place.NEW
    line.repaired(minutes(0, 1))
    assert line.hole is None
    return line


def test_the_minute_in_which_it_began_is_a_hole() -> None:
    line = TradeLine(BEGAN_MS)
    assert line.hole == minutes(0, 1)


def test_so_is_the_time_that_the_first_connection_took() -> None:
    line = TradeLine(BEGAN_MS, missed_from_ms=BEGAN_MS - 3 * MINUTE_MS)
    assert line.hole == minutes(-3, 1)


def test_what_was_traded_before_is_not_followed_and_counts_on() -> None:
    line = TradeLine(BEGAN_MS)
    for number in range(5, 10):
        assert line.place(number, BEGAN_MS - 100_000 + number) is Place.KNOWN
    assert line.place(10, BEGAN_MS + 1) is Place.NEW
    assert line.hole == minutes(0, 1)


def test_the_next_number_is_new_and_the_same_one_is_known() -> None:
    line = whole_line()
    assert line.place(11, BEGAN_MS + MINUTE_MS + 5) is Place.NEW
    for number in (11, 10, 3):
        assert line.place(number, BEGAN_MS + MINUTE_MS + 5) is Place.KNOWN
    assert line.hole is None


def test_the_minute_of_a_doubtful_trade_is_a_hole() -> None:
    line = whole_line()
    line.doubt(BEGAN_MS + 2 * MINUTE_MS)
    assert line.hole == minutes(2, 3)


def test_a_step_is_a_hole_of_all_minutes_between() -> None:
    line = whole_line()
    assert line.place(13, BEGAN_MS + 4 * MINUTE_MS) is Place.NEW
    assert line.hole == minutes(1, 5)
    assert line.place(15, BEGAN_MS + 6 * MINUTE_MS) is Place.NEW
    assert line.hole == minutes(1, 7), "two holes are one"


def test_a_hole_is_filled_from_its_beginning() -> None:
    line = whole_line()
    line.place(13, BEGAN_MS + 4 * MINUTE_MS)
    line.repaired(minutes(1, 4))
    assert line.hole == minutes(4, 5)
    line.repaired(minutes(4, 5))
    assert line.hole is None
    line.repaired(minutes(4, 5))
    assert line.hole is None


def test_a_number_far_ahead_waits_for_another_one() -> None:
    line = whole_line()
    far = 10 + FAR + 1
    at_ms = BEGAN_MS + 2 * MINUTE_MS
    assert line.place(far, at_ms) is Place.STRAY
    assert line.place(11, at_ms) is Place.NEW, "it was a mistake"
    assert line.hole is None

    assert line.place(2 * far, at_ms) is Place.STRAY
    assert line.place(2 * far + 1, at_ms) is Place.NEW, "it was true"
    assert line.hole == minutes(2, 3)


def test_a_trade_of_long_ago_is_not_believed_and_missing() -> None:
    line = whole_line()
    assert line.place(11, BEGAN_MS - MINUTE_MS) is Place.STRAY
    assert line.place(12, BEGAN_MS + MINUTE_MS + 9) is Place.NEW
    assert line.hole == minutes(1, 2)


def test_numbers_may_begin_anew() -> None:
    line = whole_line()
    assert line.place(1, BEGAN_MS + MINUTE_MS + 59_000) is Place.KNOWN
    assert line.place(2, BEGAN_MS + 2 * MINUTE_MS) is Place.NEW
    assert line.hole == minutes(1, 3)
    assert line.place(3, BEGAN_MS + 2 * MINUTE_MS) is Place.NEW


def test_a_trade_that_never_came_is_noticed_when_it_was_told_of_twice() -> None:
    line = whole_line()
    at_ms = BEGAN_MS + 2 * MINUTE_MS
    line.told(10, at_ms)
    line.told(11, at_ms)
    assert line.hole is None, "it may be on its way"
    line.told(11, at_ms + 1_000)
    assert line.hole == minutes(1, 3)
    assert line.place(12, at_ms + 2_000) is Place.NEW


def test_a_trade_that_came_meanwhile_is_not_missing() -> None:
    line = whole_line()
    line.told(11, BEGAN_MS + MINUTE_MS)
    line.place(11, BEGAN_MS + MINUTE_MS)
    line.told(12, BEGAN_MS + MINUTE_MS)
    line.told(10**18, BEGAN_MS + MINUTE_MS)
    line.told(10**18, BEGAN_MS + MINUTE_MS)
    assert line.hole is None
    TradeLine(BEGAN_MS).told(5, BEGAN_MS)


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 30_000)), min_size=1, max_size=60))
def test_whatever_comes_every_new_trade_comes_once_and_what_is_missing_lies_in_the_hole(
    arrivals: list[tuple[int, int]],
) -> None:
    """Trade n happened n seconds after the beginning; each arrival may be of any trade."""
    line, new = TradeLine(BEGAN_MS), list[int]()
    for number, _ in arrivals:
        if line.place(number, BEGAN_MS + number * 1000) is Place.NEW:
            new.append(number)
    assert len(set(new)) == len(new)
    hole = line.hole
    assert hole
    for missing in set(range(1, max(new) + 1)) - set(new):
        if missing > min(new) or BEGAN_MS + missing * 1000 < MINUTE_0 + MINUTE_MS:
            assert hole.from_ms <= BEGAN_MS + missing * 1000 < hole.to_ms
