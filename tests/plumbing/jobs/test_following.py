"""Following a job: its steps to its end, one query for all who follow."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from plimsoll.plumbing.database import Database
from plimsoll.plumbing.jobs import following
from plimsoll.plumbing.jobs.context import JobContext
from plimsoll.plumbing.jobs.job import NO_RESULT, Job, JobResult, JobState
from tests.plumbing.jobs.conftest import Look, MakeJobs, WaitFor, is_running
from tests.plumbing.jobs.greeting import ADA, GREET, Greeting, greet, started


async def collect(steps: AsyncIterator[Job | None]) -> list[Job | None]:
    return [job async for job in steps]


async def test_everybody_sees_the_steps_and_the_end(
    database: Database, make_jobs: MakeJobs, look: Look, wait_for: WaitFor
) -> None:
    seen: list[list[Job | None]] = [[] for _ in range(21)]

    async def watch(steps: AsyncIterator[Job | None], into: list[Job | None]) -> None:
        async for job in steps:
            into.append(job)  # noqa: PERF401 - one by one, for others look at them

    async def work(job: JobContext, _: Greeting) -> JobResult:
        for step in range(10_000):
            await job.progress(step, 10_000, "walk")
            await asyncio.sleep(0.01)
            if all(sum(map(bool, each)) > 3 for each in seen):
                break
        return NO_RESULT

    jobs, elsewhere = make_jobs(), make_jobs()
    job_id = await started(jobs, database, work)
    first = await wait_for(job_id, until=is_running)
    followed = [*(jobs.follow(first) for _ in seen[1:]), elsewhere.follow(first)]
    async with asyncio.timeout(10):
        await asyncio.gather(*map(watch, followed, seen))
    last = await look(job_id)
    for each in seen:
        assert each[0] == first
        assert each[-1] == last
        dones = [job.done for job in each if job]
        assert len(dones) > 3
        assert dones == sorted(dones)
    assert not jobs._followers._watched


async def test_a_job_that_has_ended_is_told_once(
    database: Database, make_jobs: MakeJobs, wait_for: WaitFor
) -> None:
    jobs = make_jobs()
    job = await wait_for(await started(jobs, database, greet))
    assert await collect(jobs.follow(job)) == [job]


async def test_without_a_change_there_is_a_sign_of_life(
    database: Database, make_jobs: MakeJobs, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "QUIET_ROUNDS", 2)
    jobs = make_jobs(beat_s=0.01)
    queued = await look(await jobs.start(database, GREET, ADA, owner=None))
    steps = jobs.follow(queued)
    async with asyncio.timeout(5):
        assert [await anext(steps), await anext(steps), await anext(steps)] == [queued, None, None]


async def test_the_close_ends_what_follows(
    database: Database, make_jobs: MakeJobs, look: Look
) -> None:
    jobs = make_jobs(beat_s=60)
    queued = await look(await jobs.start(database, GREET, ADA, owner=None))
    follower = asyncio.create_task(collect(jobs.follow(queued)))
    await asyncio.sleep(0.05)
    jobs.stop_following()
    async with asyncio.timeout(2):
        assert await follower == [queued]


async def test_a_job_that_is_forgotten_ends_the_stream(
    database: Database, make_jobs: MakeJobs, look: Look
) -> None:
    jobs = make_jobs()
    queued = await look(await jobs.start(database, GREET, ADA, owner=None))
    follower = asyncio.create_task(collect(jobs.follow(queued)))
    await asyncio.sleep(0.02)
    await database.once("delete from jobs where id = $1", queued.id)
    async with asyncio.timeout(5):
        assert await follower == [queued]
    assert queued.state is JobState.QUEUED
