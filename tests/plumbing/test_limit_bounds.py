"""What limits promise for every schedule, of both forms."""

import itertools
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plimsoll.plumbing.limits import Charge, Limit
from tests.plumbing.limit_forms import EIGHTH, Form, admit, local_form, shared_form, worst_excess
from tests.plumbing.valkey import Valkey


@pytest.fixture(params=["local", "shared"])
def make_form(request: pytest.FixtureRequest, valkey: Valkey) -> Callable[[], Form]:
    """Forms with nothing on their books: in memory, and what the server does with the script."""
    if request.param == "local":
        return local_form
    return lambda: shared_form(valkey)


FEW = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def test_the_bound_holds_for_every_short_pattern_of_arrivals() -> None:
    limit = Limit("orders", per_minute=240, burst=2)  # one each 250 ms
    for gaps in itertools.product((0, 1, 2, 3), repeat=7):
        admitted = admit(local_form(), limit, [gap * EIGHTH for gap in gaps], [1] * 7)
        assert worst_excess(limit, admitted) <= 0, gaps


@FEW
@given(
    per_minute=st.integers(1, 100_000),
    burst=st.integers(1, 20),
    calls=st.lists(st.tuples(st.integers(0, 240), st.integers(1, 20)), max_size=40),
)
def test_no_window_ever_holds_more_than_burst_and_rate(
    make_form: Callable[[], Form], per_minute: int, burst: int, calls: list[tuple[int, int]]
) -> None:
    limit = Limit("orders", per_minute=per_minute, burst=burst)
    gaps = [gap * EIGHTH for gap, _ in calls]
    admitted = admit(make_form(), limit, gaps, [cost for _, cost in calls])

    assert worst_excess(limit, admitted) <= 1e-9


@FEW
@given(
    per_minute=st.integers(1, 12),
    calls=st.lists(st.tuples(st.integers(0, 240), st.integers(1, 4)), max_size=40),
)
def test_no_minute_ever_holds_more_than_an_exact_limit(
    make_form: Callable[[], Form], per_minute: int, calls: list[tuple[int, int]]
) -> None:
    limit = Limit("api-key", per_minute=per_minute)
    gaps = [gap * EIGHTH for gap, _ in calls]
    admitted = admit(make_form(), limit, gaps, [cost for _, cost in calls])

    for first, _ in admitted:
        minute = [cost for moment, cost in admitted if first <= moment <= first + 60_000_000]
        assert sum(minute) <= per_minute


@FEW
@given(
    calls=st.lists(
        st.tuples(st.integers(0, 100 * 8), st.integers(1, 5), st.integers(1, 3)), max_size=40
    ),
)
def test_both_forms_say_the_same(valkey: Valkey, calls: list[tuple[int, int, int]]) -> None:
    forms = local_form(), shared_form(valkey)
    paced, exact = Limit("user", per_minute=240, burst=5), Limit("api-key", per_minute=8)
    now = 1_000_000_000
    for gap, cost, which in calls:
        now += gap * EIGHTH
        charges = [Charge("ann", paced, cost=cost), Charge("ann", exact, "key", cost=cost)]
        charges = [each for n, each in enumerate(charges) if which & (1 << n)]
        here, there = (form(charges, now) for form in forms)
        assert here == there


def test_an_interval_that_is_no_whole_number_is_rounded_up(make_form: Callable[[], Form]) -> None:
    limit = Limit("orders", per_minute=7, burst=1)  # one each 8,571,428.57 µs
    assert len(admit(make_form(), limit, [0, 8_571_428], [1, 1])) == 1
    assert len(admit(make_form(), limit, [0, 8_571_429], [1, 1])) == 2


def test_a_steady_caller_gets_the_whole_rate(make_form: Callable[[], Form]) -> None:
    limit = Limit("orders", per_minute=240, burst=2)
    admitted = admit(make_form(), limit, [EIGHTH] * 800, [1] * 800)
    assert len(admitted) == 401  # 100 s at 4/s, and one of the burst

    exact = admit(make_form(), Limit("api-key", per_minute=60), [1_000_000] * 610, [1] * 610)
    assert len(exact) >= 600  # 60 of 61
