"""`plimsoll jobs` beside whoever runs them: what it prints and how it ends."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from plimsoll.kernel.clock import SystemClock
from plimsoll.kernel.identifiers import JobId, new_id
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.jobs.context import JobContext
from plimsoll.plumbing.jobs.job import JobKind, JobNotFound, JobResult
from plimsoll.plumbing.jobs.runner import Jobs, JobTerms
from tests.conftest import PASSWORD
from tests.journeys.service import Service
from tests.test_cli import plimsoll

pytestmark = pytest.mark.xdist_group("commands")


WATCHED = """
    select from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
    and query like '%from jobs%any($1)%' and query not like '%pg_stat_activity%'
"""
"""Somebody has looked at jobs twice."""


@dataclass(frozen=True, slots=True)
class Count:
    to: int


COUNT = JobKind("test.count", Count)


async def count(job: JobContext, args: Count) -> JobResult:
    for number in range(args.to):
        await job.progress(number, args.to, "count")
        await asyncio.sleep(0.03)
    if args.to == 0:
        raise JobNotFound("there is nothing to count")
    return JobResult(facts={"counted": args.to})


@pytest.fixture
async def jobs(database: Database) -> AsyncIterator[Jobs]:
    jobs = Jobs(database, SystemClock(), at_once=1, terms=JobTerms(poll_s=0.05, beat_s=0.1))
    jobs.register(COUNT, count)
    yield jobs
    await jobs.close()


@dataclass(frozen=True, slots=True)
class Command:
    """`plimsoll jobs` on the database of the test."""

    database_url: str

    async def __call__(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return await asyncio.to_thread(plimsoll, "jobs", *words, database_url=self.database_url)


@pytest.fixture
def command(database_url: str) -> Command:
    return Command(database_url)


async def start(jobs: Jobs, database: Database, to: int) -> JobId:
    return await jobs.start(database, COUNT, Count(to), owner=None)


async def test_a_job_is_watched_to_its_end(
    jobs: Jobs, database: Database, command: Command
) -> None:
    job_id = await start(jobs, database, 100)
    watching = asyncio.create_task(command("watch", str(job_id)))
    async with asyncio.timeout(30):
        while not await database.once(WATCHED):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
    jobs.open()
    done = await watching
    assert done.returncode == 0, done.stderr
    *steps, last = done.stdout.splitlines()
    assert last == 'done {"link":null,"facts":{"counted":100}}'
    assert steps[0] == "test.count queued 0"
    assert any(line.startswith("test.count running count ") for line in steps)
    assert all("100 %" not in line for line in steps if "running" in line)


async def test_watching_what_fails_fails_with_its_code(
    jobs: Jobs, database: Database, command: Command
) -> None:
    job_id = await start(jobs, database, 0)
    jobs.open()
    done = await command("watch", str(job_id))
    assert done.returncode == 1
    assert done.stderr == "failed: job-not-found: there is nothing to count\n"


async def test_jobs_are_listed_and_cancelled(
    jobs: Jobs, database: Database, command: Command
) -> None:
    first, second = sorted([await start(jobs, database, 7) for _ in range(2)])
    cancelled = await command("cancel", str(first))
    assert (cancelled.returncode, cancelled.stdout) == (0, "cancelled\n")
    listed = (await command("list")).stdout.splitlines()
    assert [line.split() for line in listed] == [
        [str(second), "queued", "0", "test.count"],
        [str(first), "cancelled", "0", "test.count"],
    ]


async def test_a_job_that_is_none_is_said_in_a_sentence(command: Command) -> None:
    done = await command("cancel", str(new_id()))
    assert done.returncode == 1
    assert done.stderr.startswith("No such job: ")


async def test_beside_a_service_an_import_is_left_to_it_and_a_stream_does_not_hold_it_up(
    tmp_path: Path,
) -> None:
    with Service(tmp_path / "desk", "--feed", "simulated", jobs_at_once="0") as service:
        await service.sign_up("ada@example.org")
        service.command("user", "role", "ada@example.org", "operator")
        said = service.command("candles", "import", str(tmp_path))
        job_id = said.removeprefix("started: plimsoll jobs watch ").strip()
        async with service.client() as http:
            account = {"email": "ada@example.org", "password": PASSWORD}
            token = (await http.post("/auth/login", json=account)).json()["access_token"]
        async with service.client(token) as http:
            job = (await http.get(f"/jobs/{job_id}")).json()
            assert (job["kind"], job["args"]) == ("candles.import", {"folder": str(tmp_path)})
            async with http.stream("GET", f"/jobs/{job_id}/events") as stream:
                assert (await anext(stream.aiter_lines())) == "event: progress"
                started_s = time.monotonic()
                assert await asyncio.to_thread(service.stop) == 0
        assert time.monotonic() - started_s < 15, "it waits 25 s for answers that do not end"
