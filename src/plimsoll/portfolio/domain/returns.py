"""How well it went: time-weighted, money-weighted and simple return of a course. Pure.

A course is the value at the end of each day of a period and the flow of that day. Time-weighted
judges the holdings whatever was paid in and out; money-weighted (XIRR) judges the person's money;
simple is profit over what was put in. Ratios: 0.1 is ten percent.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from plimsoll.kernel.money import ZERO, divide, rounded
from plimsoll.portfolio.domain.explained import RATIO, Figure, Inputs, amount, missing, ratio
from plimsoll.portfolio.domain.series import ONE_DAY, Day

YEAR_DAYS: Final = 365


class Timing(StrEnum):
    """When within its day a flow counts.

    START: before the day's movement, so that a purchase is at work the whole day. END: after it.
    BOTH_ENDS: what comes in at the start, what goes out at the end.
    """

    START = "start-of-day"
    END = "end-of-day"
    BOTH_ENDS = "in-at-start-out-at-end"


class DayValue(NamedTuple):
    """The value at the end of the day and what came in (above zero) or went out during it."""

    day: date
    value: Decimal
    flow: Decimal


@dataclass(frozen=True, slots=True)
class Course:
    """Consecutive days, at least one; `before` is the value at the end of the day before."""

    before: Decimal
    days: tuple[DayValue, ...]

    @property
    def profit(self) -> Decimal:
        return self.days[-1].value - self.before - self.net_flow

    @property
    def net_flow(self) -> Decimal:
        return sum((each.flow for each in self.days), ZERO)

    @property
    def inflow(self) -> Decimal:
        """The sum of the days' net flows that are above zero."""
        return sum((each.flow for each in self.days if each.flow > 0), ZERO)


class DailyReturn(NamedTuple):
    """`ratio` None: nothing was at work. `timing`: the convention that the day was taken with."""

    day: date
    ratio: Decimal | None
    timing: Timing


def course_of(
    series: Sequence[Day], flows: Mapping[date, Decimal], *, first: date, last: date
) -> Course:
    """The days `first` to `last` of a series; days before its beginning are worth nothing."""
    assert first <= last
    values = {each.day: each.value for each in series}
    assert not values or last <= series[-1].day, "the series ends within the period"
    days = (first + ONE_DAY * offset for offset in range((last - first).days + 1))
    return Course(
        values.get(first - ONE_DAY, ZERO),
        tuple(DayValue(day, values.get(day, ZERO), flows.get(day, ZERO)) for day in days),
    )


def daily_returns(course: Course, timing: Timing = Timing.START) -> tuple[DailyReturn, ...]:
    """The return of each day.

    A day on which the convention has no capital above zero, or loses more than all, is taken with
    BOTH_ENDS: at START a full sale above yesterday's price would divide by less than nothing, at
    END the first purchase by nothing.
    """
    returns, before = [], course.before
    for each in course.days:
        used = timing
        capital, end = _capital_and_end(before, each, used)
        if capital <= 0 or end < 0:
            used = Timing.BOTH_ENDS
            capital, end = _capital_and_end(before, each, used)
        found = divide(end, capital) - 1 if capital > 0 else None
        returns.append(DailyReturn(each.day, found, used))
        before = each.value
    return tuple(returns)


def _capital_and_end(before: Decimal, day: DayValue, timing: Timing) -> tuple[Decimal, Decimal]:
    match timing:
        case Timing.START:
            return before + day.flow, day.value
        case Timing.END:
            return before, day.value - day.flow
        case Timing.BOTH_ENDS:
            return before + max(day.flow, ZERO), day.value - min(day.flow, ZERO)


TIMED: Final = {
    Timing.START: "product of value / (value before + flow)",
    Timing.END: "product of (value - flow) / value before",
    Timing.BOTH_ENDS: "product of (value + out) / (value before + in)",
}


def time_weighted(course: Course, timing: Timing = Timing.START) -> Figure:
    """The daily returns chained: what one unit that stayed the whole period became, less one."""
    returns = daily_returns(course, timing)
    formula = f"{TIMED[timing]}, over the days, - 1"
    known = [each for each in returns if each.ratio is not None]
    inputs: Inputs = {
        "timing": timing.value,
        "value_before_first_day": course.before,
        "days": course.days,
        "taken_with_both_ends": tuple(each.day for each in known if timing is not each.timing),
        "without_capital": tuple(each.day for each in returns if each.ratio is None),
    }
    if not known:
        return missing("nothing was at work on any day", formula, inputs)
    product = Decimal(1)
    for each in known:
        product *= 1 + (each.ratio or ZERO)
    return ratio(product - 1, formula, inputs)


def annualised(whole: Figure, days: int) -> Figure:
    """A return over `days` as if each year had brought the same; not under a year."""
    formula = "(1 + return) ^ (365 / days) - 1"
    if whole.value is None:
        return missing(whole.why_not, formula, {"return": None, "days": days})
    inputs: Inputs = {"return": whole.value, "days": days}
    if days < YEAR_DAYS:
        return missing("less than a year is not annualised", formula, inputs)
    if whole.value <= -1:
        return missing("nothing is left to grow", formula, inputs)
    return ratio(
        (1 + whole.value) ** divide(Decimal(YEAR_DAYS), Decimal(days)) - 1, formula, inputs
    )


def profit(course: Course) -> Figure:
    """What the period brought, in the reporting currency."""
    return amount(
        course.profit,
        "value_at_end - value_before_first_day - net_flow",
        {
            "value_at_end": course.days[-1].value,
            "value_before_first_day": course.before,
            "net_flow": course.net_flow,
        },
    )


