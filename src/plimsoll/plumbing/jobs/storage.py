"""The table of jobs. All times are PostgreSQL's, so that processes need not agree on a clock.

A running job is held by its row's `epoch`: it grows each time somebody takes the job up, and every
write of a run names the epoch it was given. A process that was stopped for longer than its lease
finds another epoch there, and changes nothing any more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from plimsoll.kernel.identifiers import JobId, UserId
from plimsoll.plumbing.database import ReadUnit, Unit
from plimsoll.plumbing.jobs.job import Job, JobProblem, JobState, TooManyJobs, Viewer
from plimsoll.plumbing.jobs.pace import Pace

MOST_UNFINISHED: Final = 20
"""Of one person. The system's own jobs are bounded by their keys."""
KEEP_FINISHED_DAYS: Final = 30
_TRIES: Final = 3

_SHOWN: Final = """
    id, owner_id, kind, state, cancel_asked, phase, done, total, percent, attempt,
    case when state = 'running' and due_at > now() then estimated_end_at end as estimated_end_at,
    case when state = 'queued' and attempt > 0 then due_at end as retry_at,
    problem_code, problem_detail, args, result, created_at, started_at, finished_at
"""

_SEEN_BY: Final = "($2::uuid is null or owner_id = $2 or (owner_id is null and $3))"

START: Final = """
    insert into jobs (id, owner_id, kind, key, args)
    select $1, $2, $3, $4, $5
    where $2::uuid is null or $6 > (
        select count(*) from jobs where owner_id = $2 and state in ('queued', 'running')
    )
    on conflict do nothing
    returning id
"""

FIND_BY_KEY: Final = """
    select id from jobs
    where owner_id is not distinct from $1 and kind = $2 and key = $3
    and state in ('queued', 'running')
"""

# Who has something running already comes after those who have not: ten imports of one person do
# not hold up the one of another.
TAKE: Final = """
    with due as (
        select id from jobs as each
        where state in ('queued', 'running') and due_at <= now() and kind = any($1)
        and id <> all($4)
        order by owner_id is not null and exists (
            select from jobs as other
            where other.owner_id = each.owner_id and other.state = 'running'
        ), due_at, id
        limit $2
        for update skip locked
    )
    update jobs set
        state = 'running', epoch = epoch + 1, attempt = attempt + 1,
        due_at = now() + $3 * interval '1 second', estimated_end_at = null,
        started_at = coalesce(started_at, now())
    from due where jobs.id = due.id
    returning jobs.id, epoch, kind, args, checkpoint, attempt, cancel_asked,
        phase, done, total, percent
"""

# A row that is locked is being written by its own job's step: that write renews the lease itself.
BEAT: Final = """
    with given as (
        select * from unnest(
            $1::uuid[], $2::int[], $3::text[], $4::bigint[], $5::bigint[], $6::smallint[],
            $7::float8[]
        ) as given (id, epoch, phase, done, total, percent, remaining_s)
    ), held as (
        select jobs.id from jobs join given using (id, epoch)
        where state = 'running' order by jobs.id
        for update of jobs skip locked
    ), beaten as (
        update jobs set
            due_at = now() + $8 * interval '1 second', phase = given.phase, done = given.done,
            total = given.total, percent = greatest(jobs.percent, given.percent),
            estimated_end_at = now() + given.remaining_s * interval '1 second'
        from given join held using (id) where jobs.id = given.id
    )
    select jobs.id, cancel_asked from jobs join given using (id, epoch) where state = 'running'
"""

CHECKPOINT: Final = """
    update jobs set
        checkpoint = $3::text::json, due_at = now() + $4 * interval '1 second',
        attempt = case when checkpoint::text is distinct from $3::text then 1 else attempt end,
        phase = $5, done = $6, total = $7, percent = greatest(percent, $8)
    where id = $1 and epoch = $2 and state = 'running'
    returning cancel_asked
"""

