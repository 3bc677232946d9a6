"""How often an API key was used, by the hour of UTC."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final


class Refusal(StrEnum):
    """Why a request with a good key went no further than the door."""

    LIMITED = "limited"
    """Over a rate limit: 429."""
    FORBIDDEN = "forbidden"
    """From the wrong address, or without the scope: 403."""


@dataclass(frozen=True, slots=True)
class HourOfUse:
    """`requests` counts all, the refused ones too. `at` is where the hour, or the day, begins."""

    at: datetime
    requests: int
    limited: int
    forbidden: int


@dataclass(slots=True)
class Uses:
    """One hour of one key as it is counted."""

    hour: datetime
    last_at: datetime
    last_address: str | None
    requests: int = 0
    limited: int = 0
    forbidden: int = 0


class UsageWindow(StrEnum):
    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"
    QUARTER = "90d"


LENGTHS: Final = {
    UsageWindow.DAY: timedelta(hours=24),
    UsageWindow.WEEK: timedelta(days=7),
    UsageWindow.MONTH: timedelta(days=30),
    UsageWindow.QUARTER: timedelta(days=90),
}
KEPT: Final = timedelta(days=400)


def hour_of(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def sum_days(hours: Iterable[HourOfUse]) -> list[HourOfUse]:
    """Days of UTC that have any of `hours`, in the order in which they come."""
    days: dict[datetime, HourOfUse] = {}
    for each in hours:
        day = each.at.replace(hour=0)
        before = days.get(day, HourOfUse(day, 0, 0, 0))
        days[day] = HourOfUse(
            day,
            before.requests + each.requests,
            before.limited + each.limited,
            before.forbidden + each.forbidden,
        )
    return list(days.values())