def simple(course: Course) -> Figure:
    """Profit over what was there and what was put in, whenever that was."""
    formula = (
        "(value_at_end - value_before_first_day - net_flow) / (value_before_first_day + inflow)"
    )
    capital = course.before + course.inflow
    inputs: Inputs = {
        "value_at_end": course.days[-1].value,
        "value_before_first_day": course.before,
        "net_flow": course.net_flow,
        "inflow": course.inflow,
    }
    if capital <= 0:
        return missing("nothing was put in", formula, inputs)
    return ratio(divide(course.profit, capital), formula, inputs)


def on_average_investment(
    gained: Decimal, invested: Sequence[tuple[date, Decimal]], until: date
) -> Figure:
    """Profit over the investment that stood on average. `invested`: from which day on how much
    was invested, in order; each stands until the next, the last until `until`, exclusive.
    """
    formula = "profit / (sum of invested * days / all days)"
    inputs: Inputs = {"profit": gained, "invested": tuple(invested), "until": until}
    ends = [day for day, _ in invested[1:]] + [until]
    spans = [(end - day).days for (day, _), end in zip(invested, ends, strict=True)]
    weighted = sum((held * days for (_, held), days in zip(invested, spans, strict=True)), ZERO)
    if weighted <= 0:
        return missing("nothing was invested for a day", formula, inputs)
    return ratio(divide(gained * sum(spans), weighted), formula, inputs)


class NoRate(StrEnum):
    """Why flows have no internal rate of return."""

    ONE_SIGN = "all flows go one way: money has to go in and come out"
    NO_TIME = "all flows are of one day"
    NO_ROOT = "no rate makes the flows worth nothing"
    SEVERAL = "several rates make the flows worth nothing"
    EXTREME = "the rate is beyond what can be told: the period is too short for a yearly rate"


_LOWEST: Final = math.log(1e-9)  # no money: logarithms of 1 + rate
_HIGHEST: Final = math.log(1e6)  # no money: likewise
"""What lies beyond is total loss, or a yearly rate of a hundred million percent: both mean that the
period is too short for a yearly rate.
"""

_GRID: Final = np.linspace(_LOWEST, _HIGHEST, 1800)
"""In steps of two percent."""

_HALVINGS: Final = 60
"""Of the whole range: more than the digits of a double."""


def money_weighted(course: Course) -> Figure:
    """XIRR: the yearly rate at which everything paid in grew to everything paid out and left.

    Each flow counts at its day; the value before the first day was paid in at the end of the day
    before, the value at the end is paid out on the last day.
    """
    return xirr(list(_payments(course)))


def _payments(course: Course) -> Iterator[tuple[date, Decimal]]:
    if course.before:
        yield course.days[0].day - ONE_DAY, -course.before
    for each in course.days:
        if each.flow:
            yield each.day, -each.flow
    if course.days[-1].value:
        yield course.days[-1].day, course.days[-1].value


def xirr(payments: Sequence[tuple[date, Decimal]]) -> Figure:
    """The rate r with Σ payment / (1 + r) ^ (days / 365) = 0, as spreadsheets define it.

    Payments out of the person's pocket are below zero. With more than one change of sign there
    may be several such rates; then none is given and all that were found are among the inputs.
    Two rates within two percent of 1 + r may be taken for none.
    """
    formula = "the rate at which sum of payment / (1 + rate) ^ (days / 365) = 0"
    sums: dict[date, Decimal] = {}
    for day, paid in sorted(payments):
        sums[day] = sums.get(day, ZERO) + paid
    paid_by_day = [(day, paid) for day, paid in sums.items() if paid]
    inputs: Inputs = {"payments": tuple(paid_by_day)}
    if payments and len(sums) == 1:
        return missing(NoRate.NO_TIME, formula, inputs)
    signs = [paid > 0 for _, paid in paid_by_day]
    changes = sum(left != right for left, right in pairwise(signs))
    if not changes:
        return missing(NoRate.ONE_SIGN, formula, inputs)
    worth_at = _worth_of(paid_by_day)
    # one change of sign has exactly one root, so it needs no search
    grid = _GRID if changes > 1 else _GRID[[0, -1]]
    signs_at = np.signbit([worth_at(each) for each in grid])
    roots = tuple(
        Decimal(str(math.expm1(_bisect(worth_at, grid[at], grid[at + 1]))))
        for at in np.flatnonzero(np.diff(signs_at)).tolist()
    )
    match roots:
        case ():
            return missing(NoRate.EXTREME if changes == 1 else NoRate.NO_ROOT, formula, inputs)
        case (root,):
            return ratio(root, formula, inputs)
        case _:
            told = tuple(rounded(each, RATIO) for each in roots)
            return missing(NoRate.SEVERAL, formula, {**inputs, "rates": told})


Logarithm: TypeAlias = float  # no money: of 1 + rate
Worth: TypeAlias = float  # no money: of which only the sign counts
WorthAt: TypeAlias = Callable[[Logarithm], Worth]


def _worth_of(payments: Sequence[tuple[date, Decimal]]) -> WorthAt:
    """The worth of all payments at a rate, at that end of the period where no power overflows."""
    start, end = payments[0][0], payments[-1][0]
    amounts = np.array([paid for _, paid in payments], np.float64)
    since = np.array([(day - start).days for day, _ in payments]) / YEAR_DAYS
    until = (end - start).days / YEAR_DAYS - since

    def worth_at(rate: Logarithm) -> Worth:
        powers = np.exp(rate * until if rate < 0 else -rate * since)
        return Worth(np.sum(powers * amounts))

    return worth_at


def _bisect(worth_at: WorthAt, low: Logarithm, high: Logarithm) -> Logarithm:
    """Where the worth changes its sign between `low` and `high`."""
    below = worth_at(low) < 0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if (worth_at(middle) < 0) is below:
            low = middle
        else:
            high = middle
    return (low + high) / 2
