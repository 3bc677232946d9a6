"""Days, years and holding periods by the calendar, 29 February included."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.tax.domain.calendars import (
    add_months,
    add_years,
    day_of,
    is_long,
    long_from,
    tax_year,
    year_bounds,
)

UK = (4, 6)
AUSTRALIA = (7, 1)
DAYS = st.dates(min_value=date(2009, 1, 3), max_value=date(2090, 12, 31))


def test_a_moment_belongs_to_the_day_of_the_zone() -> None:
    at = datetime(2025, 1, 1, 3, 30, tzinfo=UTC)

    assert day_of(at, ZoneInfo("America/New_York")) == date(2024, 12, 31)
    assert day_of(at, ZoneInfo("Australia/Sydney")) == date(2025, 1, 1)


def test_summer_time_moves_the_last_evening_of_the_british_year() -> None:
    zone = ZoneInfo("Europe/London")
    before = day_of(datetime(2021, 4, 5, 22, 30, tzinfo=UTC), zone)
    after = day_of(datetime(2021, 4, 5, 23, 30, tzinfo=UTC), zone)

    assert (tax_year(before, UK), tax_year(after, UK)) == (2020, 2021)


@pytest.mark.parametrize(
    ("acquired", "first"),
    [
        ("2024-01-15", "2025-01-16"),
        ("2023-02-28", "2024-02-29"),
        ("2024-02-28", "2025-03-01"),
        ("2024-02-29", "2025-03-01"),
        ("2024-12-31", "2026-01-01"),
    ],
)
def test_the_first_day_after_more_than_a_year(acquired: str, first: str) -> None:
    assert long_from(date.fromisoformat(acquired)) == date.fromisoformat(first)


def test_months_end_where_the_month_ends() -> None:
    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert add_months(date(2024, 11, 30), 3) == date(2025, 2, 28)
    assert add_years(date(2024, 2, 29), 4) == date(2028, 2, 29)


@given(acquired=DAYS, disposed=DAYS)
def test_long_begins_on_its_first_day_and_stays(acquired: date, disposed: date) -> None:
    assert is_long(acquired, disposed) == (disposed >= long_from(acquired))


@given(day=DAYS, start=st.sampled_from([(1, 1), UK, AUSTRALIA]))
def test_each_day_lies_in_its_tax_year(day: date, start: tuple[int, int]) -> None:
    first, following = year_bounds(tax_year(day, start), start)

    assert first <= day < following