FINISH: Final = """
    update jobs set
        state = $3, finished_at = now(), estimated_end_at = null, checkpoint = null,
        percent = case when $3 = 'done' then 100 else percent end,
        result = $4, problem_code = $5, problem_detail = $6
    where id = $1 and epoch = $2 and state = 'running'
    returning true
"""

RETRY: Final = """
    update jobs set
        state = case when cancel_asked then 'cancelled' else 'queued' end,
        finished_at = case when cancel_asked then now() end,
        due_at = now() + $3 * interval '1 second', estimated_end_at = null,
        problem_code = $4, problem_detail = $5
    where id = $1 and epoch = $2 and state = 'running'
    returning true
"""

HAND_BACK: Final = """
    update jobs set
        state = case when cancel_asked then 'cancelled' else 'queued' end,
        finished_at = case when cancel_asked then now() end,
        due_at = now(), estimated_end_at = null, attempt = attempt - 1
    from unnest($1::uuid[], $2::int[]) as given (id, epoch)
    where jobs.id = given.id and jobs.epoch = given.epoch and state = 'running'
"""

# A job whose lease has run out is nobody's: it need not wait for somebody to take it up.
CANCEL: Final = f"""
    update jobs set
        cancel_asked = true, estimated_end_at = null,
        state = case when state = 'queued' or due_at < now() then 'cancelled' else state end,
        finished_at = case when state = 'queued' or due_at < now() then now() end
    where id = $1 and {_SEEN_BY} and state in ('queued', 'running')
    returning {_SHOWN}
"""  # noqa: S608 - constants of this module

FIND: Final = f"select {_SHOWN} from jobs where id = $1 and {_SEEN_BY}"  # noqa: S608 - as above

LIST: Final = f"""
    select {_SHOWN} from jobs
    where ($1::uuid is null or id < $1) and {_SEEN_BY} and ($4::text is null or state = $4)
    order by id desc limit $5
"""  # noqa: S608 - as above

LIST_BY_ID: Final = f"select {_SHOWN} from jobs where id = any($1)"  # noqa: S608 - as above

LIST_ENDED: Final = f"""
    select {_SHOWN} from jobs where finished_at >= $1 and id <> all ($2::uuid[])
    order by finished_at limit $3
"""  # noqa: S608 - as above

FORGET: Final = "delete from jobs where finished_at < now() - $1 * interval '1 day'"


@dataclass(frozen=True, slots=True)
class Taken:
    """A job that this process has taken up."""

    id: JobId
    epoch: int
    kind: str
    args: str
    checkpoint: str | None
    attempt: int
    cancel_asked: bool
    phase: str
    done: int
    total: int | None
    percent: int | None


@dataclass(frozen=True, slots=True)
class Beat:
    """What a run says of itself, once a second."""

    id: JobId
    epoch: int
    pace: Pace
    remaining_s: float | None


async def start(
    unit: Unit, job_id: JobId, *, owner: UserId | None, kind: str, key: str | None, args: str
) -> JobId:
    """Queue a job; with a key that an unfinished one has already, that one. Raises TooManyJobs."""
    for _ in range(_TRIES):
        if await unit.fetchval(START, job_id, owner, kind, key, args, MOST_UNFINISHED):
            return job_id
        if key is None:
            break
        if (there := await unit.fetchval(FIND_BY_KEY, owner, kind, key)) is not None:
            return JobId(there)
        # Either it ended between the two statements, or there are too many; asked again, it shows.
    raise TooManyJobs(f"at most {MOST_UNFINISHED} may be unfinished at once", retry_after_s=10)


async def take(
    unit: Unit,
    kinds: Iterable[str],
    *,
    most: int,
    lease_s: float,
    but: Iterable[JobId] = (),
) -> list[Taken]:
    """Take up jobs whose turn it is or whose process is gone; nobody else gets them too. Not those
    that run here: when their leases ran out, we were late and are not gone.
    """
    rows = await unit.fetch(TAKE, list(kinds), most, lease_s, list(but))
    return [Taken(**row) for row in rows]


