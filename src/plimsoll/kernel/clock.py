"""Time as a collaborator. Domain functions take `now`; only the edge asks a Clock."""

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, UTC, timezone-aware."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards, for durations and limits."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def rfc3339(at: datetime) -> str:
    """`at` as RFC 3339 UTC with `Z`; microseconds only where there are any.

    A moment that UTC has no date for, in the first or last hours of the calendar, keeps its offset.
    """
    with suppress(OverflowError):
        at = at.astimezone(UTC)
    return at.isoformat().replace("+00:00", "Z")


def to_ms(at: datetime) -> int:
    """Whole milliseconds since 1970-01-01T00:00:00Z; in integers, so that `from_ms` is undone."""
    return (at - EPOCH) // MILLISECOND


def from_ms(ms: int) -> datetime:
    return EPOCH + ms * MILLISECOND
