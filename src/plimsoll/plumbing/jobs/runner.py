"""Runs background jobs: durable, one process at a time for each, a few at once.

A job is a row in PostgreSQL, queued in the transaction of whoever wants it done. Every process
looks twice a second for jobs whose turn it is, takes up as many as it has room for, and holds each
by a lease that it renews once a second. A process that dies lets go: after the lease another one,
or the same one started anew, goes on from the last checkpoint. A process that is stopped in order
hands its jobs back at once.

Delivered at least once: what a step does is done once if the step saves its checkpoint in its own
transaction (see `context.py`). An error that passes (Unavailable, TooMany, or a mistake of ours) is
tried again after a pause that doubles; after too many tries without a new checkpoint, or at once
when trying again cannot help, the job has failed with the code of the error.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import structlog
from prometheus_client import Counter, Gauge

from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import PlimsollError, TooMany, Unavailable
from plimsoll.kernel.identifiers import JobId, UserId, new_id
from plimsoll.plumbing.database import Database, Locked, Unit
from plimsoll.plumbing.jobs import storage
from plimsoll.plumbing.jobs.context import JobContext, decode, encode
from plimsoll.plumbing.jobs.following import Followers
from plimsoll.plumbing.jobs.job import (
    Job,
    JobCancelled,
    JobKind,
    JobLost,
    JobProblem,
    JobResult,
    JobState,
)
from plimsoll.plumbing.jobs.processes import Processes
from plimsoll.plumbing.waiting import wait_at_most

log = structlog.get_logger(__name__)

RUNNING: Final = Gauge("jobs_running", "Background jobs that run in this process.")
ENDED: Final = Counter("jobs_ended", "Background jobs by how they ended.", ["kind", "state"])
RETRIED: Final = Counter("jobs_retried", "Runs of jobs that have to be tried again.", ["kind"])

PASSES: Final = (Unavailable, TooMany, Locked)
"""Errors that another try may not meet. The others say that the job cannot be done as it is."""
LONGEST_DETAIL: Final = 1_000
KEEP_HOUSE_EVERY_S: Final = 3_600.0
AWAY_S: Final = 5.0
"""Between two looks for jobs while the database is away."""
CLOSE_WITHIN_S: Final = 5.0

Args = TypeVar("Args")
Work = Callable[[JobContext, Args], Awaitable[JobResult]]


@dataclass(frozen=True, slots=True)
class JobTerms:
    """`lease_s` is how long a job waits after its process died; `beat_s` how often a lease is
    renewed and progress is written. The n-th pause is `first_pause_s` × 2ⁿ⁻¹, at most
    `longest_pause_s`, and less by up to a half, so that what failed together is not tried together.
    """

    poll_s: float = 0.5
    beat_s: float = 1.0
    lease_s: float = 15.0
    first_pause_s: float = 2.0
    longest_pause_s: float = 300.0


@dataclass(slots=True)
class _Run:
    context: JobContext
    task: "asyncio.Task[None]"


class Jobs:
    """Starts jobs, and runs those of the kinds that were registered, `at_once` at a time."""

    def __init__(
        self, database: Database, clock: Clock, *, at_once: int, terms: JobTerms | None = None
    ) -> None:
        """With `at_once` 0 this process only starts jobs, and others run them."""
        self._database = database
        self._clock = clock
        self._at_once = at_once
        self._terms = terms or JobTerms()
        self._kinds: dict[str, tuple[JobKind[Any], Work[Any]]] = {}
        self._runs: dict[JobId, _Run] = {}
        self._processes = Processes(max(at_once, 1))
        self._followers = Followers(database, every_s=self._terms.beat_s)
        self._room = asyncio.Event()
        """Set when a look for jobs may find something: one was started here, or one ended."""
        self._wakes: list[asyncio.Event] = []
        self._loops: list[asyncio.Task[None]] = []
        self._closed = False

    def register(self, kind: JobKind[Args], work: Work[Args]) -> None:
        """`work` is what this process does for jobs of `kind`."""
        assert kind.name not in self._kinds, f"{kind.name} is registered"
        self._kinds[kind.name] = (kind, work)

    def list_kinds(self) -> list[str]:
        """The kinds that this process knows."""
        return list(self._kinds)

    async def start(
        self,
        where: Unit | Database,
        kind: JobKind[Args],
        args: Args,
        *,
        owner: UserId | None,
        key: str | None = None,
    ) -> JobId:
        """Queue a job, in the transaction of `where` if it is one: it runs if that is committed.

        `owner` None makes it the system's. Of one owner, kind and `key` at most one job is
        unfinished: started again it is the same one, whatever its arguments. Raises TooManyJobs.
        """
        job_id, text = JobId(new_id()), encode(args)

        async def work(unit: Unit) -> JobId:
            return await storage.start(
                unit, job_id, owner=owner, kind=kind.name, key=key, args=text
            )

        if isinstance(where, Unit):
            return await work(where)
        started = await where.transact(work)
        self._room.set()
        return started

    def open(self) -> None:
        """Run what is queued, until `close`."""
        for step, every_s, wake in (
            (self._take, self._terms.poll_s, self._room),
            (self._beat, self._terms.beat_s, asyncio.Event()),
            (self._keep_house, KEEP_HOUSE_EVERY_S, asyncio.Event()),
        ):
            self._wakes.append(wake)
            self._loops.append(asyncio.create_task(self._repeat(step, every_s, wake), name="jobs"))

    async def close(self) -> None:
        """Stop, and hand what runs here back, to be taken up by others at once."""
        self.stop_following()
        self._closed = True
        for wake in self._wakes:
            wake.set()
        await _end(self._loops)  # in peace: what is being taken up is handed back with the rest
        runs = list(self._runs.values())
        for run in runs:
            run.task.cancel()
        await _end([run.task for run in runs])
        self._processes.close()
        if runs:
            with suppress(PlimsollError):  # else their leases end by themselves
                await self._database.transact(
                    lambda unit: storage.hand_back(unit, [run.context.taken for run in runs])
                )
            log.info("jobs_handed_back", jobs=len(runs))

    def follow(self, job: Job) -> AsyncIterator[Job | None]:
        """`job`, then what it becomes, to its end; None now and then while nothing changes."""
        return self._followers.follow(job)

    def stop_following(self) -> None:
        """End what follows a job here: a server that stops waits for its answers."""
        self._followers.close()

    async def _repeat(
        self, step: Callable[[], Awaitable[None]], every_s: float, wake: asyncio.Event
    ) -> None:
        """A schedule loop: what goes wrong once is logged, and the next time comes."""
        while not self._closed:
            wake.clear()
            pause_s = every_s
            try:
                await step()
            except Unavailable as error:
                log.warning("jobs_wait_for_database", code=error.code)
                pause_s = max(every_s, AWAY_S)
            except Exception:
                log.exception("jobs_step_failed")
                pause_s = max(every_s, AWAY_S)
            await wait_at_most(wake, pause_s)

    async def _take(self) -> None:
        """Take up as many jobs as there is room for."""
        room = self._at_once - len(self._runs)
        if room <= 0 or not self._kinds:
            return
        lease_s = self._terms.lease_s
        for taken in await self._database.transact(
            lambda unit: storage.take(unit, self._kinds, most=room, lease_s=lease_s, but=self._runs)
        ):
            context = JobContext(
                taken, self._database, self._clock, self._processes, lease_s=lease_s
            )
            task = asyncio.create_task(self._run(context), name=f"job {taken.kind}")
            self._runs[taken.id] = _Run(context, task)

    async def _beat(self) -> None:
        """Renew the leases of what runs here, write its progress, learn what shall end."""
        runs = dict(self._runs)
        if not runs:
            return
        now_s = self._clock.monotonic()
        beats = [
            storage.Beat(
                run.context.id,
                run.context.taken.epoch,
                run.context.pace,
                run.context.pace.remaining_s(now_s),
            )
            for run in runs.values()
        ]
        ours = await self._database.transact(
            lambda unit: storage.beat(unit, beats, lease_s=self._terms.lease_s)
        )
        for job_id, run in runs.items():
            if job_id in ours:
                run.context.cancel_asked = run.context.cancel_asked or ours[job_id]
            elif not run.context.ending:
                log.warning("job_lost", job=str(job_id))
                run.task.cancel()

    async def _keep_house(self) -> None:
        await self._database.transact(storage.forget_old)

    async def _run(self, context: JobContext) -> None:
        """One run of one job, from being taken up to its end being written down."""
        taken = context.taken
        structlog.contextvars.bind_contextvars(job=str(taken.id), kind=taken.kind)
        RUNNING.inc()
        try:
            end = self._over_already(taken) or await self._work(context)
            context.ending = True
            await self._record(taken, end)
        except JobLost:
            log.warning("job_lost")
        except Exception:  # a consumer loop's edge: without its end written, its lease ends
            log.exception("job_not_recorded")
        finally:
            RUNNING.dec()
            del self._runs[taken.id]
            self._room.set()
            if not self._runs:
                self._processes.release()

    def _over_already(self, taken: storage.Taken) -> "_End | None":
        """The end of a job that was taken from a process that died, if it is not to go on."""
        attempts = self._kinds[taken.kind][0].attempts
        if taken.cancel_asked:
            return _End(JobState.CANCELLED)
        if taken.attempt > attempts:
            detail = f"its process ended {attempts} times at the same place"
            return _End(JobState.FAILED, problem=JobProblem("job-abandoned", detail))
        return None

    async def _work(self, context: JobContext) -> "_End":
        """Do the work; how it ended."""
        taken = context.taken
        kind, work = self._kinds[taken.kind]
        log.info("job_started", attempt=taken.attempt)
        try:
            result = encode(await work(context, decode(taken.args, kind.args)))
        except JobCancelled:
            return _End(JobState.CANCELLED)
        except JobLost:
            raise
        except PlimsollError as error:
            problem = JobProblem(error.code, _kept(error.detail or error.title))
            log.info("job_attempt_failed", code=error.code, detail=error.detail)
            if isinstance(error, PASSES) and taken.attempt < kind.attempts:
                return self._again(taken, problem, error.retry_after_s)
        except Exception:  # a consumer loop's edge: our mistake, or the machine's
            problem = JobProblem("internal-error", "Something went wrong here")
            log.exception("job_attempt_failed", code=problem.code)
            if taken.attempt < kind.attempts:
                return self._again(taken, problem, None)
        else:
            return _End(JobState.DONE, result=result)
        return _End(JobState.FAILED, problem=problem)

    def _again(self, taken: storage.Taken, problem: JobProblem, asked_s: float | None) -> "_End":
        """To be tried again after a pause, and not before `asked_s`."""
        pause_s = min(
            self._terms.first_pause_s * 2.0 ** (taken.attempt - 1), self._terms.longest_pause_s
        )
        pause_s *= random.uniform(0.5, 1)  # noqa: S311 - spreads what failed together
        return _End(JobState.QUEUED, problem=problem, retry_after_s=max(pause_s, asked_s or 0.0))

    async def _record(self, taken: storage.Taken, end: "_End") -> None:
        """Write down the end, as soon as the database is there to write to."""

        async def write(unit: Unit) -> bool:
            if end.state is JobState.QUEUED and end.problem:
                return await storage.retry(unit, taken, end.problem, after_s=end.retry_after_s)
            return await storage.finish(
                unit, taken, end.state, result=end.result, problem=end.problem
            )

        while True:
            try:
                if not await self._database.transact(write):
                    raise JobLost
                break
            except Unavailable as error:
                log.warning("jobs_wait_for_database", code=error.code)
                await asyncio.sleep(AWAY_S)
        if end.state is JobState.QUEUED:
            RETRIED.labels(taken.kind).inc()
        else:
            ENDED.labels(taken.kind, end.state.value).inc()
        code = end.problem.code if end.problem else None
        log.info("job_ended", state=end.state.value, code=code)


@dataclass(frozen=True, slots=True)
class _End:
    """How a run ended; QUEUED means that the job has to be tried again."""

    state: JobState
    result: str | None = None
    problem: JobProblem | None = None
    retry_after_s: float = 0.0


def _kept(detail: str) -> str:
    """A sentence as PostgreSQL keeps it."""
    return detail.replace("\0", "")[:LONGEST_DETAIL]


async def _end(tasks: Sequence["asyncio.Task[None]"]) -> None:
    """Wait for their end, and cancel what takes too long."""
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=CLOSE_WITHIN_S)
    for task in late:
        task.cancel()
