"""Days and years as a country counts them.

A moment belongs to the day that it is in the country's zone; the zone is a value, so that nothing
here reads a file. Holding periods are counted in calendar days: the day of acquisition does not
count, so "more than a year" begins on the day after the anniversary. Who acquired on 29 February
has the anniversary on 28 February of a common year, and is past it on 1 March.
"""

from calendar import monthrange
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final

MONTHS: Final = 12
NEW_YEAR: Final = (1, 1)


def day_of(at: datetime, zone: tzinfo) -> date:
    """The day of the tax that the moment `at` lies in."""
    return at.astimezone(zone).date()


def add_months(day: date, months: int) -> date:
    """The same day `months` later, or the last of that month where it has no such day."""
    years, month = divmod(day.month - 1 + months, MONTHS)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def add_years(day: date, years: int) -> date:
    """The same day `years` later; 29 February becomes 28 February in a common year."""
    return add_months(day, MONTHS * years)


@lru_cache(maxsize=4096)  # lots of one day share it
def long_from(acquired: date, *, years: int = 1) -> date:
    """The first day on which a disposal comes after more than `years` of holding.

    US: IRC 1222 and 1223; Germany: § 23 (1) Nr. 2 EStG with § 188 BGB; Australia: ITAA 1997
    115-25, which excludes both days and so means the same.
    """
    return add_years(acquired, years) + timedelta(days=1)


def is_long(acquired: date, disposed: date) -> bool:
    """Whether what was acquired on one day was held for more than a year on the other."""
    return disposed > add_years(acquired, 1)


def tax_year(day: date, start: tuple[int, int] = NEW_YEAR) -> int:
    """The calendar year in which the tax year of `day` begins; `start` is its month and day.

    2024 is 2024 in the US, 2024/25 in the UK (from 6 April) and in Australia (from 1 July).
    """
    return day.year if (day.month, day.day) >= start else day.year - 1


def year_bounds(year: int, start: tuple[int, int] = NEW_YEAR) -> tuple[date, date]:
    """First day of the tax year and first day of the next one."""
    return date(year, *start), date(year + 1, *start)
