"""KPIs from stored minutes: the same from every process, for all read the same rows.

A minute is over for the KPIs a little after its end, when every process has had the time to store
it. Hours are made of minutes a while after their end; what is asked for before that is answered
from the minutes themselves. Days all of whose hours are made are merged once and kept in memory,
with the marks of their hours: what any process makes anew is merged anew.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final

from fastapi import Depends, Request

from plimsoll.kernel.clock import Clock
from plimsoll.operations.domain.kpis import (
    HOUR,
    Minute,
    Period,
    Report,
    Stretch,
    figures_of,
    join,
    security_report,
    sum_minutes,
    system_report,
    trading_report,
    windows,
)
from plimsoll.operations.domain.uptime import Number, Window
from plimsoll.operations.storage import rollups as storage
from plimsoll.plumbing.database import Database, ReadUnit, Unit

GRACE_S: Final = 15
MINUTES_KEPT: Final = 8 * 24 * HOUR
"""Then only the hours are; more than a process may be late."""
DAY: Final = 24 * HOUR
DAYS_KEPT: Final = 62
"""In memory: the longest window and the one before it."""
HOURS_AT_ONCE: Final = 24
"""Made in one transaction, for the lock keeps others from storing their minutes."""


def minute_of(moment: datetime) -> int:
    return int(moment.timestamp()) // 60


class Kpis:
    """Reads windows, and keeps the hours made."""

    def __init__(self, database: Database, clock: Clock, *, keep_days: int) -> None:
        self._database = database
        self._clock = clock
        self._keep_days = keep_days
        self._days: dict[int, tuple[tuple[str, ...], Stretch]] = {}

    def last_minute(self) -> int:
        """The first that is not over."""
        return (int(self._clock.now().timestamp()) - GRACE_S) // 60

    async def system(self, period: Period) -> Report:
        window, before = windows(period, until=self.last_minute())
        async with self._database.look() as unit:
            known = await storage.find_first_whole(unit)
            first = window.until if known is None else known
            window, before = window.not_before(first), before.not_before(first)
            now, then = await self._read(unit, window), await self._read(unit, before)
        return system_report(
            period, figures_of(now, window), figures_of(then, before), known=now.known
        )

    async def trading(self, period: Period) -> Report:
        window, now, before = await self._read_both(period)
        return trading_report(period, window, now, before)

    async def security(self, period: Period) -> Report:
        window, now, before = await self._read_both(period)
        return security_report(period, window, now, before)

    async def _read_both(self, period: Period) -> tuple[Window, Stretch, Stretch]:
        window, before = windows(period, until=self.last_minute())
        async with self._database.look() as unit:
            return window, await self._read(unit, window), await self._read(unit, before)

    async def _read(self, unit: ReadUnit, window: Window) -> Stretch:
        marks = await storage.list_marks(unit, window)
        kept = {
            day: self._days[day][1]
            for day, of_hours in marks.items()
            if day in self._days and self._days[day][0] == of_hours
        }
        hours, minutes = await storage.read(unit, window, without=kept)
        by_day = dict[int, list[Stretch]]()
        for begin, stretch in hours:
            by_day.setdefault(begin // DAY, []).append(stretch)
        stretches = {day * DAY: stretch for day, stretch in kept.items()}
        for day, of_hours in marks.items():
            if day not in kept:
                stretches[day * DAY] = self._keep(day, of_hours, join(by_day[day]))
                await asyncio.sleep(0)
        stretches |= {begin: each for begin, each in hours if begin // DAY not in marks}
        by_hour = dict[int, list[Minute]]()
        for each in minutes:
            by_hour.setdefault(each.rollup.minute // HOUR * HOUR, []).append(each)
        stretches |= {begin: sum_minutes(each) for begin, each in by_hour.items()}
        return join([stretches[begin] for begin in sorted(stretches)])

    def _keep(self, day: int, marks: tuple[str, ...], stretch: Stretch) -> Stretch:
        self._days[day] = marks, stretch
        while len(self._days) > DAYS_KEPT:
            del self._days[min(self._days)]
        return stretch

    async def values(self, period: Period = Period.FIVE_MINUTES) -> dict[str, Decimal | None]:
        """Every KPI by name, of the last minutes."""
        found = dict[str, Decimal | None]()
        for report in (
            await self.system(period),
            await self.trading(period),
            await self.security(period),
        ):
            found |= values_of(report)
        return found

    async def make_hours(self) -> int:
        """Make of minutes the hours that are over and not made; the number made. Forgets what is
        too old.
        """
        until = self.last_minute()
        hours = Window(until - MINUTES_KEPT, until - until % HOUR)

        async def work(unit: Unit) -> int:
            missing = await storage.find_missing_hours(unit, hours, limit=HOURS_AT_ONCE)
            for hour in missing:
                minutes = await storage.list_minutes(unit, Window(hour * HOUR, (hour + 1) * HOUR))
                await storage.add_hour(unit, hour, sum_minutes(minutes))
            if not missing:
                await storage.forget(
                    unit,
                    minutes_before=hours.since,
                    hours_before=until // HOUR - self._keep_days * 24,
                )
            return len(missing)

        return await self._database.transact(work)


def values_of(report: Report) -> Mapping[str, Decimal | None]:
    return {name: decimal_of(kpi.value) for name, kpi in report.kpis.items()}


def decimal_of(value: Number | None) -> Decimal | None:
    """Money as it is; what was computed with six figures, which is more than a bucket can say."""
    if value is None or isinstance(value, Decimal):
        return value
    return Decimal(value) if isinstance(value, int) else Decimal(f"{value:.6g}")


async def kpis_of(request: Request) -> Kpis:
    kpis = request.app.state.kpis
    assert isinstance(kpis, Kpis)
    return kpis


KpisDep = Annotated[Kpis, Depends(kpis_of)]
