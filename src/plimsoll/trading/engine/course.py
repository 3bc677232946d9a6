"""The time of the exchange: that of the clock, but never backwards and never standing still.

A clock that was ahead and is set right again lies behind what was journaled. Until it has caught up
the exchange goes on from there at half its pace: were its time to stand, everything that is counted
by time (orders a second, expiries, funding) would stand with it.
"""

from typing import Final

from plimsoll.kernel.clock import Clock, to_ms

SLOWER: Final = 2


class Course:
    """Asked by the writer only."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at_ms = 0
        self._asked_ms = 0
        """When `at_ms` was right, on the clock that never runs backwards."""

    def now_ms(self, journaled_ms: int) -> int:
        """Not before `journaled_ms`, the time of the last command."""
        wall_ms, asked_ms = to_ms(self._clock.now()), int(self._clock.monotonic() * 1000)
        passed_ms = (asked_ms - self._asked_ms) // SLOWER
        followed_ms = max(wall_ms, journaled_ms)
        if followed_ms >= self._at_ms + passed_ms:
            self._at_ms, self._asked_ms = followed_ms, asked_ms
        else:
            self._at_ms += passed_ms
            self._asked_ms += passed_ms * SLOWER
        return self._at_ms
