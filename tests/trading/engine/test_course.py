"""The time of the exchange follows a clock that may be wrong and be set right."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from plimsoll.kernel.clock import to_ms
from plimsoll.trading.engine.course import Course
from tests.fakes.clock import START, ManualClock

HOUR_MS = 3_600_000
BEGAN_MS = to_ms(START)


def test_it_is_the_clocks_while_that_goes_on() -> None:
    clock = ManualClock()
    course = Course(clock)
    assert course.now_ms(0) == BEGAN_MS
    clock.advance(1.5)
    assert course.now_ms(BEGAN_MS) == BEGAN_MS + 1_500


def test_after_a_clock_that_was_ahead_it_goes_on_at_half_the_pace_until_it_has_caught_up() -> None:
    clock = ManualClock()
    course = Course(clock)
    clock.set(timedelta(hours=1))
    ahead_ms = course.now_ms(0)
    clock.set(-timedelta(hours=1))

    clock.advance(10)
    assert course.now_ms(ahead_ms) == ahead_ms + 5_000
    clock.advance(2 * 3600)
    assert course.now_ms(ahead_ms + 5_000) == BEGAN_MS + 2 * HOUR_MS + 10_000


def test_what_was_journaled_before_a_start_is_where_it_goes_on() -> None:
    clock = ManualClock()
    course = Course(clock)
    journaled_ms = BEGAN_MS + HOUR_MS

    assert course.now_ms(journaled_ms) == journaled_ms
    clock.advance(4)
    assert course.now_ms(journaled_ms) == journaled_ms + 2_000


@given(st.lists(st.tuples(st.integers(0, 5_000), st.integers(-HOUR_MS, HOUR_MS)), max_size=30))
def test_it_never_goes_back_and_never_stands_for_long(steps: list[tuple[int, int]]) -> None:
    clock = ManualClock()
    course, journaled_ms, passed_ms = Course(clock), 0, 0
    first_ms = journaled_ms = course.now_ms(0)
    for passed, moved in steps:
        clock.advance(passed / 1000)
        clock.set(timedelta(milliseconds=moved))
        passed_ms += passed
        now_ms = course.now_ms(journaled_ms)
        assert now_ms >= journaled_ms
        journaled_ms = now_ms
    assert journaled_ms - first_ms >= passed_ms // 2 - len(steps) - 1
