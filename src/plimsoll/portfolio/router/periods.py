"""HTTP for the portfolio over time: its value, how well it did, and how it was divided."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query, Request, Response

from plimsoll.access.guards import Reader
from plimsoll.kernel.identifiers import AssetId, UserId
from plimsoll.kernel.money import ZERO
from plimsoll.markets.domain.assets import UnknownAssetField
from plimsoll.markets.service.prices import PricesDep
from plimsoll.plumbing.lists import TablePaging
from plimsoll.plumbing.paging import BadCursor
from plimsoll.plumbing.problems import problems
from plimsoll.plumbing.shapes import AssetName, Day, UnsignedAmount
from plimsoll.plumbing.tables import AskedFormat, Columns, Files, Format, choose_format
from plimsoll.portfolio.domain.returns import Timing
from plimsoll.portfolio.domain.values import By, Division, Step
from plimsoll.portfolio.schemas.performance import (
    PerformanceDayPage,
    PerformanceDayView,
    PerformanceView,
    days_table,
)
from plimsoll.portfolio.schemas.values import AllocationView, ValuePage, ValueView, values_table
from plimsoll.portfolio.service import periods
from plimsoll.portfolio.service.histories import Histories, Look
from plimsoll.portfolio.service.periods import BadPeriod, Judging, Period

router = APIRouter(prefix="/portfolio", tags=["portfolio"])

T = TypeVar("T")


async def _histories_of(request: Request) -> Histories:
    histories = request.app.state.histories
    assert isinstance(histories, Histories)
    return histories


HistoriesDep = Annotated[Histories, Depends(_histories_of)]


async def _currency(prices: PricesDep, currency: AssetName = "usd") -> AssetId:
    return prices.catalogue.resolve_field(currency, pointer="query:currency").id


Currency = Annotated[AssetId, Depends(_currency)]
TimingAsked = Annotated[Timing, Query(description="When within its day a flow counts")]


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose days are asked for, which, in what currency and as what."""

    request: Request
    user_id: UserId
    histories: Histories
    currency: AssetId
    period: Period

    async def ask(self, question: Callable[[Look], T], *, beside: AssetId | None = None) -> T:
        return await self.histories.ask(self.user_id, self.currency, question, beside=beside)

    def choose(self, asked: Format | None) -> Format:
        return choose_format(asked, self.request.headers.get("accept", ""))

    async def table(
        self,
        name: str,
        format_: Format,
        key: tuple[object, ...],
        build: Callable[[Look], Columns],
    ) -> Response:
        """A file, a few seconds old at most, so that its parts belong together."""
        files: Files = self.request.app.state.files
        question = (self.user_id, self.currency, self.period, *key)
        return await files.answer(self.request, name, format_, question, lambda: self.ask(build))


async def _asked(
    request: Request,
    owner: Reader,
    histories: HistoriesDep,
    currency: Currency,
    first: Annotated[
        Day | None, Query(alias="from", description="Else that of the first transaction")
    ] = None,
    last: Annotated[Day | None, Query(alias="to", description="Inclusive; else today")] = None,
) -> Asked:
    period = Period(first, last)
    period.check()
    return Asked(request, owner.user_id, histories, currency, period)


AskedDep = Annotated[Asked, Depends(_asked)]


@router.get(
    "/value",
    response_model=ValuePage,
    responses=problems(UnknownAssetField, BadPeriod, BadCursor),
)
async def list_values(
    prices: PricesDep,
    asked: AskedDep,
    page: TablePaging,
    by: By = By.TOTAL,
    interval: Annotated[
        Step, Query(description="Of weeks and months the last day, of the last one the last so far")
    ] = Step.DAY,
    format: AskedFormat = None,  # noqa: A002 - the name of the parameter
) -> ValuePage | Response:
    """What everything was worth at the end of each day, from the ledger as it is now.

    The last line is of today, at the latest prices. A table has all lines at once.
    """
    period = asked.period
    chosen = asked.choose(format)
    if chosen is not Format.JSON:
        return await asked.table(
            "portfolio-value",
            chosen,
            (by, interval),
            lambda look: values_table(list(periods.list_values(look, period, by, interval))),
        )
    after: Any = page.after(date, str)
    lines = await asked.ask(
        lambda look: list(
            islice(periods.list_values(look, period, by, interval, after=after), page.limit + 1)
        )
    )
    cut = page.cut(lines, lambda line: (line.day, line.key))
    return ValuePage(
        data=[ValueView.of(line) for line in cut.rows],
        next_cursor=cut.next_cursor,
        currency=asked.currency,
        by=by,
        interval=interval,
        simulated=prices.simulated,
    )


@router.get("/performance", responses=problems(UnknownAssetField, BadPeriod))
async def read_performance(
    prices: PricesDep,
    asked: AskedDep,
    timing: TimingAsked = Timing.BOTH_ENDS,
    benchmark: Annotated[
        AssetName | None, Query(description="An asset bought and sold with the same flows")
    ] = None,
    risk_free: Annotated[
        UnsignedAmount, Query(description="A yearly rate for the Sharpe ratio: 0.03 is 3 %")
    ] = ZERO,
    *,
    explain: Annotated[bool, Query(description="With everything that went in")] = False,
) -> PerformanceView:
    """How well it went: returns, risks, and where the profit came from."""
    catalogue = prices.catalogue
    beside = catalogue.resolve_field(benchmark, pointer="query:benchmark").id if benchmark else None
    judging = Judging(timing, risk_free, beside)
    found = await asked.ask(
        lambda look: periods.measure(look, asked.period, judging), beside=beside
    )
    return PerformanceView.of(found, asked.currency, explain=explain, simulated=prices.simulated)


@router.get(
    "/performance/days",
    response_model=PerformanceDayPage,
    responses=problems(UnknownAssetField, BadPeriod, BadCursor),
)
async def list_performance_days(
    prices: PricesDep,
    asked: AskedDep,
    page: TablePaging,
    timing: TimingAsked = Timing.BOTH_ENDS,
    format: AskedFormat = None,  # noqa: A002 - the name of the parameter
) -> PerformanceDayPage | Response:
    """Value, flow and return of each day: what the figures of the performance are made of.

    A table has all days at once.
    """
    period = asked.period
    chosen = asked.choose(format)
    if chosen is not Format.JSON:
        return await asked.table(
            "portfolio-days",
            chosen,
            (timing,),
            lambda look: days_table(list(periods.list_days(look, period, timing))),
        )
    after: Any = page.after(date) or (None,)
    days = await asked.ask(
        lambda look: list(
            islice(periods.list_days(look, period, timing, after=after[0]), page.limit + 1)
        )
    )
    cut = page.cut(days, lambda day: (day.day,))
    return PerformanceDayPage(
        data=[PerformanceDayView.of(day) for day in cut.rows],
        next_cursor=cut.next_cursor,
        currency=asked.currency,
        simulated=prices.simulated,
    )


@router.get("/allocation", responses=problems(UnknownAssetField))
async def read_allocation(
    owner: Reader,
    prices: PricesDep,
    histories: HistoriesDep,
    currency: Currency,
    at: Annotated[Day | None, Query(description="Else now")] = None,
    by: Division = Division.ASSET,
) -> AllocationView:
    """How what is held is divided: by asset, by wallet, or by the currency its cost is kept in."""
    found = await histories.ask(
        owner.user_id, currency, lambda look: periods.allocate(look, at, by)
    )
    return AllocationView.of(found, currency, by, simulated=prices.simulated)
