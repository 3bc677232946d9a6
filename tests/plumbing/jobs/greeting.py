"""The smallest job there is."""

from dataclasses import dataclass

from plimsoll.kernel.identifiers import JobId
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.jobs.context import JobContext
from plimsoll.plumbing.jobs.job import JobKind, JobResult
from plimsoll.plumbing.jobs.runner import Jobs, Work


@dataclass(frozen=True, slots=True)
class Greeting:
    name: str


GREET = JobKind("test.greet", Greeting, attempts=3)
ADA = Greeting("Ada")


async def greet(job: JobContext, args: Greeting) -> JobResult:
    await job.progress(0, 1, "greet")
    return JobResult(link=f"/api/v1/people/{args.name}", facts={"greeted": 1})


async def started(jobs: Jobs, database: Database, work: Work[Greeting]) -> JobId:
    """A job that runs `work`, and the runner that runs it."""
    jobs.register(GREET, work)
    jobs.open()
    return await jobs.start(database, GREET, ADA, owner=None)
