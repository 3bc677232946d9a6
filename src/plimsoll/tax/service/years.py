"""Which tax years there are to report, and how far the ledger matters to one."""

from datetime import UTC, datetime, time, timedelta
from typing import Final

from plimsoll.kernel.errors import FieldFault, Invalid
from plimsoll.tax.domain.calendars import year_bounds
from plimsoll.tax.domain.rulesets import Ruleset, YearNotCovered

FIRST_YEAR: Final = 2009


class YearNotOpen(Invalid):
    """A tax year that has not begun, or one before there was any coin."""

    code = "tax-year-not-open"
    title = "There is no such tax year yet"


def open_years(ruleset: Ruleset, *, now: datetime) -> tuple[int, int]:
    """The first and the last tax year that there is a report of; the last one has begun."""
    today = now.astimezone(ruleset.country.zone).date()
    return ruleset.first_year or FIRST_YEAR, min(now.year, ruleset.year_of(today))


def check_year(ruleset: Ruleset, year: int, *, now: datetime) -> None:
    """Raises YearNotOpen, YearNotCovered."""
    if ruleset.first_year is not None and year < ruleset.first_year:
        raise YearNotCovered(f"the rules of {ruleset.title} here begin with {ruleset.first_year}")
    _, last = open_years(ruleset, now=now)
    if not FIRST_YEAR <= year <= last:
        message = f"a tax year lies in {FIRST_YEAR} to now"
        raise YearNotOpen(message, faults=(FieldFault("#/year", YearNotOpen.code, message),))


LOOK_AHEAD: Final = timedelta(days=33)
"""Laws look at most thirty days past a disposal; zones make it up to two more."""


def end_of_input(ruleset: Ruleset, year: int) -> datetime:
    """What happens from then on has no effect on the report of `year`."""
    _, following = year_bounds(year, ruleset.country.year_start)
    return datetime.combine(following, time(), UTC) + LOOK_AHEAD
