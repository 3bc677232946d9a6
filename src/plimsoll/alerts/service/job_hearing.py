"""How jobs ended.

A job that ends is not a state but something that happens: it is told, and then that it is over, so
that the next one is told as well. Jobs are read from the database once a second while somebody
wants to know, whichever process ran them. Which were told is stored together with what came of it,
so that whoever watches next, after a crash too, goes on there.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from plimsoll.alerts.domain.alerts import Origin
from plimsoll.alerts.domain.conditions import Subject, Value
from plimsoll.alerts.domain.subjects import ANY_JOB, Aim
from plimsoll.alerts.service.hearing import TellJobs, Wanted
from plimsoll.alerts.storage import jobs_heard
from plimsoll.alerts.storage.jobs_heard import JobsHeard
from plimsoll.kernel.errors import PlimsollError
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.jobs import storage as jobs_storage
from plimsoll.plumbing.jobs.job import Job

log = structlog.get_logger(__name__)

OVER: Final = "over"
"""No state of a job: what a job that was told is afterwards."""
OVERLAP: Final = timedelta(seconds=15)
"""A job that has ended is seen only after its commit."""
AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class _Ended:
    """Which jobs a subject is about: of a kind and of somebody, None is any; those that end after
    `since`.
    """

    kind: str | None
    owner: UUID | None
    since: datetime

    def has(self, job: Job, ended: datetime) -> bool:
        return (
            ended >= self.since
            and self.kind in {None, job.kind}
            and self.owner in {None, job.owner}
        )


class JobHearing:
    """Reads what has ended."""

    def __init__(self, database: Database, tell: TellJobs) -> None:
        self._database = database
        self._tell = tell
        self._subjects: dict[Subject, _Ended] = {}
        self._heard: JobsHeard | None = None
        """None: what is stored counts."""
        self._reading: asyncio.Task[None] | None = None

    def follow(self, subject: Subject, aim: Aim, wanted: Wanted) -> None:
        kind = None if aim.name == ANY_JOB else aim.name
        owner = None if aim.everybodys else wanted.by
        self._subjects[subject] = _Ended(kind, owner, wanted.since)

    def leave(self, subject: Subject) -> None:
        del self._subjects[subject]
        if not self._subjects:
            self._heard = None
            if self._reading is not None:
                self._reading.cancel()

    def look(self, subject: Subject) -> None:
        _ = subject
        self.beat()

    def beat(self) -> None:
        if self._subjects and (self._reading is None or self._reading.done()):
            self._reading = asyncio.create_task(self._read(), name="alert-jobs")

    async def aclose(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        try:
            async with self._database.read() as unit:
                heard = self._heard or await jobs_heard.read(unit)
                first = min(each.since for each in self._subjects.values())
                since = max(heard.until, first) - OVERLAP
                ended = await jobs_storage.list_ended(
                    unit, since, but=list(heard.ended), limit=AT_ONCE
                )
        except PlimsollError as error:
            log.warning("alert_jobs_wait", code=error.code)
            return
        self._heard = heard
        if ended:
            self._hear(heard, ended)

    def _hear(self, heard: JobsHeard, ended: list[Job]) -> None:
        values = list[tuple[Subject, Value | None]]()
        known = dict(heard.ended)
        for job in ended:
            assert job.finished_at is not None
            known[job.id] = job.finished_at
            for subject, wanted in self._subjects.items():
                if wanted.has(job, job.finished_at):
                    values += [(subject, job.state.value), (subject, OVER)]
        until = max(heard.until, *known.values())
        late = {job: at for job, at in known.items() if at >= until - OVERLAP}
        self._heard = JobsHeard(until, late)
        self._tell(values, _job_origin, self._heard)


def _job_origin(_: Subject) -> Origin:
    return Origin("the jobs", simulated=False)
