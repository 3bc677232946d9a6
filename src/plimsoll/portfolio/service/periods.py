"""Questions about a stretch of days, asked of a history: values, performance, allocation."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from plimsoll.kernel.errors import FieldFault, Invalid
from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import ZERO
from plimsoll.portfolio.domain import performance, values
from plimsoll.portfolio.domain.performance import Benchmark, Performance, PerformanceDay
from plimsoll.portfolio.domain.returns import Timing
from plimsoll.portfolio.domain.series import Day
from plimsoll.portfolio.domain.values import Allocation, By, Division, Line, Step
from plimsoll.portfolio.service.histories import Look


class BadPeriod(Invalid):
    """A stretch that ends before it begins."""

    code = "bad-period"
    title = "The period ends before it begins"


@dataclass(frozen=True, slots=True)
class Period:
    """As it was asked for, both ends inclusive; None is as far as there is something."""

    first: date | None
    last: date | None

    def check(self) -> None:
        """Raises BadPeriod."""
        if self.first and self.last and self.last < self.first:
            fault = FieldFault("query:to", "bad-period", "before `from`")
            raise BadPeriod(f"{self.last} is before {self.first}", faults=(fault,))

    def within(self, look: Look) -> tuple[date, date] | None:
        """From the first transaction on and up to today; None: nothing of it lies there."""
        first = max(self.first or look.first, look.first)
        last = min(self.last or look.today, look.today)
        return (first, last) if first <= last else None


def list_values(
    look: Look, period: Period, by: By, step: Step, *, after: tuple[date, str] | None = None
) -> Iterator[Line]:
    """The lines of a period, those that come after a day and a key when given."""
    span = period.within(look)
    if span is None:
        return
    first, last = span
    wanted = set(values.last_of_each(step, first=first, last=last))
    start = max(first, after[0]) if after else first
    lines: Iterable[Line] = look.history.list_totals(start, last)
    if by is not By.TOTAL:
        days = look.history.list_days(start, last)
        lines = (line for day in days if day.day in wanted for line in values.list_parts(day, by))
    for line in lines:
        if line.day in wanted and (after is None or (line.day, line.key) > after):
            yield line


@dataclass(frozen=True, slots=True)
class Judging:
    """How a period is judged; `risk_free` is a yearly rate."""

    timing: Timing
    risk_free: Decimal = ZERO
    benchmark: AssetId | None = None


def measure(look: Look, period: Period, judging: Judging) -> Performance:
    """How well the period went. A period with nothing in it is judged as one day of nothing."""
    first, last = period.within(look) or (look.today, look.today)
    asset = judging.benchmark
    return performance.measure(
        look.history,
        first=first,
        last=last,
        timing=judging.timing,
        risk_free=judging.risk_free,
        benchmark=Benchmark(asset, look.beside[asset]) if asset else None,
    )


def list_days(
    look: Look, period: Period, timing: Timing, *, after: date | None = None
) -> Iterator[PerformanceDay]:
    """What went into the figures, day by day."""
    span = period.within(look)
    if span is None or not look.history.days:
        return iter(())
    days = performance.list_days(look.history.course(*span), timing)
    return (each for each in days if after is None or each.day > after)


def allocate(look: Look, at: date | None, by: Division) -> Allocation:
    """How what was held at the end of a day is divided; today's at the latest prices."""
    day = min(at or look.today, look.today)
    found = look.history.find_day(day) or Day(day, (), ZERO)
    return values.allocate(found, look.history.holdings_at(day), by)
