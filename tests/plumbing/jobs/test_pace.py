"""How far a job is: never back, never at the end before it, and an end that can be believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.plumbing.jobs.pace import SAMPLES, Pace

NOTES = st.lists(
    st.tuples(
        st.integers(0, 10**12),
        st.none() | st.integers(0, 10**12),
        st.floats(0, 10_000, allow_nan=False),
    ),
    max_size=200,
)


def test_half_way_at_a_steady_speed_takes_as_long_again() -> None:
    pace = Pace()
    for second in range(11):
        pace.note(second * 5, 100, "read", at_s=1_000.0 + second)
    assert (pace.percent, pace.phase) == (50, "read")
    assert pace.remaining_s(1_010.0) == pytest.approx(10.0)


def test_without_a_total_nothing_is_promised() -> None:
    pace = Pace()
    for second in range(10):
        pace.note(second, None, "read", at_s=float(second))
    assert pace.percent is None
    assert pace.remaining_s(10.0) is None


def test_before_anything_was_measured_no_end_is_told() -> None:
    pace = Pace()
    pace.note(0, 100, "", at_s=0.0)
    assert pace.remaining_s(60.0) is None
    pace.note(1, 100, "", at_s=61.0)
    assert pace.remaining_s(61.0) == pytest.approx(99 * 61.0)


def test_the_end_of_a_job_that_hangs_moves_away() -> None:
    pace = Pace()
    for second in range(11):
        pace.note(second, 100, "", at_s=float(second))
    ends = [at_s + (pace.remaining_s(at_s) or 0.0) for at_s in (10.0, 20.0, 60.0)]
    assert ends[0] == pytest.approx(100.0)
    assert ends == sorted(ends)
    assert ends[2] > 500


def test_the_speed_is_that_of_late() -> None:
    pace = Pace()
    for second in range(100):
        pace.note(second, 10_000, "", at_s=float(second))
    for second in range(100, 400):  # ten times as fast
        pace.note(99 + (second - 99) * 10, 10_000, "", at_s=float(second))
    remaining = 10_000 - pace.done
    assert pace.remaining_s(399.0) == pytest.approx(remaining / 10, rel=0.01)


def test_what_resumes_measures_its_speed_anew() -> None:
    pace = Pace(percent=90)
    pace.note(9_000, 10_000, "", at_s=0.0)
    assert pace.remaining_s(5.0) is None, "the 9,000 were done by another process"
    pace.note(9_010, 10_000, "", at_s=10.0)
    assert pace.remaining_s(10.0) == pytest.approx(990.0)


def test_what_begins_again_keeps_its_percent_and_forgets_its_speed() -> None:
    pace = Pace()
    pace.note(0, 100, "", at_s=0.0)
    pace.note(80, 100, "", at_s=8.0)
    pace.note(0, 100, "", at_s=9.0)
    assert pace.percent == 80
    assert pace.remaining_s(12.0) is None


def test_a_total_that_was_too_small_grows() -> None:
    pace = Pace()
    pace.note(150, 100, "", at_s=0.0)
    assert (pace.total, pace.percent) == (150, 99)


@given(NOTES, st.none() | st.integers(0, 99))
def test_percent_never_falls_and_is_never_100(
    notes: list[tuple[int, int | None, float]], before: int | None
) -> None:
    pace, at_s, highest = Pace(before), 0.0, before or 0
    for done, total, passed_s in notes:
        at_s += passed_s
        pace.note(done, total, "", at_s=at_s)
        if pace.percent is not None:
            assert highest <= pace.percent <= 99
            highest = pace.percent
        remaining_s = pace.remaining_s(at_s)
        assert remaining_s is None or remaining_s >= 0
        assert len(pace._samples) <= SAMPLES


@given(st.integers(1, 1000), st.integers(2, 5000), st.integers(3, 4000))
def test_at_a_steady_speed_the_end_is_told_exactly(speed: int, total_s: int, at: int) -> None:
    pace, total = Pace(), speed * max(total_s, at)
    for second in range(at + 1):
        pace.note(second * speed, total, "", at_s=float(second))
    assert pace.remaining_s(float(at)) == pytest.approx((total - at * speed) / speed, abs=1e-6)
