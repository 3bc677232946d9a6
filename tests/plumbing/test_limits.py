"""Limits: one contract for every Limiter, then what only the form in memory promises."""

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.plumbing.limits import (
    Decision,
    Limit,
    Limiter,
    LocalLimiter,
    TooManyRequests,
    headers,
    refusal,
)
from tests.fakes.clock import ManualClock

SECOND = Limit("orders", per_minute=60, burst=3)


@dataclass(frozen=True, slots=True)
class Rig:
    """A limiter and its time: a form with a clock of its own really waits."""

    limiter: Limiter
    wait: Callable[[float], Awaitable[None]]


@pytest.fixture(params=["local"])
def rig() -> Rig:
    clock = ManualClock()

    async def wait(seconds: float) -> None:
        clock.advance(seconds)

    return Rig(LocalLimiter(clock), wait)


# The contract


async def test_the_burst_may_come_at_once_and_no_more(rig: Rig) -> None:
    answers = [await rig.limiter.spend("ann", SECOND) for _ in range(5)]

    assert [answer.allowed for answer in answers] == [True, True, True, False, False]
    assert [answer.remaining for answer in answers] == [2, 1, 0, 0, 0]


async def test_a_refusal_says_when_to_come_back_and_that_is_early_enough(rig: Rig) -> None:
    for _ in range(3):
        await rig.limiter.spend("ann", SECOND)

    refused = await rig.limiter.spend("ann", SECOND)
    assert 0.9 <= refused.retry_after_s <= 1.0

    await rig.wait(refused.retry_after_s)
    assert (await rig.limiter.spend("ann", SECOND)).allowed


async def test_a_refused_call_costs_nothing(rig: Rig) -> None:
    for _ in range(3):
        await rig.limiter.spend("ann", SECOND)
    waits = [(await rig.limiter.spend("ann", SECOND)).retry_after_s for _ in range(10)]

    assert max(waits) <= 1.0


async def test_the_whole_burst_is_back_after_the_reset(rig: Rig) -> None:
    first = [await rig.limiter.spend("ann", SECOND) for _ in range(3)]
    await rig.wait(first[-1].reset_s)

    assert [(await rig.limiter.spend("ann", SECOND)).allowed for _ in range(4)] == [
        True,
        True,
        True,
        False,
    ]


async def test_a_heavy_call_takes_its_weight(rig: Rig) -> None:
    heavy = await rig.limiter.spend("ann", SECOND, cost=2)
    refused = await rig.limiter.spend("ann", SECOND, cost=2)
    light = await rig.limiter.spend("ann", SECOND)

    assert (heavy.allowed, heavy.remaining) == (True, 1)
    assert (refused.allowed, refused.remaining) == (False, 1)
    assert light.allowed


async def test_keys_and_limits_count_apart(rig: Rig) -> None:
    one = Limit("login", per_minute=60, burst=1)

    assert (await rig.limiter.spend("ann", one)).allowed
    assert not (await rig.limiter.spend("ann", one)).allowed
    assert (await rig.limiter.spend("bob", one)).allowed
    assert (await rig.limiter.spend("ann", SECOND)).allowed


# In memory: the bound, exactly


def admitted_times(limit: Limit, gaps_ns: list[int], costs: list[int]) -> list[tuple[int, int]]:
    """(moment in ns, cost) of what is admitted when calls come after these gaps."""
    clock = WholeClock()
    limiter = LocalLimiter(clock)
    admitted = []
    for gap, cost in zip(gaps_ns, costs, strict=True):
        clock.ns += gap
        if limiter.spend_now("ann", limit, cost).allowed:
            admitted.append((clock.ns, cost))
    return admitted


class WholeClock(ManualClock):
    """Counts in eighths of a second, which floats and nanoseconds both hold exactly."""

    def __init__(self) -> None:
        super().__init__()
        self.ns = 0

    def monotonic(self) -> float:
        return self.ns / 1e9


def worst_excess(limit: Limit, admitted: list[tuple[int, int]]) -> float:
    """The most that any window held above burst + rate x window; the bound says at most 0."""
    return max(
        (
            sum(cost for _, cost in admitted[first : last + 1])
            - limit.burst
            - limit.per_minute * (admitted[last][0] - admitted[first][0]) / 60e9
            for first, last in itertools.combinations_with_replacement(range(len(admitted)), 2)
        ),
        default=-1.0,
    )


EIGHTH = 125_000_000


