"""The clock of what is lived through before a demo opens."""

from datetime import datetime

from plimsoll.kernel.clock import Clock


class StoryClock:
    """Stands where it was put; its durations are those of the real one."""

    def __init__(self, clock: Clock, at: datetime) -> None:
        self._clock = clock
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self._clock.monotonic()
