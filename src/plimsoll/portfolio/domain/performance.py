"""Everything that is told of how well a stretch of days went. Pure; the figures are elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from plimsoll.kernel.identifiers import AssetId, TransactionId
from plimsoll.kernel.money import rounded
from plimsoll.portfolio.domain import returns, risk
from plimsoll.portfolio.domain.explained import RATIO, Figure
from plimsoll.portfolio.domain.history import History
from plimsoll.portfolio.domain.profits import Split
from plimsoll.portfolio.domain.returns import YEAR_DAYS, Course, Timing
from plimsoll.portfolio.domain.risk import Drawdown
from plimsoll.portfolio.domain.series import PriceOf


@dataclass(frozen=True, slots=True)
class Returns:
    """What a course brought, and how rough it was."""

    time_weighted: Figure
    annualised: Figure
    money_weighted: Figure
    simple: Figure
    volatility: Figure
    volatility_of_a_year: Figure
    downside: Figure
    drawdown: Drawdown
    sharpe: Figure


@dataclass(frozen=True, slots=True)
class Beside:
    """The same flows in one asset; `returns` None: there is no such course, and why."""

    asset_id: AssetId
    returns: Returns | None
    why_not: str


@dataclass(frozen=True, slots=True)
class Performance:
    """`stale`, `unvalued` and `missing` are of any day of the stretch, `unknown` are flows."""

    course: Course
    timing: Timing
    returns: Returns
    split: Split
    benchmark: Beside | None
    stale_days: int
    unvalued: tuple[AssetId, ...]
    missing: tuple[AssetId, ...]
    unknown: tuple[TransactionId, ...]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What to hold it against."""

    asset_id: AssetId
    price_of: PriceOf


def measure(
    history: History,
    *,
    first: date,
    last: date,
    timing: Timing,
    risk_free: Decimal,
    benchmark: Benchmark | None,
) -> Performance:
    """The days from `first` to `last`; `risk_free` is a yearly rate."""
    course = history.course(first, last)
    days = history.list_totals(first, last)
    beside = None
    if benchmark is not None:
        same = risk.same_flows(course, benchmark.asset_id, benchmark.price_of)
        found = _judge(same.course, timing, risk_free) if same.course else None
        beside = Beside(benchmark.asset_id, found, same.why_not)
    return Performance(
        course,
        timing,
        _judge(course, timing, risk_free),
        history.split(course),
        beside,
        sum(day.stale for day in days),
        tuple(sorted({each for day in days for each in day.unvalued})),
        tuple(sorted({each for day in days for each in day.missing})),
        tuple(history.list_unknown(first, last)),
    )


def _judge(course: Course, timing: Timing, risk_free: Decimal) -> Returns:
    daily = returns.daily_returns(course, timing)
    known = risk.known(daily)
    whole = returns.time_weighted(course, timing)
    return Returns(
        time_weighted=whole,
        annualised=returns.annualised(whole, len(course.days)),
        money_weighted=returns.money_weighted(course),
        simple=returns.simple(course),
        volatility=risk.volatility(known),
        volatility_of_a_year=risk.volatility(known, YEAR_DAYS),
        downside=risk.downside(known),
        drawdown=risk.drawdown(risk.units_of(daily)),
        sharpe=risk.sharpe(known, risk_free),
    )


class PerformanceDay(NamedTuple):
    """What went into the figures: `ratio` is the day's return, `unit` what 1 had become."""

    day: date
    value: Decimal
    flow: Decimal
    ratio: Decimal | None
    timing: Timing
    unit: Decimal


def list_days(course: Course, timing: Timing) -> Iterator[PerformanceDay]:
    """The days of a course with their returns, in 12 places."""
    daily = returns.daily_returns(course, timing)
    units = risk.units_of(daily)[1:]
    for day, found, unit in zip(course.days, daily, units, strict=True):
        told = None if found.ratio is None else rounded(found.ratio, RATIO)
        yield PerformanceDay(*day, told, found.timing, rounded(unit.worth, RATIO))
