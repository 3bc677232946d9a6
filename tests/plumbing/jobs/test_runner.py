"""How jobs are queued, run, tried again, cancelled and forgotten."""

import asyncio
import tracemalloc
from collections import Counter
from itertools import pairwise

from plimsoll.kernel.errors import Conflict, Unavailable
from plimsoll.kernel.identifiers import UserId, new_id
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.jobs import storage
from plimsoll.plumbing.jobs.context import JobContext
from plimsoll.plumbing.jobs.job import (
    EVERYTHING,
    NO_RESULT,
    Job,
    JobKind,
    JobResult,
    JobState,
)
from tests.fakes.clock import ManualClock
from tests.plumbing.jobs.conftest import Look, MakeJobs, WaitFor
from tests.plumbing.jobs.greeting import ADA, GREET, Greeting, greet, started


class SourceAway(Unavailable):
    code = "source-away"
    title = "The source is away"


class NeverPossible(Conflict):
    code = "never-possible"
    title = "It can never be done"


async def wait_to_be_cancelled(job: JobContext, _: Greeting) -> JobResult:
    for step in range(10_000):
        await job.progress(step, 10_000, "wait")
        await asyncio.sleep(0.005)
    return NO_RESULT


async def test_a_job_is_done_and_leaves_a_result(
    database: Database, make_jobs: MakeJobs, wait_for: WaitFor
) -> None:
    job = await wait_for(await started(make_jobs(), database, greet))
    assert (job.state, job.percent, job.attempt, job.problem) == (JobState.DONE, 100, 1, None)
    assert job.args == '{"name":"Ada"}'
    assert job.result == '{"link":"/api/v1/people/Ada","facts":{"greeted":1}}'
    assert job.started_at
    assert job.finished_at
    assert job.created_at <= job.started_at <= job.finished_at


async def test_what_passes_is_tried_again_after_longer_and_longer_pauses(
    database: Database, make_jobs: MakeJobs, wait_for: WaitFor
) -> None:
    tries: list[float] = []

    async def fail(_job: JobContext, _args: Greeting) -> JobResult:
        tries.append(asyncio.get_running_loop().time())
        raise SourceAway("nobody answers at 10.0.0.1")

    jobs = make_jobs(first_pause_s=0.5, longest_pause_s=10, poll_s=0.01)
    job_id = await started(jobs, database, fail)
    waiting = await wait_for(job_id, until=lambda job: job.retry_at is not None)
    assert (waiting.state, waiting.attempt) == (JobState.QUEUED, 1)

    job = await wait_for(job_id)

    assert (job.state, job.attempt, job.retry_at) == (JobState.FAILED, 3, None)
    assert job.problem
    assert (job.problem.code, job.problem.detail) == ("source-away", "nobody answers at 10.0.0.1")
    pauses = [later - earlier for earlier, later in pairwise(tries)]
    assert 0.25 <= pauses[0] <= 0.7
    assert 0.5 <= pauses[1] <= 1.2


async def test_a_source_that_says_when_is_not_asked_earlier(
    database: Database, make_jobs: MakeJobs, wait_for: WaitFor
) -> None:
    async def fail(_job: JobContext, _args: Greeting) -> JobResult:
        raise SourceAway("too much", retry_after_s=100)

    job_id = await started(make_jobs(), database, fail)
    job = await wait_for(job_id, until=lambda job: job.retry_at is not None)
    assert job.retry_at
    assert job.started_at
    assert 99 < (job.retry_at - job.started_at).total_seconds() < 102


async def test_what_can_never_be_done_fails_at_once(
    database: Database, make_jobs: MakeJobs, wait_for: WaitFor
) -> None:
    async def fail(_job: JobContext, _args: Greeting) -> JobResult:
        raise NeverPossible("such a thing\0 is not")

    job = await wait_for(await started(make_jobs(), database, fail))
    assert (job.state, job.attempt) == (JobState.FAILED, 1)
    assert job.problem
    assert (job.problem.code, job.problem.detail) == ("never-possible", "such a thing is not")


async def test_our_own_mistake_is_tried_again_and_tells_nothing_of_itself(
    database: Database, make_jobs: MakeJobs, wait_for: WaitFor
) -> None:
    async def fail(_job: JobContext, _args: Greeting) -> JobResult:
        raise RuntimeError("select secret from secrets")

    job = await wait_for(await started(make_jobs(), database, fail))
    assert (job.state, job.attempt) == (JobState.FAILED, 3)
    assert job.problem
    assert job.problem.code == "internal-error"
    assert "secret" not in job.problem.detail


