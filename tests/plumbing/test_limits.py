"""Limits: one contract for every Limiter, and what only the form in memory promises."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.plumbing.limits import (
    Charge,
    Decision,
    Limit,
    Limiter,
    LocalLimiter,
    Ruling,
    TooManyRequests,
    headers,
    refusal,
    refused_by,
)
from plimsoll.plumbing.shared_limits import SharedLimiter
from tests.fakes.clock import ManualClock
from tests.plumbing.limit_forms import (
    BY_HAND,
    EIGHTH,
    EXACT,
    PATIENT_S,
    SECOND,
    START_US,
    Admitted,
    WholeClock,
    set_clock,
    worst_excess,
)
from tests.plumbing.valkey import Valkey


@dataclass(frozen=True, slots=True)
class Rig:
    """A limiter and its time."""

    limiter: Limiter
    wait: Callable[[float], Awaitable[None]]

    async def spend(self, payer: str, limit: Limit, cost: int = 1) -> Decision:
        (decision,) = await self.limiter.spend([Charge(payer, limit, cost=cost)])
        return decision

    async def spend_all(self, *charges: Charge) -> Ruling:
        return await self.limiter.spend(charges)


@pytest.fixture(params=["local", "shared"])
async def rig(request: pytest.FixtureRequest, valkey: Valkey) -> AsyncIterator[Rig]:
    clock = ManualClock()
    clock.advance(0.25)
    now_us = START_US

    async def wait(seconds: float) -> None:
        nonlocal now_us
        clock.advance(seconds)
        now_us += round(seconds * 1e6)
        set_clock(valkey, now_us)

    await wait(0)
    if request.param == "local":
        yield Rig(LocalLimiter(clock), wait)
        return
    shared = SharedLimiter(valkey.url, clock, deadline_s=PATIENT_S, script=BY_HAND)
    await shared.open()
    assert not shared.degraded
    yield Rig(shared, wait)
    assert not shared.degraded
    await shared.aclose()


# The contract


async def test_the_burst_may_come_at_once_and_no_more(rig: Rig) -> None:
    answers = [await rig.spend("ann", SECOND) for _ in range(5)]

    assert [answer.allowed for answer in answers] == [True, True, True, False, False]
    assert [answer.remaining for answer in answers] == [2, 1, 0, 0, 0]


async def test_a_refusal_says_when_to_come_back_and_that_is_early_enough(rig: Rig) -> None:
    for _ in range(3):
        await rig.spend("ann", SECOND)

    refused = await rig.spend("ann", SECOND)
    assert 0.9 <= refused.retry_after_s <= 1.0

    await rig.wait(refused.retry_after_s)
    assert (await rig.spend("ann", SECOND)).allowed


async def test_a_refused_call_costs_nothing(rig: Rig) -> None:
    for _ in range(3):
        await rig.spend("ann", SECOND)
    waits = [(await rig.spend("ann", SECOND)).retry_after_s for _ in range(10)]

    assert max(waits) <= 1.0


async def test_the_whole_burst_is_back_after_the_reset(rig: Rig) -> None:
    first = [await rig.spend("ann", SECOND) for _ in range(3)]
    await rig.wait(first[-1].reset_s)

    answers = [(await rig.spend("ann", SECOND)).allowed for _ in range(4)]
    assert answers == [True, True, True, False]


async def test_a_heavy_call_takes_its_weight(rig: Rig) -> None:
    heavy = await rig.spend("ann", SECOND, cost=2)
    refused = await rig.spend("ann", SECOND, cost=2)
    light = await rig.spend("ann", SECOND)

    assert (heavy.allowed, heavy.remaining) == (True, 1)
    assert (refused.allowed, refused.remaining) == (False, 1)
    assert light.allowed


async def test_what_costs_more_than_is_ever_admitted_takes_all_of_it(rig: Rig) -> None:
    for limit in (SECOND, EXACT):
        heaviest = await rig.spend("ann", limit, cost=1_000)
        assert (heaviest.allowed, heaviest.remaining) == (True, 0)


async def test_without_a_burst_a_minute_holds_exactly_what_is_promised(rig: Rig) -> None:
    answers = [await rig.spend("ann", EXACT) for _ in range(5)]
    assert [answer.remaining for answer in answers] == [3, 2, 1, 0, 0]
    refused = answers[-1]
    assert not refused.allowed
    assert refused.retry_after_s == refused.reset_s == 60.75  # the end of its second, and a minute

    await rig.wait(60.0)
    assert not (await rig.spend("ann", EXACT)).allowed
    await rig.wait(0.75)
    back = [(await rig.spend("ann", EXACT)).allowed for _ in range(5)]
    assert back == [True, True, True, True, False]


async def test_an_exact_limit_comes_back_as_it_was_spent(rig: Rig) -> None:
    for cost in (1, 2, 1):
        assert (await rig.spend("ann", EXACT, cost=cost)).allowed
        await rig.wait(10.0)

    waits = [(await rig.spend("ann", EXACT, cost=cost)).retry_after_s for cost in (1, 2, 3, 4)]
    assert waits == [30.75, 40.75, 40.75, 50.75]
    assert (await rig.spend("ann", EXACT, cost=4)).reset_s == 50.75


async def test_payers_accounts_and_limits_count_apart(rig: Rig) -> None:
    one = Limit("login", per_minute=60, burst=1)

    assert (await rig.spend("ann", one)).allowed
    assert not (await rig.spend("ann", one)).allowed
    assert (await rig.spend("bob", one)).allowed
    assert (await rig.spend("ann", SECOND)).allowed
    assert refused_by(await rig.spend_all(Charge("ann", one, account="key"))) is None


async def test_a_request_spends_from_all_its_limits_or_from_none(rig: Rig) -> None:
    person = Limit("user", per_minute=60, burst=6)
    own, all_keys = Charge("ann", EXACT, "key", cost=2), Charge("ann", person, cost=2)

    for left in ((2, 4), (0, 2)):
        ruling = await rig.spend_all(own, all_keys)
        assert [each.allowed for each in ruling] == [True, True]
        assert tuple(each.remaining for each in ruling) == left

    for _ in range(3):
        key, user = await rig.spend_all(own, all_keys)
        assert (key.allowed, key.remaining, user.allowed, user.remaining) == (False, 0, True, 2)
        assert refused_by((key, user)) is key
    assert (await rig.spend("ann", person, cost=2)).remaining == 0


async def test_of_two_refusals_the_longer_wait_counts(rig: Rig) -> None:
    charges = Charge("ann", SECOND), Charge("ann", EXACT)
    for _ in range(3):
        await rig.spend_all(*charges)
    await rig.spend("ann", EXACT)

    ruling = await rig.spend_all(*charges)
    refused = refused_by(ruling)
    assert [each.allowed for each in ruling] == [False, False]
    assert refused is not None
    assert refused.limit == EXACT
    await rig.wait(refused.retry_after_s)
    assert refused_by(await rig.spend_all(*charges)) is None


# In memory: bounded, and nobody's debt is forgotten


def enter(limiter: LocalLimiter, payer: str, limit: Limit = SECOND) -> bool:
    return not refused_by(limiter.spend_now([Charge(payer, limit)]))


@pytest.mark.parametrize("limit", [SECOND, Limit("api-key", per_minute=60)])
def test_paid_off_places_are_forgotten_without_a_scan(limit: Limit) -> None:
    clock = ManualClock()
    limiter = LocalLimiter(clock)
    for caller in range(10_000):
        enter(limiter, f"caller {caller}", limit)
        clock.advance(0.1 if limit.burst else 6.0)  # ten of them owe at any moment

    assert len(limiter._accounts) <= 40


def test_a_flood_of_payers_stays_within_the_map_and_frees_nobody() -> None:
    limiter = LocalLimiter(ManualClock(), max_places=100)
    for _ in range(3):
        enter(limiter, "ann")

    for caller in range(1_000):
        enter(limiter, f"caller {caller}")

    assert len(limiter._accounts) == 100
    assert not enter(limiter, "ann")


@pytest.mark.parametrize("limit", [SECOND, Limit("api-key", per_minute=3)])
def test_newcomers_to_a_full_map_share_one_allowance(limit: Limit) -> None:
    clock = ManualClock()
    limiter = LocalLimiter(clock, max_places=1)
    enter(limiter, "ann", limit)

    newcomers = [enter(limiter, f"caller {n}", limit) for n in range(5)]
    assert newcomers == [True, True, True, False, False]

    # Ann is paid off; bob gets her place and what the newcomers still owe.
    clock.advance(1.0 if limit.burst else 61.0)
    assert [enter(limiter, "bob", limit) for _ in range(2)] == [True, not limit.burst]


@settings(max_examples=300, deadline=None)
@given(
    max_places=st.integers(1, 3),
    calls=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 5)), max_size=80),
)
def test_the_bound_holds_for_each_payer_however_small_the_map(
    max_places: int, calls: list[tuple[int, int]]
) -> None:
    clock = WholeClock()
    limiter = LocalLimiter(clock, max_places)
    admitted: dict[int, Admitted] = {}
    for gap, payer in calls:
        clock.ns += gap * EIGHTH * 1_000
        if enter(limiter, str(payer)):
            admitted.setdefault(payer, []).append((clock.ns // 1_000, 1))

    assert len(limiter._accounts) <= max_places
    assert all(worst_excess(SECOND, of_payer) <= 0 for of_payer in admitted.values())


def test_what_others_admitted_counts_without_being_asked() -> None:
    limiter = LocalLimiter(ManualClock())
    limiter.note([Charge("ann", SECOND, cost=3), Charge("ann", EXACT, cost=4)])

    assert not enter(limiter, "ann")
    assert not enter(limiter, "ann", EXACT)


# What the caller is told

KEY = Limit("key", per_minute=100, burst=10)


def test_the_headers_publish_every_limit_that_was_spent_from() -> None:
    paced = Decision(allowed=True, limit=KEY, remaining=7, reset_s=1.8, retry_after_s=0.0)
    exact = Decision(allowed=True, limit=EXACT, remaining=3, reset_s=60.1, retry_after_s=0.0)

    assert headers((paced,)) == [
        (b"ratelimit-policy", b'"key";q=100;w=60;burst=10'),
        (b"ratelimit", b'"key";r=7;t=2'),
    ]
    assert headers((exact, paced)) == [
        (b"ratelimit-policy", b'"api-key";q=4;w=60, "key";q=100;w=60;burst=10'),
        (b"ratelimit", b'"api-key";r=3;t=61, "key";r=7;t=2'),
    ]


def test_a_refusal_carries_the_wait_and_the_limit() -> None:
    decision = Decision(allowed=False, limit=KEY, remaining=0, reset_s=6.0, retry_after_s=0.2)

    error = refusal(decision)
    assert isinstance(error, TooManyRequests)
    assert (error.code, error.retry_after_s) == ("too-many-requests", 0.2)
    assert error.facts == {"limit": "key", "per_minute": 100, "burst": 10}

    assert refusal(decision._replace(limit=EXACT)).facts == {"limit": "api-key", "per_minute": 4}
