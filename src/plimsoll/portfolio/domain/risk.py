"""How rough the way was: volatility, drawdown, Sharpe ratio, and a benchmark with the same flows.

Pure. Works on daily returns (ratios) and on what one unit became. Days on which nothing was at work
have no return and are left out. Formulas and a worked example: docs/formulas/performance.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from itertools import pairwise
from typing import Final, NamedTuple

from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import ZERO, divide, worth
from plimsoll.portfolio.domain.explained import Figure, Inputs, missing, ratio
from plimsoll.portfolio.domain.returns import (
    YEAR_DAYS,
    Course,
    DailyReturn,
    DayValue,
)
from plimsoll.portfolio.domain.series import ONE_DAY, PriceOf

FEWEST: Final = 2
"""Returns that a deviation needs."""

_LOGS: Final = Context(prec=28, rounding=ROUND_HALF_EVEN)
"""Twice the digits that are told; a logarithm in 50 digits takes several times longer."""


def volatility(returns: Sequence[Decimal], periods: int | None = None) -> Figure:
    """Sample deviation of the log returns, scaled to `periods` of them.

    None: as many as there are, the volatility of the whole stretch; 365 of daily returns: a year.
    """
    formula = "sqrt(sum of (log(1 + return) - mean)^2 / (n - 1) * periods)"
    return _deviation(returns, periods, formula, below_only=False)


def downside(returns: Sequence[Decimal], periods: int | None = None) -> Figure:
    """The part of the volatility that comes from log returns below their mean (semi-deviation)."""
    formula = "sqrt(sum of (log(1 + return) - mean)^2 where below mean / (n - 1) * periods)"
    return _deviation(returns, periods, formula, below_only=True)


def _deviation(
    returns: Sequence[Decimal], periods: int | None, formula: str, *, below_only: bool
) -> Figure:
    count = len(returns)
    periods = count if periods is None else periods
    inputs: Inputs = {"returns": tuple(returns), "n": count, "periods": periods}
    if count < FEWEST:
        return missing("fewer than two returns", formula, inputs)
    if any(each <= -1 for each in returns):
        return missing("a total loss has no log return", formula, inputs)
    logs = [_LOGS.ln(1 + each) for each in returns]
    mean = divide(sum(logs, ZERO), Decimal(count))
    squares = sum(((each - mean) ** 2 for each in logs if each < mean or not below_only), ZERO)
    found = divide(squares * periods, Decimal(count - 1)).sqrt()
    return ratio(found, formula, {**inputs, "mean": mean})


def sharpe(returns: Sequence[Decimal], risk_free: Decimal = ZERO) -> Figure:
    """Mean daily return above the risk-free one over its sample deviation, for a year.

    `risk_free` is a yearly rate; a day's is its 365th part.
    """
    formula = (
        "(mean of return - risk_free / 365) / sqrt(sum of (return - mean)^2 / (n - 1)) * sqrt(365)"
    )
    count = len(returns)
    inputs: Inputs = {"returns": tuple(returns), "n": count, "risk_free": risk_free}
    if count < FEWEST:
        return missing("fewer than two returns", formula, inputs)
    mean = divide(sum(returns, ZERO), Decimal(count))
    variance = divide(sum(((each - mean) ** 2 for each in returns), ZERO), Decimal(count - 1))
    if not variance:
        return missing("the returns never differ", formula, {**inputs, "mean": mean})
    excess = mean - divide(risk_free, Decimal(YEAR_DAYS))
    found = divide(excess, variance.sqrt()) * Decimal(YEAR_DAYS).sqrt()
    return ratio(found, formula, {**inputs, "mean": mean})


class Unit(NamedTuple):
    """What one unit had become at the end of a day."""

    day: date
    worth: Decimal


def units_of(returns: Sequence[DailyReturn]) -> tuple[Unit, ...]:
    """The daily returns chained, from 1 at the end of the day before the first."""
    worth_now, units = Decimal(1), list[Unit]()
    for each in returns:
        if not units:
            units.append(Unit(each.day - ONE_DAY, worth_now))
        worth_now *= 1 + (each.ratio or ZERO)
        units.append(Unit(each.day, worth_now))
    return tuple(units)


def known(returns: Iterable[DailyReturn]) -> tuple[Decimal, ...]:
    """The returns of the days that have one."""
    return tuple(each.ratio for each in returns if each.ratio is not None)


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The deepest fall from a peak, a ratio of the peak, and the longest time without a new peak.

    `recovered`: the first day above that peak; None: not yet. Without any fall `depth` is 0 and
    the three days are those of the first one.
    """

    depth: Figure
    peak: date
    trough: date
    recovered: date | None
    longest_days: Figure


def drawdown(units: Sequence[Unit]) -> Drawdown:
    """Of at least one moment, the first above zero. A peak counts until it is exceeded: to reach
    it again is no new peak.
    """
    peak = trough = top = units[0]
    recovered: date | None = top.day
    depth = ZERO
    for each in units:
        if each.worth > top.worth:
            recovered = recovered or each.day
            top = each
        fall = divide(top.worth - each.worth, top.worth)
        if fall > depth:
            depth, peak, trough, recovered = fall, top, each, None
    return Drawdown(
        ratio(
            depth,
            "largest of (peak - worth) / peak, the peak being the highest worth until then",
            {"peak": peak.worth, "worth": trough.worth, "units": tuple(units)},
        ),
        peak.day,
        trough.day,
        recovered,
        _longest(units),
    )


def _longest(units: Sequence[Unit]) -> Figure:
    """From each peak to the day that exceeds it, or to the end."""
    peaks = [units[0]]
    for each in units:
        if each.worth > peaks[-1].worth:
            peaks.append(each)
    ends = [*(each.day for each in peaks), units[-1].day]
    start, end = max(pairwise(ends), key=_length)
    return Figure(
        Decimal((end - start).days),
        "most days from a peak to the first day above it, or to the last day",
        {"from": start, "to": end},
    )


def _length(stretch: tuple[date, date]) -> int:
    return (stretch[1] - stretch[0]).days


@dataclass(frozen=True, slots=True)
class Benchmark:
    """The same money in one asset instead. `course` None: it does not exist, and why.

    `course` has the same flows, so every return of it stands beside that of the portfolio.
    """

    asset_id: AssetId
    course: Course | None
    why_not: str = ""


def same_flows(course: Course, asset: AssetId, price_of: PriceOf) -> Benchmark:
    """`asset` bought with the value before the first day at that day's price, and bought and sold
    with each day's flow at the price of its day.
    """
    day_before = course.days[0].day - ONE_DAY
    units, days = ZERO, list[DayValue]()
    for day, flow in [
        (day_before, course.before),
        *((each.day, each.flow) for each in course.days),
    ]:
        priced = price_of(asset, day)
        if priced is None or not priced.price:
            if flow or units:
                return Benchmark(asset, None, f"{asset} has no price on {day}")
            days.append(DayValue(day, ZERO, flow))
            continue
        units += divide(flow, priced.price)
        value = worth(units, priced.price)
        if value < 0:
            return Benchmark(asset, None, f"more was taken out until {day} than it was worth")
        days.append(DayValue(day, value, flow))
    return Benchmark(asset, Course(days[0].value, tuple(days[1:])))
