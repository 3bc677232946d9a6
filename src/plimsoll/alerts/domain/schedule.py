"""When a person is told. An event is made and stored when it happens; quiet hours only say when it
is told, so nothing that is held can be lost.

Hours are those of the clock on the person's wall. On a day whose clock skips the end of the quiet
hours they end at the skipped moment, counted on from before the jump; in an hour that comes twice
they are quiet, and end, each time.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from plimsoll.kernel.errors import Invalid

_DAY: Final = timedelta(days=1)

_DAYS_AHEAD: Final = 4
"""The end of today, or of tomorrow; one more for a day that skips it, and one to spare."""


class QuietHoursRefused(Invalid):
    """Quiet hours that never begin or never end."""

    code = "quiet-hours-refused"
    title = "The quiet hours are not valid"


class Quiet(StrEnum):
    """What becomes of an event of the quiet hours."""

    HOLD = "hold"
    """Told at their end."""
    DROP = "drop"
    """Never told; it is in the history all the same."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` until just before `end`, over midnight when `end` is the earlier."""

    start: time
    end: time
    zone: ZoneInfo
    quiet: Quiet = Quiet.HOLD

    def __post_init__(self) -> None:
        if self.start.tzinfo is not None or self.end.tzinfo is not None:
            raise QuietHoursRefused("The hours are those of the zone and have none of their own.")
        if self.start == self.end:
            raise QuietHoursRefused("Quiet hours end at another time than they start.")

    def covers(self, at: datetime) -> bool:
        clock = at.astimezone(self.zone).time()
        if self.start < self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end

    def ends_after(self, at: datetime) -> datetime:
        """The first end after `at`, UTC."""
        today = at.astimezone(self.zone).date()
        ends = (
            datetime.combine(today + days * _DAY, self.end.replace(fold=fold), self.zone)
            for days in range(_DAYS_AHEAD)
            for fold in (0, 1)
        )
        return next(
            end
            for end in (each.astimezone(UTC) for each in ends)
            if end > at and not self.covers(end)
        )


def tell_at(at: datetime, hours: QuietHours | None) -> datetime | None:
    """When an event of `at` is told, UTC: at once, at the end of the quiet hours, or never."""
    if hours is None or not hours.covers(at):
        return at.astimezone(UTC)
    return None if hours.quiet is Quiet.DROP else hours.ends_after(at)
