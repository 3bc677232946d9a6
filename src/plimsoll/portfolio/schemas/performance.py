"""JSON shapes and tables of how well it went."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from pydantic import JsonValue

from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import format_amount
from plimsoll.plumbing import shapes
from plimsoll.plumbing.paging import Page
from plimsoll.plumbing.shapes import Day, View
from plimsoll.plumbing.tables import Columns
from plimsoll.portfolio.domain import explained, performance, profits, risk
from plimsoll.portfolio.domain.explained import Input, Inputs
from plimsoll.portfolio.domain.performance import Performance, PerformanceDay
from plimsoll.portfolio.domain.returns import Timing

MOST_ENTRIES: Final = 20
"""Of a series among inputs; a longer one is told by its length and its ends."""
DAYS: Final = "/api/v1/portfolio/performance/days"
MOST_UNKNOWN: Final = 100


class FigureView(View):
    """A figure that can be derived. `value` null: it does not exist, and `why_not` says why.

    `inputs` is there when explanations are asked for. Of a long series it has the number of
    entries, the first and the last; all of them are in `/portfolio/performance/days`.
    """

    value: shapes.Figure | None
    formula: str
    why_not: str
    inputs: dict[str, JsonValue] | None = None

    @classmethod
    def of(cls, figure: explained.Figure, *, explain: bool) -> "FigureView":
        return cls(
            value=figure.value,
            formula=figure.formula,
            why_not=figure.why_not,
            inputs=_inputs(figure.inputs) if explain else None,
        )


def _inputs(inputs: Inputs) -> dict[str, JsonValue]:
    return {name: _input(value) for name, value in inputs.items()}


def _input(value: Input) -> JsonValue:
    match value:
        case Decimal():
            return format_amount(value)
        case date():
            return value.isoformat()
        case tuple() if len(value) > MOST_ENTRIES:
            return {
                "count": len(value),
                "first": _input(value[0]),
                "last": _input(value[-1]),
                "all": DAYS,
            }
        case tuple():
            return [_input(each) for each in value]
        case _:
            return value


class DrawdownView(View):
    """`recovered`: the first day above that peak; null: not yet."""

    depth: FigureView
    peak: Day
    trough: Day
    recovered: Day | None
    longest_days: FigureView

    @classmethod
    def of(cls, found: risk.Drawdown, *, explain: bool) -> "DrawdownView":
        return cls(
            depth=FigureView.of(found.depth, explain=explain),
            peak=found.peak,
            trough=found.trough,
            recovered=found.recovered,
            longest_days=FigureView.of(found.longest_days, explain=explain),
        )


class ReturnsView(View):
    """Ratios: 0.1 is ten percent. `volatility` is of the period, `volatility_year` of a year."""

    time_weighted: FigureView
    annualised: FigureView
    money_weighted: FigureView
    simple: FigureView
    volatility: FigureView
    volatility_year: FigureView
    downside: FigureView
    sharpe: FigureView
    drawdown: DrawdownView

    @classmethod
    def of(cls, found: performance.Returns, *, explain: bool) -> "ReturnsView":
        def figure(each: explained.Figure) -> FigureView:
            return FigureView.of(each, explain=explain)

        return cls(
            time_weighted=figure(found.time_weighted),
            annualised=figure(found.annualised),
            money_weighted=figure(found.money_weighted),
            simple=figure(found.simple),
            volatility=figure(found.volatility),
            volatility_year=figure(found.volatility_of_a_year),
            downside=figure(found.downside),
            sharpe=figure(found.sharpe),
            drawdown=DrawdownView.of(found.drawdown, explain=explain),
        )


class SplitView(View):
    """`realised` + `unrealised` + `income` + `rest` = `profit`; `fees` is within them."""

    profit: FigureView
    realised: FigureView
    unrealised: FigureView
    income: FigureView
    fees: FigureView
    rest: FigureView

    @classmethod
    def of(cls, found: profits.Split, *, explain: bool) -> "SplitView":
        def figure(each: explained.Figure) -> FigureView:
            return FigureView.of(each, explain=explain)

        return cls(
            profit=figure(found.profit),
            realised=figure(found.realised),
            unrealised=figure(found.unrealised),
            income=figure(found.income),
            fees=figure(found.fees),
            rest=figure(found.rest),
        )


class BenchmarkView(View):
    """The same money in one asset; `returns` null: there is no such course, and why."""

    coin_id: str
    returns: ReturnsView | None
    why_not: str

    @classmethod
    def of(cls, found: performance.Beside, *, explain: bool) -> "BenchmarkView":
        returns = ReturnsView.of(found.returns, explain=explain) if found.returns else None
        return cls(coin_id=found.asset_id, returns=returns, why_not=found.why_not)


class PerformanceView(View):
    """How well it went from `first_day` to `last_day`, in `currency`.

    `timing` is when within its day a flow counts. `stale_days` had a price of an earlier day;
    `unvalued` coins were held without a price and are in no sum; of `missing` ones more went out
    than was known to be there; `unknown_flows` are transactions whose worth nobody knows, the
    first hundred of them. `simulated`: the prices are invented.
    """

    currency: str
    first_day: Day
    last_day: Day
    days: int
    timing: Timing
    value_before: shapes.Figure
    value_at_end: shapes.Figure
    net_flow: shapes.Figure
    returns: ReturnsView
    split: SplitView
    benchmark: BenchmarkView | None
    stale_days: int
    unvalued: list[str]
    missing: list[str]
    unknown_flows: list[UUID]
    simulated: bool

    @classmethod
    def of(
        cls, found: Performance, currency: AssetId, *, explain: bool, simulated: bool
    ) -> "PerformanceView":
        course, beside = found.course, found.benchmark
        return cls(
            currency=currency,
            first_day=course.days[0].day,
            last_day=course.days[-1].day,
            days=len(course.days),
            timing=found.timing,
            value_before=course.before,
            value_at_end=course.days[-1].value,
            net_flow=course.net_flow,
            returns=ReturnsView.of(found.returns, explain=explain),
            split=SplitView.of(found.split, explain=explain),
            benchmark=BenchmarkView.of(beside, explain=explain) if beside else None,
            stale_days=found.stale_days,
            unvalued=list(found.unvalued),
            missing=list(found.missing),
            unknown_flows=list(found.unknown[:MOST_UNKNOWN]),
            simulated=simulated,
        )


class PerformanceDayView(View):
    """What a day has to do with the figures. `ratio` null: nothing was at work; `unit`: what 1 at
    the beginning had become.
    """

    day: Day
    value: shapes.Figure
    flow: shapes.Figure
    ratio: shapes.Figure | None
    timing: Timing
    unit: shapes.Figure

    @classmethod
    def of(cls, day: PerformanceDay) -> "PerformanceDayView":
        return cls(**day._asdict())


class PerformanceDayPage(Page[PerformanceDayView]):
    """One page of days, the first one first."""

    currency: str
    simulated: bool


def days_table(days: Sequence[PerformanceDay]) -> Columns:
    """Amounts and ratios as text, for they are exact; what there is none of is empty."""

    def amounts(name: str) -> list[str]:
        found = (getattr(each, name) for each in days)
        return ["" if each is None else format_amount(each) for each in found]

    return {
        "day": [each.day.isoformat() for each in days],
        "value": amounts("value"),
        "flow": amounts("flow"),
        "ratio": amounts("ratio"),
        "unit": amounts("unit"),
        "timing": [each.timing.value for each in days],
    }
