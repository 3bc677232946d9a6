"""Builds the HTTP application: settings in, routers mounted, the lifespan opens and closes all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import structlog
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.types import ASGIApp

from plimsoll import routes
from plimsoll.access.guards import undeclared_routes
from plimsoll.access.service.access import Access
from plimsoll.insights.live import IndicatorChannel
from plimsoll.insights.service.insights import Insights
from plimsoll.kernel.clock import Clock, SystemClock, to_ms
from plimsoll.ledger import jobs as ledger_jobs
from plimsoll.ledger.service.importing import prices_of
from plimsoll.ledger.service.imports import Imports
from plimsoll.ledger.service.purchases import Purchases
from plimsoll.ledger.service.quality import Quality
from plimsoll.ledger.service.tidying import keep_house
from plimsoll.ledger.service.transfers import Transfers
from plimsoll.markets import jobs as markets_jobs
from plimsoll.markets.domain.board import PriceBoard
from plimsoll.markets.domain.feeds import FeedKind
from plimsoll.markets.live.candles import CandleChannel
from plimsoll.markets.live.prices import PriceChannel
from plimsoll.markets.live.sources import SourceChannel
from plimsoll.markets.live.volatility import VolatilityChannel
from plimsoll.markets.service.backfills import Backfills
from plimsoll.markets.service.candles import Candles, make_candles
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.markets.service.catching_up import CatchingUp, list_stopped
from plimsoll.markets.service.dailies import Dailies
from plimsoll.markets.service.feed import Feed
from plimsoll.markets.service.overview import Markets
from plimsoll.markets.service.prices import Prices
from plimsoll.operations import live as operations_live
from plimsoll.operations import router as operations_router
from plimsoll.operations.service.health import Health
from plimsoll.plumbing import idempotency, problems, schema, tables, telemetry
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.edge import Edge
from plimsoll.plumbing.hot import HotRoutes
from plimsoll.plumbing.jobs.runner import Jobs, JobTerms
from plimsoll.plumbing.limits import LocalLimiter
from plimsoll.plumbing.outbound import Outbound
from plimsoll.plumbing.streams.hub import Hub
from plimsoll.plumbing.tables import Files
from plimsoll.portfolio.service.histories import Histories
from plimsoll.portfolio.service.summaries import Summaries
from plimsoll.routes import API
from plimsoll.settings import Settings
from plimsoll.tax import jobs as tax_jobs
from plimsoll.tax.service.runs import TaxRuns
from plimsoll.trading.live.channels import make_channels
from plimsoll.trading.service.broadcasting import Broadcasting
from plimsoll.trading.service.exchange import Exchange
from plimsoll.trading.service.feeding import Feeding
from plimsoll.trading.service.marketplace import Marketplace
from plimsoll.trading.service.operators import Operators
from plimsoll.trading.service.trades import Trades

log = structlog.get_logger(__name__)

REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    code: {"model": problems.Problem, "description": text}
    for code, text in {
        "4XX": "Refused: `code` says why",
        "5XX": "Not answered: `code` says why",
    }.items()
}


class Desk(FastAPI):
    """FastAPI behind the edge and the hot routes, which see every request first."""

    settings: Settings

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            tables.describe(super().openapi())
        return super().openapi()

    def build_middleware_stack(self) -> ASGIApp:
        framework = super().build_middleware_stack()
        assert isinstance(framework, ServerErrorMiddleware)
        hot = HotRoutes(
            framework.app,  # without it: what nobody caught the edge answers, as a problem
            exact=routes.HOT,
            prefixes=routes.HOT_PREFIXES,
        )
        return Edge(hot, settings=self.settings, bounded=frozenset({("POST", f"{API}/imports")}))


class UnguardedRoute(RuntimeError):
    """A route that does not say who may call it; our own mistake, so the start stops."""


def create_app(
    settings: Settings,
    dsn: str,
    *,
    clock: Clock | None = None,
    companions: Sequence[Callable[[], Awaitable[None]]] = (),
) -> FastAPI:
    """The application on the database at `dsn`; everything opens when it starts.

    `companions` run beside it for as long as it lives, such as the embedded server's supervisor.
    """
    clock = clock or SystemClock()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for companion in companions:
                task = asyncio.ensure_future(companion())
                stack.push_async_callback(_end, task)
            await _open(app, settings, dsn, clock, stack)
            log.info("started", feed=app.state.prices.feed_kind.value)
            yield
            log.info("stopping")
            telemetry.REQUEST_LOG.flush()

    app = Desk(
        title="Plimsoll",
        version="1",
        summary="What you own, what it is worth, how much you can safely carry, what you owe.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        max_body_size=settings.max_body_bytes,
        generate_unique_id_function=_operation_id,
        responses=REFUSALS,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.settings = settings
    for router in routes.ROUTERS:
        app.include_router(router.router, prefix=API)
    app.include_router(operations_router.jobs_router, prefix=API)
    app.include_router(operations_live.router, prefix=API)
    app.include_router(operations_router.router)
    problems.install(app)
    if undeclared := undeclared_routes(app):
        raise UnguardedRoute(f"no guard: {', '.join(undeclared)}")
    return app


async def _open(
    app: FastAPI, settings: Settings, dsn: str, clock: Clock, stack: AsyncExitStack
) -> None:
    """Open every part in order; the stack closes them in reverse."""
    await schema.check(dsn)
    database = await Database.connect(
        dsn,
        pool_size=settings.database_pool_size,
        statement_timeout_ms=settings.statement_timeout_ms,
    )
    stack.push_async_callback(database.close)
    house = asyncio.create_task(idempotency.keep_house(database), name="idempotency-house")
    stack.push_async_callback(_end, house)
    app.state.clock = clock
    app.state.database = database
    app.state.access = access = Access(settings, database, clock, LocalLimiter(clock))
    stack.push_async_callback(access.close)
    await access.open()
    stopped = await list_stopped(database, to_ms(clock.now()))
    feed, prices = await _open_markets(app, settings, database, clock, stack)
    app.state.purchases = Purchases(database)
    app.state.summaries = Summaries(database, prices, clock)
    app.state.dailies = dailies = Dailies()
    app.state.histories = Histories(database, prices, dailies, clock)
    app.state.transfers = transfers = Transfers(database)
    app.state.quality = Quality(
        database,
        clock,
        prices=prices,
        dailies=dailies,
        transfers=transfers,
        list_sources=feed.intake.list_sources,
    )
    app.state.health = Health(database, prices, clock)
    await _open_trading(app, settings, database, clock, stack)
    _open_jobs(app, settings, database, feed, stack)
    if prices.feed_kind is FeedKind.LIVE:
        catching_up = CatchingUp(
            stopped,
            database=database,
            backfills=app.state.backfills,
            intake=feed.intake,
            prices=prices,
        )
        task = asyncio.create_task(catching_up.run(), name="catching-up")
        stack.push_async_callback(_end, task)
    _open_live(app, settings, feed, stack)


async def _open_markets(
    app: FastAPI, settings: Settings, database: Database, clock: Clock, stack: AsyncExitStack
) -> tuple[Feed, Prices]:
    """Prices and candles, and what is computed of them."""
    outbound = Outbound(clock)
    stack.push_async_callback(outbound.aclose)
    app.state.candles = candles = make_candles(settings, database, clock)
    stack.push_async_callback(candles.close)
    feed = Feed(
        settings=settings, database=database, outbound=outbound, clock=clock, candles=candles
    )
    stack.push_async_callback(feed.close)
    app.state.prices = prices = await feed.open()
    app.state.markets = Markets(prices, candles.volatility, feed.intake)
    app.state.files = Files(clock)
    app.state.insights = insights = Insights(candles)
    stack.push_async_callback(insights.aclose)
    candles.listeners.append(insights.notice)
    candles.on_change.append(insights.touch)
    return feed, prices


async def _open_trading(
    app: FastAPI, settings: Settings, database: Database, clock: Clock, stack: AsyncExitStack
) -> None:
    """The paper exchange, and what feeds it."""
    app.state.exchange = exchange = Exchange(settings, database, clock)
    stack.push_async_callback(exchange.close)
    await exchange.open()
    exchange.feeding = feeding = Feeding(exchange, app.state.prices)
    app.state.marketplace = marketplace = Marketplace(exchange, feeding)
    app.state.operators = Operators(marketplace, app.state.access)
    app.state.trades = trades = Trades(database, lambda: exchange.instruments)
    exchange.engine.listeners.append(trades.notice)
    exchange.engine.on_restored.append(trades.forget_all)
    task = asyncio.create_task(feeding.run(), name="feeding")
    stack.push_async_callback(_end, task)


def _open_jobs(
    app: FastAPI, settings: Settings, database: Database, feed: Feed, stack: AsyncExitStack
) -> None:
    app.state.jobs = jobs = Jobs(database, app.state.clock, at_once=settings.jobs_at_once)
    stack.push_async_callback(jobs.close)
    app.state.backfills = backfills = Backfills(
        jobs,
        lambda: feed.sources,
        kind=app.state.prices.feed_kind,
        folder=settings.data_dir / "imports",
    )
    markets_jobs.register(jobs, app.state.candles, backfills)
    workshop = Workshop.of(settings, database, jobs, app.state.prices, app.state.dailies)
    stack.callback(workshop.tax_runs.close)
    app.state.imports, app.state.tax_runs = workshop.imports, workshop.tax_runs
    tidying = keep_house(workshop.imports, keep_days=settings.import_keep_days)
    stack.push_async_callback(_end, asyncio.create_task(tidying, name="imports-house"))
    jobs.open()


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where files are imported and taxes computed: in the service, or in a command beside it or
    without it.
    """

    jobs: Jobs
    imports: Imports
    tax_runs: TaxRuns

    @classmethod
    def of(
        cls, settings: Settings, database: Database, jobs: Jobs, prices: Prices, dailies: Dailies
    ) -> "Workshop":
        """`jobs` does this work from now on, whenever it is open."""
        imports = Imports(
            database, jobs, prices.clock, prices.catalogue, most_bytes=settings.import_max_bytes
        )
        ledger_jobs.register(jobs, imports, prices_of(dailies))
        tax_runs = TaxRuns(database, prices.clock, jobs, prices, dailies)
        tax_jobs.register(jobs, tax_runs)
        return cls(jobs, imports, tax_runs)