async def test_a_job_that_gets_on_is_not_given_up(
    database: Database, make_jobs: MakeJobs, wait_for: WaitFor
) -> None:
    async def fail_after_each_step(job: JobContext, _: Greeting) -> JobResult:
        step = job.resume(int) or 0
        if step < 6:
            await job.checkpoint(step + 1)
            raise SourceAway
        return JobResult(facts={"steps": step})

    job = await wait_for(
        await started(make_jobs(first_pause_s=0.01), database, fail_after_each_step)
    )
    assert job.state is JobState.DONE, "3 attempts, but at each step"


async def test_saving_the_same_checkpoint_again_is_not_getting_on(
    database: Database, make_jobs: MakeJobs, wait_for: WaitFor
) -> None:
    async def fail(job: JobContext, _: Greeting) -> JobResult:
        await job.checkpoint("begun")
        raise SourceAway

    job = await wait_for(await started(make_jobs(first_pause_s=0.01), database, fail))
    assert job.state is JobState.FAILED


async def test_a_job_whose_process_dies_each_time_is_given_up(
    database: Database, make_jobs: MakeJobs, wait_for: WaitFor
) -> None:
    runs = Counter[str]()

    async def count(_job: JobContext, _args: Greeting) -> JobResult:
        runs["run"] += 1
        return NO_RESULT

    jobs = make_jobs()
    job_id = await jobs.start(database, GREET, ADA, owner=None)
    for _ in range(3):  # as three processes that died would leave it
        async with database.write() as unit:
            assert len(await storage.take(unit, [GREET.name], most=1, lease_s=-1)) == 1
    jobs.register(GREET, count)
    jobs.open()
    job = await wait_for(job_id)
    assert job.problem
    assert (job.state, job.problem.code) == (JobState.FAILED, "job-abandoned")
    assert not runs


async def test_a_running_job_is_cancelled_between_two_steps(
    database: Database, make_jobs: MakeJobs, wait_for: WaitFor
) -> None:
    job_id = await started(make_jobs(), database, wait_to_be_cancelled)
    await wait_for(job_id, until=lambda job: job.done > 0)
    async with database.write() as unit:
        asked = await storage.cancel(unit, job_id, EVERYTHING)
    assert asked
    assert (asked.state, asked.cancel_asked) == (JobState.RUNNING, True)
    job = await wait_for(job_id)
    assert (job.state, job.problem, job.result) == (JobState.CANCELLED, None, None)
    assert 0 < job.done < 10_000
    assert job.finished_at


async def test_a_step_under_way_is_finished_before_the_end(
    database: Database, make_jobs: MakeJobs, wait_for: WaitFor
) -> None:
    """A checkpoint that meets the cancel is kept with its step; the next one is not begun."""
    steps: list[int] = []
    begun = asyncio.Event()

    async def work(job: JobContext, _: Greeting) -> JobResult:
        for step in range(1000):
            await job.checkpoint(step)
            steps.append(step)
            begun.set()
            await asyncio.sleep(0.01)
        return NO_RESULT

    job_id = await started(make_jobs(beat_s=60), database, work)
    await begun.wait()
    async with database.write() as unit:
        await storage.cancel(unit, job_id, EVERYTHING)
    job = await wait_for(job_id)
    assert job.state is JobState.CANCELLED
    assert 0 < len(steps) < 1000


async def test_so_many_run_at_once_and_no_more(
    database: Database, make_jobs: MakeJobs, wait_for: WaitFor
) -> None:
    now, most = Counter[str](), 0

    async def work(job: JobContext, _: Greeting) -> JobResult:
        nonlocal most
        now["running"] += 1
        most = max(most, now["running"])
        await asyncio.sleep(0.002)
        await job.progress(1, 2, "")
        now["running"] -= 1
        return NO_RESULT

    jobs = make_jobs(at_once=3)
    ids = [await jobs.start(database, GREET, ADA, owner=None) for _ in range(60)]
    jobs.register(GREET, work)
    jobs.open()
    for job_id in ids:
        assert (await wait_for(job_id)).state is JobState.DONE
    assert most == 3
    assert not jobs._runs, "nothing is kept of what has ended"


async def test_one_persons_many_jobs_do_not_hold_up_somebody_elses(
    database: Database, make_jobs: MakeJobs, wait_for: WaitFor
) -> None:
    begun: list[str] = []
    ended: list[str] = []
    ben_is_queued, ben_has_ended = asyncio.Event(), asyncio.Event()

    async def work(_job: JobContext, args: Greeting) -> JobResult:
        begun.append(args.name)
        if len(begun) == 2:
            await ben_has_ended.wait()
        elif len(begun) > 2:
            await ben_is_queued.wait()
        ended.append(args.name)
        if args.name == "Ben":
            ben_has_ended.set()
        return NO_RESULT

    jobs, ada, ben = make_jobs(at_once=2), UserId(new_id()), UserId(new_id())
    adas = [await jobs.start(database, GREET, Greeting("Ada"), owner=ada) for _ in range(10)]
    jobs.register(GREET, work)
    jobs.open()
    async with asyncio.timeout(20):
        while len(begun) < 2:  # noqa: ASYNC110 - asks what has no event
            await asyncio.sleep(0.01)
    bens = await jobs.start(database, GREET, Greeting("Ben"), owner=ben)
    ben_is_queued.set()
    for job_id in [bens, *adas]:
        await wait_for(job_id)
    assert ended.index("Ben") < 7


