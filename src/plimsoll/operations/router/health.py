"""HTTP for those who run the service: health, metrics, the API's own documentation; and jobs."""

import time
from collections.abc import AsyncIterator
from ipaddress import ip_address
from typing import Annotated, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from plimsoll.access.domain.audit import Event, Fact, Happening
from plimsoll.access.domain.principals import Principal, Scope
from plimsoll.access.guards import (
    Anyone,
    Reader,
    ScopeMissing,
    Trader,
    access_of,
    address_of,
    hand_guarded,
)
from plimsoll.access.service import audit
from plimsoll.kernel.errors import NotFound
from plimsoll.kernel.identifiers import JobId
from plimsoll.markets.service.prices import PricesDep
from plimsoll.operations.schemas.health import HealthView, JobView, LiveView
from plimsoll.operations.service import documentation, jobs
from plimsoll.operations.service.health import Health
from plimsoll.plumbing.database import Reading, Writing
from plimsoll.plumbing.jobs.answers import JobsDep
from plimsoll.plumbing.jobs.job import Job, JobEnded, JobNotFound, JobState, Viewer
from plimsoll.plumbing.paging import BadCursor, Page, Paging
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
    """Prometheus text; for this machine, or for a credential with the scope `oversee`."""
    near = request.client is not None and ip_address(request.client.host).is_loopback
    if not near and (caller is None or Scope.OVERSEE not in caller.scopes):
        raise ScopeMissing("from elsewhere it needs the scope oversee", facts={"scope": "oversee"})
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


jobs_router = APIRouter(prefix="/jobs", tags=["jobs"])
"""Below the API's own prefix, unlike the rest."""


def _viewer(caller: Principal) -> Viewer:
    return Viewer(caller.user_id, system=Scope.OVERSEE in caller.scopes)


@jobs_router.get("", responses=problems(BadCursor))
async def list_jobs(
    caller: Reader, unit: Reading, page: Paging, state: JobState | None = None
) -> Page[JobView]:
    """The caller's background jobs, the newest first; for an operator the system's, too."""
    after = page.after(UUID)
    rows = await jobs.list_jobs(
        unit,
        _viewer(caller),
        state=state,
        after=UUID(str(after[0])) if after else None,
        limit=page.limit + 1,
    )
    cut = page.cut(rows, lambda job: (str(job.id),))
    return Page(data=[JobView.of(job) for job in cut.rows], next_cursor=cut.next_cursor)


@jobs_router.get("/{job_id}", responses=problems(JobNotFound))
async def read_job(job_id: UUID, caller: Reader, unit: Reading) -> JobView:
    """How far a job is, or how it ended."""
    return JobView.of(await jobs.get_job(unit, JobId(job_id), _viewer(caller)))


@jobs_router.delete("/{job_id}", responses=problems(JobNotFound, JobEnded))
async def cancel_job(job_id: UUID, request: Request, caller: Trader, unit: Writing) -> JobView:
    """Ask a job to end. It does so between two of its steps; what it has done until then stays. The
    system's are an operator's to end.
    """
    viewer = Viewer(caller.user_id, system=Scope.ADMIN in caller.scopes)
    job = await jobs.cancel(unit, JobId(job_id), viewer)
    if job.owner is None:
        address, now = address_of(request.scope), access_of(request.scope).clock.now()
        facts: dict[str, Fact] = {"kind": job.kind}
        await audit.append(
            unit, Happening(Event.JOB_CANCELLED, now, caller.user_id, str(job.id), address, facts)
        )
    return JobView.of(job)


JOB_EVENT: Final = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "pattern": "^(progress|end)$"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/JobView"},
        },
    },
    "required": ["event", "data"],
}
"""What each event of a job's stream is."""


@jobs_router.get(
    "/{job_id}/events",
    response_class=Response,
    responses=problems(JobNotFound)
    | {200: {"content": {"text/event-stream": {"itemSchema": JOB_EVENT}}}},
)
async def follow_job(
    job_id: UUID, caller: Reader, unit: Reading, running: JobsDep
) -> StreamingResponse:
    """The job as server-sent events: `progress` with the job each time it changed, `end` with how
    it ended. A stream that ends without `end` can be opened again.
    """
    job = await jobs.get_job(unit, JobId(job_id), _viewer(caller))
    return StreamingResponse(
        _events(running.follow(job)),
        media_type="text/event-stream",
        headers={"x-accel-buffering": "no"},  # a proxy hands each event on as it comes
    )


LONGEST_STREAM_S: Final = 900.0
"""Then it is opened anew, with a credential that is still good."""


async def _events(steps: AsyncIterator[Job | None]) -> AsyncIterator[bytes]:
    ends_s = time.monotonic() + LONGEST_STREAM_S
    async for job in steps:
        if job is None:
            yield b": nothing new\n\n"
        else:
            view = JobView.of(job)
            name = b"end" if job.state.over else b"progress"
            yield b"event: %b\ndata: %b\n\n" % (name, view.__pydantic_serializer__.to_json(view))
        if time.monotonic() > ends_s:
            return
