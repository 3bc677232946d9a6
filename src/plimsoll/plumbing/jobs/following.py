"""Watching jobs from anywhere: one query a second for everybody who watches in this process.

Who is slow misses steps and sees the newest state; nothing waits in a queue.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Final

import structlog

from plimsoll.kernel.errors import Unavailable
from plimsoll.kernel.identifiers import JobId
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.jobs import storage
from plimsoll.plumbing.jobs.job import Job

log = structlog.get_logger(__name__)

QUIET_ROUNDS: Final = 10
"""So many rounds without a change and a follower is told that there is none."""


class Followers:
    """Reads what is watched, as long as anything is."""

    def __init__(self, database: Database, *, every_s: float) -> None:
        self._database = database
        self._every_s = every_s
        self._watched = Counter[JobId]()
        self._latest: dict[JobId, Job | None] = {}
        """Of every job that was asked for in the last round; None is forgotten."""
        self._next_round: asyncio.Future[None] | None = None
        self._reader: asyncio.Task[None] | None = None
        self._closed = False

    async def follow(self, job: Job) -> AsyncIterator[Job | None]:
        """`job`, then what it becomes; None after a while without a change.

        Ends with the job, when it is forgotten, and at the close.
        """
        yield job
        self._watched[job.id] += 1
        try:
            quiet = 0
            while not (job.state.over or self._closed):
                await self._round()
                seen = self._latest.get(job.id, job)
                if seen is None:
                    return
                quiet = 0 if seen != job else quiet + 1
                if seen != job or quiet % QUIET_ROUNDS == 0:
                    yield seen if seen != job else None
                job = seen
        finally:
            self._watched[job.id] -= 1
            if not self._watched[job.id]:
                del self._watched[job.id]

    def close(self) -> None:
        self._closed = True
        if self._reader:
            self._reader.cancel()

    async def _round(self) -> None:
        """Wait until everything watched was read once more."""
        if self._next_round is None:
            self._next_round = asyncio.get_running_loop().create_future()
            self._reader = asyncio.create_task(self._read(self._next_round), name="jobs-followed")
        await asyncio.shield(self._next_round)

    async def _read(self, done: "asyncio.Future[None]") -> None:
        try:
            await asyncio.sleep(self._every_s)
            asked = list(self._watched)
            async with self._database.read() as unit:
                found = {each.id: each for each in await storage.list_by_id(unit, asked)}
            self._latest = {job_id: found.get(job_id) for job_id in asked}
        except Unavailable as error:  # what was seen last stands until the database is back
            log.warning("followed_jobs_not_read", code=error.code)
        finally:
            self._next_round = None
            if not done.done():
                done.set_result(None)
