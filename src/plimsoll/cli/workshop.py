"""Commands that need a job done: by the service that runs, else by the command itself."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from plimsoll.access.service import accounts
from plimsoll.cli.background import show
from plimsoll.cli.database import on_database
from plimsoll.kernel.errors import Conflict
from plimsoll.kernel.identifiers import JobId, UserId
from plimsoll.operations.service import jobs
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.jobs.job import EVERYTHING, Job, JobState
from plimsoll.settings import Settings

if TYPE_CHECKING:
    from plimsoll.workshop import Workshop

T = TypeVar("T")
User = Annotated[str, typer.Option("--user", help="E-mail address of whose ledger it is")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs")]

CONNECTIONS: Final = 4
"""A job has one for long, and others to say how far it is."""
GRACE_S: Final = 1.0
"""So long a service has to take up a job before it is done here."""
LEASE_S: Final = 20.0
"""After so long whoever took it up has either got on or died."""


class JobCameToNothing(Conflict):
    code = "job-came-to-nothing"
    title = "It was not done"


class Bench:
    """The work of one command."""

    def __init__(self, database: Database, workshop: "Workshop") -> None:
        self.database = database
        self.workshop = workshop
        self._open = False

    async def find_user(self, email: str) -> UserId:
        """Raises NoSuchUser."""
        async with self.database.read() as unit:
            return (await accounts.find_by_email(unit, email)).id

    async def finish(self, job_id: JobId) -> Job:
        """Follow it to its end. Raises JobCameToNothing."""
        job = await self._look(job_id)
        helping = asyncio.create_task(self._help(job_id), name="helping")
        try:
            job = await show(self.workshop.jobs, job, sys.stderr)
        finally:
            helping.cancel()
        if job.state is not JobState.DONE:
            why = f": {job.problem.code}: {job.problem.detail}" if job.problem else ""
            raise JobCameToNothing(f"{job.state.value}{why}")
        return job

    async def _help(self, job_id: JobId) -> None:
        """Do it here if nobody else does."""
        waited_s = 0.0
        while not self._open:
            await asyncio.sleep(GRACE_S)
            waited_s += GRACE_S
            if (await self._look(job_id)).state is JobState.QUEUED or waited_s > LEASE_S:
                self._open = True
                self.workshop.jobs.open()

    async def _look(self, job_id: JobId) -> Job:
        async with self.database.read() as unit:
            return await jobs.get_job(unit, job_id, EVERYTHING)


def at_bench(data_dir: Path | None, work: Callable[[Bench], Awaitable[T]]) -> T:
    """Run `work` where jobs can be done."""
    settings = Settings.read(data_dir=data_dir)

    async def run(database: Database) -> T:
        from plimsoll.workshop import open_workshop  # noqa: PLC0415 - a second that others need not wait

        async with open_workshop(settings, database) as workshop:
            return await work(Bench(database, workshop))

    return on_database(data_dir, run, pool_size=CONNECTIONS)
