"""Builds the HTTP application: settings in, routers mounted, the lifespan opens and closes all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import structlog
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.types import ASGIApp

from plimsoll import page, routes
from plimsoll.access.guards import undeclared_routes
from plimsoll.access.service import tolling
from plimsoll.access.service.signed_requests import digesting
from plimsoll.assembly import Given, end, open_all
from plimsoll.kernel.clock import Clock, SystemClock
from plimsoll.operations import live as operations_live
from plimsoll.operations.router import health as operations_router
from plimsoll.operations.service.recording import Tally
from plimsoll.plumbing import problems, tables, telemetry
from plimsoll.plumbing.crowd import Crowd
from plimsoll.plumbing.edge import Edge
from plimsoll.plumbing.hot import HotRoutes
from plimsoll.plumbing.root_path import RootPath
from plimsoll.plumbing.tracing import Tracing, open_tracing
from plimsoll.routes import API
from plimsoll.settings import Settings

log = structlog.get_logger(__name__)

REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    code: {"model": problems.Problem, "description": text}
    for code, text in {
        "4XX": "Refused: `code` says why",
        "5XX": "Not answered: `code` says why",
    }.items()
}


class Desk(FastAPI):
    """FastAPI behind the edge, the hot routes and the page, which see every request first."""

    settings: Settings
    page_files: Mapping[str, page.PageFile]
    tally: Tally
    tracing: Tracing | None
    crowd: Crowd

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            tables.describe(super().openapi())
            tolling.describe(super().openapi(), routes.TOLLS)
        return super().openapi()

    def build_middleware_stack(self) -> ASGIApp:
        framework = super().build_middleware_stack()
        assert isinstance(framework, ServerErrorMiddleware)
        hot = HotRoutes(
            self._page_before(framework.app),  # what nobody caught the edge answers, as a problem
            exact=routes.HOT,
            prefixes=routes.HOT_PREFIXES,
        )
        streamed = frozenset({("POST", f"{API}/imports")})
        edge = Edge(
            digesting(hot, streamed=streamed, longest=self.settings.max_body_bytes),
            settings=self.settings,
            bounded=streamed,
            note=self.tally.note,
            tracing=self.tracing,
            apart=routes.APART | page.APART,
            crowd=self.crowd,
        )
        prefix = self.settings.root_path
        return RootPath(edge, prefix) if prefix else edge

    def _page_before(self, framework: ASGIApp) -> ASGIApp:
        paths = (str(context.path) for context in iter_route_contexts(self.routes))
        return page.Page(
            framework,
            files=self.page_files,
            routes=frozenset(path.split("/")[1] for path in paths),
            root_path=self.settings.root_path or "",
        )


class UnguardedRoute(RuntimeError):
    """A route that does not say who may call it; our own mistake, so the start stops."""


def create_app(
    settings: Settings,
    dsn: str,
    *,
    clock: Clock | None = None,
    companions: Sequence[Callable[[], Awaitable[None]]] = (),
    page_folder: Path = page.BUILT,
) -> FastAPI:
    """The application on the database at `dsn`; everything opens when it starts.

    `companions` run beside it for as long as it lives, such as the embedded server's supervisor.
    The page is read from `page_folder`, at once and as a whole.
    """
    clock = clock or SystemClock()

    @asynccontextmanager
    async def lifespan(app: Desk) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for companion in companions:
                stack.push_async_callback(end, asyncio.ensure_future(companion()))
            given = Given(settings, dsn, clock, app.tally, app.tracing)
            await open_all(app.state, given, stack)
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
        servers=[{"url": settings.root_path}] if settings.root_path else None,
        max_body_size=settings.max_body_bytes,
        generate_unique_id_function=_operation_id,
        responses=REFUSALS,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.settings, app.tally, app.tracing = settings, Tally(), open_tracing(settings)
    app.page_files = page.read_page(page_folder, settings.root_path or "")
    app.crowd = Crowd(settings.requests_at_once)
    for router in routes.ROUTERS:
        app.include_router(router.router, prefix=API)
    app.include_router(operations_router.jobs_router, prefix=API)
    app.include_router(operations_live.router, prefix=API)
    app.include_router(operations_router.router)
    problems.install(app)
    if undeclared := undeclared_routes(app):
        raise UnguardedRoute(f"no guard: {', '.join(undeclared)}")
    return app


def _operation_id(route: APIRoute) -> str:
    """The handler's name: stable, so that generated clients are."""
    return route.name