@asynccontextmanager
async def open_workshop(settings: Settings, database: Database) -> AsyncIterator[Workshop]:
    """Without a service and without latest prices. Its jobs are not open yet: where a service runs
    it may do them.
    """
    clock = SystemClock()
    board = PriceBoard(stale_after_s=settings.price_stale_after_s)
    prices = Prices(
        catalogue=load_catalogue(), board=board, clock=clock, feed_kind=FeedKind.SIMULATED
    )
    jobs = Jobs(database, clock, at_once=1, terms=JobTerms(poll_s=0.1, beat_s=0.25))
    workshop = Workshop.of(settings, database, jobs, prices, Dailies())
    try:
        yield workshop
    finally:
        workshop.tax_runs.close()
        await jobs.close()


def _open_live(app: FastAPI, settings: Settings, feed: Feed, stack: AsyncExitStack) -> None:
    """The channels of the live connections, each told what changes."""
    candles: Candles = app.state.candles
    catalogue = app.state.prices.catalogue
    app.state.hub = hub = Hub(
        app.state.clock,
        operations_live.AccessDoor(),
        connections=settings.live_connections,
        connections_per_caller=settings.live_connections_per_caller,
    )
    hub.register(PriceChannel(app.state.prices))
    sources = SourceChannel(feed.intake)
    hub.register(sources)
    feed.intake.on_sources.append(sources.touch)
    hub.register(VolatilityChannel(candles.volatility, catalogue))
    live_candles = CandleChannel(catalogue, candles)
    hub.register(live_candles)
    candles.listeners.append(live_candles.close)
    candles.on_change.append(live_candles.change)
    hub.register(IndicatorChannel(app.state.insights, catalogue))
    broadcasting = Broadcasting(app.state.exchange)
    stack.push_async_callback(broadcasting.close)
    for channel in make_channels(broadcasting):
        hub.register(channel)
    stack.push_async_callback(hub.close)
    flushing = asyncio.create_task(hub.run(), name="stream-hub")
    stack.push_async_callback(_end, flushing)


async def _end(task: "asyncio.Future[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _operation_id(route: APIRoute) -> str:
    """The handler's name: stable, so that generated clients are."""
    return route.name