async def beat(unit: Unit, beats: Sequence[Beat], *, lease_s: float) -> Mapping[JobId, bool]:
    """Renew leases and write down progress; whether a cancel was asked, of those still ours."""
    rows = [
        (
            each.id,
            each.epoch,
            each.pace.phase,
            each.pace.done,
            each.pace.total,
            each.pace.percent,
            each.remaining_s,
        )
        for each in beats
    ]
    found = await unit.fetch(BEAT, *zip(*rows, strict=True), lease_s)
    return {JobId(row["id"]): row["cancel_asked"] for row in found}


async def save_checkpoint(
    unit: Unit, taken: Taken, pace: Pace, state: str, *, lease_s: float
) -> bool | None:
    """Whether a cancel was asked meanwhile; None when the job is not ours any more."""
    asked: bool | None = await unit.fetchval(
        CHECKPOINT,
        taken.id,
        taken.epoch,
        state,
        lease_s,
        pace.phase,
        pace.done,
        pace.total,
        pace.percent,
    )
    return asked


async def finish(
    unit: Unit,
    taken: Taken,
    state: JobState,
    *,
    result: str | None = None,
    problem: JobProblem | None = None,
) -> bool:
    """Write down how it ended; False when it is not ours any more."""
    code, detail = (problem.code, problem.detail) if problem else (None, None)
    return bool(
        await unit.fetchval(FINISH, taken.id, taken.epoch, state.value, result, code, detail)
    )


async def retry(unit: Unit, taken: Taken, problem: JobProblem, *, after_s: float) -> bool:
    """Let it be taken up again after a while; False when it is not ours any more."""
    return bool(
        await unit.fetchval(RETRY, taken.id, taken.epoch, after_s, problem.code, problem.detail)
    )


async def hand_back(unit: Unit, taken: Iterable[Taken]) -> None:
    """Let others take these up at once, as if they had never been taken up here."""
    held = [(each.id, each.epoch) for each in taken]
    await unit.execute(HAND_BACK, *zip(*held, strict=True))


async def cancel(unit: Unit, job_id: JobId, viewer: Viewer) -> Job | None:
    """Ask for the end of a job; one that nobody runs has ended. None: no such, or ended before."""
    row = await unit.fetchrow(CANCEL, job_id, viewer.user_id, viewer.system)
    return _job(row) if row else None


async def find(unit: ReadUnit, job_id: JobId, viewer: Viewer) -> Job | None:
    row = await unit.fetchrow(FIND, job_id, viewer.user_id, viewer.system)
    return _job(row) if row else None


async def list_latest(
    unit: ReadUnit,
    viewer: Viewer,
    *,
    state: JobState | None,
    after: UUID | None,
    limit: int,
) -> list[Job]:
    """The newest first, of those that came before `after`."""
    rows = await unit.fetch(LIST, after, viewer.user_id, viewer.system, state, limit)
    return [_job(row) for row in rows]


async def list_by_id(unit: ReadUnit, ids: Sequence[JobId]) -> list[Job]:
    return [_job(row) for row in await unit.fetch(LIST_BY_ID, ids)]


async def list_ended(
    unit: ReadUnit, since: datetime, *, but: Sequence[UUID], limit: int
) -> list[Job]:
    """Everybody's that ended then or later by the clock of the database, the oldest first."""
    return [_job(row) for row in await unit.fetch(LIST_ENDED, since, but, limit)]


async def forget_old(unit: Unit) -> None:
    """Drop what ended a month ago."""
    await unit.execute(FORGET, KEEP_FINISHED_DAYS)


def _job(row: Mapping[str, Any]) -> Job:
    facts = dict(row)
    code, detail = facts.pop("problem_code"), facts.pop("problem_detail")
    return Job(
        owner=facts.pop("owner_id"),
        state=JobState(facts.pop("state")),
        problem=JobProblem(code, detail or "") if code else None,
        **facts,
    )