async def test_a_process_leaves_kinds_that_it_does_not_know(
    database: Database, make_jobs: MakeJobs, look: Look, wait_for: WaitFor
) -> None:
    jobs = make_jobs()
    newer = await jobs.start(database, JobKind("test.newer", Greeting), ADA, owner=None)
    await wait_for(await started(jobs, database, greet))
    assert (await look(newer)).state is JobState.QUEUED


async def test_arguments_that_cannot_be_read_any_more_fail_the_job(
    database: Database, make_jobs: MakeJobs, wait_for: WaitFor
) -> None:
    jobs = make_jobs()
    older = JobKind(GREET.name, dict[str, int])
    job_id = await jobs.start(database, older, {"number": 7}, owner=None)
    jobs.register(GREET, greet)
    jobs.open()
    job = await wait_for(job_id)
    assert (job.state, job.attempt) == (JobState.FAILED, 1)
    assert job.problem
    assert job.problem.code == "job-unreadable"


async def test_percent_and_time_to_go_are_seen_while_it_runs(
    database: Database, make_jobs: MakeJobs, look: Look, wait_for: WaitFor
) -> None:
    # The work gets on by the time that has passed, however late its turn comes, and the clock of
    # its speed only with it: a machine that stands still for a moment makes no work slower.
    clock = ManualClock()

    async def work(job: JobContext, _: Greeting) -> JobResult:
        loop, step = asyncio.get_running_loop(), 0
        began_s = loop.time()
        while step < 400:
            await job.progress(step, 400, "read" if step < 200 else "write")
            await asyncio.sleep(0.01)
            before, step = step, int((loop.time() - began_s) * 100)
            clock.advance((step - before) / 100)
        return NO_RESULT

    job_id = await started(make_jobs(clock=clock), database, work)
    seen: list[Job] = []

    def note(job: Job) -> bool:
        seen.append(job)
        return job.state.over

    await wait_for(job_id, until=note)
    percents = [job.percent for job in seen if job.percent is not None]
    assert percents == sorted(percents)
    assert max(each for each in percents if each < 100) <= 99
    assert all((job.percent == 100) == (job.state is JobState.DONE) for job in seen)
    assert {job.phase for job in seen} >= {"read", "write"}
    told = [job.estimated_end_at for job in seen if job.estimated_end_at]
    end = (await look(job_id)).finished_at
    assert told
    assert end
    assert all(abs((each - end).total_seconds()) < 1.5 for each in told)
    assert seen[-1].estimated_end_at is None


async def test_many_steps_take_no_memory(
    database: Database, make_jobs: MakeJobs, wait_for: WaitFor
) -> None:
    grown: list[int] = []

    async def work(job: JobContext, _: Greeting) -> JobResult:
        await job.progress(0, 30_000, "count")
        tracemalloc.start()
        for step in range(30_000):
            await job.progress(step, 30_000, "count")
        grown.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        return NO_RESULT

    assert (await wait_for(await started(make_jobs(), database, work))).state is JobState.DONE
    assert grown[0] < 300_000


async def test_a_process_that_was_late_does_not_take_its_own_job_up_again(
    database: Database, make_jobs: MakeJobs, wait_for: WaitFor
) -> None:
    runs: list[int] = []

    async def work(job: JobContext, _: Greeting) -> JobResult:
        runs.append(job.taken.epoch)
        await asyncio.sleep(0.5)
        return NO_RESULT

    job_id = await started(make_jobs(beat_s=0.3, lease_s=0.1), database, work)
    assert (await wait_for(job_id)).state is JobState.DONE
    assert runs == [1]


async def test_until_a_resumed_job_says_something_what_it_said_before_stands(
    database: Database, make_jobs: MakeJobs, look: Look, wait_for: WaitFor
) -> None:
    go_on = asyncio.Event()

    async def work(job: JobContext, _: Greeting) -> JobResult:
        if job.taken.attempt == 1:
            await job.progress(30, 60, "read")
            await asyncio.sleep(0.2)
            raise SourceAway
        await go_on.wait()
        return NO_RESULT

    job_id = await started(make_jobs(), database, work)
    await wait_for(job_id, until=lambda job: job.attempt == 2)
    await asyncio.sleep(0.2)
    seen = await look(job_id)
    assert (seen.phase, seen.done, seen.total, seen.percent) == ("read", 30, 60, 50)
    assert seen.estimated_end_at is None
    go_on.set()
    assert (await wait_for(job_id)).state is JobState.DONE
