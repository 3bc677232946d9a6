"""What the table of jobs promises: one job of a key, whose they are, what is forgotten."""

import asyncio

import pytest

from plimsoll.kernel.errors import Conflict
from plimsoll.kernel.identifiers import JobId, UserId, new_id
from plimsoll.plumbing.database import Database, Unit
from plimsoll.plumbing.jobs import storage
from plimsoll.plumbing.jobs.job import EVERYTHING, JobState, TooManyJobs, Viewer
from plimsoll.plumbing.jobs.pace import Pace
from tests.plumbing.jobs.conftest import Look, MakeJobs, WaitFor
from tests.plumbing.jobs.greeting import ADA, GREET, greet, started


async def test_a_job_that_is_not_committed_is_not_run(
    database: Database, make_jobs: MakeJobs
) -> None:
    jobs = make_jobs()

    async def start_and_fail(unit: Unit) -> None:
        await jobs.start(unit, GREET, ADA, owner=None)
        raise Conflict

    with pytest.raises(Conflict):
        await database.transact(start_and_fail)
    async with database.read() as unit:
        assert await storage.list_latest(unit, EVERYTHING, state=None, after=None, limit=9) == []


async def test_of_one_key_one_job_is_unfinished(
    database: Database, make_jobs: MakeJobs, wait_for: WaitFor
) -> None:
    jobs = make_jobs()
    ada, ben = UserId(new_id()), UserId(new_id())

    async def start(owner: UserId | None, key: str | None = "btc/usd") -> JobId:
        return await jobs.start(database, GREET, ADA, owner=owner, key=key)

    at_once = await asyncio.gather(*[start(None) for _ in range(8)])
    assert len(set(at_once)) == 1
    others = [
        await start(ada),
        await start(ben),
        await start(None, "eth/usd"),
        await start(ada, None),
    ]
    assert len({at_once[0], *others}) == 5, "a key is of one owner"
    assert await start(ada) == others[0]

    jobs.register(GREET, greet)
    jobs.open()
    await wait_for(at_once[0])
    assert await start(None) != at_once[0], "what has ended holds no key"


async def test_one_person_has_not_more_than_so_many(
    database: Database, make_jobs: MakeJobs
) -> None:
    jobs, ada = make_jobs(), UserId(new_id())
    first = await jobs.start(database, GREET, ADA, owner=ada, key="0")
    for number in range(1, storage.MOST_UNFINISHED):
        await jobs.start(database, GREET, ADA, owner=ada, key=str(number))
    with pytest.raises(TooManyJobs):
        await jobs.start(database, GREET, ADA, owner=ada)
    with pytest.raises(TooManyJobs):
        await jobs.start(database, GREET, ADA, owner=ada, key="another")
    assert await jobs.start(database, GREET, ADA, owner=ada, key="0") == first
    await jobs.start(database, GREET, ADA, owner=UserId(new_id()))
    await jobs.start(database, GREET, ADA, owner=None)


async def test_a_job_that_nobody_runs_is_cancelled_at_once(
    database: Database, make_jobs: MakeJobs, look: Look
) -> None:
    jobs = make_jobs()
    queued = await jobs.start(database, GREET, ADA, owner=None)
    left = await jobs.start(database, GREET, ADA, owner=None)
    async with database.write() as unit:
        await storage.cancel(unit, queued, EVERYTHING)
        await storage.take(unit, [GREET.name], most=1, lease_s=-1)
        await storage.cancel(unit, left, EVERYTHING)
    async with database.write() as unit:
        assert await storage.take(unit, [GREET.name], most=9, lease_s=1) == []
    assert {(await look(each)).state for each in (queued, left)} == {JobState.CANCELLED}


async def test_the_estimate_of_a_process_that_is_gone_is_not_shown(
    database: Database, make_jobs: MakeJobs, look: Look
) -> None:
    job_id = await make_jobs().start(database, GREET, ADA, owner=None)
    async with database.write() as unit:
        (taken,) = await storage.take(unit, [GREET.name], most=1, lease_s=60)
        await storage.beat(unit, [storage.Beat(taken.id, taken.epoch, Pace(50), 100.0)], lease_s=60)
    assert (await look(job_id)).estimated_end_at
    await database.once("update jobs set due_at = now() - interval '1 second'")
    assert (await look(job_id)).estimated_end_at is None
    assert (await look(job_id)).percent == 50


async def test_what_ended_a_month_ago_is_forgotten(
    database: Database, make_jobs: MakeJobs, wait_for: WaitFor
) -> None:
    jobs = make_jobs()
    old = await started(jobs, database, greet)
    await wait_for(old)
    young = await jobs.start(database, GREET, ADA, owner=None)
    await wait_for(young)
    await database.once(
        "update jobs set finished_at = now() - interval '31 days' where id = $1", old
    )
    async with database.write() as unit:
        await storage.forget_old(unit)
    async with database.read() as unit:
        left = await storage.list_latest(unit, EVERYTHING, state=None, after=None, limit=9)
    assert [job.id for job in left] == [young]


async def test_a_person_sees_their_own_and_an_operator_the_systems_too(
    database: Database, make_jobs: MakeJobs
) -> None:
    jobs, ada, ben = make_jobs(), UserId(new_id()), UserId(new_id())
    adas, bens, systems = [
        await jobs.start(database, GREET, ADA, owner=owner) for owner in (ada, ben, None)
    ]

    async def seen(viewer: Viewer) -> set[JobId]:
        async with database.read() as unit:
            listed = await storage.list_latest(unit, viewer, state=None, after=None, limit=9)
            found = [await storage.find(unit, each, viewer) for each in (adas, bens, systems)]
        assert {job.id for job in listed} == {job.id for job in found if job}
        return {job.id for job in listed}

    assert await seen(Viewer(ada, system=False)) == {adas}
    assert await seen(Viewer(ada, system=True)) == {adas, systems}
    assert await seen(Viewer(ben, system=False)) == {bens}
    assert await seen(EVERYTHING) == {adas, bens, systems}
    async with database.write() as unit:
        assert await storage.cancel(unit, adas, Viewer(ben, system=True)) is None
        assert await storage.cancel(unit, systems, Viewer(ben, system=False)) is None
