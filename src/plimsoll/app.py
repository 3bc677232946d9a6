"""Builds the HTTP application: settings in, routers mounted, the lifespan opens and closes all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Final

import structlog
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.types import ASGIApp

from plimsoll.access import router as access_router
from plimsoll.access.guards import undeclared_routes
from plimsoll.access.service.access import Access
from plimsoll.kernel.clock import Clock, SystemClock
from plimsoll.ledger import router as ledger_router
from plimsoll.ledger.service.purchases import Purchases
from plimsoll.markets import router as markets_router
from plimsoll.markets.service import Feed
from plimsoll.operations import router as operations_router
from plimsoll.operations.service.health import Health
from plimsoll.plumbing import idempotency, problems, schema, telemetry
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.edge import Edge
from plimsoll.plumbing.hot import HotRoute, HotRoutes
from plimsoll.plumbing.limits import LocalLimiter
from plimsoll.plumbing.outbound import Outbound
from plimsoll.portfolio import router as portfolio_router
from plimsoll.portfolio.service import Summaries
from plimsoll.settings import Settings

log = structlog.get_logger(__name__)

API: Final = "/api/v1"
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

    def build_middleware_stack(self) -> ASGIApp:
        framework = super().build_middleware_stack()
        assert isinstance(framework, ServerErrorMiddleware)
        hot = HotRoutes(
            framework.app,  # without it: what nobody caught the edge answers, as a problem
            exact={
                ("GET", f"{API}/portfolio/summary"): HotRoute(
                    f"{API}/portfolio/summary", portfolio_router.quick_summary
                ),
                ("POST", f"{API}/holdings"): HotRoute(
                    f"{API}/holdings", ledger_router.quick_buy, status=201
                ),
            },
            prefixes=[
                (
                    f"{API}/prices/",
                    HotRoute(f"{API}/prices/{{coin_id}}", markets_router.quick_price),
                )
            ],
        )
        return Edge(hot, settings=self.settings)


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
    for router in (access_router, markets_router, ledger_router, portfolio_router):
        app.include_router(router.router, prefix=API)
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
    outbound = Outbound(clock)
    stack.push_async_callback(outbound.aclose)
    feed = Feed(settings=settings, database=database, outbound=outbound, clock=clock)
    stack.push_async_callback(feed.close)
    prices = await feed.open()
    access = Access(settings, database, clock, LocalLimiter(clock))
    stack.push_async_callback(access.close)
    await access.open()
    app.state.clock = clock
    app.state.database = database
    app.state.access = access
    app.state.prices = prices
    app.state.purchases = Purchases(database)
    app.state.summaries = Summaries(database, prices, clock)
    app.state.health = Health(database, prices, clock)


async def _end(task: "asyncio.Future[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _operation_id(route: APIRoute) -> str:
    """The handler's name: stable, so that generated clients are."""
    return route.name
