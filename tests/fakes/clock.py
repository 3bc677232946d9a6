"""A clock that stands still until it is told to move."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

START = datetime(2026, 1, 1, tzinfo=UTC)


class ManualClock:
    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._monotonic = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        self._monotonic += seconds
        self._now += timedelta(seconds=seconds)

    def set(self, by: timedelta) -> None:
        """Somebody moves the hands; no time passes."""
        self._now += by


def asyncio_of(clock: ManualClock) -> SimpleNamespace:
    """Instead of a module's `asyncio`: who sleeps in it wakes at once, and `clock` has advanced."""

    async def sleep(seconds: float) -> None:
        clock.advance(seconds)

    return SimpleNamespace(sleep=sleep)
