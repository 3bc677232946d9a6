"""Calculations in processes of their own: the loop stays free, and none is left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plimsoll.plumbing.database import Database
from plimsoll.plumbing.jobs.context import JobContext
from plimsoll.plumbing.jobs.job import CalculationDied, JobResult, JobState
from plimsoll.plumbing.jobs.processes import Processes
from tests.plumbing.jobs import sums
from tests.plumbing.jobs.conftest import MakeJobs, WaitFor
from tests.plumbing.jobs.greeting import Greeting, started


@pytest.fixture
async def processes() -> AsyncIterator[Processes]:
    processes = Processes(1)
    yield processes
    processes.close()


async def ends(pid: int) -> bool:
    """Whether process `pid` ends in time."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        await asyncio.sleep(0.02)
    return False


async def test_the_loop_stays_free_while_a_job_calculates(
    database: Database, make_jobs: MakeJobs, wait_for: WaitFor
) -> None:
    async def work(job: JobContext, _: Greeting) -> JobResult:
        total = await job.run_in_process(sums.add_up, 3_000_000)
        return JobResult(facts={"total": total})

    turns = 0
    job_id = await started(make_jobs(), database, work)

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.01)

    counting = asyncio.create_task(count_turns())
    job = await wait_for(job_id)
    counting.cancel()
    assert (job.state, job.result) == (
        JobState.DONE,
        '{"link":null,"facts":{"total":4499998500000}}',
    )
    assert turns > 10


async def test_it_raises_what_the_calculation_raises(processes: Processes) -> None:
    with pytest.raises(ValueError, match="no such sum"):
        await processes.run(sums.fail, "no such sum")
    assert await processes.run(sums.add_up, 3) == 3


async def test_a_calculation_that_dies_is_told_and_the_next_one_works(
    processes: Processes,
) -> None:
    pid = await processes.run(os.getpid)
    dying = asyncio.create_task(processes.run(sums.take_for_ever))
    await asyncio.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(CalculationDied):
        await dying
    assert await processes.run(sums.add_up, 3) == 3


async def test_the_close_ends_what_calculates(processes: Processes) -> None:
    pid = await processes.run(os.getpid)
    endless = asyncio.create_task(processes.run(sums.take_for_ever))
    await asyncio.sleep(0.1)
    processes.close()
    assert await ends(pid)
    with pytest.raises((CalculationDied, asyncio.CancelledError)):
        await endless


async def test_when_nobody_calculates_there_is_no_process(processes: Processes) -> None:
    pid = await processes.run(os.getpid)
    processes.release()
    assert await ends(pid)


def test_processes_end_with_a_parent_that_is_killed() -> None:
    with subprocess.Popen(  # noqa: S603 - our own file
        [sys.executable, str(Path(sums.__file__))], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        os.kill(int(parent.stdout.readline()), 0)  # it is there
        parent.kill()
        assert parent.stdout.read() == "", "whoever had the other end of this pipe has ended"


IMPORTED_BY_CHILDREN = (
    "plimsoll.cli.entry",  # of the service: a child begins with the file its parent began with
    "plimsoll.plumbing.jobs.processes",
    "plimsoll.ledger.service.sifting",
    "plimsoll.tax.service.calculating",
)
HEAVY = {"asyncpg", "duckdb", "fastapi", "numpy", "reportlab", "typer", "xlsxwriter"}


def test_a_process_starts_without_what_it_does_not_need() -> None:
    """More than two seconds of a processor, before the first row is looked at."""
    program = f"import sys, {', '.join(IMPORTED_BY_CHILDREN)}; print(*({HEAVY} & set(sys.modules)))"
    done = subprocess.run(  # noqa: S603 - our own modules
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
