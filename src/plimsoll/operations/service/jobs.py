"""Reading and cancelling background jobs, whoever's kind they are."""

from uuid import UUID

from plimsoll.kernel.identifiers import JobId
from plimsoll.plumbing.database import ReadUnit, Unit
from plimsoll.plumbing.jobs import storage
from plimsoll.plumbing.jobs.job import Job, JobEnded, JobNotFound, JobState, Viewer


async def get_job(unit: ReadUnit, job_id: JobId, viewer: Viewer) -> Job:
    """Raises JobNotFound, also for a job that `viewer` does not see."""
    job = await storage.find(unit, job_id, viewer)
    if job is None:
        raise JobNotFound("it may have been forgotten a month after its end")
    return job


async def list_jobs(
    unit: ReadUnit, viewer: Viewer, *, state: JobState | None, after: UUID | None, limit: int
) -> list[Job]:
    """The newest first, of those that came before `after`."""
    return await storage.list_latest(unit, viewer, state=state, after=after, limit=limit)


async def cancel(unit: Unit, job_id: JobId, viewer: Viewer) -> Job:
    """Ask for its end, which comes between two steps; one that nobody runs has ended at once.

    Asked again it is the same. Raises JobNotFound, and JobEnded for one that came to another end.
    """
    cancelled = await storage.cancel(unit, job_id, viewer)
    if cancelled is not None:
        return cancelled
    job = await get_job(unit, job_id, viewer)
    if job.state is not JobState.CANCELLED:
        raise JobEnded(f"it is {job.state}", facts={"state": job.state.value})
    return job
