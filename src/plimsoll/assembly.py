"""Opens what lives as long as the process, part by part, and gives each to what needs it.

Everything is on `app.state`; the stack closes it in reverse.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import State

from plimsoll import routes
from plimsoll.access.service.access import Access
from plimsoll.alerts.live import AlertChannel
from plimsoll.alerts.service.opening import open_alerts
from plimsoll.alerts.service.telling import Telling
from plimsoll.alerts.service.world import World
from plimsoll.insights.live import IndicatorChannel
from plimsoll.insights.service.insights import Insights
from plimsoll.kernel.clock import Clock, to_ms
from plimsoll.ledger.service.purchases import Purchases
from plimsoll.ledger.service.quality import Quality
from plimsoll.ledger.service.tidying import keep_house
from plimsoll.ledger.service.transfers import Transfers
from plimsoll.markets import jobs as markets_jobs
from plimsoll.markets.domain.feeds import FeedKind
from plimsoll.markets.live.candles import CandleChannel
from plimsoll.markets.live.prices import PriceChannel
from plimsoll.markets.live.sources import SourceChannel
from plimsoll.markets.live.volatility import VolatilityChannel
from plimsoll.markets.service.backfills import Backfills
from plimsoll.markets.service.candles import Candles, make_candles
from plimsoll.markets.service.catching_up import CatchingUp, list_stopped
from plimsoll.markets.service.dailies import Dailies
from plimsoll.markets.service.feed import Feed
from plimsoll.markets.service.overview import Markets
from plimsoll.markets.service.prices import Prices
from plimsoll.operations import live as operations_live
from plimsoll.operations.service import retention
from plimsoll.operations.service.cases import Cases
from plimsoll.operations.service.compliance import Compliance
from plimsoll.operations.service.disk import Disk
from plimsoll.operations.service.health import Health
from plimsoll.operations.service.observation import Observed, observe
from plimsoll.operations.service.people import Copies, keep_erasing
from plimsoll.operations.service.recording import Tally
from plimsoll.operations.service.regulator import Regulator
from plimsoll.operations.service.scheduled_backups import ScheduledBackups
from plimsoll.plumbing import idempotency, schema
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.jobs.runner import Jobs
from plimsoll.plumbing.limits import Limiter, LocalLimiter
from plimsoll.plumbing.outbound import Outbound
from plimsoll.plumbing.streams.hub import Hub
from plimsoll.plumbing.tables import Files
from plimsoll.plumbing.tracing import Tracing
from plimsoll.portfolio.service.histories import Histories
from plimsoll.portfolio.service.summaries import Summaries
from plimsoll.settings import Settings
from plimsoll.trading.live.channels import make_channels
from plimsoll.trading.service.broadcasting import Broadcasting
from plimsoll.trading.service.exchange import Exchange
from plimsoll.trading.service.feeding import Feeding
from plimsoll.trading.service.marketplace import Marketplace
from plimsoll.trading.service.operators import Operators
from plimsoll.trading.service.oversight import Oversight
from plimsoll.trading.service.trades import Trades
from plimsoll.workshop import Workshop


@dataclass(frozen=True, slots=True)
class Given:
    """What there is before anything is opened."""

    settings: Settings
    dsn: str
    clock: Clock
    tally: Tally
    tracing: Tracing | None


async def open_all(state: State, given: Given, stack: AsyncExitStack) -> None:
    """Every part in order, on `state`."""
    await schema.check(given.dsn)
    database = await Database.connect(
        given.dsn,
        pool_size=given.settings.database_pool_size,
        statement_timeout_ms=given.settings.statement_timeout_ms,
        tracing=given.tracing,
    )
    stack.push_async_callback(database.close)
    await _Assembly(state, given, database, stack).run()


class _Assembly:
    def __init__(
        self, state: State, given: Given, database: Database, stack: AsyncExitStack
    ) -> None:
        self._state = state
        self._stack = stack
        self._given = given
        self._settings = given.settings
        self._database = state.database = database
        self._clock = state.clock = given.clock

    async def run(self) -> None:
        self._work(idempotency.keep_house(self._database), "idempotency-house")
        await self._open_access()
        stopped = await list_stopped(self._database, to_ms(self._clock.now()))
        feed, prices = await self._open_markets()
        self._open_ledger(feed, prices)
        self._open_keeping(prices)
        await self._open_trading()
        self._open_oversight()
        self._open_jobs(feed)
        if prices.feed_kind is FeedKind.LIVE:
            catching_up = CatchingUp(
                stopped,
                database=self._database,
                backfills=self._state.backfills,
                intake=feed.intake,
                prices=prices,
            )
            self._work(catching_up.run(), "catching-up")
        self._open_live(feed)
        await self._open_observation(prices)
        await self._open_alerts(feed, prices)

    def _work(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run it until the stack closes."""
        self._stack.push_async_callback(end, asyncio.create_task(work, name=name))

    async def _open_access(self) -> None:
        self._state.limiter = limiter = await _open_limiter(self._settings, self._clock)
        self._stack.push_async_callback(limiter.aclose)
        self._state.access = access = Access(
            self._settings, self._database, self._clock, limiter, tolls=routes.TOLLS
        )
        self._stack.push_async_callback(access.close)
        await access.open()
        self._state.telling = telling = Telling(access)
        self._stack.push_async_callback(telling.close)
        telling.open()

    async def _open_markets(self) -> tuple[Feed, Prices]:
        """Prices and candles, and what is computed of them."""
        state = self._state
        outbound = Outbound(self._clock, tracing=self._given.tracing)
        self._stack.push_async_callback(outbound.aclose)
        state.candles = candles = make_candles(self._settings, self._database, self._clock)
        self._stack.push_async_callback(candles.close)
        feed = Feed(
            settings=self._settings,
            database=self._database,
            outbound=outbound,
            clock=self._clock,
            candles=candles,
        )
        self._stack.push_async_callback(feed.close)
        state.prices = prices = await feed.open()
        state.markets = Markets(prices, candles.volatility, feed.intake)
        state.files = Files(self._clock)
        state.insights = insights = Insights(candles)
        self._stack.push_async_callback(insights.aclose)
        candles.listeners.append(insights.notice)
        candles.on_change.append(insights.touch)
        return feed, prices

    def _open_ledger(self, feed: Feed, prices: Prices) -> None:
        """What people own, and what it is worth."""
        state, database, clock = self._state, self._database, self._clock
        state.purchases = Purchases(database)
        state.summaries = Summaries(database, prices, clock)
        state.dailies = dailies = Dailies()
        state.histories = Histories(database, prices, dailies, clock)
        state.transfers = transfers = Transfers(database)
        state.quality = Quality(
            database,
            clock,
            prices=prices,
            dailies=dailies,
            transfers=transfers,
            list_sources=feed.intake.list_sources,
        )

    def _open_keeping(self, prices: Prices) -> None:
        """Health, backups, and what is not kept for ever."""
        state, database, clock = self._state, self._database, self._clock
        state.health = health = Health(database, prices, clock, state.limiter)
        state.copies = Copies(database, clock)
        backups = ScheduledBackups(self._settings, self._given.dsn, clock)
        health.judges.append(lambda: "backup" if backups.too_old else None)
        disk = Disk(self._settings.data_dir, low_bytes=self._settings.disk_low_mb * 1_000_000)
        health.judges.append(disk.judge)
        self._work(disk.watch(), "disk")
        self._work(backups.run(), "backups")
        self._work(keep_erasing(database, clock), "erasing")
        keep_days = self._settings.history_keep_days
        self._work(retention.keep_house(database, clock, keep_days=keep_days), "retention")

    async def _open_trading(self) -> None:
        """The paper exchange, and what feeds it."""
        state = self._state
        state.exchange = exchange = Exchange(self._settings, self._database, self._clock)
        self._stack.push_async_callback(exchange.close)
        await exchange.open()
        exchange.engine.tracing = self._given.tracing
        exchange.feeding = feeding = Feeding(exchange, state.prices)
        state.marketplace = marketplace = Marketplace(exchange, feeding)
        state.operators = Operators(marketplace, state.access)
        state.trades = trades = Trades(self._database, lambda: exchange.instruments)
        exchange.engine.listeners.append(trades.notice)
        exchange.engine.on_restored.append(trades.forget_all)
        self._work(feeding.run(), "feeding")

    def _open_oversight(self) -> None:
        """What those who oversee see of everybody, and the rules that look for them."""
        state, settings = self._state, self._settings
        state.oversight = oversight = Oversight(state.exchange)
        state.compliance = compliance = Compliance(
            self._database,
            self._clock,
            oversight,
            every_s=settings.compliance_every_s,
            threshold=settings.exposure_threshold,
        )
        state.cases = Cases(self._database, self._clock)
        state.regulator = Regulator(self._database, oversight, compliance)
        self._work(compliance.run(), "compliance")

    def _open_jobs(self, feed: Feed) -> None:
        state, settings = self._state, self._settings
        state.jobs = jobs = Jobs(self._database, self._clock, at_once=settings.jobs_at_once)
        self._stack.push_async_callback(jobs.close)
        state.backfills = backfills = Backfills(
            jobs,
            lambda: feed.sources,
            kind=state.prices.feed_kind,
            folder=settings.data_dir / "imports",
        )
        markets_jobs.register(jobs, state.candles, backfills)
        workshop = Workshop.of(settings, self._database, jobs, state.prices, state.dailies)
        self._stack.callback(workshop.tax_runs.close)
        state.imports, state.tax_runs = workshop.imports, workshop.tax_runs
        keep_days = settings.import_keep_days
        self._work(keep_house(workshop.imports, keep_days=keep_days), "imports-house")
        jobs.open()

    def _open_live(self, feed: Feed) -> None:
        """The channels of the live connections, each told what changes."""
        state = self._state
        candles: Candles = state.candles
        catalogue = state.prices.catalogue
        state.hub = hub = Hub(
            self._clock,
            operations_live.AccessDoor(),
            connections=self._settings.live_connections,
            connections_per_caller=self._settings.live_connections_per_caller,
        )
        hub.register(PriceChannel(state.prices))
        sources = SourceChannel(feed.intake)
        hub.register(sources)
        feed.intake.on_sources.append(sources.touch)
        hub.register(VolatilityChannel(candles.volatility, catalogue))
        live_candles = CandleChannel(catalogue, candles)
        hub.register(live_candles)
        candles.listeners.append(live_candles.close)
        candles.on_change.append(live_candles.change)
        hub.register(IndicatorChannel(state.insights, catalogue))
        hub.register(AlertChannel(state.telling.notifying))
        state.broadcasting = broadcasting = Broadcasting(state.exchange)
        self._stack.push_async_callback(broadcasting.close)
        for channel in make_channels(broadcasting):
            hub.register(channel)
        self._stack.push_async_callback(hub.close)
        self._work(hub.run(), "stream-hub")

    async def _open_observation(self, prices: Prices) -> None:
        """What the service measures of itself."""
        state = self._state
        watched = Observed(
            self._settings,
            self._database,
            self._clock,
            state.health,
            state.exchange,
            prices.board,
        )
        observed = await self._stack.enter_async_context(observe(watched, self._given.tally))
        state.kpis, state.recorder = observed
        state.compliance.on_case.append(state.recorder.hear_cases)

    async def _open_alerts(self, feed: Feed, prices: Prices) -> None:
        state = self._state
        world = World(
            database=self._database,
            clock=self._clock,
            prices=prices,
            candles=state.candles,
            markets=state.markets,
            insights=state.insights,
            broadcasting=state.broadcasting,
            on_prices=feed.intake.on_prices,
            list_jobs=state.jobs.list_kinds,
            read_kpis=state.kpis.values,
        )
        state.alerts = await self._stack.enter_async_context(
            open_alerts(world, most=self._settings.alerts_per_person)
        )


async def _open_limiter(settings: Settings, clock: Clock) -> Limiter:
    """What counts how often callers come: this process alone, or with others in Redis."""
    if settings.redis_url is None:
        return LocalLimiter(clock)
    from plimsoll.plumbing.shared_limits import SharedLimiter  # noqa: PLC0415 - an extra

    limiter = SharedLimiter(settings.redis_url.get_secret_value(), clock)
    await limiter.open()
    return limiter


async def end(task: "asyncio.Future[None]") -> None:
    """Cancel it and wait until it is over."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
