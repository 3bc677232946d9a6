import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from plimsoll.plumbing.breaker import Breaker, Pass, Patience, State
from tests.fakes.clock import ManualClock

PATIENCE = Patience(failures=3, cool_down_s=10.0, growth=2.0, longest_s=30.0)


def fail(breaker: Breaker, times: int = 1) -> None:
    for _ in range(times):
        admitted = breaker.enter()
        assert admitted is not None
        breaker.failed(admitted)


def test_failures_in_a_row_open_the_circuit_for_the_cool_down() -> None:
    clock = ManualClock()
    breaker = Breaker(clock, PATIENCE)
    fail(breaker, 2)
    assert not breaker.refuses()

    fail(breaker)

    assert breaker.state is State.OPEN
    assert breaker.retry_after_s == 10.0
    clock.advance(9.9)
    assert breaker.enter() is None


def test_a_success_in_between_starts_the_count_again() -> None:
    breaker = Breaker(ManualClock(), PATIENCE)
    fail(breaker, 2)
    admitted = breaker.enter()
    assert admitted is not None
    breaker.succeeded(admitted)
    fail(breaker, 2)

    assert breaker.state is State.CLOSED


def test_after_the_cool_down_exactly_one_probe_goes_and_its_success_closes() -> None:
    clock = ManualClock()
    breaker = Breaker(clock, PATIENCE)
    fail(breaker, 3)
    clock.advance(10.0)

    probe = breaker.enter()

    assert probe is not None
    assert breaker.refuses()
    assert breaker.enter() is None
    breaker.succeeded(probe)
    assert breaker.state is State.CLOSED
    assert breaker.enter() is not None


def test_each_failed_probe_makes_the_cool_down_longer_up_to_the_cap() -> None:
    clock = ManualClock()
    breaker = Breaker(clock, PATIENCE)
    fail(breaker, 3)
    waits = []
    for _ in range(4):
        waits.append(breaker.retry_after_s)
        clock.advance(breaker.retry_after_s)
        fail(breaker)

    assert waits == [10.0, 20.0, 30.0, 30.0]


def test_a_closed_circuit_has_forgotten_the_long_cool_down() -> None:
    clock = ManualClock()
    breaker = Breaker(clock, PATIENCE)
    fail(breaker, 3)
    clock.advance(10.0)
    fail(breaker)
    clock.advance(20.0)
    probe = breaker.enter()
    assert probe is not None
    breaker.succeeded(probe)

    fail(breaker, 3)

    assert breaker.retry_after_s == 10.0


def test_an_abandoned_probe_frees_its_place() -> None:
    clock = ManualClock()
    breaker = Breaker(clock, PATIENCE)
    fail(breaker, 3)
    clock.advance(10.0)
    probe = breaker.enter()
    assert probe is not None

    breaker.abandoned(probe)

    assert breaker.enter() is not None
    assert breaker.enter() is None


def test_calls_from_before_the_opening_neither_close_nor_prolong_it() -> None:
    clock = ManualClock()
    breaker = Breaker(clock, PATIENCE)
    late = [breaker.enter() for _ in range(3)]
    fail(breaker, 3)
    clock.advance(5.0)
    for admitted, report in zip(
        late, (breaker.succeeded, breaker.failed, breaker.abandoned), strict=True
    ):
        assert admitted is not None
        report(admitted)

    assert breaker.state is State.OPEN
    assert breaker.retry_after_s == 5.0


@pytest.mark.parametrize("how", ["succeeded", "failed", "abandoned"])
def test_while_the_probe_is_under_way_only_the_probe_counts(how: str) -> None:
    clock = ManualClock()
    breaker = Breaker(clock, PATIENCE)
    late = breaker.enter()
    fail(breaker, 3)
    clock.advance(10.0)
    breaker.enter()

    getattr(breaker, how)(late)

    assert breaker.state is State.HALF_OPEN
    assert breaker.refuses()


class Circuit(RuleBasedStateMachine):
    """Any order of calls, reports and time."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.breaker = Breaker(self.clock, PATIENCE)
        self.under_way: list[tuple[Pass, State]] = []
        self.opened_at: float | None = None

    @rule()
    def call(self) -> None:
        expected = not self.breaker.refuses()
        admitted = self.breaker.enter()
        assert (admitted is not None) == expected
        if admitted is not None:
            self.under_way.append((admitted, self.breaker.state))

    @precondition(lambda self: self.under_way)
    @rule(pick=st.integers(0, 100), how=st.sampled_from(["succeeded", "failed", "abandoned"]))
    def report(self, pick: int, how: str) -> None:
        admitted, _ = self.under_way.pop(pick % len(self.under_way))
        getattr(self.breaker, how)(admitted)

    @rule(seconds=st.sampled_from([0.5, 10.0, 40.0]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @invariant()
    def one_probe_at_most(self) -> None:
        probes = [
            admitted
            for admitted, _ in self.under_way
            if self.breaker.state is State.HALF_OPEN and admitted.period == self.breaker._period
        ]
        assert len(probes) == (self.breaker.state is State.HALF_OPEN)

    @invariant()
    def an_open_circuit_always_ends(self) -> None:
        assert self.breaker.retry_after_s <= PATIENCE.longest_s


TestCircuit = Circuit.TestCase
TestCircuit.settings = settings(max_examples=100, deadline=None)
