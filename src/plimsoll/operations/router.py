"""HTTP for those who run the service: health, metrics, and the API's own documentation."""

from ipaddress import ip_address
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from plimsoll.access.domain.principals import Scope
from plimsoll.access.guards import Anyone, ScopeMissing, hand_guarded
from plimsoll.kernel.errors import NotFound
from plimsoll.markets.service import PricesDep
from plimsoll.operations.schemas import HealthView, LiveView
from plimsoll.operations.service import documentation
from plimsoll.operations.service.health import Health
from plimsoll.plumbing.problems import problems

router = APIRouter(tags=["operations"])


async def _health_of(request: Request) -> Health:
    health = request.app.state.health
    assert isinstance(health, Health)
    return health


HealthDep = Annotated[Health, Depends(_health_of)]


@router.get("/health/live")
@hand_guarded  # everyone's, and under no limit: a probe that is refused restarts a healthy service
async def read_live() -> LiveView:
    """The process answers."""
    return LiveView()


@router.get("/health/ready", responses={503: {"model": HealthView, "description": "Not ready"}})
@hand_guarded  # as above; the judgement behind it is kept for half a second
async def read_ready(health: HealthDep, prices: PricesDep, response: Response) -> HealthView:
    """The database takes writes; 503 while it does not."""
    readiness = await health.readiness()
    if not readiness.ready:
        response.status_code = 503
    return HealthView(
        status="ready" if readiness.ready else "unready",
        degraded=list(readiness.degraded),
        feed=prices.feed_kind.value,
        simulated=prices.simulated,
    )


@router.get("/health", responses={503: {"model": HealthView, "description": "Not ready"}})
@hand_guarded
async def read_health(health: HealthDep, prices: PricesDep, response: Response) -> HealthView:
    """The same as `/health/ready`."""
    return await read_ready(health, prices, response)


@router.get(
    "/metrics",
    response_class=Response,
    responses=problems(ScopeMissing) | {200: {"content": {"text/plain": {}}}},
)
async def read_metrics(request: Request, caller: Anyone) -> Response:
    """Prometheus text; for this machine, or for a credential with the scope `admin`."""
    near = request.client is not None and ip_address(request.client.host).is_loopback
    if not near and (caller is None or Scope.ADMIN not in caller.scopes):
        raise ScopeMissing("from elsewhere it needs the scope admin", facts={"scope": "admin"})
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@router.get("/openapi.json", include_in_schema=False)
async def read_openapi(request: Request, _: Anyone) -> Response:
    """The description of this API (OpenAPI 3.1)."""
    return Response(msgspec.json.encode(request.app.openapi()), media_type="application/json")


@router.get("/docs", include_in_schema=False)
async def read_documentation(_: Anyone, prices: PricesDep) -> Response:
    """The API as a page one can try it on."""
    page = documentation.page(simulated=prices.simulated)
    return Response(page, media_type="text/html")


@router.get("/docs/{name}", include_in_schema=False)
async def read_documentation_asset(_: Anyone, name: str) -> Response:
    asset = documentation.find_asset(name)
    if asset is None:
        raise NotFound(f"the documentation has no file {name[:100]!r}")
    return Response(
        asset,
        media_type=documentation.MEDIA_TYPES[name],
        headers={"cache-control": "public, max-age=86400"},
    )


@router.get("/", include_in_schema=False)
async def read_root(_: Anyone) -> Response:
    """To the documentation."""
    return RedirectResponse("docs", status_code=307)