def test_the_bound_holds_for_every_short_pattern_of_arrivals() -> None:
    limit = Limit("orders", per_minute=240, burst=2)  # one each 250 ms
    for gaps in itertools.product((0, 1, 2, 3), repeat=7):
        admitted = admitted_times(limit, [gap * EIGHTH for gap in gaps], [1] * 7)
        assert worst_excess(limit, admitted) <= 0, gaps


@settings(max_examples=300, deadline=None)
@given(
    per_minute=st.integers(1, 100_000),
    burst=st.integers(1, 20),
    calls=st.lists(st.tuples(st.integers(0, 240), st.integers(1, 20)), max_size=60),
)
def test_no_window_ever_holds_more_than_burst_and_rate(
    per_minute: int, burst: int, calls: list[tuple[int, int]]
) -> None:
    limit = Limit("orders", per_minute=per_minute, burst=burst)
    gaps = [gap * EIGHTH for gap, _ in calls]
    admitted = admitted_times(limit, gaps, [min(cost, burst) for _, cost in calls])

    assert worst_excess(limit, admitted) <= 1e-9


def test_a_steady_caller_gets_the_whole_rate() -> None:
    limit = Limit("orders", per_minute=240, burst=2)
    admitted = admitted_times(limit, [EIGHTH] * 800, [1] * 800)

    assert sum(cost for _, cost in admitted) == 401  # 100 s at 4/s, and one of the burst


# In memory: bounded, and nobody's debt is forgotten


def test_paid_off_keys_are_forgotten_without_a_scan() -> None:
    clock = ManualClock()
    limiter = LocalLimiter(clock)
    for caller in range(10_000):
        limiter.spend_now(f"caller {caller}", SECOND)
        clock.advance(0.1)  # each is paid off after 1 s: ten owe at any moment

    assert len(limiter._paid_off_at) <= 40


def test_a_flood_of_keys_stays_within_the_map_and_frees_nobody() -> None:
    limiter = LocalLimiter(ManualClock(), max_keys=100)
    for _ in range(3):
        limiter.spend_now("ann", SECOND)

    for caller in range(1_000):
        limiter.spend_now(f"caller {caller}", SECOND)

    assert len(limiter._paid_off_at) == 100
    assert not limiter.spend_now("ann", SECOND).allowed


def test_newcomers_to_a_full_map_share_one_allowance() -> None:
    clock = ManualClock()
    limiter = LocalLimiter(clock, max_keys=1)
    limiter.spend_now("ann", SECOND)

    newcomers = [limiter.spend_now(f"caller {n}", SECOND).allowed for n in range(5)]
    assert newcomers == [True, True, True, False, False]

    clock.advance(1.0)  # ann is paid off; bob gets her place and what the newcomers still owe
    bob = [limiter.spend_now("bob", SECOND).allowed for _ in range(2)]
    assert bob == [True, False]


@settings(max_examples=300, deadline=None)
@given(
    max_keys=st.integers(1, 3),
    calls=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 5)), max_size=80),
)
def test_the_bound_holds_for_each_key_however_small_the_map(
    max_keys: int, calls: list[tuple[int, int]]
) -> None:
    clock = WholeClock()
    limiter = LocalLimiter(clock, max_keys)
    admitted: dict[int, list[tuple[int, int]]] = {}
    for gap, key in calls:
        clock.ns += gap * EIGHTH
        if limiter.spend_now(str(key), SECOND).allowed:
            admitted.setdefault(key, []).append((clock.ns, 1))

    assert len(limiter._paid_off_at) <= max_keys
    assert all(worst_excess(SECOND, of_key) <= 0 for of_key in admitted.values())


# What the caller is told


def test_the_headers_publish_what_is_enforced() -> None:
    decision = Decision(
        allowed=True,
        limit=Limit("key", per_minute=100, burst=10),
        remaining=7,
        reset_s=1.8,
        retry_after_s=0.0,
    )

    assert headers(decision) == [
        (b"ratelimit-policy", b'"key";q=100;w=60;burst=10'),
        (b"ratelimit", b'"key";r=7;t=2'),
    ]


def test_a_refusal_carries_the_wait_and_the_limit() -> None:
    limit = Limit("key", per_minute=100, burst=10)
    decision = Decision(allowed=False, limit=limit, remaining=0, reset_s=6.0, retry_after_s=0.2)

    error = refusal(decision)
    assert isinstance(error, TooManyRequests)
    assert (error.code, error.retry_after_s) == ("too-many-requests", 0.2)
    assert error.facts == {"limit": "key", "per_minute": 100, "burst": 10}
