"""Jobs that end are told once each, whoever watches and whoever dies meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest

from plimsoll.alerts.domain.alerts import Alert
from plimsoll.alerts.domain.conditions import Comparison, SubjectKind
from plimsoll.alerts.service import job_hearing
from plimsoll.alerts.service.hearing import TellJobs
from plimsoll.alerts.service.job_hearing import JobHearing
from plimsoll.alerts.service.watching import Watching
from plimsoll.alerts.storage import deliveries
from plimsoll.kernel.errors import Unavailable
from plimsoll.kernel.identifiers import UserId, new_id
from plimsoll.plumbing.database import Database
from tests.alerts.desk import ADA, BEN, CATALOGUE, QUICK, events_of, make_alert, until
from tests.fakes.clock import START, ManualClock

END = """
    insert into jobs (id, owner_id, kind, args, state, percent, finished_at)
    values ($1, $2, $3, '{}', 'done', 100, $4)
"""
STORED = "select until, ids from alert_jobs_heard"


@asynccontextmanager
async def watching(database: Database) -> AsyncIterator[Watching]:
    """Until everything that has ended was read and is stored."""
    hearings = list[JobHearing]()

    def make(tell: TellJobs) -> dict[SubjectKind, JobHearing]:
        hearings.append(JobHearing(database, tell))
        return {SubjectKind.JOB_RESULT: hearings[0]}

    watch = Watching(database, ManualClock(), CATALOGUE, make, terms=QUICK)
    task = asyncio.create_task(watch.run())
    try:
        yield watch
        for _ in range(2):  # one look may have begun before the last job ended
            await until(lambda: hearings[0]._reading is not None)
            reading = hearings[0]._reading
            await until(lambda seen=reading: hearings[0]._reading is not seen)  # type: ignore[misc]
        await asyncio.wait_for(watch.settle(), 10)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await hearings[0].aclose()


async def make_job_alert(database: Database, of: str = "any") -> Alert:
    return await make_alert(database, Comparison.IS, "done", kind=SubjectKind.JOB_RESULT, of=of)


async def end(database: Database, after_s: float = 0, *, owner: UserId = ADA) -> None:
    """A job ends so long after the alerts were made."""
    at = START + timedelta(seconds=after_s)
    await database.once(END, new_id(), owner, "tax.run", at)


@pytest.fixture
async def desk(database: Database) -> Database:
    """Nobody was told of anything since long before the alerts were made."""
    before = START - timedelta(days=1)
    await database.once("update alert_jobs_heard set until = $1", before)
    return database


async def test_what_ends_while_nobody_watches_is_told_once_by_whoever_watches_next(
    desk: Database,
) -> None:
    await make_job_alert(desk)
    await end(desk, 1)
    async with watching(desk):
        pass
    assert [each.number for each in await events_of(desk)] == [1]
    async with watching(desk):
        pass
    assert [each.number for each in await events_of(desk)] == [1]

    await end(desk, 0.5)  # it was committed late
    await end(desk, 60)
    async with watching(desk):
        await end(desk, 61)
    assert [each.number for each in await events_of(desk)] == [1, 2, 3, 4]
    (told,) = await desk.once("select count(*) from alert_notifications")
    assert told[0] == 4


async def test_what_ended_before_somebody_wanted_to_know_is_not_told(desk: Database) -> None:
    await make_job_alert(desk)
    await end(desk, -1)
    await end(desk, 1, owner=BEN)
    async with watching(desk):
        pass
    assert await events_of(desk) == []


async def test_what_is_told_is_stored_with_what_came_of_it_or_not_at_all(
    desk: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_job_alert(desk)
    await end(desk, 1)
    plan, refused = deliveries.plan, asyncio.Event()

    async def refuse(*given: Any) -> None:
        """After the events and what was heard, before the commit."""
        if refused.is_set():
            await plan(*given)
            return
        refused.set()
        raise Unavailable("for a moment")

    monkeypatch.setattr(deliveries, "plan", refuse)
    async with watching(desk) as watch:
        await asyncio.wait_for(refused.wait(), 10)
        rows = await desk.once(STORED)
        assert (rows[0]["until"], rows[0]["ids"]) == (START - timedelta(days=1), [])
        assert await events_of(desk) == []
        assert len(watch) == 1
    assert [each.number for each in await events_of(desk)] == [1]
    rows = await desk.once(STORED)
    assert (rows[0]["until"], len(rows[0]["ids"])) == (START + timedelta(seconds=1), 1)


async def test_more_than_are_read_at_once_end_at_one_moment(
    desk: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_hearing, "AT_ONCE", 2)
    await make_job_alert(desk)
    for _ in range(7):
        await end(desk, 1)
    async with watching(desk):
        await until_told(desk, range(1, 8))
    assert [each.number for each in await events_of(desk)] == list(range(1, 8))


async def until_told(database: Database, numbers: Sequence[int]) -> None:
    async with asyncio.timeout(10):
        while [each.number for each in await events_of(database)] != list(numbers):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
