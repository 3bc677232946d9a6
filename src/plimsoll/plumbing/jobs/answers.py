"""How a route answers that has started a job: `202`, and where to ask for the job.

@router.post("/imports", status_code=202, response_model=JobAccepted,
             responses=ACCEPTED | problems(TooManyJobs))
async def start_import(body: ImportBody, owner: Importer, unit: Writing, jobs: JobsDep):
    return accepted(await jobs.start(unit, IMPORT, ImportArgs(...), owner=owner.user_id))
"""

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from fastapi import Depends, Request, Response

from plimsoll.kernel.identifiers import JobId
from plimsoll.plumbing.jobs.runner import Jobs
from plimsoll.plumbing.shapes import View

PATH: Final = "/api/v1/jobs"


class JobAccepted(View):
    """The job that was started; `Location` is where to ask for it."""

    job_id: UUID


ACCEPTED: Final[dict[int | str, dict[str, Any]]] = {
    202: {
        "model": JobAccepted,
        "description": "Started; the job says how far it is",
        "headers": {"Location": {"description": "The job", "schema": {"type": "string"}}},
    }
}
"""The `responses=` of a route that starts a job."""


def accepted(job_id: JobId) -> Response:
    """The answer of a route that has started a job."""
    body = msgspec.json.encode({"job_id": str(job_id)})
    headers = {"location": f"{PATH}/{job_id}"}
    return Response(body, status_code=202, headers=headers, media_type="application/json")


async def _jobs_of(request: Request) -> Jobs:
    jobs = request.app.state.jobs
    assert isinstance(jobs, Jobs)
    return jobs


JobsDep = Annotated[Jobs, Depends(_jobs_of)]
"""The jobs of the application."""
