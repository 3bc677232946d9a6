"""KPIs of long windows: the same from memory as from what is stored."""

from datetime import UTC, datetime
from decimal import Decimal

from plimsoll.kernel.identifiers import new_id
from plimsoll.operations.domain.kpis import HOUR, Facts, Minute, Period, Stretch, sum_minutes
from plimsoll.operations.domain.uptime import ALL_SLOTS, Histogram, Rollup, Window
from plimsoll.operations.service.kpis import DAYS_KEPT, GRACE_S, Kpis, values_of
from plimsoll.operations.storage import rollups
from plimsoll.plumbing.database import Database
from tests.fakes.clock import ManualClock

DAY = 24 * HOUR
NOW = 20_000 * DAY + 90
"""Half past one in the morning."""


def clock_at(minute: int) -> ManualClock:
    return ManualClock(datetime.fromtimestamp(minute * 60 + GRACE_S, UTC))


def kpis_of(database: Database) -> Kpis:
    return Kpis(database, clock_at(NOW), keep_days=400)


def hour_of(requests: int) -> Stretch:
    latency = Histogram.of([float(requests)] * requests)
    facts = Facts({"orders": requests}, {"exposure": requests * 10**8})
    return Stretch(latency, requests, 0, HOUR, HOUR, facts)


async def add_hours(database: Database, since: int, until: int) -> None:
    """Whole hours, each with so many requests as its number in the day."""
    async with database.write() as unit:
        for hour in range(since // HOUR, until // HOUR):
            await rollups.add_hour(unit, hour, hour_of(hour % 24))


async def orders(kpis: Kpis, period: Period) -> Decimal | None:
    return values_of(await kpis.trading(period))["orders"]


async def test_what_is_kept_in_memory_is_the_same_as_what_is_stored(database: Database) -> None:
    await add_hours(database, NOW - 63 * DAY, NOW - DAY - HOUR)  # of the last day there are none
    kpis = kpis_of(database)
    for period in (Period.MONTH, Period.WEEK, Period.MONTH):
        again, fresh = await kpis.trading(period), await kpis_of(database).trading(period)
        assert again == fresh
        assert await kpis.system(period) == await kpis_of(database).system(period)
    assert await orders(kpis, Period.WEEK) == 5 * sum(range(24)) + sum(range(1, 24))
    assert len(kpis._days) <= DAYS_KEPT


async def test_an_hour_that_another_process_makes_anew_is_read_anew(database: Database) -> None:
    await add_hours(database, NOW - 40 * DAY, NOW)
    kpis = kpis_of(database)
    before = await orders(kpis, Period.MONTH)
    assert before is not None
    late = 19_990 * DAY + 5 * HOUR
    minute = Minute(Rollup(late, Histogram(), 0, 0, ALL_SLOTS), Facts({"orders": 1_000}))
    async with database.write() as unit:
        await rollups.add(unit, [(new_id(), minute)])
    assert await orders(kpis, Period.MONTH) == before - 5 + 1_000
    async with database.write() as unit:
        minutes = await rollups.list_minutes(unit, Window(late, late + HOUR))
        await rollups.add_hour(unit, late // HOUR, sum_minutes(minutes))
    assert await orders(kpis, Period.MONTH) == before - 5 + 1_000


async def test_a_service_is_not_down_before_it_was_there(database: Database) -> None:
    """Of its first hour only the sum is left: the minutes of eight days ago are forgotten."""
    begin = NOW - 12 * DAY
    await add_hours(database, begin - begin % HOUR, NOW)
    async with database.write() as unit:
        for minute in range(NOW - NOW % HOUR, NOW):
            rollup = Rollup(minute, Histogram(), 0, 0, ALL_SLOTS)
            await rollups.add(unit, [(new_id(), Minute(rollup))])
    found = await kpis_of(database).system(Period.MONTH)
    assert found.kpis["uptime"].value == 1
    assert found.window.minutes == found.known == 12 * DAY - begin % HOUR
