"""Jobs outlive the processes that run them, and every step is done once."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from plimsoll.kernel.identifiers import JobId
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.jobs.job import JobState
from tests.plumbing.jobs.conftest import Look, MakeJobs, WaitFor, is_running
from tests.plumbing.jobs.stepping import STEPS, WALK, Walk, walking

PROCESS = Path(__file__).with_name("stepping.py")

Launch = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def launch(database_url: str) -> Iterator[Launch]:
    """Starts processes that run jobs, and waits until they do."""
    with ExitStack() as stack:

        def start(*, lease_s: float = 1.0) -> subprocess.Popen[str]:
            process = subprocess.Popen(  # noqa: S603 - our own file
                [sys.executable, str(PROCESS), database_url, str(lease_s)],
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            assert process.stdout is not None
            stack.callback(process.stdout.close)
            assert process.stdout.readline() == "ready\n"
            return process

        yield start


async def rows(database: Database, job_id: JobId) -> list[tuple[int, int]]:
    """Step and process of every effect of a job."""
    async with database.read() as unit:
        found = await unit.fetch("select step, process from steps where job = $1", job_id)
    return sorted((row["step"], row["process"]) for row in found)


async def test_a_killed_process_leaves_its_job_to_another_one(
    database: Database,
    make_jobs: MakeJobs,
    launch: Launch,
    look: Look,
    wait_for: WaitFor,
) -> None:
    await database.once(STEPS)
    jobs = make_jobs()
    job_id = await jobs.start(database, WALK, Walk(steps=60, pause_s=0.02), owner=None)
    for _ in range(2):
        process = launch()
        before = len(await rows(database, job_id))
        async with asyncio.timeout(10):
            while len(await rows(database, job_id)) < before + 5:  # noqa: ASYNC110 - as of a row
                await asyncio.sleep(0.005)
        process.kill()
        process.wait()
        done = len(await rows(database, job_id))
        assert before + 5 <= done < 60
    assert is_running(await look(job_id)), "nobody has said otherwise yet"
    launch()

    ended = await wait_for(job_id)

    assert (ended.state, ended.percent, ended.attempt) == (JobState.DONE, 100, 1)
    assert ended.result == '{"link":null,"facts":{"steps":60}}'
    walked = await rows(database, job_id)
    assert [step for step, _ in walked] == list(range(60)), "every step once"
    assert len({process for _, process in walked}) == 3


async def test_a_process_that_is_stopped_in_order_hands_its_jobs_back_at_once(
    database: Database, make_jobs: MakeJobs, look: Look, wait_for: WaitFor
) -> None:
    await database.once(STEPS)
    first, second = make_jobs(lease_s=60), make_jobs(lease_s=60)
    for jobs in (first, second):
        jobs.register(WALK, walking(database))
    job_id = await first.start(database, WALK, Walk(steps=40, pause_s=0.01), owner=None)
    first.open()
    await wait_for(job_id, until=lambda job: job.done >= 10)

    await first.close()

    handed_back = await look(job_id)
    assert (handed_back.state, handed_back.attempt) == (JobState.QUEUED, 0)
    assert handed_back.retry_at is None, "it is its turn now"
    second.open()
    assert (await wait_for(job_id)).state is JobState.DONE
    assert [step for step, _ in await rows(database, job_id)] == list(range(40))


async def test_two_processes_never_run_one_job_at_once(
    database: Database,
    make_jobs: MakeJobs,
    launch: Launch,
    wait_for: WaitFor,
) -> None:
    await database.once(STEPS)
    jobs = make_jobs()
    launch(lease_s=30), launch(lease_s=30)
    started = [
        await jobs.start(database, WALK, Walk(steps=3, pause_s=0.0), owner=None) for _ in range(100)
    ]
    ended = [await wait_for(job_id) for job_id in started]
    assert {job.state for job in ended} == {JobState.DONE}
    walked = [await rows(database, job_id) for job_id in started]
    assert all([step for step, _ in each] == [0, 1, 2] for each in walked)
    assert all(len({process for _, process in each}) == 1 for each in walked)
    assert len({process for each in walked for _, process in each}) == 2, "both had a part"


async def test_who_was_away_for_longer_than_the_lease_changes_nothing_any_more(
    database: Database,
    make_jobs: MakeJobs,
    launch: Launch,
    wait_for: WaitFor,
) -> None:
    """A process that is stopped (as by a full machine) and goes on when another one has the job."""
    await database.once(STEPS)
    jobs = make_jobs()
    job_id = await jobs.start(database, WALK, Walk(steps=60, pause_s=0.02), owner=None)
    frozen = launch()
    await wait_for(job_id, until=lambda job: job.done >= 5)
    frozen.send_signal(signal.SIGSTOP)
    launch()
    await wait_for(job_id, until=lambda job: job.done >= 20)
    frozen.send_signal(signal.SIGCONT)

    ended = await wait_for(job_id)

    assert ended.state is JobState.DONE
    assert [step for step, _ in await rows(database, job_id)] == list(range(60))
    assert frozen.poll() is None, "it goes on with other jobs"
