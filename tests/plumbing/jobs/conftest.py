"""Runners of jobs, quicker than real ones."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Protocol

import pytest

from plimsoll.kernel.clock import Clock, SystemClock
from plimsoll.kernel.identifiers import JobId
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.jobs import storage
from plimsoll.plumbing.jobs.job import EVERYTHING, Job, JobState
from plimsoll.plumbing.jobs.runner import Jobs, JobTerms

QUICK = JobTerms(poll_s=0.02, beat_s=0.05, lease_s=1.0, first_pause_s=0.05, longest_pause_s=0.2)


class MakeJobs(Protocol):
    def __call__(self, *, at_once: int = 2, clock: Clock | None = None, **terms: float) -> Jobs:
        """A runner that is not open yet; as many as a test likes, as in so many processes."""
        ...


@pytest.fixture
async def make_jobs(database: Database) -> AsyncIterator[MakeJobs]:
    async with AsyncExitStack() as stack:

        def make(*, at_once: int = 2, clock: Clock | None = None, **terms: float) -> Jobs:
            terms_of_all = replace(QUICK, **terms)
            jobs = Jobs(database, clock or SystemClock(), at_once=at_once, terms=terms_of_all)
            stack.push_async_callback(jobs.close)
            return jobs

        yield make


Look = Callable[[JobId], Awaitable[Job]]
WaitFor = Callable[..., Awaitable[Job]]


@pytest.fixture
def look(database: Database) -> Look:
    async def find(job_id: JobId) -> Job:
        async with database.read() as unit:
            job = await storage.find(unit, job_id, EVERYTHING)
        assert job is not None
        return job

    return find


@pytest.fixture
def wait_for(look: Look) -> WaitFor:
    async def wait(
        job_id: JobId, *, until: Callable[[Job], bool] = lambda job: job.state.over
    ) -> Job:
        async with asyncio.timeout(20):
            while not until(job := await look(job_id)):  # noqa: ASYNC110 - a row sets no event
                await asyncio.sleep(0.01)
        return job

    return wait


def is_running(job: Job) -> bool:
    return job.state is JobState.RUNNING
