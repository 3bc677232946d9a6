"""How a person likes to be shown things, and when they want to be left alone.

Nothing here decides what somebody may do; a person who never said anything has the defaults.
"""

from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo


class Theme(StrEnum):
    LIGHT = "light"
    DARK = "dark"
    SYSTEM = "system"


class AfterQuiet(StrEnum):
    """What becomes of an alert that comes in the quiet hours."""

    HOLD = "hold"
    """Told at their end."""
    DROP = "drop"
    """Never told; it is in the history all the same."""


@dataclass(frozen=True, slots=True)
class QuietTimes:
    """From `start` until just before `end`, over midnight when `end` is the earlier, by the clock
    on the person's wall; the two differ.
    """

    start: time
    end: time
    rule: AfterQuiet = AfterQuiet.HOLD

    def __post_init__(self) -> None:
        assert self.start.tzinfo is None, "the person's zone is said apart"
        assert self.end.tzinfo is None, "the person's zone is said apart"
        assert self.start != self.end, "they would never begin or never end"


@dataclass(frozen=True, slots=True)
class Preferences:
    """`version` counts how often they were set; 0: never."""

    currency: str = "usd"
    time_zone: str = "UTC"
    """An IANA name that this machine knows."""
    locale: str = "en"
    """A language tag of BCP 47: language, perhaps script, perhaps region."""
    theme: Theme = Theme.SYSTEM
    privacy: bool = False
    """Amounts are hidden on the page until somebody asks for them."""
    quiet: QuietTimes | None = None
    version: int = 0
    changed_at: datetime | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


DEFAULTS: Final = Preferences()
