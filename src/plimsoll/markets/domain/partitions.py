"""Which pieces the stored candles of an interval are cut into.

Minutes of the present lie in a partition for each day, so that dropping a day is dropping a table.
Whole months of the past, as an import brings them, lie in one partition each: years of history are
dozens of tables, not thousands. Candles of 5 minutes to 4 hours lie in months, longer ones in a
single table that is never dropped: they are 2 rows a day and pair. Seconds are not stored.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, NamedTuple

from plimsoll.markets.domain.candles import DAY_MS, Interval


class Family(StrEnum):
    """Intervals that are cut in the same way; the value is the table that holds their pieces."""

    SHORT = "candles_short"
    MIDDLE = "candles_middle"
    LONG = "candles_long"


FAMILIES: Final = {
    Interval.MINUTE: Family.SHORT,
    Interval.MINUTES_5: Family.MIDDLE,
    Interval.MINUTES_15: Family.MIDDLE,
    Interval.MINUTES_30: Family.MIDDLE,
    Interval.HOUR: Family.MIDDLE,
    Interval.HOURS_4: Family.MIDDLE,
    Interval.DAY: Family.LONG,
    Interval.WEEK: Family.LONG,
    Interval.MONTH: Family.LONG,
}
"""Every interval that is stored."""


class Partition(NamedTuple):
    """A day or a calendar month of one family."""

    family: Family
    start_ms: int
    end_ms: int

    @property
    def name(self) -> str:
        """`candles_short_20261121` for a day, `candles_short_202611` for a month."""
        start = datetime.fromtimestamp(self.start_ms / 1000, tz=UTC)
        layout = "%Y%m%d" if self.end_ms - self.start_ms == DAY_MS else "%Y%m"
        return f"{self.family}_{start.strftime(layout)}"

    @classmethod
    def parse(cls, name: str) -> "Partition":
        """The partition with this name."""
        family, _, digits = name.rpartition("_")
        month_digits = 6
        interval = Interval.MONTH if len(digits) == month_digits else Interval.DAY
        layout = "%Y%m" if interval is Interval.MONTH else "%Y%m%d"
        start = datetime.strptime(digits, layout).replace(tzinfo=UTC)
        start_ms = int(start.timestamp()) * 1000
        return cls(Family(family), start_ms, interval.next_start(start_ms))


def missing(
    existing: Iterable[Partition], family: Family, times_ms: Iterable[int], *, now_ms: int
) -> Iterator[Partition]:
    """The partitions to make before candles that open at `times_ms` can be stored."""
    if family is Family.LONG:
        return
    there = [each for each in existing if each.family is family]
    days = {each.start_ms for each in there if each.end_ms - each.start_ms == DAY_MS}
    months = {each.start_ms for each in there} - days
    cut_months = {Interval.MONTH.bucket_start(day) for day in days}
    last_month_ms = Interval.MONTH.bucket_start(Interval.MONTH.bucket_start(now_ms) - 1)
    for day_ms in sorted({Interval.DAY.bucket_start(time_ms) for time_ms in times_ms}):
        month_ms = Interval.MONTH.bucket_start(day_ms)
        if month_ms in months or day_ms in days:
            continue
        by_day = family is Family.SHORT and (month_ms >= last_month_ms or month_ms in cut_months)
        interval = Interval.DAY if by_day else Interval.MONTH
        start_ms = interval.bucket_start(day_ms)
        (days if by_day else months).add(start_ms)
        yield Partition(family, start_ms, interval.next_start(start_ms))
