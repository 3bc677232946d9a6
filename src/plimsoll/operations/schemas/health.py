"""JSON shapes of operations."""

from typing import Any, Literal
from uuid import UUID

import msgspec

from plimsoll.plumbing.jobs.job import Job, JobState
from plimsoll.plumbing.shapes import Moment, View


class LiveView(View):
    status: Literal["live"] = "live"


class HealthView(View):
    """`degraded` names what is away without keeping the service from its work."""

    status: Literal["ready", "unready"]
    degraded: list[str]
    feed: Literal["live", "replay", "simulated"]
    simulated: bool


class JobProblemView(View):
    code: str
    detail: str


class JobResultView(View):
    """`link` is where to read what came of it."""

    link: str | None
    facts: dict[str, str | int | bool | None]


class JobView(View):
    """A job as it stands.

    `percent` never falls and is 100 only when the job is done; it is null while the total is not
    known. `estimated_end_at` is there while the job runs and its speed is known. `problem` says why
    it failed, or why it is tried again at `retry_at`. A job without `owned` is the system's.
    """

    id: UUID
    kind: str
    owned: bool
    state: JobState
    cancel_asked: bool
    phase: str
    done: int
    total: int | None
    percent: int | None
    estimated_end_at: Moment | None
    attempt: int
    retry_at: Moment | None
    problem: JobProblemView | None
    args: dict[str, Any]
    result: JobResultView | None
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None

    @classmethod
    def of(cls, job: Job) -> "JobView":
        return cls(
            id=job.id,
            kind=job.kind,
            owned=job.owner is not None,
            state=job.state,
            cancel_asked=job.cancel_asked,
            phase=job.phase,
            done=job.done,
            total=job.total,
            percent=job.percent,
            estimated_end_at=job.estimated_end_at,
            attempt=job.attempt,
            retry_at=job.retry_at,
            problem=JobProblemView(code=job.problem.code, detail=job.problem.detail)
            if job.problem
            else None,
            args=msgspec.json.decode(job.args),
            result=JobResultView(**msgspec.json.decode(job.result)) if job.result else None,
            created_at=job.created_at,
            started_at=job.started_at,
            finished_at=job.finished_at,
        )
