"""Alerts with everything that brings them values."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from plimsoll.alerts.domain.conditions import SubjectKind
from plimsoll.alerts.service.account_hearing import AccountHearing
from plimsoll.alerts.service.alerts import Alerts
from plimsoll.alerts.service.candle_hearing import (
    ChangeHearing,
    IndicatorHearing,
    RankHearing,
    RatingHearing,
)
from plimsoll.alerts.service.desk_hearing import KpiHearing, QualityHearing
from plimsoll.alerts.service.hearing import Hearing, TellJobs
from plimsoll.alerts.service.job_hearing import JobHearing
from plimsoll.alerts.service.price_hearing import PriceHearing
from plimsoll.alerts.service.watching import Watching
from plimsoll.alerts.service.world import World


class Hearings:
    """One of each, wired to the world."""

    def __init__(self, world: World, tell: TellJobs) -> None:
        prices, candles = world.prices, world.candles
        self.prices = PriceHearing(prices, tell)
        self.changes = ChangeHearing(prices, candles, tell)
        self.indicators = IndicatorHearing(prices, candles, tell)
        self.ratings = RatingHearing(prices, world.insights, tell)
        self.ranks = RankHearing(prices, candles, tell)
        self.accounts = AccountHearing(world.broadcasting, tell)
        self.kpis = KpiHearing(world.clock, world.read_kpis, tell)
        self.quality = QualityHearing(prices, world.markets, tell)
        self.jobs = JobHearing(world.database, tell)
        world.on_prices.extend((self.prices.hear, self.changes.hear))
        candles.listeners.extend((self.changes.notice, self.indicators.notice, self.ratings.notice))

    def by_kind(self) -> Mapping[SubjectKind, Hearing]:
        return {
            SubjectKind.PRICE: self.prices,
            SubjectKind.CHANGE: self.changes,
            SubjectKind.INDICATOR: self.indicators,
            SubjectKind.RATING: self.ratings,
            SubjectKind.VOLATILITY_RANK: self.ranks,
            SubjectKind.MARGIN_RATIO: self.accounts,
            SubjectKind.LIQUIDATION_DISTANCE: self.accounts,
            SubjectKind.POSITION: self.accounts,
            SubjectKind.KPI: self.kpis,
            SubjectKind.DATA_QUALITY: self.quality,
            SubjectKind.JOB_RESULT: self.jobs,
        }

    async def aclose(self) -> None:
        for each in (self.changes, self.indicators, self.ratings, self.accounts):
            await each.aclose()
        await self.kpis.aclose()
        await self.jobs.aclose()


@asynccontextmanager
async def open_alerts(world: World, *, most: int) -> AsyncIterator[Alerts]:
    """Watch for as long as it is open; `most`: alerts of one person."""
    hearings: Hearings | None = None

    def make(tell: TellJobs) -> Mapping[SubjectKind, Hearing]:
        nonlocal hearings
        hearings = Hearings(world, tell)
        return hearings.by_kind()

    exchange = world.broadcasting.exchange
    watching = Watching(
        world.database,
        world.clock,
        world.prices.catalogue,
        make,
        # Accounts are heard only where the exchange runs; all else is heard everywhere.
        may_watch=lambda: not exchange.stands_by,
    )
    assert hearings is not None
    alerts = Alerts(world, watching, most=most)
    task = asyncio.create_task(watching.run(), name="alerts")
    try:
        yield alerts
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await hearings.aclose()
