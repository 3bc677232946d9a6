"""A circuit breaker: stop asking a host that does not answer, and find out gently when it is back.

    closed --failures in a row--> open --cool-down over, first caller--> half-open (that one probes)
    half-open --the probe succeeds--> closed
    half-open --the probe fails--> open, with a longer cool-down up to a cap

A pure state machine: it is asked before each call and told afterwards how the call went. Every
admission is a `Pass` of the state it was given in; what is reported about an earlier state changes
nothing, so a call that was under way when the circuit opened can neither close it nor prolong it.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from plimsoll.kernel.clock import Clock


class State(IntEnum):
    """The numbers are what the `circuit_state` metric shows."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


@dataclass(frozen=True, slots=True)
class Patience:
    """`failures` in a row open the circuit for `cool_down_s`.

    Each failed probe makes the cool-down `growth` times as long, up to `longest_s`.
    """

    failures: int = 5
    cool_down_s: float = 5.0
    growth: float = 2.0
    longest_s: float = 300.0


PATIENCE: Final = Patience()


@dataclass(frozen=True, slots=True)
class Pass:
    """Leave to make one call; to be handed back with how it went."""

    period: int


class Breaker:
    """The circuit of one host; used from one event loop."""

    def __init__(self, clock: Clock, patience: Patience = PATIENCE) -> None:
        assert patience.failures >= 1
        assert patience.growth >= 1
        assert 0 < patience.cool_down_s <= patience.longest_s
        self._clock = clock
        self._patience = patience
        self._state = State.CLOSED
        self._period = 0
        """Counts changes of state; a Pass of another period is stale."""
        self._failures = 0
        self._cool_down_s = patience.cool_down_s
        self._open_until = 0.0

    @property
    def state(self) -> State:
        return self._state

    @property
    def retry_after_s(self) -> float:
        """Until the next probe may go; 0 when a call may, or when the probe is under way."""
        if self._state is not State.OPEN:
            return 0.0
        return max(self._open_until - self._clock.monotonic(), 0.0)

    def refuses(self) -> bool:
        """No call may be made now: the circuit is open, or its one probe is already under way."""
        if self._state is State.OPEN:
            return self._clock.monotonic() < self._open_until
        return self._state is State.HALF_OPEN

    def enter(self) -> Pass | None:
        """Leave to make one call, or None when it is refused."""
        if self.refuses():
            return None
        if self._state is State.OPEN:
            self._become(State.HALF_OPEN)
        return Pass(self._period)

    def succeeded(self, admitted: Pass) -> None:
        """The host answered."""
        if admitted.period != self._period:
            return
        self._failures = 0
        if self._state is State.HALF_OPEN:
            self._cool_down_s = self._patience.cool_down_s
            self._become(State.CLOSED)

    def failed(self, admitted: Pass) -> None:
        """The host did not answer, or said that it cannot."""
        if admitted.period != self._period:
            return
        if self._state is State.HALF_OPEN:
            self._cool_down_s = min(
                self._cool_down_s * self._patience.growth, self._patience.longest_s
            )
            self._open()
            return
        self._failures += 1
        if self._failures >= self._patience.failures:
            self._open()

    def abandoned(self, admitted: Pass) -> None:
        """The call was given up before it showed anything; an abandoned probe frees its place."""
        if admitted.period == self._period and self._state is State.HALF_OPEN:
            self._become(State.OPEN)  # its cool-down is over already: the next caller probes

    def _open(self) -> None:
        self._failures = 0
        self._open_until = self._clock.monotonic() + self._cool_down_s
        self._become(State.OPEN)

    def _become(self, state: State) -> None:
        self._state = state
        self._period += 1
